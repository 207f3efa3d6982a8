"""Sampling of boxes from all levels of a pyramid at once by the compiled library, with its gradient.

Shapes: B batch, C channels, N boxes, h and w bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from seamseg_studio.engine.ops.reference import sample_points

MAX_LEVELS = 8
# The GPU's backward pass keeps a box's bins in shared memory; larger grids go to the reference.
MAX_BINS = 56


def serves(levels: Sequence[Tensor], boxes: Tensor, out_size: tuple[int, int]) -> bool:
    """Returns whether the compiled op takes these maps, boxes and this grid."""
    first = levels[0]
    if boxes.dtype == torch.float64 or (boxes.requires_grad and torch.is_grad_enabled()):
        return False  # it computes where boxes lie in float32, and has no gradient for them
    if len(levels) > MAX_LEVELS or not first.is_floating_point() or any(x.dtype != first.dtype for x in levels):
        return False
    # On a GPU the gradient is added up in no fixed order.
    if first.is_cuda and torch.is_grad_enabled() and torch.are_deterministic_algorithms_enabled():
        return False
    if first.is_cuda and (first.dtype == torch.float64 or max(out_size) > MAX_BINS):
        return False
    return min(out_size) > 0 and max(out_size) <= 4096 and all(min(x.shape[2:]) > 0 for x in levels)


def pyramid_sampling(
    levels: Sequence[Tensor],
    boxes: Tensor,
    batch_index: Tensor,
    level_N: Tensor,
    out_size: tuple[int, int],
    *,
    image_size: tuple[int, int] = (0, 0),
    nearest: bool = False,
    zero_padding: bool = False,
) -> Tensor:
    """Samples one point at the centre of each bin of each box, from the map of the box's level.

    Args:
        levels: Feature maps [B, C, H_l, W_l], of one type.
        boxes: (y0, x0, y1, x1) in pixels of an image of `image_size`. [N, 4].
        batch_index: Which item of the batch each box samples. [N] int64; outside the batch, a CPU raises and a GPU
            gives zeros.
        level_N: Which level each box samples. [N] int64; outside, the same.
        out_size: Bins, (h, w).
        image_size: Height and width; (0, 0) says that boxes are in pixels of their level.
        nearest: Nearest pixel instead of bilinear.
        zero_padding: Zero outside the map instead of its edge.

    Returns:
        [N, C, h, w], channels_last if the maps are.

    Raises:
        RuntimeError: A type, shape, device or value that does not fit; the message names it.
    """
    samples: Tensor = torch.ops.seamseg.pyramid_sampling(
        _alike(levels),
        boxes.float().contiguous(),
        batch_index.contiguous(),
        level_N.contiguous(),
        list(out_size),
        list(image_size),
        nearest,
        zero_padding,
    )
    return samples


def roi_sampling(
    x: Tensor, boxes: Tensor, batch_index: Tensor, out_size: tuple[int, int], interpolation: str, padding: str
) -> tuple[Tensor, Tensor]:
    """See `engine.ops.roi_sampling.roi_sampling`."""
    samples = pyramid_sampling(
        [x],
        boxes,
        batch_index,
        torch.zeros_like(batch_index),
        out_size,
        nearest=interpolation == "nearest",
        zero_padding=padding == "zero",
    )
    ys, xs = sample_points(boxes, out_size)
    inside_y, inside_x = (ys >= 0) & (ys < x.shape[2]), (xs >= 0) & (xs < x.shape[3])
    return samples, inside_y[:, :, None] & inside_x[:, None, :]


def _is_channels_last(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def _alike(levels: Sequence[Tensor]) -> list[Tensor]:
    if all(_is_channels_last(x) for x in levels) or all(x.is_contiguous() for x in levels):
        return list(levels)
    return [x.contiguous() for x in levels]


def _fake(
    levels: Sequence[Tensor],
    boxes: Tensor,
    batch_index: Tensor,
    level: Tensor,
    out_size: Sequence[int],
    image_size: Sequence[int],
    nearest: bool,
    zero_padding: bool,
) -> Tensor:
    first = levels[0]
    last = not first.is_contiguous()
    return torch.empty(
        (boxes.shape[0], first.shape[1], *out_size),
        dtype=first.dtype,
        device=first.device,
        memory_format=torch.channels_last if last else torch.contiguous_format,
    )


def _fake_backward(
    dy: Tensor,
    boxes: Tensor,
    batch_index: Tensor,
    level: Tensor,
    sizes: Sequence[int],
    image_size: Sequence[int],
    nearest: bool,
    zero_padding: bool,
    channels_last: bool,
) -> list[Tensor]:
    dtype = torch.float64 if dy.dtype == torch.float64 else torch.float32
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return [
        torch.empty((sizes[0], sizes[1], height, width), dtype=dtype, device=dy.device, memory_format=layout)
        for height, width in zip(sizes[2::2], sizes[3::2], strict=True)
    ]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    levels, boxes, batch_index, level, _, image_size, nearest, zero_padding = inputs
    ctx.save_for_backward(boxes, batch_index, level)
    first = levels[0]
    ctx.sizes = [first.shape[0], first.shape[1], *(side for x in levels for side in x.shape[2:])]
    ctx.channels_last = not first.is_contiguous()
    ctx.dtype = first.dtype
    ctx.options = image_size, nearest, zero_padding


def _backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    boxes, batch_index, level = ctx.saved_tensors
    layout = torch.channels_last if ctx.channels_last else torch.contiguous_format
    gradients = torch.ops.seamseg.pyramid_sampling_backward(
        dy.contiguous(memory_format=layout), boxes, batch_index, level, ctx.sizes, *ctx.options, ctx.channels_last
    )
    return [gradient.to(ctx.dtype) for gradient in gradients], *[None] * 7


def register() -> None:
    """Tells PyTorch the shapes of the results and the gradient."""
    torch.library.register_fake("seamseg::pyramid_sampling", _fake)
    torch.library.register_fake("seamseg::pyramid_sampling_backward", _fake_backward)
    torch.library.register_autograd("seamseg::pyramid_sampling", _backward, setup_context=_setup_context)
