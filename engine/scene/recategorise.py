"""Giving all segments of some categories another one at once: what a changed list of categories does to a map."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.edits import pixels_of
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch, patch_between, patch_of_runs
from seamseg_studio.engine.scene.runs import Runs
from seamseg_studio.engine.scene.taxonomy import VOID


def recategorise(
    panoptic_map: PanopticMap, categories: Mapping[int, int | None], joined: Collection[int], label: str
) -> Patch:
    """Makes the patch after which no segment has a category that is to be replaced.

    Locks and protected categories do not count: this is about the project's categories, not about the picture. Who
    vouches for a pixel stays as it is, but void is vouched for by nobody.

    Args:
        panoptic_map: Not changed.
        categories: What becomes of the segments of a category: another category, or None for void.
        joined: Categories that have one segment that is no crowd: the one of the lowest id takes the pixels of the
            others.
        label: For the history list.
    """
    records: dict[int, Segment] = {}
    target_of: dict[int, int] = {}
    keepers: dict[int, int] = {}
    for segment_id, segment in sorted(panoptic_map.segments.items()):
        category = categories.get(segment.category, segment.category)
        if category is None:
            target_of[segment_id] = VOID
            continue
        if category != segment.category:
            records[segment_id] = replace(segment, category=category)
        if category in joined and not segment.is_crowd:
            keeper = keepers.setdefault(category, segment_id)
            if keeper != segment_id:
                target_of[segment_id] = keeper
    if not target_of:
        return patch_of_runs(panoptic_map, Runs.empty(), records, label)
    _, box = pixels_of(panoptic_map, list(target_of))
    table: NDArray[np.int32] = np.arange(panoptic_map.next_id(), dtype=np.int32)
    table[list(target_of)] = list(target_of.values())
    before = panoptic_map.ids[box.slices]
    ids: NDArray[np.int32] = np.take(table, before)
    provenance = panoptic_map.provenance[box.slices].copy()
    provenance[(ids == VOID) & (before != VOID)] = 0
    return patch_between(panoptic_map, box, ids, provenance, records, label)


def translate_categories(panoptic_map: PanopticMap, categories: Mapping[int, int]) -> None:
    """Renumbers the categories of a map in place; pixels, ids and everything else stay.

    Raises:
        KeyError: A segment has a category that is not in `categories`.
    """
    records: dict[int, Segment] = {}
    for segment_id, segment in panoptic_map.segments.items():
        category = categories[segment.category]
        if category != segment.category:
            records[segment_id] = replace(segment, category=category)
    patch_of_runs(panoptic_map, Runs.empty(), records, "").apply(panoptic_map)
