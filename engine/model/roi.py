"""The box and mask heads on features sampled in regions of interest (He et al., arXiv 1703.06870).

Shapes: N regions, C channels, T thing categories, S side of the sampled grid (14).
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from seamseg_studio.engine.model.norm import NormFactory


class ROIHead(nn.Module):
    """Two branches, `box` and `mask`, on the same kind of input.

    Attributes:
        num_thing: Thing categories, T.
    """

    def __init__(
        self,
        in_channels: int,
        num_thing: int,
        roi_size: tuple[int, int],
        fc_channels: int,
        mask_channels: int,
        norm: NormFactory,
    ) -> None:
        super().__init__()
        self.num_thing = num_thing
        pooled = (roi_size[0] // 2) * (roi_size[1] // 2)
        self.fc = nn.Sequential(
            OrderedDict(
                [
                    ("fc1", nn.Linear(in_channels * pooled, fc_channels, bias=False)),
                    ("bn1", norm(fc_channels)),
                    ("fc2", nn.Linear(fc_channels, fc_channels, bias=False)),
                    ("bn2", norm(fc_channels)),
                ]
            )
        )
        self.roi_cls = nn.Linear(fc_channels, num_thing + 1)
        self.roi_bbx = nn.Linear(fc_channels, num_thing * 4)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for i in range(1, 5):
            channels = in_channels if i == 1 else mask_channels
            layers[f"conv{i}"] = nn.Conv2d(channels, mask_channels, 3, padding=1, bias=False)
            layers[f"bn{i}"] = norm(mask_channels)
        layers["conv_up"] = nn.ConvTranspose2d(mask_channels, mask_channels, 2, stride=2, bias=False)
        layers["bn_up"] = norm(mask_channels)
        self.conv = nn.Sequential(layers)
        self.roi_msk = nn.Conv2d(mask_channels, num_thing, 1)

    def box(self, x_NCSS: Tensor) -> tuple[Tensor, Tensor]:
        """Returns category logits [N, T + 1] (column 0 is the background) and raw box shifts [N, T, 4]."""
        hidden = self.fc(F.avg_pool2d(x_NCSS, 2).flatten(1))
        return self.roi_cls(hidden), self.roi_bbx(hidden).view(-1, self.num_thing, 4)

    def mask(self, x_NCSS: Tensor) -> Tensor:
        """Returns mask logits of every thing category, [N, T, 2 S, 2 S]."""
        logits: Tensor = self.roi_msk(self.conv(x_NCSS))
        return logits

    def forward(self, x_NCSS: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns category logits, box shifts and mask logits of the same regions."""
        return *self.box(x_NCSS), self.mask(x_NCSS)
