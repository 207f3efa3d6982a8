"""Dense pieces of the semantic head: averages over wide windows.

Shapes: B batch, C channels, H and W in pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor


def window_average(x_BCHW: Tensor, window: tuple[int, int]) -> Tensor:
    """Averages every window of `x`, stride 1, without padding.

    Sums grow by doubling (a window of 64 is two of 32 and so on): 6 additions a value and axis instead of 64, with a
    smaller rounding error than adding one by one, and no loss from subtracting large running sums.

    Args:
        x_BCHW: [B, C, H, W] floating point; halves are summed in float32.
        window: Height and width in pixels; clipped to H and W.

    Returns:
        [B, C, H - h + 1, W - w + 1] with the clipped window (h, w), in the type of `x`.
    """
    height, width = min(window[0], x_BCHW.shape[2]), min(window[1], x_BCHW.shape[3])
    sums = x_BCHW.float() if x_BCHW.dtype in (torch.float16, torch.bfloat16) else x_BCHW
    sums = _window_sum(_window_sum(sums, height, axis=2), width, axis=3)
    return (sums * (1.0 / (height * width))).to(x_BCHW.dtype)


def _window_sum(x: Tensor, window: int, axis: int) -> Tensor:
    """Returns the sums over `window` neighbours along `axis`."""
    length = x.shape[axis] - window + 1
    doubled, reach = x, 1  # sums over `reach` neighbours
    total: Tensor | None = None
    done = 0
    while True:
        if window & reach:
            part = doubled.narrow(axis, done, length)
            total = part if total is None else total + part
            done += reach
        if done == window:
            assert total is not None
            return total
        doubled = doubled.narrow(axis, 0, doubled.shape[axis] - reach) + doubled.narrow(
            axis, reach, doubled.shape[axis] - reach
        )
        reach *= 2
