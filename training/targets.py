"""What the network should have said: matching of anchors and proposals with the ground truth (MODEL.md section 6).

Shapes: B images, M anchors, G ground-truth things of the fullest image, P proposals an image, N sampled proposals of
the batch, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.model.sections import RoiConfig, RpnConfig
from seamseg_studio.engine.ops.boxes import box_shifts
from seamseg_studio.training.constants import constant
from seamseg_studio.training.proposals import Proposals
from seamseg_studio.training.sample import VOID_CATEGORY

NOT_SAMPLED = -2
NEGATIVE = -1


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The ground truth of a batch, on the training device.

    Attributes:
        semantic: Category of each pixel, 255 void, 256 + k for category set k. [B, H, W] int64.
        ids: Segment of each pixel. [B, H, W] int64.
        boxes: Corners of the instances in input pixels, padded. [B, G, 4] float32.
        categories: Thing category of each, 0-based. [B, G] int64.
        segments: Id of each in `ids`. [B, G] int64.
        valid: Which of them are real. [B, G] bool.
        ignored: Pixels where nobody knows whether there is an instance: crowd, and void where asked. [B, H, W] bool.
        pixel_weights: How much each pixel counts, None for 1 each. [B, H, W] float32.
        box_weights: How much each instance counts, None for 1 each. [B, G] float32.
    """

    semantic: Tensor
    ids: Tensor
    boxes: Tensor
    categories: Tensor
    segments: Tensor
    valid: Tensor
    ignored: Tensor
    pixel_weights: Tensor | None = None
    box_weights: Tensor | None = None


@dataclass(frozen=True, slots=True)
class AnchorTargets:
    """What the proposal head should have said.

    Attributes:
        labels: 1 positive, 0 negative, -1 not sampled. [B, M] int64.
        shifts: Where positive, the shifts to the matched box. [B, M, 4] float32.
    """

    labels: Tensor
    shifts: Tensor


@dataclass(frozen=True, slots=True)
class ProposalTargets:
    """Sampled proposals and what the box and mask heads should say about them.

    Attributes:
        boxes: Corners in input pixels. [N, 4] float32.
        batch_index: The image of each. [N] int64.
        labels: 0 background, 1 + thing category. [N] int64.
        shifts: Where positive, shifts to the matched box times the regression weights. [N, 4] float32.
        segments: Where positive, the id of the matched instance; 0 else. [N] int64.
        weights: Where positive, how much the matched instance counts; 1 else. None for 1 each. [N] float32.
        real: Which count; the others repeat them, so that N does not depend on the data. None for all. [N] bool.
    """

    boxes: Tensor
    batch_index: Tensor
    labels: Tensor
    shifts: Tensor
    segments: Tensor
    weights: Tensor | None = None
    real: Tensor | None = None


def match_anchors(anchors_M4: Tensor, truth: GroundTruth, sizes_B2: Tensor, config: RpnConfig) -> Tensor:
    """Returns the matched ground-truth box of each anchor, -1 negative, -2 neither. [B, M] int64.

    Only anchors fully inside the image take part. The best anchor of each box is positive whatever the overlap; of
    several boxes that share it the last one has it. Anchors that lie on ignored pixels are no negatives.
    """
    inside = (anchors_M4[:, :2] >= 0).all(dim=1) & (anchors_M4[None, :, 2:] <= sizes_B2[:, None]).all(dim=2)
    match = torch.where(inside, NEGATIVE, NOT_SAMPLED)
    if truth.boxes.shape[1]:
        ious = _ious(anchors_M4[None], truth.boxes).masked_fill_(~(inside[:, :, None] & truth.valid[:, None]), -1.0)
        best, best_box = ious.max(dim=2)
        match = torch.where(inside & (best >= config.neg_threshold), NOT_SAMPLED, match)
        match = torch.where(inside & (best >= config.pos_threshold), best_box, match)
        best_of_box, best_anchor = ious.max(dim=1)
        box_index = torch.arange(truth.boxes.shape[1], device=match.device).expand_as(best_anchor)
        box_index = torch.where(truth.valid & (best_of_box > 0), box_index, -1)
        forced = torch.full_like(match, -1).scatter_reduce_(1, best_anchor, box_index, "amax")
        match = torch.where(forced >= 0, forced, match)
    covered = covered_share(anchors_M4.expand(len(match), -1, -1), truth.ignored) >= config.void_threshold
    return torch.where((match == NEGATIVE) & covered, NOT_SAMPLED, match)


@torch.no_grad()
def anchor_targets(anchors_M4: Tensor, truth: GroundTruth, sizes_B2: Tensor, config: RpnConfig) -> AnchorTargets:
    """Matches anchors, samples some of them at random and returns what the proposal head should say about those."""
    match = match_anchors(anchors_M4, truth, sizes_B2, config)
    positive, negative = _sample(match >= 0, match == NEGATIVE, config.num_samples, config.pos_ratio)
    labels = torch.where(positive, 1, torch.where(negative, 0, -1))
    if not truth.boxes.shape[1]:
        return AnchorTargets(labels, torch.zeros(*labels.shape, 4, device=labels.device))
    matched = truth.boxes.gather(1, match.clamp(min=0)[..., None].expand(-1, -1, 4))
    return AnchorTargets(labels, box_shifts(anchors_M4.expand_as(matched), matched))


def match_proposals(proposals: Proposals, truth: GroundTruth, config: RoiConfig) -> Tensor:
    """Returns the matched ground-truth box of each proposal, -1 negative, -2 neither. [B, P] int64."""
    if truth.boxes.shape[1]:
        ious = _ious(proposals.boxes, truth.boxes).nan_to_num_(0.0).masked_fill_(~truth.valid[:, None], 0.0)
        best, best_box = ious.max(dim=2)
    else:
        best = torch.zeros(proposals.valid.shape, device=proposals.boxes.device)
        best_box = torch.zeros_like(best, dtype=torch.long)
    match = torch.full_like(best_box, NOT_SAMPLED)
    is_negative = (best >= config.neg_threshold_lo) & (best < config.neg_threshold_hi)
    # An empty box has no share of anything; where anything is ignored it does not count as free of it.
    free = covered_share(proposals.boxes, truth.ignored) < config.void_threshold
    free |= ~truth.ignored.flatten(1).any(dim=1)[:, None]
    match = torch.where(is_negative & free, NEGATIVE, match)
    match = torch.where((best >= config.pos_threshold) & truth.valid.any(dim=1)[:, None], best_box, match)
    return torch.where(proposals.valid, match, NOT_SAMPLED)


@torch.no_grad()
def proposal_targets(
    proposals: Proposals,
    truth: GroundTruth,
    config: RoiConfig,
    *,
    negatives_everywhere: bool,
    fixed_sizes: bool = False,
) -> ProposalTargets:
    """Samples proposals, the ground-truth boxes among them.

    Args:
        proposals: From the proposal head.
        truth: Ground truth.
        config: Thresholds and numbers.
        negatives_everywhere: Whether images without instances give negatives too (the original takes none there).
        fixed_sizes: Whether to return as many for any batch, so that a GPU need not tell the host their number.
    """
    joined = Proposals(
        torch.cat([truth.boxes, proposals.boxes], dim=1), torch.cat([truth.valid, proposals.valid], dim=1)
    )
    match = match_proposals(joined, truth, config)
    if not negatives_everywhere:
        match = torch.where(truth.valid.any(dim=1)[:, None], match, NOT_SAMPLED)
    positive, negative = _sample(match >= 0, match == NEGATIVE, config.num_samples, config.pos_ratio)
    real = None
    if fixed_sizes:
        rows = len(match) * min(config.num_samples, match.shape[1])
        index, real = pick((positive | negative).flatten(), rows)
        image, place = index // match.shape[1], index % match.shape[1]
    else:
        image, place = (positive | negative).nonzero().unbind(1)
    boxes, matched_box = joined.boxes[image, place], match[image, place]
    is_positive = matched_box >= 0
    if not truth.boxes.shape[1]:
        zeros = torch.zeros_like(image)
        return ProposalTargets(boxes, image, zeros, torch.zeros_like(boxes), zeros, real=real)
    box = matched_box.clamp(min=0)
    labels = torch.where(is_positive, truth.categories[image, box] + 1, 0)
    shifts = box_shifts(boxes, truth.boxes[image, box]) * constant(config.bbx_reg_weights, boxes.device)
    segments = torch.where(is_positive, truth.segments[image, box], 0)
    weights = None if truth.box_weights is None else torch.where(is_positive, truth.box_weights[image, box], 1.0)
    return ProposalTargets(boxes, image, labels, shifts, segments, weights, real)


def pick(chosen_N: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Returns `count` places: those that are chosen, over and over again; and which of these are the first time.

    Repeating keeps the statistics of norms close to those of the chosen ones alone. If none is chosen, the first places
    follow each other, and none is real.

    Args:
        chosen_N: [N] bool; at most `count` of them.
        count: At least 1.
    """
    order = chosen_N.to(torch.uint8).sort(descending=True, stable=True).indices
    num_chosen = chosen_N.sum()
    every = torch.arange(count, device=chosen_N.device)
    turn = torch.where(num_chosen > 0, every % num_chosen.clamp(min=1), every % max(len(chosen_N), 1))
    return order[turn], every < num_chosen


@torch.no_grad()
def mask_targets(
    boxes_N4: Tensor,
    batch_index_N: Tensor,
    segments_N: Tensor,
    truth: GroundTruth,
    size: tuple[int, int],
    *,
    void_is_background: bool,
) -> Tensor:
    """Returns the instance mask in each box, sampled at bin centres by nearest: 1 inside, 0 not, -1 void. [N, h, w]."""
    height, width = truth.ids.shape[1:]
    places = []
    for axis, (bins, length) in enumerate(zip(size, (height, width), strict=True)):
        steps = (torch.arange(bins, device=boxes_N4.device, dtype=boxes_N4.dtype) + 0.5) / bins
        start, stop = boxes_N4[:, axis, None], boxes_N4[:, axis + 2, None]
        places.append((steps * (stop - start) + start).floor().long().clamp(0, length - 1))
    index = batch_index_N[:, None, None], places[0][:, :, None], places[1][:, None, :]
    inside = truth.ids[index] == segments_N[:, None, None]
    if void_is_background:
        return inside.long()
    return torch.where(inside, 1, torch.where(truth.ignored[index] | (truth.semantic[index] == VOID_CATEGORY), -1, 0))


def _ious(boxes_BN4: Tensor, others_BG4: Tensor) -> Tensor:
    """Returns [B, N, G]; boxes may be shared by the batch ([1, N, 4])."""
    y0, x0, y1, x1 = boxes_BN4[:, :, None].unbind(-1)
    v0, u0, v1, u1 = others_BG4[:, None].unbind(-1)
    heights = (torch.minimum(y1, v1) - torch.maximum(y0, v0)).clamp_(min=0)
    widths = (torch.minimum(x1, u1) - torch.maximum(x0, u0)).clamp_(min=0)
    intersections = heights.mul_(widths)
    unions = (y1 - y0) * (x1 - x0) + (v1 - v0) * (u1 - u0) - intersections
    return intersections.div_(unions)


def covered_share(boxes_BN4: Tensor, mask_BHW: Tensor) -> Tensor:
    """Returns the share of each box that the mask of its image covers, corners cut to whole pixels. [B, N]."""
    height, width = mask_BHW.shape[1:]
    sums = F.pad(mask_BHW.int().cumsum(1).cumsum(2), (1, 0, 1, 0)).flatten(1)
    y0, x0, y1, x1 = boxes_BN4.long().unbind(-1)
    y0, y1 = y0.clamp(0, height) * (width + 1), y1.clamp(0, height) * (width + 1)
    x0, x1 = x0.clamp(0, width), x1.clamp(0, width)
    corners = [sums.gather(1, y + x) for y, x in ((y1, x1), (y0, x0), (y0, x1), (y1, x0))]
    counts = corners[0] + corners[1] - corners[2] - corners[3]
    areas = (boxes_BN4[..., 2] - boxes_BN4[..., 0]) * (boxes_BN4[..., 3] - boxes_BN4[..., 1])
    return counts / areas


def _sample(positive: Tensor, negative: Tensor, num_samples: int, pos_ratio: float) -> tuple[Tensor, Tensor]:
    """Keeps up to `num_samples` of each row at random, at most `pos_ratio` of them positive. [B, N] bool each."""
    most_positive = int(num_samples * pos_ratio)
    kept_positive = _choose(positive, most_positive, most_positive)
    room = num_samples - kept_positive.sum(dim=1, keepdim=True)
    return kept_positive, _choose(negative, room, num_samples)


def _choose(candidates: Tensor, counts: Tensor | int, most: int) -> Tensor:
    """Keeps up to `counts` [B, 1] random candidates of each row, none of which is above `most`. [B, N] bool."""
    keys = torch.rand(candidates.shape, device=candidates.device).masked_fill_(~candidates, 2.0)
    # Sorting all would be many launches a row on a GPU.
    values, index = keys.topk(min(most, keys.shape[1]), dim=1, largest=False)
    is_kept = (values < 2) & (torch.arange(values.shape[1], device=keys.device) < counts)
    return torch.zeros_like(candidates).scatter_(1, index, is_kept)
