"""Fusing again around a correction: as if people's word were the surest instances, and their refusals known before.

The fusion is made twice, with what people had said before the correction and with what they have said after it; only
where the two differ is something proposed. So nothing is proposed twice, and nothing that has other reasons.

What people say changes the fusion (see `fuse`) in four ways:

- Their pixels are taken before any instance gets one.
- An instance of which they have taken more than the overlap threshold allows is none any more. What it still had of
  the same segment stays; the rest goes to whoever comes next.
- An instance that was deleted, or is something else by their word, does not come back, nor does its category there:
  stuff takes the place where the semantic head had seen stuff. Where that head was as wrong as the box head, its next
  guess is mostly wrong, too (see `benchmarks/consequences.py`), so nothing is said.
- A segment that has a new category by their word grows into what the model would give to that category, however
  unlikely the model had found it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.inference.features import Features
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.refine import Crop, paste
from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart, Statement
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY

# Labels of a fusion: a segment of the map by its id (below 2^24), and beyond those
_STUFF, _FOUND, _NOTHING = 1 << 24, 1 << 25, -1
_SAME = 0.5  # an instance that shares more with a segment than this part of the smaller one is that segment
_SURE = 0.5  # an instance that scores less is not offered, however low people have set the threshold

Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class _Instance:
    """What the network has found.

    Attributes:
        number: Tells it from others.
        category: Of all categories.
        score: 0 to 1.
        box: What of it lies in the part, in pixels of the part.
        mask: Its pixels there. [h, w] bool.
        area: How many.
    """

    number: int
    category: int
    score: float
    box: Box
    mask: Mask
    area: int


def consequences(
    features: Features, part: CorrectedPart, options: PredictOptions, num_stuff: int, min_stuff_area: float
) -> Consequences:
    """Fuses before and after a correction, and compares.

    Args:
        features: Of the image, with their parts.
        part: The correction.
        options: The thresholds.
        num_stuff: Number of stuff categories.
        min_stuff_area: What less of a stuff category is not proposed, in pixels of the image.
    """
    parts = features.parts
    assert parts is not None
    rows, columns = part.box.slices
    best = parts.best[rows, columns].cpu().numpy()
    found = _instances(features, part, options.score_threshold, num_stuff)
    before = _fused(part, part.before, frozenset(), frozenset(), found, options)
    after = _fused(part, part.after, part.denied, part.widened, found, options)
    _add_stuff(before, best, num_stuff)
    denied = part.before.categories
    refused = np.full(max([VOID, *part.denied]) + 1, VOID_CATEGORY, np.int64)
    refused[list(part.denied)] = [denied.get(i, VOID_CATEGORY) for i in part.denied]
    was = np.where(part.before.ids < len(refused), part.before.ids, VOID)
    _add_stuff(after, np.where((refused[was] == best) & (was != VOID), VOID_CATEGORY, best), num_stuff)
    is_new = (after != before) & ~part.after.is_said & (after > 0)
    return _told(part, after, is_new, found, min_stuff_area)


def _instances(features: Features, part: CorrectedPart, threshold: float, num_stuff: int) -> list[_Instance]:
    """What was found in the part, the surest first; what is less sure than the threshold only if it may be wanted."""
    assert features.parts is not None
    wanted = {part.after.categories[i] for i in part.widened if i in part.after.categories}
    to_image = np.array([features.image_size[i] / features.input_size[i] for i in (0, 1, 0, 1)], np.float32)
    boxes = features.found.boxes.cpu().numpy() * to_image
    scores = features.found.scores.cpu().numpy()
    categories = features.found.categories.cpu().numpy() + num_stuff
    instances = []
    for number in np.argsort(-scores, kind="stable").tolist():
        if scores[number] <= threshold and int(categories[number]) not in wanted:
            continue
        y0, x0, y1, x1 = boxes[number].tolist()
        whole = Box(int(np.floor(y0)), int(np.floor(x0)), int(np.ceil(y1)), int(np.ceil(x1)))
        inside = whole.intersection(part.box)
        if inside.is_empty:
            continue
        plane = features.parts.masks[number].float().sigmoid().cpu().numpy()
        mask = paste(plane, (y0, x0, y1, x1), Crop(inside, inside.shape), outside=0.0) > 0.5
        area = int(np.count_nonzero(mask))
        if area:
            place = inside.moved(-part.box.y0, -part.box.x0)
            instances.append(
                _Instance(number, int(categories[number]), float(scores[number]), place, np.asarray(mask), area)
            )
    return instances


def _fused(
    part: CorrectedPart,
    said: Statement,
    denied: frozenset[int],
    widened: frozenset[int],
    found: list[_Instance],
    options: PredictOptions,
) -> Labels:
    """The fusion of instances with what people have said; 0 where nobody has taken a pixel."""
    labels: Labels = np.where(said.is_said, np.where(said.ids == VOID, _NOTHING, said.ids), 0).astype(np.int32)
    for instance in found:
        region = labels[instance.box.slices]
        ids = said.ids[instance.box.slices]
        free = instance.mask & (region == 0)
        by_people = ids[instance.mask & said.is_said[instance.box.slices]]
        if len(by_people) > options.overlap_threshold * instance.area:
            owner = int(np.bincount(by_people).argmax())
            if said.categories.get(owner) == instance.category:
                region[free if owner in widened else free & (ids == owner)] = owner
        elif (
            instance.score > options.score_threshold
            and instance.area - np.count_nonzero(free) <= options.overlap_threshold * instance.area
            and not _is_denied(instance, part.before, denied)
        ):
            region[free] = _FOUND + instance.number
    return labels


def _is_denied(instance: _Instance, before: Statement, denied: frozenset[int]) -> bool:
    """Whether people have said that an instance is not there, or is something else."""
    ids = before.ids[instance.box.slices]
    for segment_id in denied:
        if before.categories.get(segment_id) != instance.category:
            continue
        shared = int(np.count_nonzero(instance.mask & (ids == segment_id)))
        if shared > _SAME * min(instance.area, int(np.count_nonzero(before.ids == segment_id))):
            return True
    return False


def _add_stuff(labels: Labels, best: NDArray[np.uint8], num_stuff: int) -> None:
    """Gives the semantic head's stuff what is left; where it sees a thing that is no instance nothing is said."""
    free = (labels == 0) & (best < num_stuff)
    labels[free] = _STUFF + best[free].astype(np.int32)


def _told(
    part: CorrectedPart, labels: Labels, is_new: Mask, found: list[_Instance], min_stuff_area: float
) -> Consequences:
    """Puts the labels of a fusion into the form of a result; what nobody will look at is void."""
    distinct, inverse = np.unique(np.where(labels > 0, labels, VOID), return_inverse=True)
    if distinct[0] != VOID:
        distinct, inverse = np.concatenate(([VOID], distinct)), inverse + 1
    ids = inverse.reshape(labels.shape).astype(np.int32)
    by_number = {_FOUND + instance.number: instance for instance in found}
    categories = np.full(len(distinct), VOID_CATEGORY, np.int64)
    scores = np.zeros(len(distinct), np.float32)
    joins = np.zeros(len(distinct), np.int64)
    said = part.after.categories
    for place, label in enumerate(distinct.tolist()):
        if label in by_number:
            categories[place], scores[place] = by_number[label].category, by_number[label].score
        elif label >= _STUFF:
            categories[place], scores[place] = label - _STUFF, 1.0
        elif label != VOID:
            categories[place], scores[place], joins[place] = said.get(label, VOID_CATEGORY), 1.0, label
    areas = np.bincount(ids.ravel(), minlength=len(distinct))
    for place, label in enumerate(distinct.tolist()):
        is_stuff = label >= _STUFF and label not in by_number
        is_little = is_stuff and areas[place] < min_stuff_area and categories[place] not in said.values()
        if is_little or (label in by_number and scores[place] <= _SURE):
            is_new = is_new & (ids != place)
    result = PanopticResult(ids, categories, scores, np.zeros(len(distinct), np.bool_))
    return Consequences(part.box, result, is_new, joins)
