"""What follows from a correction: what people have said before and after it, and what the model makes of it.

Pixels that people have said something of are never proposed anew, with one exception: where a whole segment was
deleted a person has said what is not there, and how the hole was filled was a rule's doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch, patch_between
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.proposal import may_gain, successors
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy

MAX_PIXELS = 1 << 21
_MIN_MARGIN_PX = 64
_MIN_PIXELS = 24  # of a change that is worth a look; in a large image more
_MIN_SHARE = 2e-5
_THIN = np.ones((3, 3), np.uint8)  # borders that move by a pixel are no news


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """What is said of a part of an image.

    Attributes:
        ids: Segments of the map. [h, w] int32.
        is_said: Where people have said which segment it is. [h, w] bool.
        categories: Of the segments, by id.
    """

    ids: NDArray[np.int32]
    is_said: Mask
    categories: Mapping[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedPart:
    """A correction and what is around it.

    Attributes:
        box: The part of the image.
        before: What was said of it before the correction.
        after: The same afterwards.
        denied: Segments before that are none any more, or not of that category.
        widened: Segments whose category is new, so that the model may see them larger than they were.
    """

    box: Box
    before: Statement
    after: Statement
    denied: frozenset[int]
    widened: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Consequences:
    """What the model would now say otherwise.

    Attributes:
        box: The part of the image that it is about.
        result: What it says of that part, void where it says nothing.
        is_new: Where it says something else than without the correction. [h, w] bool.
        joins: By segment of the result the segment of the map that it goes on with, 0 for none. [S] int64.
    """

    box: Box
    result: PanopticResult
    is_new: Mask
    joins: NDArray[np.int64]


def part_around(panoptic_map: PanopticMap, patch: Patch) -> Box | None:
    """Returns the part of an image to look at after a correction; None if it is too large, or nothing follows from it.

    Args:
        panoptic_map: With the patch applied.
        patch: The correction.
    """
    runs = patch.runs
    if (runs.vouched_after == Origin.MODEL.code).any() or (runs.vouched_after == Origin.IMPORTED.code).any():
        return None  # the model's own words, or a file's
    recategorised = [i for i, (was, now) in _records(patch).items() if was and now and was.category != now.category]
    box = patch.box
    for segment_id in recategorised:
        box = box.union(panoptic_map.bbox(segment_id))
    if box.is_empty or box.area > MAX_PIXELS or not (recategorised or (runs.before != runs.after).any()):
        return None
    if panoptic_map.box.area <= MAX_PIXELS:
        return panoptic_map.box
    margin = max(max(box.shape) // 2, _MIN_MARGIN_PX)
    while margin > 0 and box.grown(margin, panoptic_map.shape).area > MAX_PIXELS:
        margin //= 2
    return box.grown(margin, panoptic_map.shape)


def corrected_part(
    panoptic_map: PanopticMap, segments: Mapping[int, Segment], patch: Patch, box: Box, taxonomy: Taxonomy
) -> CorrectedPart:
    """Gathers what people have said around a correction.

    Args:
        panoptic_map: With the patch applied; only its pixels are read.
        segments: Its segments, as they are after the patch.
        patch: The correction.
        box: See `part_around`.
        taxonomy: Tells stuff from things.
    """
    ids, provenance = panoptic_map.ids[box.slices].copy(), panoptic_map.provenance[box.slices].copy()
    former_ids, former_provenance = ids.copy(), provenance.copy()
    patch.runs.reversed().moved((-box.y0, -box.x0)).write_to(former_ids, former_provenance)
    former = {i: s for i, s in (dict(segments) | dict(patch.segments_before)).items() if s is not None}
    records = _records(patch)
    gone = {i for i, (was, now) in records.items() if was is not None and now is None}
    widened = {i for i, (was, now) in records.items() if was and now and was.category != now.category}
    before = _statement(former_ids, former_provenance, former)
    after = _statement(ids, provenance, segments)
    things = [i for i, segment in segments.items() if taxonomy.is_thing(segment.category)]
    deleted = (
        _listed(former_ids, gone, max(former, default=0))
        & (ids != former_ids)
        & ~_listed(ids, things, max(segments, default=0))
    )
    after = Statement(after.ids, after.is_said & ~deleted, after.categories)
    return CorrectedPart(box, before, after, frozenset(gone | widened), frozenset(widened))


def adopt_consequences(
    panoptic_map: PanopticMap, found: Consequences, part: CorrectedPart, policy: EditingPolicy, label: str
) -> Patch:
    """Makes the patch that gives neighbours of a correction what the model now says of them.

    What a person takes so is the person's word. Specks and borders that move by a pixel are left out.

    Args:
        panoptic_map: Not changed; as it was when `part` was made.
        found: In the categories of the map.
        part: What it is an answer to.
        policy: What may change.
        label: For the history list.
    """
    box, result = found.box, found.result
    ids = panoptic_map.ids[box.slices]
    table, records = successors(panoptic_map, result, policy, box=box, joins=found.joins)
    gains = np.array([i != VOID and may_gain(panoptic_map, policy, i, records) for i in table.tolist()], np.bool_)
    proposed = table[result.ids]
    changes = found.is_new & ~part.after.is_said & gains[result.ids] & (proposed != ids)
    changes = policy.allows(panoptic_map, box, changes)
    _drop_specks(changes, max(_MIN_PIXELS, round(_MIN_SHARE * panoptic_map.ids.size)))
    provenance = np.where(changes, np.uint8(Origin.HUMAN.code), panoptic_map.provenance[box.slices])
    used = set(np.unique(proposed[changes]).tolist())
    new = {
        i: Segment(record.category, record.is_crowd, record.score, Origin.HUMAN)
        for i, record in records.items()
        if i in used
    }
    return patch_between(panoptic_map, box, np.where(changes, proposed, ids), provenance, new, label)


def _records(patch: Patch) -> dict[int, tuple[Segment | None, Segment | None]]:
    return {i: (was, patch.segments_after[i]) for i, was in patch.segments_before.items()}


def _statement(ids: NDArray[np.int32], provenance: NDArray[np.uint8], segments: Mapping[int, Segment]) -> Statement:
    by_people = [i for i, segment in segments.items() if segment.origin is not Origin.MODEL]
    is_said = (provenance > Origin.MODEL.code) | _listed(ids, by_people, max(segments, default=0))
    return Statement(ids, is_said, {i: segment.category for i, segment in segments.items()})


def _listed(ids: NDArray[np.int32], wanted: list[int] | set[int], largest: int) -> Mask:
    table = np.zeros(max(largest, int(ids.max(initial=0)), *wanted, 0) + 1, np.bool_)
    table[list(wanted)] = True
    return np.asarray(table[ids], np.bool_)


def _drop_specks(changes: Mask, min_pixels: int) -> None:
    """Clears connected changes that are small, or thin all over."""
    pixels = changes.view(np.uint8)
    solid = cv2.morphologyEx(pixels, cv2.MORPH_OPEN, _THIN).view(np.bool_)
    _, labels, facts, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    cores = np.bincount(labels[solid], minlength=len(facts))
    is_small = (facts[:, cv2.CC_STAT_AREA] < min_pixels) | (cores < min_pixels // 2)
    changes[is_small[labels]] = False
