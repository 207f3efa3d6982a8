"""ResNet bodies (He et al., arXiv 1512.03385) with activated norms and the strides on the 3x3 convolutions.

Tensor names: `mod1.{conv1,bn1}`, `modK.blockN.convs.{convI,bnI}`, `modK.blockN.{proj_conv,proj_bn}`.
Shapes: B batch, C channels, H and W in pixels of the level.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seamseg_studio.engine.model.norm import NormFactory
from seamseg_studio.engine.ops.activation import activate


@dataclass(frozen=True, slots=True)
class ResNetLayout:
    """Blocks per module mod2..mod5 and whether they are bottlenecks (1x1, 3x3, 1x1) or basic (3x3, 3x3)."""

    num_blocks: tuple[int, int, int, int]
    is_bottleneck: bool


LAYOUTS = {
    "resnet18": ResNetLayout((2, 2, 2, 2), is_bottleneck=False),
    "resnet34": ResNetLayout((3, 4, 6, 3), is_bottleneck=False),
    "resnet50": ResNetLayout((3, 4, 6, 3), is_bottleneck=True),
    "resnet101": ResNetLayout((3, 4, 23, 3), is_bottleneck=True),
    "resnet152": ResNetLayout((3, 8, 36, 3), is_bottleneck=True),
}
_WIDTHS = (64, 128, 256, 512)
_EXPANSION = 4


class ResidualBlock(nn.Module):
    """A basic or bottleneck block: the last norm is linear, the sum with the shortcut is activated."""

    def __init__(self, in_channels: int, width: int, stride: int, norm: NormFactory, *, is_bottleneck: bool) -> None:
        super().__init__()
        out_channels = width * _EXPANSION if is_bottleneck else width
        layers: list[tuple[str, nn.Module]]
        if is_bottleneck:
            layers = [
                ("conv1", nn.Conv2d(in_channels, width, 1, bias=False)),
                ("bn1", norm(width)),
                ("conv2", nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)),
                ("bn2", norm(width)),
                ("conv3", nn.Conv2d(width, out_channels, 1, bias=False)),
                ("bn3", norm(out_channels, activation="identity")),
            ]
        else:
            layers = [
                ("conv1", nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)),
                ("bn1", norm(width)),
                ("conv2", nn.Conv2d(width, out_channels, 3, padding=1, bias=False)),
                ("bn2", norm(out_channels, activation="identity")),
            ]
        self.convs = nn.Sequential(OrderedDict(layers))
        self.has_projection = stride != 1 or in_channels != out_channels
        if self.has_projection:
            self.proj_conv = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.proj_bn = norm(out_channels, activation="identity")
        like = norm(1)
        self.activation, self.slope = like.activation, like.slope

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.proj_bn(self.proj_conv(x)) if self.has_projection else x
        y = self.convs(x)
        # In place only where no gradient is wanted: the normalisation may have kept its output for it.
        y = y + shortcut if torch.is_grad_enabled() else y.add_(shortcut)
        return activate(y, self.activation, self.slope)


class ResNet(nn.Module):
    """Modules mod1 (stride 4, max pooling included) to mod5 (stride 32).

    Attributes:
        out_channels: Channels of each module's output by name.
        out_strides: Stride of each module's output by name, in image pixels.
    """

    def __init__(self, layout: ResNetLayout, norm: NormFactory) -> None:
        super().__init__()
        self.mod1 = nn.Sequential(
            OrderedDict(
                [
                    ("conv1", nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)),
                    ("bn1", norm(64)),
                    ("pool", nn.MaxPool2d(3, stride=2, padding=1)),
                ]
            )
        )
        self.out_channels = {"mod1": 64}
        self.out_strides = {"mod1": 4}
        in_channels, stride = 64, 4
        for index, (width, num_blocks) in enumerate(zip(_WIDTHS, layout.num_blocks, strict=True)):
            blocks: OrderedDict[str, nn.Module] = OrderedDict()
            first_stride = 1 if index == 0 else 2
            for number in range(1, num_blocks + 1):
                block = ResidualBlock(
                    in_channels,
                    width,
                    first_stride if number == 1 else 1,
                    norm,
                    is_bottleneck=layout.is_bottleneck,
                )
                blocks[f"block{number}"] = block
                in_channels = width * (_EXPANSION if layout.is_bottleneck else 1)
            stride *= first_stride
            name = f"mod{index + 2}"
            self.add_module(name, nn.Sequential(blocks))
            self.out_channels[name] = in_channels
            self.out_strides[name] = stride

    def forward(self, x_BCHW: Tensor) -> dict[str, Tensor]:
        """Returns the output of every module by name."""
        outputs: dict[str, Tensor] = {}
        for name in self.out_channels:
            x_BCHW = self.get_submodule(name)(x_BCHW)
            outputs[name] = x_BCHW
        return outputs
