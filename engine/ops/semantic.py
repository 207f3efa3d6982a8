"""Dense pieces of the semantic head: averages over wide windows, and the best category of each pixel.

Shapes: B batch, C channels, K categories, H and W in pixels.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.ops import native, native_fusion, reference
from seamseg_studio.engine.ops.checks import check_size


def best_categories(
    logits_KHW: Tensor, size: tuple[int, int], *, with_second: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Resizes logits bilinearly (align_corners false, edges repeat) and compares the categories of each pixel.

    Full-size logits never exist. Equal logits go to the lower category. Logits count as between -1e30 and 1e30, and one
    that is not a number as -1e30.

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
    if min(logits_KHW.shape) < 1:
        raise ValueError(f"logits must have pixels, got {tuple(logits_KHW.shape)}")
    check_size("size", size, 0)
    if native_fusion.serves_logits(logits_KHW, size) and native.usable(logits_KHW):
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
    if torch.is_grad_enabled() and x_BCHW.requires_grad:
        return cast(Tensor, cast(Any, _WindowAverage).apply(x_BCHW, height, width))
    return _average(x_BCHW, height, width)


def replicated(x_BCHW: Tensor, size: tuple[int, int]) -> Tensor:
    """Returns `x` widened to `size` on all sides by repeating its edges, in the same memory order."""
    missing_y, missing_x = size[0] - x_BCHW.shape[2], size[1] - x_BCHW.shape[3]
    top, left = missing_y // 2, missing_x // 2
    sides = left, missing_x - left, top, missing_y - top
    if torch.is_grad_enabled() and x_BCHW.requires_grad:
        return cast(Tensor, cast(Any, _Replicated).apply(x_BCHW, sides))
    return F.pad(x_BCHW, sides, mode="replicate")


def _average(x_BCHW: Tensor, height: int, width: int) -> Tensor:
    sums = x_BCHW.float() if x_BCHW.dtype in (torch.float16, torch.bfloat16) else x_BCHW
    sums = _window_sum(_window_sum(sums, height, axis=2), width, axis=3)
    return (sums * (1.0 / (height * width))).to(x_BCHW.dtype)


class _WindowAverage(torch.autograd.Function):
    """Its gradient is again an average of windows: PyTorch's own would fill and add a whole map for every addition."""

    @staticmethod
    def forward(ctx: Any, x_BCHW: Tensor, height: int, width: int) -> Tensor:
        ctx.window = height, width
        return _average(x_BCHW, height, width)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        height, width = ctx.window
        padded = F.pad(gradients[0], (width - 1, width - 1, height - 1, height - 1))
        return _average(padded, height, width), None, None


class _Replicated(torch.autograd.Function):
    """Adds up the gradients of an edge in float32: hundreds of them added one by one in half precision get lost."""

    @staticmethod
    def forward(ctx: Any, x_BCHW: Tensor, sides: tuple[int, int, int, int]) -> Tensor:
        ctx.sides = sides
        y_BCHW = F.pad(x_BCHW, sides, mode="replicate")
        last = x_BCHW.is_contiguous(memory_format=torch.channels_last) and not x_BCHW.is_contiguous()
        return y_BCHW.contiguous(memory_format=torch.channels_last) if last else y_BCHW

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        left, right, top, bottom = ctx.sides
        dy = gradients[0]
        wide = dy.float() if dy.dtype in (torch.float16, torch.bfloat16) else dy
        return _folded(_folded(wide, left, right, axis=3), top, bottom, axis=2).to(dy.dtype), None


def _folded(x: Tensor, before: int, after: int, axis: int) -> Tensor:
    """Returns `x` without its first and last values along `axis`, added to the values beside them."""
    length = x.shape[axis] - before - after
    inner = x.narrow(axis, before, length).clone()
    if before:
        inner.narrow(axis, 0, 1).add_(x.narrow(axis, 0, before).sum(axis, keepdim=True))
    if after:
        inner.narrow(axis, length - 1, 1).add_(x.narrow(axis, before + length, after).sum(axis, keepdim=True))
    return inner


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
