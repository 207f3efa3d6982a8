"""Taking another proposal of the model for what people have not said: as one patch, and as pixels to show before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch, patch_between
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import VOID

_SAME_IOU = 0.5  # two instances that overlap by more are one (at most one pair can; Kirillov et al. 2019, section 4.1)


def adopt_proposal(panoptic_map: PanopticMap, result: PanopticResult, policy: EditingPolicy, label: str) -> Patch:
    """Makes the patch that gives a map what the model says, wherever only the model has spoken so far.

    Pixels that a person or an imported file vouches for stay, and those that the policy keeps. Stuff joins the segment
    of its category; an instance keeps the id of the segment of its category that it overlaps most, if they are the
    same one; others are new.

    Args:
        panoptic_map: Not changed.
        result: The proposal, in the categories of the map.
        policy: What may change.
        label: For the history list.

    Raises:
        EditError: The sizes differ, or no id is left.
    """
    if result.ids.shape != panoptic_map.shape:
        raise EditError(f"labels of {result.ids.shape} do not fit an image of {panoptic_map.shape}")
    box = panoptic_map.box
    free = policy.allows(panoptic_map, box, panoptic_map.provenance <= Origin.MODEL.code)
    table, records = successors(panoptic_map, result, policy)
    gains = np.array([may_gain(panoptic_map, policy, i, records) for i in table.tolist()], np.bool_)
    proposed = table[result.ids]
    changes = free & (proposed != panoptic_map.ids) & gains[result.ids]
    ids = np.where(changes, proposed, panoptic_map.ids)
    provenance = np.where(changes, np.uint8(Origin.MODEL.code), panoptic_map.provenance)
    used = set(np.unique(ids[changes]).tolist())
    return patch_between(
        panoptic_map, box, ids, provenance, {i: record for i, record in records.items() if i in used}, label
    )


def changes_by_category(panoptic_map: PanopticMap, patch: Patch) -> list[tuple[int | None, Mask, Box]]:
    """Returns what a patch would change, by what the pixels would become: category (None for void), mask and box.

    Args:
        panoptic_map: That the patch is for, without it.
        patch: Not applied.
    """
    found = []
    records = {**panoptic_map.segments, **{i: s for i, s in patch.segments_after.items() if s is not None}}
    runs = patch.runs
    moved = runs.before != runs.after
    categories = np.array([-1 if i == VOID else records[i].category for i in runs.after.tolist()], np.int64)
    for category in np.unique(categories[moved]).tolist():
        chosen = moved & (categories == category)
        y, x, length = runs.y[chosen], runs.x[chosen], runs.length[chosen]
        box = Box(int(y.min()), int(x.min()), int(y.max()) + 1, int((x + length).max()))
        mask = np.zeros(box.area, np.bool_)
        starts = (y.astype(np.int64) - box.y0) * box.width + x - box.x0
        first = np.repeat(starts - np.concatenate(([0], np.cumsum(length)[:-1])), length)
        mask[first + np.arange(len(first))] = True
        found.append((None if category < 0 else category, mask.reshape(box.shape), box))
    return found


def successors(
    panoptic_map: PanopticMap,
    result: PanopticResult,
    policy: EditingPolicy,
    *,
    box: Box | None = None,
    joins: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int32], dict[int, Segment]]:
    """Returns for each id of a result the id that it gets in a map, and the records of those that are new there.

    Args:
        panoptic_map: Not changed.
        result: In the categories of the map.
        policy: Says what stuff joins.
        box: The part of the image that the result is of; None for all of it.
        joins: By id of the result the segment of the map that it is for sure, 0 where that is to be found out.
    """
    box = box or panoptic_map.box
    there = [VOID, *panoptic_map.segments]
    places = np.zeros(max(there) + 1, np.int64)
    places[there] = np.arange(len(there))
    num_found = len(result.categories)
    pairs = places[panoptic_map.ids[box.slices]] * num_found + result.ids
    overlap = np.bincount(pairs.ravel(), minlength=len(there) * num_found).reshape(len(there), num_found)
    old_areas, new_areas = overlap.sum(axis=1), overlap.sum(axis=0)
    new_ids = panoptic_map.new_ids()
    table = np.zeros(num_found, np.int32)
    records: dict[int, Segment] = {}
    stuff: dict[int, int] = {}
    for number in range(1, num_found):
        category, is_crowd = int(result.categories[number]), bool(result.is_crowd[number])
        if new_areas[number] == 0 or not 0 <= category < len(policy.taxonomy):
            continue
        if joins is not None and int(joins[number]) in panoptic_map.segments:
            table[number] = joins[number]
            continue
        joined = None if is_crowd else policy.stuff_to_join(panoptic_map, category) or stuff.get(category)
        if joined is None:
            joined = _same(
                panoptic_map, there, overlap[:, number], old_areas, int(new_areas[number]), category, is_crowd
            )
        if joined is None:
            joined = next(new_ids)
            records[joined] = Segment(category, is_crowd, float(result.scores[number]), Origin.MODEL)
            if policy.taxonomy.is_stuff(category) and not is_crowd:
                stuff[category] = joined
        table[number] = joined
    return table, records


def _same(
    panoptic_map: PanopticMap,
    there: Sequence[int],
    overlap: NDArray[np.int64],
    areas: NDArray[np.int64],
    area: int,
    category: int,
    is_crowd: bool,
) -> int | None:
    """The segment of the map that an instance is, if there is one."""
    for place in np.argsort(-overlap)[:3].tolist():
        segment_id = there[place]
        if segment_id == VOID or overlap[place] == 0:
            continue
        segment = panoptic_map.segments[segment_id]
        iou = overlap[place] / (areas[place] + area - overlap[place])
        if (segment.category, segment.is_crowd) == (category, is_crowd) and iou > _SAME_IOU:
            return int(segment_id)
    return None


def may_gain(panoptic_map: PanopticMap, policy: EditingPolicy, segment_id: int, new: Mapping[int, Segment]) -> bool:
    """Tells whether a segment, of the map or a new one, may get pixels; void may."""
    segment = new.get(segment_id) or panoptic_map.segments.get(segment_id)
    return segment is None or not policy.is_protected(segment)
