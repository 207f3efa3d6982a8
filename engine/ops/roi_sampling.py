"""Sampling feature maps at the bin centres of boxes: one point a bin, not an average of several.

Shapes: B batch, C channels, H and W in pixels of the map, N boxes, h and w bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_sampling, reference
from seamseg_studio.engine.ops.boxes import assign_levels, feature_boxes
from seamseg_studio.engine.ops.checks import ANY, check_device, check_floating, check_indices, check_size

Interpolation = Literal["bilinear", "nearest"]
Padding = Literal["border", "zero"]


def roi_sampling(
    x: Tensor,
    boxes: Tensor,
    batch_index: Tensor,
    out_size: tuple[int, int],
    *,
    interpolation: Interpolation = "bilinear",
    padding: Padding = "border",
) -> tuple[Tensor, Tensor]:
    """Samples `x` at the centres of `out_size` bins of each box.

    The sample of bin i of n lies at `(i + 0.5) / n * (end - start) + start`; pixel centres lie at +0.5. Equal to
    `grid_sample` with align_corners false at those points.

    Args:
        x: [B, C, H, W]; floating point for bilinear, any type for nearest.
        boxes: Corners in pixels of `x`, (y0, x0, y1, x1). [N, 4] float32.
        batch_index: Which item of the batch each box samples. [N] int64.
        out_size: Bins, (h, w).
        interpolation: `bilinear` (differentiable in x) or `nearest`.
        padding: Outside the map, `border` repeats its edge and `zero` is 0.

    Returns:
        Samples [N, C, h, w] of the type of `x`, and where they fell inside the map [N, h, w] bool.

    A point that is not finite samples NaN; with `nearest` NaN is taken as 0, and what is beyond the map as its edge.

    Raises:
        ValueError: Shapes, types, devices or options that do not fit.
        RuntimeError: On a CPU, a `batch_index` outside the batch; on a GPU its samples are 0.
    """
    if x.dim() != 4 or min(x.shape[2:]) < 1:
        raise ValueError(f"x must be [B, C, H, W] and have pixels, got {tuple(x.shape)}")
    _check_boxes(boxes, batch_index, x)
    if interpolation not in ("bilinear", "nearest") or padding not in ("border", "zero"):
        raise ValueError(f"unknown interpolation {interpolation!r} or padding {padding!r}")
    if interpolation == "bilinear" and not x.is_floating_point():
        raise ValueError(f"bilinear sampling needs floating point values, got {x.dtype}")
    check_size("out_size", out_size, 1)
    if native_sampling.serves([x], boxes, out_size) and native.usable(x, boxes, batch_index):
        return native_sampling.roi_sampling(x, boxes, batch_index, out_size, interpolation, padding)
    return reference.roi_sampling(x, boxes, batch_index, out_size, interpolation, padding)


def pyramid_sampling(
    levels: Sequence[Tensor],
    boxes: Tensor,
    batch_index: Tensor,
    out_size: tuple[int, int],
    image_size: tuple[int, int],
    *,
    canonical_scale: float = 224.0,
    canonical_level: int = 2,
) -> Tensor:
    """Samples each box from the pyramid level that fits its size; bilinear, border padding.

    Args:
        levels: Feature maps [B, C, H_l, W_l], fine to coarse.
        boxes: Corners in input pixels, (y0, x0, y1, x1). [N, 4] float32.
        batch_index: Which item of the batch each box belongs to. [N] int64.
        out_size: Bins, (h, w).
        image_size: Height and width of the (padded) network input in pixels.
        canonical_scale: Side, in pixels, of a box of the canonical level.
        canonical_level: Index of that level.

    Returns:
        [N, C, h, w] in the order of `boxes`.

    Raises:
        ValueError: There is no level, or shapes, types or devices do not fit.
        RuntimeError: On a CPU, a `batch_index` outside the batch; on a GPU its samples are 0.
    """
    _check_pyramid(levels, boxes, batch_index)
    check_size("out_size", out_size, 1)
    check_size("image_size", image_size, 1)
    level_N = assign_levels(boxes, len(levels), canonical_scale=canonical_scale, canonical_level=canonical_level)
    if native_sampling.serves(levels, boxes, out_size) and native.usable(*levels, boxes, batch_index):
        return native_sampling.pyramid_sampling(levels, boxes, batch_index, level_N, out_size, image_size=image_size)
    mapped = torch.stack([feature_boxes(boxes, (x.shape[2], x.shape[3]), image_size) for x in levels])
    boxes_on_level = mapped.gather(0, level_N.view(1, -1, 1).expand(1, -1, 4))[0]
    return reference.pyramid_sampling(levels, boxes_on_level, level_N, batch_index, out_size)


def _check_pyramid(levels: Sequence[Tensor], boxes: Tensor, batch_index: Tensor) -> None:
    if not levels:
        raise ValueError("levels must hold at least one feature map")
    first = levels[0]
    for place, x in enumerate(levels):
        if (
            x.dim() != 4
            or x.shape[:2] != first.shape[:2]
            or min(x.shape[2:]) < 1
            or x.dtype != first.dtype
            or not x.is_floating_point()
        ):
            raise ValueError(
                f"levels must be floating point [B, C, H, W] of one B, C and type and have pixels, got "
                f"levels[{place}] {x.dtype} {tuple(x.shape)} beside {first.dtype} {tuple(first.shape)}"
            )
        check_device(f"levels[{place}]", x, "boxes", boxes)
    _check_boxes(boxes, batch_index, first)


def _check_boxes(boxes: Tensor, batch_index: Tensor, x: Tensor) -> None:
    check_floating("boxes", boxes, (ANY, 4), "[N, 4]")
    check_indices("batch_index", batch_index, boxes.shape[:1], f"[{boxes.shape[0]}]")
    check_device("batch_index", batch_index, "boxes", boxes)
    check_device("x", x, "boxes", boxes)
