"""Answering prompts from the features of an image: the panoptic network's own heads, no second model.

Shapes: K categories, T thing categories, N boxes, M side of the masks (28); h and w of the semantic logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seamseg_studio.engine.inference.detection import Detections, predict_masks, sample_regions
from seamseg_studio.engine.inference.features import Features
from seamseg_studio.engine.inference.prompts import (
    BoxPrompt,
    CategoryPrompt,
    CategoryScore,
    ClickPrompt,
    Line,
    PackedMask,
    Prompt,
    PromptAnswer,
    StrokesPrompt,
    check_prompt,
)
from seamseg_studio.engine.inference.refine import Crop, Plane, cut_out, paste, refined, snapped, working_crop
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.geometry import Box, Mask

_MAX_PROPOSALS = 32  # looked at under a click, where no detection is
_SAME_IOU = 0.8  # proposals at a click that overlap by more are one
_NOT_IN_BOX = -6.0  # log-odds outside the box of a mask
# How much the semantic head counts beside the mask head. On held-out things with the starter, masks in true boxes have
# a mean IoU of .55 by the mask head alone, .53 with this share, .46 with all of it (fused as in EfficientPS).
_SEMANTIC_SHARE = 0.25
_DRAWN_BOX = 1.0  # log-odds that a person's box adds: something is in it (.585 with it on the same things)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may be meant by a click.

    Attributes:
        evidence: Log-odds of belonging; over `box`. [m, n] float32.
        box: In image pixels.
        rank: How likely it is meant, 0 to 1.
        seen: The same mask at the resolution of the semantic logits. [h, w] bool.
        thing_box: The box for the box head, pixels of the input; None for a region of the semantic head.
    """

    evidence: Plane
    box: tuple[float, float, float, float]
    rank: float
    seen: Mask
    category: int
    thing_box: Tensor | None


class Answers:
    """Answers prompts about one image."""

    def __init__(self, network: PanopticNet, features: Features) -> None:
        """`network` is the one that made the features."""
        self._network = network
        self._features = features
        self._shape = features.image_size
        height, width = features.input_size
        self._to_input = np.array([height / self._shape[0], width / self._shape[1]] * 2, np.float32)

    @torch.inference_mode()
    def answer(self, prompt: Prompt) -> PromptAnswer:
        """Answers a prompt.

        Raises:
            PromptError: It asks for nothing, or for something outside the image.
        """
        check_prompt(prompt, self._shape)
        match prompt:
            case BoxPrompt():
                return self._of_box(prompt)
            case ClickPrompt():
                return self._of_click(prompt)
            case StrokesPrompt():
                return self._of_strokes(prompt)
            case CategoryPrompt():
                return self._of_category(prompt)

    @torch.inference_mode()
    def ranking(self, mask: PackedMask) -> tuple[CategoryScore, ...]:
        """What the pixels of a mask may be, the likeliest first."""
        return _ranked(self._mask_probabilities(mask))

    # Boxes

    def _of_box(self, prompt: BoxPrompt) -> PromptAnswer:
        height, width = self._shape
        corners = (max(prompt.y0, 0), max(prompt.x0, 0), min(prompt.y1, height), min(prompt.x1, width))
        box = Box(int(corners[0]), int(corners[1]), int(np.ceil(corners[2])), int(np.ceil(corners[3])))
        ranking = _ranked(self._box_probabilities(corners), prompt.category)
        crop = Crop.of(box.grown(max(4, max(box.shape) // 8), self._shape))
        category = ranking[0].category
        evidence = self._box_evidence(category, corners, crop)
        if category >= self._network.num_stuff:
            evidence = evidence + _DRAWN_BOX
        frame = paste(np.ones((1, 1), np.float32), corners, crop, outside=0.0) > 0.5
        picture = crop.shrink(self._features.image)
        mask = snapped(np.where(frame, evidence, _NOT_IN_BOX).astype(np.float32), picture) & frame
        if mask.sum() < 0.02 * frame.sum():
            rows, columns = np.flatnonzero(frame.any(axis=1)), np.flatnonzero(frame.any(axis=0))
            if len(rows) and len(columns):
                mask = cut_out(picture, Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1))
        return PromptAnswer(
            PackedMask.of(crop.enlarge(mask), crop.box.y0, crop.box.x0), ranking, _sureness(evidence, mask)
        )

    def _box_probabilities(self, corners: tuple[float, float, float, float]) -> NDArray[np.float32]:
        """Of every category, from the box head; what it takes for background is shared out by the semantic head."""
        semantic = self._semantic_mean(corners)
        if self._network.num_thing == 0:
            return semantic
        logits = self._network.roi_head.box(self._regions([corners]))[0][0].float()
        heads = logits.softmax(dim=0).cpu().numpy()
        both = heads[0] * semantic
        both[self._network.num_stuff :] += heads[1:]
        return np.asarray(both, np.float32)

    def _box_evidence(self, category: int, corners: tuple[float, float, float, float], crop: Crop) -> Plane:
        """Log-odds that pixels of a crop belong to the thing, or the stuff, of a category in a box."""
        semantic = paste(self._odds(category), (0, 0, *self._shape), crop)
        thing = category - self._network.num_stuff
        if thing < 0:
            return semantic
        logits = self._network.roi_head.mask(self._regions([corners]))[0, thing].float().cpu().numpy()
        mask = paste(logits, corners, crop, outside=_NOT_IN_BOX)
        return np.asarray(mask + _SEMANTIC_SHARE * np.clip(semantic, -4, 4), np.float32)

    def _regions(self, boxes: list[tuple[float, float, float, float]]) -> Tensor:
        corners = torch.from_numpy(np.array(boxes, np.float32) * self._to_input).to(self._features.logits.device)
        return sample_regions(self._network, self._features.levels, [corners], self._features.input_size)

    # Clicks

    def _of_click(self, prompt: ClickPrompt) -> PromptAnswer:
        found = self._candidates(prompt.y, prompt.x)
        turn = prompt.turn % len(found)
        chosen = found[turn]
        box = Box(int(chosen.box[0]), int(chosen.box[1]), int(np.ceil(chosen.box[2])), int(np.ceil(chosen.box[3])))
        whole = Crop(box.clipped(self._shape), box.clipped(self._shape).shape)
        evidence = paste(
            chosen.evidence, chosen.box, whole, outside=_NOT_IN_BOX if chosen.thing_box is not None else None
        )
        mask = evidence > 0
        if chosen.thing_box is None:
            # Where three categories meet the best one may lead nobody by interpolation; the pixel itself is always in.
            row, column = int(prompt.y + 0.5) - whole.box.y0, int(prompt.x + 0.5) - whole.box.x0
            mask = _part_at(evidence >= min(float(evidence[row, column]), 1e-6), row, column)
        packed = PackedMask.of(mask, whole.box.y0, whole.box.x0)
        if packed.box.is_empty:  # a thing of less than a pixel
            packed = PackedMask.of(np.ones((1, 1), bool), int(prompt.y + 0.5), int(prompt.x + 0.5))
        ranking = _ranked(self._mask_probabilities(packed), chosen.category)
        return PromptAnswer(packed, ranking, _sureness(evidence, mask), turn, len(found))

    def _candidates(self, y: float, x: float) -> list[_Candidate]:
        """What may be meant by a click, the likeliest first; one at least."""
        point = (np.array([y, x], np.float32) + 0.5) * self._to_input[:2]
        found = self._things_at(self._features.found, point)
        if len(found) < 2:
            found += self._things_at(self._from_proposals(point), point)
        found.append(self._region_at(point))
        distinct: list[_Candidate] = []
        for candidate in sorted(found, key=lambda candidate: -candidate.rank):
            if all(_iou(candidate.seen, other.seen) < _SAME_IOU for other in distinct):
                distinct.append(candidate)
        return distinct

    def _things_at(self, found: Detections, point: NDArray[np.float32]) -> list[_Candidate]:
        found = found[_holds(found.boxes, point)]
        features = self._features
        masks = predict_masks(self._network, features.levels, [found], features.input_size)[0]
        things = []
        crop = self._logits_crop()
        for box, category, score, logits in zip(
            found.boxes, found.categories.tolist(), found.scores.tolist(), masks.cpu().numpy(), strict=True
        ):
            corners = box.cpu().numpy() / self._to_input
            place = (float(corners[0]), float(corners[1]), float(corners[2]), float(corners[3]))
            seen = paste(logits, place, crop, outside=_NOT_IN_BOX) > 0
            cell = (point - box[:2].cpu().numpy()) / np.maximum((box[2:] - box[:2]).cpu().numpy(), 1e-3)
            row, column = np.clip((cell * len(logits)).astype(int), 0, len(logits) - 1)
            inside = float(_sigmoid(logits[row, column]))
            if inside > 0.3:
                things.append(_Candidate(logits, place, score * inside, seen, category + self._network.num_stuff, box))
        return things

    def _from_proposals(self, point: NDArray[np.float32]) -> Detections:
        """The proposals at a point, each as the likeliest thing, whatever the network's threshold."""
        boxes = self._features.proposals
        boxes = boxes[_holds(boxes, point)][:_MAX_PROPOSALS]
        if len(boxes) == 0 or self._network.num_thing == 0:
            return Detections(boxes[:0], boxes.new_empty(0, dtype=torch.long), boxes.new_empty(0))
        regions = sample_regions(self._network, self._features.levels, [boxes], self._features.input_size)
        scores, categories = self._network.roi_head.box(regions)[0].float().softmax(dim=1)[:, 1:].max(dim=1)
        best = scores.topk(min(3, len(scores))).indices
        return Detections(boxes[best], categories[best], scores[best])

    def _region_at(self, point: NDArray[np.float32]) -> _Candidate:
        """The region of the semantic head at a point."""
        logits = self._features.logits
        cell = point * [logits.shape[1] / self._features.input_size[0], logits.shape[2] / self._features.input_size[1]]
        row, column = (min(max(int(v), 0), side - 1) for v, side in zip(cell, logits.shape[1:], strict=True))
        probabilities = logits[:, row, column].softmax(dim=0)
        category = int(probabilities.argmax())
        odds = self._odds(category)
        seen = _part_at(odds > 0, row, column)
        share = float(probabilities[category]) * (1.0 if category < self._network.num_stuff else 0.5)
        return _Candidate(odds, (0.0, 0.0, float(self._shape[0]), float(self._shape[1])), share, seen, category, None)

    # Strokes

    def _of_strokes(self, prompt: StrokesPrompt) -> PromptAnswer:
        start = prompt.start
        category = prompt.category
        if start is None:
            first = prompt.positive[0].points_yx[0]
            guess = self._of_click(ClickPrompt(*first))
            start, category = guess.mask, guess.category if category is None else category
        if category is None:
            category = self.ranking(start)[0].category
        lines = (*prompt.positive, *prompt.negative)
        crop = working_crop(start.box, lines, self._shape)
        former = np.zeros(crop.box.shape, bool)
        common = start.box.intersection(crop.box)
        former[common.moved(-crop.box.y0, -crop.box.x0).slices] = start.pixels()[
            common.moved(-start.y0, -start.x0).slices
        ]
        coarse = crop.shrink_part(former.astype(np.uint8) * np.uint8(255)) > 127
        around = start.box.union(_box_of(prompt.positive)).clipped(self._shape)
        evidence = self._box_evidence(category, (around.y0, around.x0, around.y1, around.x1), crop)
        positive, negative = crop.draw(prompt.positive), crop.draw(prompt.negative)
        found = refined(coarse, evidence, crop.shrink(self._features.image), positive, negative)
        # What did not change keeps the fine border that it had.
        changed = crop.enlarge(found ^ coarse) if crop.shape != crop.box.shape else found ^ coarse
        mask = np.where(changed, crop.enlarge(found), former)
        if crop.shape != crop.box.shape:
            whole = Crop(crop.box, crop.box.shape)
            outside, inside = whole.draw(prompt.negative), whole.draw(prompt.positive)
            mask = (mask & ~outside) | inside
        packed = _joined(start, mask, crop.box)
        ranking = _ranked(self._mask_probabilities(packed), category) if not packed.box.is_empty else ()
        ranking = ranking or (CategoryScore(category, 1.0),)
        return PromptAnswer(packed, ranking, _sureness(evidence, found))

    # Categories

    def _of_category(self, prompt: CategoryPrompt) -> PromptAnswer:
        if prompt.mask is not None:
            return PromptAnswer(prompt.mask, self.ranking(prompt.mask), 1.0)
        y, x = int(prompt.y + 0.5), int(prompt.x + 0.5)
        pixel = PackedMask.of(np.ones((1, 1), bool), y, x)
        probabilities = self._semantic_mean((y, x, y + 1, x + 1))
        point = (np.array([y, x], np.float32) + 0.5) * self._to_input[:2]
        things = self._things_at(self._features.found, point)
        if things:
            best = max(things, key=lambda candidate: candidate.rank)
            probabilities = (1 - best.rank) * probabilities + best.rank * self._box_probabilities(best.box)
        return PromptAnswer(pixel, _ranked(probabilities), 1.0)

    def _mask_probabilities(self, mask: PackedMask) -> NDArray[np.float32]:
        """Of every category, for a mask: both heads on what fills its box, the semantic head alone on what does not."""
        box = mask.box
        pixels = mask.pixels()
        corners = (float(box.y0), float(box.x0), float(box.y1), float(box.x1))
        fill = float(pixels.mean())
        semantic = self._semantic_mean(corners, pixels)
        return np.asarray(fill * self._box_probabilities(corners) + (1 - fill) * semantic, np.float32)

    # The semantic head

    def _semantic_mean(
        self, corners: tuple[float, float, float, float], mask: Mask | None = None
    ) -> NDArray[np.float32]:
        """The mean probability [K] of every category in a box, or in a mask that fills the box."""
        logits = self._features.logits
        scale = np.array([logits.shape[1] / self._shape[0], logits.shape[2] / self._shape[1]])
        first = np.floor(np.array(corners[:2]) * scale).astype(int).clip(0, np.array(logits.shape[1:]) - 1)
        last = np.ceil(np.array(corners[2:]) * scale).astype(int).clip(first + 1, logits.shape[1:])
        part = logits[:, first[0] : last[0], first[1] : last[1]].softmax(dim=0)
        if mask is None:
            return np.asarray(part.mean(dim=(1, 2)).cpu().numpy(), np.float32)
        size = (part.shape[2], part.shape[1])
        weights = torch.from_numpy(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA))
        weights = weights.to(part.device).reshape(part.shape[1:])
        mean = (part * weights).sum(dim=(1, 2)) / weights.sum().clamp(min=1e-6)
        return np.asarray(mean.cpu().numpy(), np.float32)

    def _odds(self, category: int) -> Plane:
        """By how much a category's logit leads the best other one, [h, w]."""
        logits = self._features.logits
        if len(logits) == 1:
            return np.full(logits.shape[1:], 10.0, np.float32)
        others = torch.cat([logits[:category], logits[category + 1 :]]).amax(dim=0)
        return np.asarray((logits[category] - others).cpu().numpy(), np.float32)

    def _logits_crop(self) -> Crop:
        return Crop(Box(0, 0, *self._shape), (self._features.logits.shape[1], self._features.logits.shape[2]))


def _holds(boxes: Tensor, point: NDArray[np.float32]) -> Tensor:
    at = boxes.new_tensor(point.tolist())
    return ((boxes[:, :2] <= at) & (at < boxes[:, 2:])).all(dim=1)


def _ranked(probabilities: NDArray[np.float32], first: int | None = None) -> tuple[CategoryScore, ...]:
    """Categories by falling probability; equal ones by index; `first` before all others."""
    order = np.argsort(-probabilities, kind="stable").tolist()
    if first is not None and 0 <= first < len(order):
        order.remove(first)
        order.insert(0, first)
    total = max(float(probabilities.sum()), 1e-9)
    return tuple(CategoryScore(int(i), float(probabilities[i]) / total) for i in order)


def _sigmoid(x: Plane) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float32)


def _sureness(evidence: Plane, mask: Mask) -> float:
    """The mean probability of the pixels of a mask."""
    return float(_sigmoid(evidence[mask]).mean()) if mask.any() else 0.0


def _iou(a: Mask, b: Mask) -> float:
    return float((a & b).sum()) / max(float((a | b).sum()), 1.0)


def _part_at(mask: Mask, y: float, x: float) -> Mask:
    """The connected part of a mask at a pixel; nothing but the pixel if the mask is not there."""
    row, column = min(max(int(y + 0.5), 0), mask.shape[0] - 1), min(max(int(x + 0.5), 0), mask.shape[1] - 1)
    if not mask[row, column]:
        alone = np.zeros_like(mask)
        alone[row, column] = True
        return alone
    parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1]
    return np.asarray(parts == parts[row, column])


def _box_of(lines: Sequence[Line]) -> Box:
    if not lines:
        return Box(0, 0, 0, 0)
    points = np.concatenate([np.array(line.points_yx) for line in lines])
    low, high = np.floor(points.min(axis=0)), np.floor(points.max(axis=0)) + 1
    return Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def _joined(start: PackedMask, mask: Mask, box: Box) -> PackedMask:
    """A mask with the part in `box` replaced."""
    whole = start.box.union(box)
    pixels = np.zeros(whole.shape, bool)
    pixels[start.box.moved(-whole.y0, -whole.x0).slices] = start.pixels()
    pixels[box.moved(-whole.y0, -whole.x0).slices] = mask
    return PackedMask.of(pixels, whole.y0, whole.x0)
