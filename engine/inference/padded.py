"""Detection and fusion at sizes that do not depend on what is found, so that the host never waits for the device.

The same answers as `detection` and `fuse`, for one image; a CUDA graph can hold all of it. It needs the compiled ops.
Shapes: A anchors of all levels, P proposals, T thing categories, D detections at most, M side of the masks (28), S
segments at most; H and W in pixels of the map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seamseg_studio.engine.inference.detection import anchors_of, flat_rpn_outputs
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops import native, native_boxes, native_fusion, native_nms
from seamseg_studio.engine.ops.boxes import clip_boxes, shift_boxes
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling
from seamseg_studio.engine.ops.semantic import best_categories


@dataclass(frozen=True, slots=True)
class PaddedDetections:
    """What is found in an image, and places left empty.

    Attributes:
        proposals: Best first, then boxes without area. [P, 4] float32.
        num_proposals: How many of them count. [1] int64.
        boxes: [D, 4] float32.
        categories: Thing category, from 0. [D] int64.
        scores: Falling; 0 for an empty place. [D] float32.
        masks: Logits in the frame of the boxes. [D, M, M] float32.
    """

    proposals: Tensor
    num_proposals: Tensor
    boxes: Tensor
    categories: Tensor
    scores: Tensor
    masks: Tensor


@dataclass(frozen=True, slots=True)
class PaddedMap:
    """A panoptic map without empty segments, and what describes its segments.

    Attributes:
        ids: [H, W] int32; the segments that are used, in the order of `table`, from 0 (void).
        table: Rows: whether the segment is used, its category, score, and whether it is a crowd. [4, S] float32.
        second_choice: Category that each pixel would have if not that of its segment; 255 for none. [H, W] uint8.
    """

    ids: Tensor
    table: Tensor
    second_choice: Tensor | None


class PaddedHeads:
    """The parts of the network behind its dense maps, for one size of input.

    Whatever comes from the host (anchors, constants) is put on the device once, here.
    """

    def __init__(self, network: PanopticNet, input_size: tuple[int, int], objectness: Sequence[Tensor]) -> None:
        """Prepares.

        Args:
            network: Ready for inference, with thing categories.
            input_size: Height and width of the network's input in pixels.
            objectness: What the network gives for such an input; only the shapes matter.
        """
        config, device = network.config, objectness[0].device
        self._network, self._input_size = network, input_size
        self._anchors = torch.cat(anchors_of(objectness, config))
        self._num_before = min(config.rpn.num_pre_nms_val, len(self._anchors))
        self._num_proposals = min(config.rpn.num_post_nms_val, self._num_before)
        self._num_found = min(config.roi.max_predictions, self._num_proposals * network.num_thing)
        self._places = torch.arange(self._num_proposals, device=device)
        self._shift_weights = torch.tensor(config.roi.bbx_reg_weights, device=device)
        self._image_index = torch.zeros(max(self._num_proposals, self._num_found), dtype=torch.long, device=device)
        self._found_index = torch.arange(self._num_found, device=device)

    def __call__(
        self, levels: Sequence[Tensor], objectness: Sequence[Tensor], shifts: Sequence[Tensor]
    ) -> PaddedDetections:
        """Returns what is found in the one image of a batch of one."""
        proposals, num_proposals = self._propose(objectness, shifts)
        boxes, categories, scores = self._detect(levels, proposals, num_proposals)
        masks = self._network.roi_head.mask(self._regions(levels, boxes))
        chosen = masks[self._found_index, categories].float()
        return PaddedDetections(proposals, num_proposals, boxes, categories, scores, chosen)

    def _propose(self, objectness: Sequence[Tensor], shifts: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        rpn = self._network.config.rpn
        logits_A, shifts_A4 = (x[0].float() for x in flat_rpn_outputs(objectness, shifts))
        if rpn.min_size > 0:
            sides = torch.diff(
                clip_boxes(shift_boxes(self._anchors, shifts_A4), self._input_size).view(-1, 2, 2), dim=1
            )
            logits_A = logits_A.masked_fill((sides < rpn.min_size).flatten(1).any(1), -torch.inf)
        best, index = logits_A.topk(self._num_before)
        boxes = clip_boxes(shift_boxes(self._anchors[index], shifts_A4[index]), self._input_size)
        keep, count = native_nms.nms_groups(
            boxes[None], best[None], rpn.nms_threshold, self._num_proposals, score_threshold=torch.finfo(best.dtype).min
        )
        kept = boxes[keep[0].clamp(min=0)]
        return kept * (self._places < count)[:, None], count

    def _detect(self, levels: Sequence[Tensor], proposals: Tensor, count: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        roi = self._network.config.roi
        logits, shifts = self._network.roi_head.box(self._regions(levels, proposals))
        scores_TP = logits.float().softmax(dim=1)[:, 1:].t()
        moves_TP4 = shifts.float().transpose(0, 1) / self._shift_weights
        boxes_TP4 = clip_boxes(shift_boxes(proposals.expand_as(moves_TP4), moves_TP4), self._input_size)
        has_area = (boxes_TP4[..., 2] > boxes_TP4[..., 0]) & (boxes_TP4[..., 3] > boxes_TP4[..., 1])
        # Not `where`, which brings its constant from the host.
        scores_TP = scores_TP.masked_fill(~(has_area & (self._places < count)), -torch.inf)
        keep_TP, counts_T = native_nms.nms_groups(
            boxes_TP4, scores_TP, roi.nms_threshold, score_threshold=roi.score_threshold
        )
        order_TP = keep_TP.clamp(min=0)
        empty = self._places >= counts_T[:, None]
        scores = scores_TP.gather(1, order_TP).masked_fill(empty, 0.0).flatten()
        scores, place = scores.topk(self._num_found)
        categories = place // self._num_proposals
        boxes = boxes_TP4[categories, order_TP.flatten()[place]]
        return boxes * (scores > 0)[:, None], categories, scores

    def _regions(self, levels: Sequence[Tensor], boxes: Tensor) -> Tensor:
        roi = self._network.config.roi
        return pyramid_sampling(
            self._network.roi_levels(levels),
            boxes,
            self._image_index[: len(boxes)],
            roi.roi_size,
            self._input_size,
            canonical_scale=roi.fpn_canonical_scale,
            canonical_level=roi.fpn_canonical_level,
        )


class PaddedFusion:
    """Joins the semantic logits and the detections to a map of one size."""

    def __init__(
        self,
        network: PanopticNet,
        input_size: tuple[int, int],
        map_size: tuple[int, int],
        options: PredictOptions,
        device: torch.device,
    ) -> None:
        """Prepares for a map of `map_size` (height, width) from a network's input of `input_size`."""
        scale_y, scale_x = map_size[0] / input_size[0], map_size[1] / input_size[1]
        area = network.config.sem.min_stuff_area if options.min_stuff_area is None else options.min_stuff_area
        self._map_size, self._options, self._num_stuff = map_size, options, network.num_stuff
        self._min_stuff_area = area * scale_y * scale_x
        self._scale = torch.tensor([scale_y, scale_x, scale_y, scale_x], device=device)

    def __call__(self, logits_KHW: Tensor, found: PaddedDetections) -> PaddedMap:
        """Returns the map for the logits [K, h, w] of the categories."""
        with_second = self._options.with_second_choice
        best, second, _ = best_categories(logits_KHW, self._map_size, with_second=with_second)
        ids, categories, scores, is_crowd, _ = native_fusion.padded_fusion(
            best,
            found.boxes * self._scale,
            found.categories,
            found.scores,
            found.masks,
            self._num_stuff,
            self._options.score_threshold,
            self._options.overlap_threshold,
            self._min_stuff_area,
        )
        flat_ids = ids.flatten()
        used = native_boxes.extract_boxes(ids, len(categories))[:, 0] >= 0
        used.narrow(0, 0, 1).fill_(True)  # void always is
        new_ids = used.cumsum(0, dtype=torch.int32) - 1
        table = torch.stack([used.float(), categories.float(), scores, is_crowd.float()])
        if second is not None:
            chosen = categories.to(torch.uint8).index_select(0, flat_ids).view_as(ids)
            second = torch.where(best != chosen, best, second)
        return PaddedMap(new_ids.index_select(0, flat_ids).view_as(ids), table, second)


def is_offered(network: PanopticNet) -> bool:
    """Returns whether the network can be run at fixed sizes: it has things, and the compiled ops serve its device."""
    return network.num_thing > 0 and native.usable(next(network.parameters()))
