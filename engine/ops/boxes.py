"""Boxes and anchors: encoding, decoding, overlaps, and boxes of label masks.

Boxes are corners `(y0, x0, y1, x1)` in input pixels, float32, continuous: pixel i spans [i, i + 1].
Shapes: N, M boxes; A anchors a cell; H, W pixels or cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_boxes, reference
from seamseg_studio.engine.ops.checks import (
    ANY,
    check_device,
    check_floating,
    check_integer_image,
    check_size,
    check_two_boxes,
)

# exp() of a size shift is limited to 1000 / 16, so that no box overflows.
MAX_SIZE_SHIFT = math.log(1000.0 / 16)
# Sizes below this (pixels) are taken as this when a box is divided by its size.
MIN_SIZE = 1e-5
MAX_IDS = 2**24


def cell_anchors(stride: int, scale: float, ratios: Sequence[float]) -> Tensor:
    """Returns the anchors [A, 4] float64 of the first cell of a level, one per ratio (height / width)."""
    root_A = torch.tensor(ratios, dtype=torch.float64).sqrt()
    half_heights, half_widths = stride * scale * root_A / 2, stride * scale / root_A / 2
    centre = stride / 2
    corners = (centre - half_heights, centre - half_widths, centre + half_heights, centre + half_widths)
    return torch.stack(corners, dim=1)


def level_anchors(
    size: tuple[int, int], stride: int, scale: float, ratios: Sequence[float], device: torch.device | None = None
) -> Tensor:
    """Returns the anchors [H W A, 4] of a level of `size` cells, ordered by row, column, ratio."""
    cell_A4 = cell_anchors(stride, scale, ratios).float().to(device)
    ys = torch.arange(size[0], dtype=torch.float32, device=device) * stride
    xs = torch.arange(size[1], dtype=torch.float32, device=device) * stride
    grid_y, grid_x = torch.meshgrid(ys, xs, indexing="ij")
    shift_HW4 = torch.stack([grid_y, grid_x, grid_y, grid_x], dim=-1)
    return (shift_HW4[:, :, None] + cell_A4).reshape(-1, 4)


def shift_boxes(boxes: Tensor, shifts: Tensor) -> Tensor:
    """Decodes: moves and resizes boxes [..., 4] by shifts `(dy, dx, dh, dw)` [..., 4] in units of their size.

    Shapes may differ where they can be broadcast. What is not a number stays none.

    Raises:
        ValueError: Shapes, types or devices that do not fit.
    """
    check_two_boxes("boxes", boxes, "shifts", shifts)
    if native_boxes.serves(boxes, shifts) and native.usable(boxes, shifts):
        return native_boxes.shift_boxes(boxes, shifts)
    sizes = boxes[..., 2:] - boxes[..., :2]
    centres = boxes[..., :2] + 0.5 * sizes
    new_centres = centres + shifts[..., :2] * sizes
    new_half_sizes = 0.5 * sizes * shifts[..., 2:].clamp(max=MAX_SIZE_SHIFT).exp()
    return torch.cat([new_centres - new_half_sizes, new_centres + new_half_sizes], dim=-1)


def box_shifts(source: Tensor, target: Tensor) -> Tensor:
    """Encodes: the shifts [..., 4] that `shift_boxes` needs to turn `source` into `target`.

    Raises:
        ValueError: Shapes, types or devices that do not fit.
    """
    check_two_boxes("source", source, "target", target)
    if native_boxes.serves(source, target) and native.usable(source, target):
        return native_boxes.box_shifts(source, target)
    source_sizes = (source[..., 2:] - source[..., :2]).clamp(min=MIN_SIZE)
    target_sizes = (target[..., 2:] - target[..., :2]).clamp(min=MIN_SIZE)
    centre_shift = 0.5 * (target[..., :2] + target[..., 2:]) - 0.5 * (source[..., :2] + source[..., 2:])
    return torch.cat([centre_shift / source_sizes, (target_sizes / source_sizes).log()], dim=-1)


def clip_boxes(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Returns boxes [..., 4] cut to an image of `size` (height, width) pixels."""
    height, width = size
    return torch.stack(
        [
            boxes[..., 0].clamp(0, height),
            boxes[..., 1].clamp(0, width),
            boxes[..., 2].clamp(0, height),
            boxes[..., 3].clamp(0, width),
        ],
        dim=-1,
    )


def box_areas(boxes: Tensor) -> Tensor:
    """Returns the areas [...] of boxes [..., 4] in square pixels."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def box_ious(boxes: Tensor, others: Tensor) -> Tensor:
    """Returns intersection over union [N, M] of [N, 4] and [M, 4]; NaN where both boxes are empty."""
    _check_sets(boxes, others)
    return reference.box_ious(boxes, others)


def box_overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Returns the share [N, M] of each box [N, 4] that each of `others` [M, 4] covers; NaN for empty boxes."""
    _check_sets(boxes, others)
    return reference.box_intersections(boxes, others) / box_areas(boxes)[:, None]


def _check_sets(boxes: Tensor, others: Tensor) -> None:
    check_floating("boxes", boxes, (ANY, 4), "[N, 4]")
    check_floating("others", others, (ANY, 4), "[M, 4]")
    check_device("others", others, "boxes", boxes)


def extract_boxes(ids: Tensor, num_ids: int) -> Tensor:
    """Returns the tight boxes [num_ids, 4] float32 of ids 0..num_ids - 1 in an id image [H, W].

    Ids from `num_ids` on are ignored; an id without pixels has (-1, -1, -1, -1).

    Raises:
        ValueError: `ids` is no integer image, or there are more than 2^24.
    """
    check_integer_image("ids", ids)
    if not 0 <= num_ids <= MAX_IDS:
        raise ValueError(f"num_ids must be between 0 and {MAX_IDS}, got {num_ids}")
    if native_boxes.serves_image(ids) and native.usable(ids):
        return native_boxes.extract_boxes(ids, num_ids)
    return reference.extract_boxes(ids, num_ids)


def mask_counts(boxes: Tensor, mask: Tensor) -> Tensor:
    """Returns how many pixels of `mask` [H, W] lie in each box [N, 4], corners cut to whole pixels; [N] float32.

    Corners are cut to the image first; one that is not a number is taken as 0. A mask of numbers is summed.

    Raises:
        ValueError: Shapes or devices that do not fit.
    """
    check_floating("boxes", boxes, (ANY, 4), "[N, 4]")
    check_integer_image("mask", mask)
    check_device("mask", mask, "boxes", boxes)
    if native_boxes.serves_mask(boxes, mask) and native.usable(boxes, mask):
        return native_boxes.mask_counts(boxes, mask)
    return reference.mask_counts(boxes, mask)


def mask_overlap(boxes: Tensor, mask: Tensor) -> Tensor:
    """Returns the share [N] of each box's area [N, 4] that `mask` [H, W] covers; NaN or inf for empty boxes."""
    return mask_counts(boxes, mask) / box_areas(boxes)


def feature_boxes(boxes: Tensor, feature_size: tuple[int, int], image_size: tuple[int, int]) -> Tensor:
    """Maps boxes [..., 4] of the (padded) image onto a feature map: `(p - 0.5) * (feature / image) + 0.5`.

    Raises:
        ValueError: An image without pixels.
    """
    check_size("image_size", image_size, 1)
    ratio = boxes.new_tensor([feature_size[0] / image_size[0], feature_size[1] / image_size[1]] * 2)
    return (boxes - 0.5) * ratio + 0.5


def inverted_boxes(boxes: Tensor, roi_size: tuple[int, int], image_size: tuple[int, int]) -> Tensor:
    """Returns the image's own box [..., 4] in the coordinates of each box's `roi_size` grid.

    Sampling a ROI's mask at it, with `image_size` bins, lays the mask over the image.
    """
    sizes = boxes[..., 2:] - boxes[..., :2]
    ratio = boxes.new_tensor(roi_size) / sizes
    start = -boxes[..., :2] * ratio
    end = (boxes.new_tensor(image_size) - boxes[..., :2]) * ratio
    return torch.cat([start, end], dim=-1)


def assign_levels(
    boxes: Tensor, num_levels: int, *, canonical_scale: float = 224.0, canonical_level: int = 2
) -> Tensor:
    """Returns the pyramid level [N] int64 that each box [N, 4] is sampled from.

    `floor(canonical_level + log2(sqrt(area) / canonical_scale + 1e-6))`, between 0 and num_levels - 1
    (Lin et al., arXiv 1612.03144, equation 1); 0 where the area is not a number.
    """
    sides = box_areas(boxes).clamp(min=0).sqrt()
    levels = torch.floor(canonical_level + torch.log2(sides / canonical_scale + 1e-6))
    return levels.nan_to_num(nan=0.0).clamp(0, num_levels - 1).long()
