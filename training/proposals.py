"""Proposals of a whole training batch at once, without waiting for the GPU per image.

Shapes: B images, M anchors an image, A anchors a cell, P proposals an image, H and W cells of a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from seamseg_studio.engine.model.sections import RpnConfig
from seamseg_studio.engine.ops import native, native_nms
from seamseg_studio.engine.ops.boxes import level_anchors, shift_boxes
from seamseg_studio.engine.ops.nms import nms

_MAX_KEPT_ANCHORS = 16  # sizes of batches whose anchors are kept


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
    """Returns the anchors [M, 4] of levels of some sizes (cells), in the order of `flatten_levels`.

    They are kept for the next batch of these sizes: whoever gets them must not change them.
    """
    return _kept_anchors(
        tuple(tuple(size) for size in sizes), tuple(strides), config.anchor_scale, tuple(config.anchor_ratios), device
    )


@lru_cache(maxsize=_MAX_KEPT_ANCHORS)
def _kept_anchors(
    sizes: tuple[tuple[int, int], ...],
    strides: tuple[int, ...],
    scale: float,
    ratios: tuple[float, ...],
    device: torch.device,
) -> Tensor:
    levels = [level_anchors(size, stride, scale, ratios, device) for size, stride in zip(sizes, strides, strict=True)]
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
    limits_B14 = torch.cat([sizes_B2, sizes_B2], dim=1)[:, None]
    scores_BM = objectness_BM
    if config.min_size > 0:
        # Small boxes must not take places among the best, so all are decoded.
        boxes_BM4 = _decode(anchors_M4, shifts_BM4, limits_B14)
        sides = boxes_BM4[..., 2:] - boxes_BM4[..., :2]
        scores_BM = scores_BM.masked_fill((sides < config.min_size).any(dim=-1), -torch.inf)
    scores_BK, order_BK = scores_BM.topk(num_candidates, dim=1)
    place_BK4 = order_BK[..., None].expand(-1, -1, 4)
    boxes_BK4 = _decode(anchors_M4[order_BK], shifts_BM4.gather(1, place_BK4), limits_B14)
    return _suppress(boxes_BK4, scores_BK, config.nms_threshold, config.num_post_nms_train)


def _decode(anchors: Tensor, shifts: Tensor, limits_B14: Tensor) -> Tensor:
    return torch.minimum(shift_boxes(anchors, shifts).clamp(min=0), limits_B14)


def _suppress(boxes_BK4: Tensor, scores_BK: Tensor, threshold: float, max_keep: int) -> Proposals:
    """Non-maximum suppression in each image; boxes with a score of -inf do not take part."""
    max_keep = min(max_keep, boxes_BK4.shape[1])
    if native_nms.serves(boxes_BK4, scores_BK) and native.usable(boxes_BK4, scores_BK):
        lowest = torch.finfo(scores_BK.dtype).min
        keep_BP, count_B = native_nms.nms_groups(boxes_BK4, scores_BK, threshold, max_keep, score_threshold=lowest)
        valid_BP = torch.arange(keep_BP.shape[1], device=keep_BP.device) < count_B[:, None]
        return Proposals(boxes_BK4.gather(1, keep_BP.clamp(min=0)[..., None].expand(-1, -1, 4)), valid_BP)
    found = Proposals(
        boxes_BK4.new_zeros(len(boxes_BK4), max_keep, 4),
        torch.zeros(len(boxes_BK4), max_keep, dtype=torch.bool, device=boxes_BK4.device),
    )
    for image, (boxes, scores) in enumerate(zip(boxes_BK4, scores_BK, strict=True)):
        count = int((scores > -torch.inf).sum())
        keep = nms(boxes[:count], scores[:count], threshold, max_keep)
        found.boxes[image, : len(keep)] = boxes[keep]
        found.valid[image, : len(keep)] = True
    return found
