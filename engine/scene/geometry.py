"""Boxes, disks, capsules and polygons in pixels: a pixel belongs to a shape if its centre does.

Polygons also take the pixels that their outline crosses.
Coordinates are (y, x). Pixel (i, j) has its centre at (i, j); shapes are clipped to the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


class Box(NamedTuple):
    """A half-open box of pixels: rows y0 to y1 - 1, columns x0 to x1 - 1."""

    y0: int
    x0: int
    y1: int
    x1: int

    @property
    def height(self) -> int:
        return max(0, self.y1 - self.y0)

    @property
    def width(self) -> int:
        return max(0, self.x1 - self.x0)

    @property
    def shape(self) -> tuple[int, int]:
        return (self.height, self.width)

    @property
    def area(self) -> int:
        return self.height * self.width

    @property
    def is_empty(self) -> bool:
        return self.y1 <= self.y0 or self.x1 <= self.x0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Indexes an image: `image[box.slices]` is the crop (a view)."""
        return (slice(self.y0, self.y1), slice(self.x0, self.x1))

    def union(self, other: Box) -> Box:
        """Returns the smallest box that holds both; an empty box adds nothing."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Box(min(self.y0, other.y0), min(self.x0, other.x0), max(self.y1, other.y1), max(self.x1, other.x1))

    def intersection(self, other: Box) -> Box:
        """Returns the common part, an empty box at the origin if there is none."""
        box = Box(max(self.y0, other.y0), max(self.x0, other.x0), min(self.y1, other.y1), min(self.x1, other.x1))
        return EMPTY_BOX if box.is_empty else box

    def grown(self, margin_px: int, shape: tuple[int, int]) -> Box:
        """Returns the box with `margin_px` more on each side, clipped to an image of `shape`."""
        return Box(
            max(0, self.y0 - margin_px),
            max(0, self.x0 - margin_px),
            min(shape[0], self.y1 + margin_px),
            min(shape[1], self.x1 + margin_px),
        )

    def clipped(self, shape: tuple[int, int]) -> Box:
        """Returns the part inside an image of `shape`."""
        return self.intersection(Box(0, 0, shape[0], shape[1]))

    def moved(self, dy: int, dx: int) -> Box:
        return Box(self.y0 + dy, self.x0 + dx, self.y1 + dy, self.x1 + dx)

    def contains(self, other: Box) -> bool:
        return other.is_empty or self.intersection(other) == other


EMPTY_BOX = Box(0, 0, 0, 0)


class Spans(NamedTuple):
    """A shape as one run of columns per row: row `y0 + i` covers columns `starts[i]` to `ends[i] - 1`.

    Rows that cover nothing have `ends[i] <= starts[i]`.
    """

    y0: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def box(self) -> Box:
        filled = self.ends > self.starts
        if not filled.any():
            return EMPTY_BOX
        rows = np.flatnonzero(filled)
        return Box(
            self.y0 + int(rows[0]),
            int(self.starts[filled].min()),
            self.y0 + int(rows[-1]) + 1,
            int(self.ends[filled].max()),
        )

    def clipped(self, box: Box) -> Spans:
        """Returns the part inside `box`."""
        rows = np.arange(self.y0, self.y0 + len(self.starts))
        starts = np.maximum(self.starts, box.x0)
        ends = np.where((rows >= box.y0) & (rows < box.y1), np.minimum(self.ends, box.x1), starts)
        return Spans(self.y0, starts, np.maximum(starts, ends))

    def minus(self, other: Spans) -> tuple[Spans, Spans]:
        """Returns what `other` does not cover: in each row the part to its left and the part to its right."""
        # Rows that `other` misses keep all of their run as the left part.
        cut_starts, cut_ends = self.ends.copy(), self.ends.copy()
        first = max(self.y0, other.y0)
        last = min(self.y0 + len(self.starts), other.y0 + len(other.starts))
        if last > first:
            here, there = slice(first - self.y0, last - self.y0), slice(first - other.y0, last - other.y0)
            is_cut = other.ends[there] > other.starts[there]
            cut_starts[here] = np.where(
                is_cut, np.clip(other.starts[there], self.starts[here], self.ends[here]), self.ends[here]
            )
            cut_ends[here] = np.where(
                is_cut, np.clip(other.ends[there], self.starts[here], self.ends[here]), self.ends[here]
            )
        return Spans(self.y0, self.starts, cut_starts), Spans(self.y0, cut_ends, self.ends)

    def mask(self) -> tuple[Mask, Box]:
        """Returns the shape as a mask of its box."""
        box = self.box
        mask = np.zeros(box.shape, dtype=np.bool_)
        rows = slice(box.y0 - self.y0, box.y1 - self.y0)
        starts, ends = (self.starts[rows] - box.x0).tolist(), (self.ends[rows] - box.x0).tolist()
        # Filling row by row beats comparing every pixel with its row's ends
        for row, start, end in zip(mask, starts, ends, strict=True):
            row[start:end] = True
        return mask, box


def disk_spans(center_yx: tuple[float, float], radius_px: float, shape: tuple[int, int]) -> Spans:
    """Returns the pixels at most `radius_px` from the centre, clipped to an image of `shape`."""
    return capsule_spans(center_yx, center_yx, radius_px, shape)


def capsule_spans(
    from_yx: tuple[float, float], to_yx: tuple[float, float], radius_px: float, shape: tuple[int, int]
) -> Spans:
    """Returns the pixels at most `radius_px` from the segment between two points: what a round brush sweeps.

    The shape is convex, so each row is one run. It is never empty where the points lie inside the image: the pixel
    below the pointer belongs to it, however small the radius.
    """
    height, width = shape
    (ay, ax), (by, bx) = from_yx, to_yx
    radius = max(radius_px, 0.0)
    # Half a pixel more than asked for if the radius is below one pixel: a brush always marks the pixel under it.
    reach = max(radius, math.sqrt(0.5) + 1e-9)
    y0 = max(0, math.ceil(min(ay, by) - reach))
    y1 = min(height, math.floor(max(ay, by) + reach) + 1)
    rows = np.arange(y0, max(y0, y1), dtype=np.float64)
    low = np.full(len(rows), np.inf)
    high = np.full(len(rows), -np.inf)
    for cy, cx in ((ay, ax), (by, bx)):
        square = reach * reach - (rows - cy) ** 2
        inside = square >= 0
        half = np.sqrt(np.where(inside, square, 0.0))
        np.minimum(low, np.where(inside, cx - half, np.inf), out=low)
        np.maximum(high, np.where(inside, cx + half, -np.inf), out=high)
    length = math.hypot(by - ay, bx - ax)
    if length > 0:
        _widen_to_band(rows, low, high, (ay, ax), (by, bx), reach / length)
    starts = np.clip(np.ceil(np.where(np.isfinite(low), low, 0)), 0, width).astype(np.int64)
    ends = np.clip(np.floor(np.where(np.isfinite(high), high, -1)) + 1, 0, width).astype(np.int64)
    return Spans(y0, starts, np.maximum(starts, ends))


def _widen_to_band(
    rows: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    a: tuple[float, float],
    b: tuple[float, float],
    scale: float,
) -> None:
    """Adds the rectangle between the two end disks to the row intervals, in place."""
    ny, nx = (b[1] - a[1]) * scale, -(b[0] - a[0]) * scale
    corners = [(a[0] + ny, a[1] + nx), (b[0] + ny, b[1] + nx), (b[0] - ny, b[1] - nx), (a[0] - ny, a[1] - nx)]
    for (py, px), (qy, qx) in zip(corners, corners[1:] + corners[:1], strict=True):
        if py == qy:
            continue
        crossed = (rows >= min(py, qy)) & (rows <= max(py, qy))
        x = px + (rows[crossed] - py) * ((qx - px) / (qy - py))
        low[crossed] = np.minimum(low[crossed], x)
        high[crossed] = np.maximum(high[crossed], x)


def polygon_mask(
    points_yx: Sequence[tuple[float, float]],
    shape: tuple[int, int],
    holes: Iterable[Sequence[tuple[float, float]]] = (),
) -> tuple[Mask, Box]:
    """Fills a polygon by the even-odd rule (self-crossings leave gaps where the outline winds twice), less its holes.

    Args:
        points_yx: Corners in pixels, inside the image or not. At least three; fewer give an empty mask.
        shape: Height and width of the image.
        holes: Polygons to leave out.

    Returns:
        The mask of the polygon's box inside the image, and that box.
    """
    if len(points_yx) < 3:
        return np.zeros((0, 0), dtype=np.bool_), EMPTY_BOX
    corners = np.asarray(points_yx, dtype=np.float64)
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    box = Box(int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1).clipped(shape)
    if box.is_empty:
        return np.zeros((0, 0), dtype=np.bool_), EMPTY_BOX
    mask = np.zeros(box.shape, dtype=np.uint8)
    cv2.fillPoly(mask, [_fixed_point(corners, box)], 1, shift=_SHIFT)
    for hole in holes:
        if len(hole) >= 3:
            cv2.fillPoly(mask, [_fixed_point(np.asarray(hole, dtype=np.float64), box)], 0, shift=_SHIFT)
    return mask.view(np.bool_), box


_SHIFT = 4  # fractional bits of opencv's drawing coordinates
_FAR_PX = 1 << 24  # drawing coordinates are 32-bit with `_SHIFT` fractional bits


def _fixed_point(points_yx: NDArray[np.float64], box: Box) -> NDArray[np.int32]:
    relative = np.clip(points_yx - (box.y0, box.x0), -_FAR_PX, _FAR_PX)
    return np.ascontiguousarray(np.rint(relative[:, ::-1] * (1 << _SHIFT)).astype(np.int32))


_STRIP_ROWS = 64  # looked at together


def tight_box(mask: Mask, box: Box) -> Box:
    """Returns the smallest box around the set pixels of `mask`, which covers `box` of an image."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return EMPTY_BOX
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Box(
        box.y0 + int(rows[0]), box.x0 + int(columns[0]), box.y0 + int(rows[-1]) + 1, box.x0 + int(columns[-1]) + 1
    )


def box_of_id(ids: NDArray[np.int32], segment_id: int, box: Box) -> Box:
    """Returns the smallest box around the pixels of a segment; empty if there are none.

    Looks from each side only as far as it must, so a box that hardly is too large costs hardly anything.

    Args:
        ids: What `box` of an image holds. [h, w] int32.
        segment_id: The segment.
        box: Holds all its pixels.
    """
    top = _rows_before(ids, segment_id)
    if top == len(ids):
        return EMPTY_BOX
    bottom = len(ids) - _rows_before(ids[::-1], segment_id)
    columns = ids[top:bottom].T
    left, right = _rows_before(columns, segment_id), len(columns) - _rows_before(columns[::-1], segment_id)
    return Box(box.y0 + top, box.x0 + left, box.y0 + bottom, box.x0 + right)


def _rows_before(ids: NDArray[np.int32], segment_id: int) -> int:
    """How many rows come before the first that shows a segment; all if none does."""
    for start in range(0, len(ids), _STRIP_ROWS):
        rows = np.flatnonzero((ids[start : start + _STRIP_ROWS] == segment_id).any(axis=1))
        if len(rows):
            return start + int(rows[0])
    return len(ids)


def outlines(mask: Mask, box: Box) -> list[NDArray[np.int32]]:
    """Returns the outer and inner outlines of a mask through its border pixels.

    Returns:
        One array per outline, corners as (y, x) in image pixels. [N, 2] int32 each.
    """
    found, _ = cv2.findContours(
        np.ascontiguousarray(mask, dtype=np.uint8),
        cv2.RETR_CCOMP,
        cv2.CHAIN_APPROX_SIMPLE,
        offset=(box.x0, box.y0),
    )
    return [np.ascontiguousarray(contour[:, 0, ::-1], dtype=np.int32) for contour in found]
