"""The feature pyramid (Lin et al., arXiv 1612.03144) and the body that ends in it.

Tensor names: `lateral.I.{conv,bn}`, `output.I.{conv,bn}`, `extra.I.{conv,bn}`.
Shapes: B batch, C channels, H and W in pixels of the level.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from seamseg_studio.engine.model.efficientnet_lite import EfficientNetLite
from seamseg_studio.engine.model.norm import NormFactory
from seamseg_studio.engine.model.resnet import ResNet


def _conv_norm(conv: nn.Conv2d, norm: NormFactory) -> nn.Sequential:
    return nn.Sequential(OrderedDict([("conv", conv), ("bn", norm(conv.out_channels))]))


class FPN(nn.Module):
    """Makes levels of equal width from the outputs of the last modules, plus coarser extra levels."""

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        num_extra: int,
        norm: NormFactory,
        interpolation: str = "nearest",
    ) -> None:
        super().__init__()
        self.interpolation = interpolation
        self.lateral = nn.ModuleList(
            _conv_norm(nn.Conv2d(channels, out_channels, 1, bias=False), norm) for channels in in_channels
        )
        self.output = nn.ModuleList(
            _conv_norm(nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False), norm) for _ in in_channels
        )
        self.extra = nn.ModuleList(
            _conv_norm(
                nn.Conv2d(out_channels if i else in_channels[-1], out_channels, 3, stride=2, padding=1, bias=False),
                norm,
            )
            for i in range(num_extra)
        )

    def forward(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Returns the levels, fine to coarse, from module outputs, fine to coarse."""
        merged = [lateral(x) for lateral, x in zip(self.lateral, inputs, strict=True)]
        align = None if self.interpolation == "nearest" else False
        for i in range(len(merged) - 1, 0, -1):
            size = merged[i - 1].shape[2:]
            coarser = F.interpolate(merged[i], size=size, mode=self.interpolation, align_corners=align)
            merged[i - 1] = merged[i - 1] + coarser
        levels: list[Tensor] = [output(x) for output, x in zip(self.output, merged, strict=True)]
        x = inputs[-1]
        for extra in self.extra:
            x = extra(x)
            levels.append(x)
        return levels


class Body(nn.Module):
    """A backbone and the pyramid on top of it.

    Attributes:
        backbone: Modules mod1..mod5; also gives `out_channels` and `out_strides` by module name.
        inputs: Names of the modules that the pyramid takes, fine to coarse.
    """

    def __init__(self, backbone: ResNet | EfficientNetLite, fpn: FPN, inputs: Sequence[str]) -> None:
        super().__init__()
        self.backbone = backbone
        self.fpn = fpn
        self.inputs = tuple(inputs)

    def forward(self, images_BCHW: Tensor) -> list[Tensor]:
        """Returns the pyramid's levels, fine to coarse, of normalised images [B, 3, H, W]."""
        outputs = self.backbone(images_BCHW)
        return cast(list[Tensor], self.fpn([outputs[name] for name in self.inputs]))
