"""The region proposal head (Ren et al., arXiv 1506.01497), shared over the pyramid's levels.

Shapes: B batch, C channels, A anchors a cell, H and W in cells of the level.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from seamseg_studio.engine.model.norm import NormFactory


class RPNHead(nn.Module):
    """Scores and shifts the anchors of each cell."""

    def __init__(self, in_channels: int, num_anchors: int, hidden_channels: int, norm: NormFactory) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, hidden_channels, 3, padding=1, bias=False)
        self.bn1 = norm(hidden_channels)
        self.conv_obj = nn.Conv2d(hidden_channels, num_anchors, 1)
        self.conv_bbx = nn.Conv2d(hidden_channels, num_anchors * 4, 1)

    def forward(self, levels: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Returns per level the objectness logits [B, A, H, W] and the box shifts [B, 4 A, H, W] (anchor-major)."""
        hidden = [self.bn1(self.conv1(x_BCHW)) for x_BCHW in levels]
        return [self.conv_obj(h) for h in hidden], [self.conv_bbx(h) for h in hidden]
