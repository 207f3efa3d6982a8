"""Areas, boxes and dense numbering of all segments of an id image at once, from the runs of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """All ids of an image but void, ascending, with what their pixels say.

    Attributes:
        ids: [S] int64.
        areas: Pixels. [S] int64.
        boxes: (y0, x0, y1, x1), half-open, in pixels. [S, 4] int64.
    """

    ids: NDArray[np.int64]
    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]


def measure_segments(ids: NDArray[np.integer]) -> SegmentTable:
    """Measures every segment of an id image; void (0) is left out.

    Args:
        ids: Not negative. [H, W].
    """
    height, width = ids.shape
    if ids.size == 0:
        empty = np.zeros(0, np.int64)
        return SegmentTable(empty, empty, np.zeros((0, 4), np.int64))
    starts = np.empty((height, width), np.bool_)
    starts[:, 0] = True
    np.not_equal(ids[:, 1:], ids[:, :-1], out=starts[:, 1:])
    first = np.flatnonzero(starts)
    lengths = np.diff(first, append=ids.size)
    values, index = np.unique(ids.reshape(-1)[first], return_inverse=True)
    rows, left = np.divmod(first, width)
    count = len(values)
    areas = np.bincount(index, lengths, count).astype(np.int64)
    boxes = np.empty((count, 4), np.int64)
    boxes[index[::-1], 0] = rows[::-1]  # of repeated indices the last assignment stays: here the first row
    boxes[index, 2] = rows + 1
    boxes[:, 1], boxes[:, 3] = width, 0
    np.minimum.at(boxes[:, 1], index, left)
    np.maximum.at(boxes[:, 3], index, left + lengths)
    shown = values != 0
    return SegmentTable(values[shown].astype(np.int64), areas[shown], boxes[shown])


def renumber(ids: NDArray[np.integer], old: NDArray[np.integer], new: NDArray[np.integer]) -> NDArray[np.int32]:
    """Replaces every id `old[i]` by `new[i]`; ids that are not listed become 0.

    Args:
        ids: 0 to `scene.panoptic_map.MAX_ID` (a table of that length is made). [H, W].
        old: [S].
        new: [S].

    Returns:
        [H, W] int32.
    """
    table = np.zeros(max(int(ids.max(initial=0)), int(old.max(initial=0))) + 1, np.int32)
    table[old] = new
    return np.take(table, ids)
