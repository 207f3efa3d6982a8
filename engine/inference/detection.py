"""From head outputs to boxes with categories, scores and masks (MODEL.md sections 3 and 4).

Boxes are corners (y0, x0, y1, x1) in pixels of the network's input. Shapes: B images, A anchors a cell, P proposals,
T thing categories, N detections, M side of the masks (28).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops.boxes import clip_boxes, level_anchors, shift_boxes
from seamseg_studio.engine.ops.nms import nms
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling


@dataclass(frozen=True, slots=True)
class Detections:
    """Instances found in one image, by category and then by falling score unless there were too many.

    Attributes:
        boxes: [N, 4] float32.
        categories: Thing category, from 0. [N] int64.
        scores: [N] float32.
    """

    boxes: Tensor
    categories: Tensor
    scores: Tensor

    def __getitem__(self, index: Tensor) -> Detections:
        return Detections(self.boxes[index], self.categories[index], self.scores[index])


def anchors_of(objectness: Sequence[Tensor], config: Config) -> list[Tensor]:
    """Returns the anchors [H W A, 4] of each level whose objectness [B, A, H, W] is given."""
    strides = config.fpn.out_strides[config.rpn.fpn_min_level :]
    return [
        level_anchors((x.shape[2], x.shape[3]), stride, config.rpn.anchor_scale, config.rpn.anchor_ratios, x.device)
        for x, stride in zip(objectness, strides, strict=False)
    ]


def flat_rpn_outputs(objectness: Sequence[Tensor], shifts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Returns logits [B, all anchors] and shifts [B, all anchors, 4] in the order of the anchors."""
    logits = [x.permute(0, 2, 3, 1).flatten(1) for x in objectness]
    moves = [x.permute(0, 2, 3, 1).reshape(len(x), -1, 4) for x in shifts]
    return torch.cat(logits, dim=1), torch.cat(moves, dim=1)


@torch.no_grad()
def generate_proposals(
    objectness: Sequence[Tensor],
    shifts: Sequence[Tensor],
    config: Config,
    valid_sizes: Sequence[tuple[int, int]],
    *,
    training: bool = False,
) -> list[Tensor]:
    """Returns the proposals [P, 4] of each image, best first.

    Args:
        objectness: Logits per level, [B, A, H, W].
        shifts: Box shifts per level, [B, 4 A, H, W].
        config: Its section `rpn` gives the thresholds.
        valid_sizes: Height and width of each image without padding, in pixels.
        training: Whether the numbers of proposals for training apply.
    """
    rpn = config.rpn
    num_before = rpn.num_pre_nms_train if training else rpn.num_pre_nms_val
    num_after = rpn.num_post_nms_train if training else rpn.num_post_nms_val
    anchors = torch.cat(anchors_of(objectness, config))
    logits_BK, shifts_BK4 = flat_rpn_outputs(objectness, shifts)
    proposals = []
    for logits, moves, size in zip(logits_BK.float(), shifts_BK4.float(), valid_sizes, strict=True):
        if rpn.min_size > 0:
            # Small boxes must not take places among the best, so all are decoded.
            sides = torch.diff(clip_boxes(shift_boxes(anchors, moves), size).view(-1, 2, 2), dim=1)
            logits = logits.masked_fill((sides < rpn.min_size).flatten(1).any(1), -torch.inf)
        best, index = logits.topk(min(num_before, len(logits)))
        index, best = index[best > -torch.inf], best[best > -torch.inf]
        boxes = clip_boxes(shift_boxes(anchors[index], moves[index]), size)
        proposals.append(boxes[nms(boxes, best, rpn.nms_threshold, num_after)])
    return proposals


def sample_regions(
    network: PanopticNet, levels: Sequence[Tensor], boxes: Sequence[Tensor], image_size: tuple[int, int]
) -> Tensor:
    """Returns the ROI heads' input [all boxes, C, S, S] for the boxes [N, 4] of each image, image after image.

    Args:
        network: Gives the levels and the grid.
        levels: All pyramid levels.
        boxes: One tensor per image.
        image_size: Height and width of the (padded) network input in pixels.
    """
    roi = network.config.roi
    batch_index = torch.cat([torch.full((len(b),), i, dtype=torch.long) for i, b in enumerate(boxes)])
    return pyramid_sampling(
        network.roi_levels(levels),
        torch.cat(list(boxes)),
        batch_index.to(boxes[0].device),
        roi.roi_size,
        image_size,
        canonical_scale=roi.fpn_canonical_scale,
        canonical_level=roi.fpn_canonical_level,
    )


@torch.no_grad()
def select_detections(
    proposals: Tensor, category_logits: Tensor, shifts: Tensor, config: Config, valid_size: tuple[int, int]
) -> Detections:
    """Turns the box head's output for one image into detections.

    Args:
        proposals: [P, 4] float32.
        category_logits: [P, T + 1]; column 0 is the background.
        shifts: Raw box shifts, [P, T, 4].
        config: Its section `roi` gives the thresholds.
        valid_size: Height and width of the image without padding, in pixels.
    """
    roi = config.roi
    scores_PT = category_logits.float().softmax(dim=1)[:, 1:]
    # Only the few boxes that pass are ever decoded; category-major, as the original lists them.
    category, proposal = (scores_PT.t() > roi.score_threshold).nonzero(as_tuple=True)
    scores = scores_PT[proposal, category]
    moves = shifts[proposal, category].float() / proposals.new_tensor(roi.bbx_reg_weights)
    boxes = clip_boxes(shift_boxes(proposals[proposal], moves), valid_size)
    sized = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    found = Detections(boxes, category, scores)[sized]
    keep = []
    for present in torch.unique(found.categories).tolist():
        index = (found.categories == present).nonzero()[:, 0]
        keep.append(index[nms(found.boxes[index], found.scores[index], roi.nms_threshold)])
    if not keep:
        return found
    found = found[torch.cat(keep)]
    if len(found.scores) > roi.max_predictions:
        found = found[found.scores.topk(roi.max_predictions).indices]
    return found


@torch.no_grad()
def detect(
    network: PanopticNet,
    levels: Sequence[Tensor],
    proposals: Sequence[Tensor],
    image_size: tuple[int, int],
    valid_sizes: Sequence[tuple[int, int]],
) -> list[Detections]:
    """Returns the detections of each image of a batch from its proposals."""
    if network.num_thing == 0:
        return [Detections(p.new_empty((0, 4)), p.new_empty(0, dtype=torch.long), p.new_empty(0)) for p in proposals]
    logits, shifts = network.roi_head.box(sample_regions(network, levels, proposals, image_size))
    counts = [len(p) for p in proposals]
    parts = zip(proposals, torch.split(logits, counts), torch.split(shifts, counts), valid_sizes, strict=True)
    return [select_detections(p, c, s, network.config, size) for p, c, s, size in parts]


@torch.no_grad()
def predict_masks(
    network: PanopticNet, levels: Sequence[Tensor], detections: Sequence[Detections], image_size: tuple[int, int]
) -> list[Tensor]:
    """Returns the mask logits [N, M, M] float32 of each image's detections, in the frame of their boxes."""
    counts = [len(d.scores) for d in detections]
    if sum(counts) == 0:
        side = 2 * network.config.roi.roi_size[0]
        return [d.boxes.new_empty((0, side, side)) for d in detections]
    regions = sample_regions(network, levels, [d.boxes for d in detections], image_size)
    logits = network.roi_head.mask(regions)
    categories = torch.cat([d.categories for d in detections])
    chosen = logits[torch.arange(len(logits), device=logits.device), categories].float()
    return list(torch.split(chosen, counts))
