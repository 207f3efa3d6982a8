"""Dense pieces of the semantic head: averages over wide windows, and the best category of each pixel.

Shapes: B batch, C channels, K categories, H and W in pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_fusion, reference


def best_categories(
    logits_KHW: Tensor, size: tuple[int, int], *, with_second: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Resizes logits bilinearly (align_corners false, edges repeat) and compares the categories of each pixel.

    Full-size logits never exist. Equal logits go to the lower category.

    Args:
        logits_KHW: [K, h, w] floating point, any strides; 1 <= K <= 255.
        size: Height and width of the results in pixels.
        with_second: Whether to look for the runner-up.

    Returns:
        The best category [H, W] uint8; and if asked for, the second best [H, W] uint8 (255 where there is none) and
        by how much the best is ahead of it [H, W] float32 (inf where there is none).

    Raises:
        ValueError: Logits or a size that do not fit.
    """
    if logits_KHW.dim() != 3 or not logits_KHW.is_floating_point() or not 1 <= len(logits_KHW) <= 255:
        raise ValueError(
            f"logits must be floating point [K, h, w] with K from 1 to 255, got {logits_KHW.dtype} "
            f"{tuple(logits_KHW.shape)}"
        )
    if min(logits_KHW.shape) < 1 or min(size) < 0:
        raise ValueError(f"logits must have pixels and size none below 0, got {tuple(logits_KHW.shape)} and {size}")
    if logits_KHW.dtype != torch.float64 and native.usable(logits_KHW):
        return native_fusion.best_categories(logits_KHW, size, with_second=with_second)
    return reference.best_categories(logits_KHW, size, with_second)


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
