"""Proposals of a whole training batch at once, without waiting for the GPU per image.

Shapes: B images, M anchors an image, A anchors a cell, P proposals an image, H and W cells of a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seamseg_studio.engine.model.sections import RpnConfig
from seamseg_studio.engine.ops.boxes import level_anchors, shift_boxes
from seamseg_studio.engine.ops.nms import nms

# Above this many candidates an image, the matrix of all overlaps of a batch would take too much memory.
MAX_MATRIX_CANDIDATES = 3000


@dataclass(frozen=True, slots=True)
class Proposals:
    """Boxes that may hold a thing, padded to the same number for each image.

    Attributes:
        boxes: Corners in input pixels, best first. [B, P, 4] float32.
        valid: Which of them are real. [B, P] bool.
    """

    boxes: Tensor
    valid: Tensor


def flatten_levels(objectness: Sequence[Tensor], shifts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Returns logits [B, M] and shifts [B, M, 4] of all levels, ordered by level, row, column, ratio."""
    flat_objectness = [x.permute(0, 2, 3, 1).reshape(x.shape[0], -1) for x in objectness]
    flat_shifts = [x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4) for x in shifts]
    return torch.cat(flat_objectness, dim=1).float(), torch.cat(flat_shifts, dim=1).float()


def make_anchors(
    sizes: Sequence[tuple[int, int]], strides: Sequence[int], config: RpnConfig, device: torch.device
) -> Tensor:
    """Returns the anchors [M, 4] of levels of some sizes (cells), in the order of `flatten_levels`."""
    levels = [
        level_anchors(size, stride, config.anchor_scale, config.anchor_ratios, device)
        for size, stride in zip(sizes, strides, strict=True)
    ]
    return torch.cat(levels)


@torch.no_grad()
def propose(
    objectness_BM: Tensor, shifts_BM4: Tensor, anchors_M4: Tensor, sizes_B2: Tensor, config: RpnConfig
) -> Proposals:
    """Returns the proposals that training learns from (MODEL.md section 3, with the numbers meant for training).

    Args:
        objectness_BM: Logits.
        shifts_BM4: Box shifts.
        anchors_M4: Anchors.
        sizes_B2: (height, width) of each image inside the padded batch, pixels. float32.
        config: Thresholds and numbers.
    """
    num_candidates = min(config.num_pre_nms_train, objectness_BM.shape[1])
    boxes_BM4 = shift_boxes(anchors_M4, shifts_BM4)
    limits_B14 = torch.cat([sizes_B2, sizes_B2], dim=1)[:, None]
    boxes_BM4 = torch.minimum(boxes_BM4.clamp(min=0), limits_B14)
    scores_BM = objectness_BM
    if config.min_size > 0:
        sides = boxes_BM4[..., 2:] - boxes_BM4[..., :2]
        scores_BM = scores_BM.masked_fill((sides < config.min_size).any(dim=-1), -torch.inf)
    scores_BK, order_BK = scores_BM.topk(num_candidates, dim=1)
    boxes_BK4 = boxes_BM4.gather(1, order_BK[..., None].expand(-1, -1, 4))
    usable_BK = scores_BK > -torch.inf
    if num_candidates <= MAX_MATRIX_CANDIDATES:
        kept_BK = _suppress_by_matrix(boxes_BK4, usable_BK, config.nms_threshold)
    else:
        kept_BK = torch.zeros_like(usable_BK)
        for image, (boxes, scores) in enumerate(zip(boxes_BK4, scores_BK, strict=True)):
            count = int(usable_BK[image].sum())
            keep = nms(boxes[:count], scores[:count], config.nms_threshold, config.num_post_nms_train)
            kept_BK[image, keep] = True
    return _first(boxes_BK4, kept_BK, config.num_post_nms_train)


def _suppress_by_matrix(boxes_BK4: Tensor, usable_BK: Tensor, threshold: float) -> Tensor:
    """Non-maximum suppression of boxes in falling order of score; the same choice as going through them one by one."""
    y0, x0, y1, x1 = boxes_BK4.unbind(-1)
    heights = torch.minimum(y1[:, :, None], y1[:, None]) - torch.maximum(y0[:, :, None], y0[:, None])
    widths = torch.minimum(x1[:, :, None], x1[:, None]) - torch.maximum(x0[:, :, None], x0[:, None])
    intersections = heights.clamp_(min=0).mul_(widths.clamp_(min=0))
    areas = (y1 - y0) * (x1 - x0)
    overlaps = intersections / (areas[:, :, None] + areas[:, None] - intersections)
    # [b, i, j]: i would suppress j. Comparing with NaN (two empty boxes) is false.
    suppresses = (overlaps >= threshold).triu_(1).to(torch.bfloat16 if overlaps.is_cuda else torch.float32)
    kept = usable_BK.clone()
    # Each round settles at least one more link of every chain of suppression, so this ends with the greedy choice.
    while True:
        hit = torch.bmm(kept[:, None].to(suppresses.dtype), suppresses)[:, 0] > 0
        updated = usable_BK & ~hit
        if torch.equal(updated, kept):
            return kept
        kept = updated


def _first(boxes_BK4: Tensor, kept_BK: Tensor, count: int) -> Proposals:
    """Moves the kept boxes to the front and returns the first `count`."""
    order = torch.sort(kept_BK.to(torch.uint8), dim=1, descending=True, stable=True).indices[:, :count]
    return Proposals(boxes_BK4.gather(1, order[..., None].expand(-1, -1, 4)), kept_BK.gather(1, order))
