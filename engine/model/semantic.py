"""The semantic head: a small DeepLab per level, resized to the finest and joined (Porzi et al., arXiv 1905.01220).

Shapes: B batch, C channels, K categories, H and W in pixels of the level.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seamseg_studio.engine.model.norm import NormFactory
from seamseg_studio.engine.ops.semantic import replicated, window_average


class MiniDL(nn.Module):
    """Joins a 3x3, a dilated 3x3 and a wide-window context convolution of one level."""

    def __init__(
        self, in_channels: int, hidden_channels: int, pooling_size: tuple[int, int], norm: NormFactory
    ) -> None:
        super().__init__()
        self.pooling_size = pooling_size
        self.conv1_3x3 = nn.Conv2d(in_channels, hidden_channels, 3, padding=1, bias=False)
        self.conv1_dil = nn.Conv2d(in_channels, hidden_channels, 3, padding=6, dilation=6, bias=False)
        self.conv1_glb = nn.Conv2d(in_channels, hidden_channels, 1, bias=False)
        self.bn1 = norm(hidden_channels * 3)
        self.conv2 = nn.Conv2d(hidden_channels * 3, hidden_channels, 1, bias=False)
        self.bn2 = norm(hidden_channels)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        near, wide = self.conv1_3x3(x_BCHW), self.conv1_dil(x_BCHW)
        context = self.conv1_glb(window_average(x_BCHW, self.pooling_size))
        if self.bn1.is_folded:
            hidden = self._joined_after(near, wide, context)
        else:
            padded = replicated(context, (x_BCHW.shape[2], x_BCHW.shape[3]))
            hidden = self.conv2(self.bn1(torch.cat([near, wide, padded], dim=1)))
        y_BCHW: Tensor = self.bn2(hidden)
        return y_BCHW

    def _joined_after(self, near: Tensor, wide: Tensor, context: Tensor) -> Tensor:
        """Returns `conv2` of the three activated parts without joining them, the context being widened last.

        The same sum, but nothing is copied together and the context is convolved at its own smaller size.
        """
        parts = [self.bn1(part) for part in (near, wide, context)]
        weights = torch.chunk(self.conv2.weight, 3, dim=1)
        hidden = F.conv2d(parts[0], weights[0], self.conv2.bias)
        hidden += F.conv2d(parts[1], weights[1])
        hidden += replicated(F.conv2d(parts[2], weights[2]), (near.shape[2], near.shape[3]))
        return hidden


class SemanticHead(nn.Module):
    """Scores every category at the stride of the finest level it uses."""

    def __init__(
        self,
        in_channels: int,
        num_levels: int,
        num_categories: int,
        hidden_channels: int,
        pooling_size: tuple[int, int],
        norm: NormFactory,
    ) -> None:
        super().__init__()
        self.output = nn.ModuleList(MiniDL(in_channels, hidden_channels, pooling_size, norm) for _ in range(num_levels))
        self.conv_sem = nn.Conv2d(hidden_channels * num_levels, num_categories, 1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Returns logits [B, K, H, W] at the size of the first level; stuff categories first, then things.

        Args:
            levels: As many pyramid levels as the head was built for, fine to coarse.
        """
        outputs = [output(x) for output, x in zip(self.output, levels, strict=True)]
        # The 1x1 convolution of the resized and joined levels is the sum of each level's own share of it, resized:
        # fewer channels are resized, and nothing is joined.
        weights = torch.chunk(self.conv_sem.weight, len(outputs), dim=1)
        logits = F.conv2d(outputs[0], weights[0], self.conv_sem.bias)
        for output, weight in zip(outputs[1:], weights[1:], strict=True):
            share = F.conv2d(output, weight)
            logits = logits + F.interpolate(share, size=logits.shape[2:], mode="bilinear", align_corners=False)
        return logits
