"""Edits of a panoptic map: pure functions that return the patch and leave applying it to the caller.

Every edit asks the editing policy, which also says what it means for whole segments; a patch that would change
nothing is empty (`patch.is_empty`). Patches made from the same state of a map exclude each other: apply one before
making the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.draft import Draft
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch, patch_of_runs
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.runs import Runs


def paint(
    panoptic_map: PanopticMap,
    mask: Mask,
    box: Box,
    target: int | Segment,
    policy: EditingPolicy,
    label: str = "paint",
) -> Patch:
    """Gives pixels to a segment.

    Args:
        panoptic_map: Not changed.
        mask: The pixels. [h, w] bool, the shape of `box`.
        box: Where they lie, inside the image.
        target: The id of a segment there is, or the record of a new one (stuff joins the segment of its category).
        policy: Decides which of the pixels may change.
        label: For the history list.

    Raises:
        EditError: The target does not exist, is locked or protected.
        ValueError: `mask` is not of the shape of `box`, or `box` reaches outside the image.
    """
    _check_mask(panoptic_map, mask, box)
    draft = Draft(panoptic_map, box, policy)
    target_id = _target(draft, target)
    draft.put(policy.allows(panoptic_map, box, mask), target_id)
    return draft.to_patch(label)


def erase(
    panoptic_map: PanopticMap,
    mask: Mask,
    box: Box,
    policy: EditingPolicy,
    second_choice: NDArray[np.uint8] | None = None,
    label: str = "erase",
) -> Patch:
    """Takes pixels away from their segments and fills them as `policy.fill` says.

    Args:
        panoptic_map: Not changed.
        mask: The pixels. [h, w] bool, the shape of `box`.
        box: Where they lie, inside the image.
        policy: Decides which of the pixels may change, and what they become.
        second_choice: The model's runner-up category per pixel, for `FillPolicy.SECOND_CHOICE`. [H, W] uint8.
        label: For the history list.

    Raises:
        ValueError: `mask` is not of the shape of `box`, or `box` reaches outside the image.
    """
    _check_mask(panoptic_map, mask, box)
    draft = Draft(panoptic_map, box, policy)
    draft.clear(policy.allows(panoptic_map, box, mask), second_choice)
    return draft.to_patch(label)


def relabel(
    panoptic_map: PanopticMap, ids: Collection[int], category: int, policy: EditingPolicy, label: str = "relabel"
) -> Patch:
    """Gives segments another category, thing or stuff.

    A thing stays one segment each. Segments that become stuff join the stuff segment of that category, if there is
    one; otherwise only records change, no pixel. A part of a segment that lies inside the policy's region splits off.

    Raises:
        EditError: A segment or the category may not change, or the category is not in the taxonomy.
    """
    policy.check_category(category)
    chosen = changeable_whole(panoptic_map, ids, policy)
    joining = policy.merge_stuff and policy.taxonomy.is_stuff(category)
    keeper = policy.stuff_to_join(panoptic_map, category) if joining else None
    records = {
        i: replace(panoptic_map.segments[i], category=category, origin=Origin.HUMAN, score=None)
        for i in chosen
        if panoptic_map.segments[i].category != category
    }
    if any(policy.is_cut(panoptic_map, i) for i in records):
        return _split_off(panoptic_map, records, policy, label)
    if not joining:
        return patch_of_runs(panoptic_map, Runs.empty(), records, label)
    apart = {i for i in chosen if panoptic_map.segments[i].is_crowd}
    group = [i for i in chosen if i not in apart]
    if keeper is not None:
        policy.check_joining(panoptic_map, category)
        group = [keeper, *(i for i in group if i != keeper)]
    if len(group) < 2:
        return patch_of_runs(panoptic_map, Runs.empty(), records, label)
    kept = {i: record for i, record in records.items() if i in apart or i == group[0]}
    return _join(panoptic_map, group[0], group[1:], kept, policy, label)


def delete(
    panoptic_map: PanopticMap,
    ids: Collection[int],
    policy: EditingPolicy,
    second_choice: NDArray[np.uint8] | None = None,
    label: str = "delete",
) -> Patch:
    """Removes segments, or the parts of them inside the policy's region, and fills them as `policy.fill` says.

    Raises:
        EditError: A segment does not exist or may not change.
    """
    chosen = changeable_whole(panoptic_map, ids, policy)
    mask, box = pixels_of(panoptic_map, chosen)
    draft = Draft(panoptic_map, box, policy)
    # A deleted stuff segment must not fill its own place from what the region leaves of it.
    draft.clear(policy.inside(box, mask), second_choice, leaving=chosen)
    return draft.to_patch(label)


def merge(panoptic_map: PanopticMap, ids: Collection[int], policy: EditingPolicy, label: str = "merge") -> Patch:
    """Makes one segment of several: the first of `ids` keeps its record and takes the others' pixels.

    Where the policy has a region, only the others' pixels inside; the first need only be one that may gain pixels.

    Raises:
        EditError: Fewer than two segments are named, or one does not exist or may not change.
    """
    chosen = changeable(panoptic_map, ids, policy)
    if len(chosen) < 2:
        raise EditError("merging needs at least two segments; select more")
    changeable_whole(panoptic_map, chosen[1:], policy)
    return _join(panoptic_map, chosen[0], chosen[1:], {}, policy, label)


def set_locked(panoptic_map: PanopticMap, ids: Iterable[int], locked: bool, label: str = "") -> Patch:
    """Locks or unlocks segments, whatever the policy.

    Raises:
        EditError: A segment does not exist.
    """
    records = {i: replace(_record(panoptic_map, i), locked=locked) for i in ids}
    return patch_of_runs(panoptic_map, Runs.empty(), records, label or ("lock" if locked else "unlock"))


def set_crowd(
    panoptic_map: PanopticMap, ids: Collection[int], is_crowd: bool, policy: EditingPolicy, label: str = ""
) -> Patch:
    """Marks segments as crowds, or no longer so; stuff that is no crowd any more joins the segment of its category.

    A part of a segment that lies inside the policy's region splits off.

    Raises:
        EditError: A segment does not exist or may not change, or the segment to join is locked.
    """
    label = label or ("mark as crowd" if is_crowd else "mark as no crowd")
    records = {
        i: replace(panoptic_map.segments[i], is_crowd=is_crowd, origin=Origin.HUMAN)
        for i in changeable_whole(panoptic_map, ids, policy)
        if panoptic_map.segments[i].is_crowd != is_crowd
    }
    if any(policy.is_cut(panoptic_map, i) for i in records):
        return _split_off(panoptic_map, records, policy, label)
    if is_crowd or not policy.merge_stuff:
        return patch_of_runs(panoptic_map, Runs.empty(), records, label)
    groups: dict[int, list[int]] = {}
    for i, record in records.items():
        if policy.taxonomy.is_stuff(record.category):
            groups.setdefault(record.category, []).append(i)
    for category, members in groups.items():
        joined = policy.stuff_to_join(panoptic_map, category)
        if joined is not None and joined not in members:
            policy.check_joining(panoptic_map, category)
            members.insert(0, joined)
    pairs = [(members[0], members[1:]) for members in groups.values() if len(members) > 1]
    if not pairs:
        return patch_of_runs(panoptic_map, Runs.empty(), records, label)
    mask, box = pixels_of(panoptic_map, [i for _, others in pairs for i in others])
    draft = Draft(panoptic_map, box, policy)
    for i, record in records.items():
        draft.change(i, record)
    for keeper, others in pairs:
        draft.put(np.isin(draft.ids, others) & mask, keeper)
    return draft.to_patch(label)


def _join(
    panoptic_map: PanopticMap,
    keeper: int,
    others: list[int],
    records: dict[int, Segment],
    policy: EditingPolicy,
    label: str,
) -> Patch:
    mask, box = pixels_of(panoptic_map, others)
    draft = Draft(panoptic_map, box, policy)
    for segment_id, record in records.items():
        draft.change(segment_id, record)
    draft.put(policy.inside(box, mask), keeper)
    return draft.to_patch(label)


def _split_off(panoptic_map: PanopticMap, records: dict[int, Segment], policy: EditingPolicy, label: str) -> Patch:
    """Gives segments other records as far as they lie inside the region: the parts outside stay what they are."""
    mask, box = pixels_of(panoptic_map, list(records))
    mask = policy.inside(box, mask)
    draft = Draft(panoptic_map, box, policy)
    own_ids = draft.ids.copy()
    for segment_id, record in records.items():
        joins = policy.merge_stuff and policy.taxonomy.is_stuff(record.category) and not record.is_crowd
        if joins:
            policy.check_joining(panoptic_map, record.category)
        if joins or policy.is_cut(panoptic_map, segment_id):
            draft.put(mask & (own_ids == segment_id), draft.add(record))
        else:
            draft.change(segment_id, record)
    return draft.to_patch(label)


def _target(draft: Draft, target: int | Segment) -> int:
    if isinstance(target, Segment):
        draft.policy.check_category(target.category)
    target_id = draft.add(target) if isinstance(target, Segment) else target
    if target_id in draft.map.segments or not isinstance(target, Segment):
        draft.policy.check_open(draft.map, target_id)
    return target_id


def _record(panoptic_map: PanopticMap, segment_id: int) -> Segment:
    segment = panoptic_map.segments.get(segment_id)
    if segment is None:
        raise EditError(f"there is no segment {segment_id} any more")
    return segment


def changeable(panoptic_map: PanopticMap, ids: Collection[int], policy: EditingPolicy) -> list[int]:
    """Returns segments that are to gain or lose pixels that the policy allows, each once, in their order.

    Raises:
        EditError: One does not exist, is locked or protected.
    """
    chosen = list(dict.fromkeys(ids))
    for segment_id in chosen:
        policy.check_open(panoptic_map, segment_id)
    return chosen


def changeable_whole(panoptic_map: PanopticMap, ids: Collection[int], policy: EditingPolicy) -> list[int]:
    """Returns segments that are to be changed as a whole, each once, in their order.

    Raises:
        EditError: One does not exist, or none of its pixels may change.
    """
    chosen = list(dict.fromkeys(ids))
    for segment_id in chosen:
        policy.check_whole(panoptic_map, segment_id)
    return chosen


def pixels_of(panoptic_map: PanopticMap, ids: list[int]) -> tuple[Mask, Box]:
    """Returns the pixels of some segments as a mask of their common box."""
    if len(ids) == 1:
        return panoptic_map.mask(ids[0])
    box = EMPTY_BOX
    for segment_id in ids:
        box = box.union(panoptic_map.bbox(segment_id))
    crop = panoptic_map.ids[box.slices]
    table = np.zeros(panoptic_map.next_id(), dtype=np.bool_)
    table[ids] = True
    return table[crop], box


def _check_mask(panoptic_map: PanopticMap, mask: Mask, box: Box) -> None:
    if mask.shape != box.shape or mask.dtype != np.bool_:
        raise ValueError(f"the mask is {mask.dtype} {mask.shape}, its box {box.shape}")
    if not panoptic_map.box.contains(box):
        raise ValueError(f"{box} reaches outside an image of {panoptic_map.shape}")
