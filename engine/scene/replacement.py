"""Replacing the whole content of a map by that of another, as one patch."""

from __future__ import annotations

import numpy as np

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch, patch_between, patch_of_runs
from seamseg_studio.engine.scene.runs import Runs

_STRIP_ROWS = 512  # compared at a time, which bounds the memory for large images


def replace_content(panoptic_map: PanopticMap, other: PanopticMap, label: str) -> Patch:
    """Makes the patch that turns one map into another: pixels, provenance and records.

    A segment keeps its id if the map has one of the same id and category now; all others get ids that were never
    given out, so the result equals `other` up to the ids.

    Args:
        panoptic_map: Not changed.
        other: What it becomes; not changed.
        label: For the history list.

    Raises:
        EditError: The maps differ in size, or no id is left.
    """
    if panoptic_map.shape != other.shape:
        raise EditError(f"labels of {other.shape} do not fit an image of {panoptic_map.shape}")
    new_ids = panoptic_map.new_ids()
    translated: dict[int, int] = {0: 0}
    records: dict[int, Segment] = {}
    for segment_id, segment in sorted(other.segments.items()):
        known = panoptic_map.segments.get(segment_id)
        if known is not None and known.category == segment.category:
            translated[segment_id] = segment_id
        else:
            translated[segment_id] = next(new_ids)
        records[translated[segment_id]] = segment
    table = np.zeros(max(translated) + 1, dtype=np.int32)
    table[list(translated)] = list(translated.values())
    height, width = panoptic_map.shape
    parts = []
    for y in range(0, height, _STRIP_ROWS):
        strip = Box(y, 0, min(y + _STRIP_ROWS, height), width).slices
        parts.append(
            Runs.between(
                panoptic_map.ids[strip],
                table[other.ids[strip]],
                panoptic_map.provenance[strip],
                other.provenance[strip],
                (y, 0),
            )
        )
    return patch_of_runs(panoptic_map, Runs.joined(parts), records, label)


def difference(panoptic_map: PanopticMap, other: PanopticMap, label: str) -> Patch:
    """Makes the patch that turns one map into another exactly: ids too.

    Raises:
        EditError: The maps differ in size.
    """
    if panoptic_map.shape != other.shape:
        raise EditError(f"labels of {other.shape} do not fit an image of {panoptic_map.shape}")
    records = {i: segment for i, segment in other.segments.items() if panoptic_map.segments.get(i) != segment}
    return patch_between(panoptic_map, panoptic_map.box, other.ids, other.provenance, records, label)
