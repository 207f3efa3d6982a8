"""Polygons of masks and masks of polygons, with what polygons cannot carry counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.losses import Losses

HOLES = "holes filled, as polygons have none"
PARTS = "separate parts of a segment written as polygons of their own"
TINY = "segments left out that are too small for a polygon"
CROSSING = "self-crossing polygons filled by the even-odd rule"
OUTSIDE = "polygons cut at the image border"
ODD = "polygons with half a corner at their end left out"
DEGENERATE = "polygons with fewer than three corners left out"
NON_FINITE = "polygons with corners that are no numbers left out"

_MAX_PAIRS = 4_000_000

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outline:
    """The outlines of a mask.

    Attributes:
        outer: One closed polygon for each separate part, corners (x, y) in pixels. [N, 2] float64 each.
        num_holes: Holes inside them, which the polygons do not show.
    """

    outer: tuple[Points, ...]
    num_holes: int


def trace(mask: NDArray[np.bool_], box: tuple[int, int, int, int]) -> Outline:
    """Traces a mask along the outer edges of its pixels, so that `fill` gives the same pixels back (holes aside).

    Coordinates are continuous: pixel (x, y) covers x to x + 1 and y to y + 1. Parts that touch at a corner are
    separate.

    Args:
        mask: The pixels of the box.
        box: Where it lies in the image, (y0, x0, y1, x1).
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    outer: list[Points] = []
    num_holes = 0
    for part in range(1, count):
        x, y, width, height = stats[part, :4].tolist()
        outlines = _edge_loops(parts[y : y + height, x : x + width] == part)
        # The loop that encloses the most is the outer one; the others are holes.
        outlines.sort(key=lambda loop: -abs(_signed_area(loop)))
        outer.append(outlines[0] + (box[1] + x, box[0] + y))
        num_holes += len(outlines) - 1
    return Outline(tuple(outer), num_holes)


def _edge_loops(mask: NDArray[np.bool_]) -> list[Points]:
    """Follows the edges between a 4-connected mask and the rest; corners only. (x, y) float64 [N, 2] each."""
    inside = np.pad(mask, 1)
    above, below, left, right = inside[:-1, :], inside[1:, :], inside[:, :-1], inside[:, 1:]
    # Unit edges with the mask on their right hand, by heading: right, down, left, up. Start and end corner of each.
    starts, ends, headings = [], [], []
    for heading, (edges, start, end) in enumerate(
        (
            (below & ~above, (0, 1), (1, 1)),
            (left & ~right, (1, 0), (1, 1)),
            (above & ~below, (1, 1), (0, 1)),
            (right & ~left, (1, 1), (1, 0)),
        )
    ):
        y, x = np.divmod(np.flatnonzero(edges), edges.shape[1])
        xy = np.stack([x, y], -1) - 1
        starts.append(xy + start)
        ends.append(xy + end)
        headings.append(np.full(len(xy), heading))
    start_xy, end_xy, heading_of = np.concatenate(starts), np.concatenate(ends), np.concatenate(headings)
    width = inside.shape[1]
    start_key = start_xy[:, 1] * width + start_xy[:, 0]
    end_key = end_xy[:, 1] * width + end_xy[:, 0]
    order = np.argsort(start_key, kind="stable")
    place = np.searchsorted(start_key[order], end_key)
    following = order[place]
    # Where two pixels touch at a corner two edges start; turning right keeps the pixels separate.
    other = order[np.minimum(place + 1, len(order) - 1)]
    turns = (start_key[other] == end_key) & (heading_of[other] == (heading_of + 1) % 4)
    following = np.where(turns, other, following)
    loops = []
    for loop in _cycles(following.tolist()):
        edges = np.array(loop)
        corner = heading_of[edges] != heading_of[np.roll(edges, 1)]
        loops.append(start_xy[edges[corner]].astype(np.float64))
    return loops


def _cycles(following: list[int]) -> list[list[int]]:
    """Splits a permutation into its cycles."""
    seen = bytearray(len(following))
    cycles = []
    for first in range(len(following)):
        if seen[first]:
            continue
        cycle = []
        place = first
        while not seen[place]:
            seen[place] = 1
            cycle.append(place)
            place = following[place]
        cycles.append(cycle)
    return cycles


def _signed_area(points: Points) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def fill(points: Points, shape: tuple[int, int]) -> tuple[NDArray[np.bool_], tuple[int, int, int, int]]:
    """Fills a polygon: pixels whose centre lies inside, by the even-odd rule.

    Args:
        points: Corners (x, y), continuous coordinates: pixel (x, y) has its centre at +0.5. [N, 2].
        shape: Height and width of the image.

    Returns:
        The mask of the polygon's box inside the image, and that box (y0, x0, y1, x1).
    """
    height, width = shape
    x0, y0 = np.clip(np.floor(points.min(0)), 0, (width, height)).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(points.max(0)), 0, (width, height)).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        return np.zeros((0, 0), np.bool_), (0, 0, 0, 0)
    start = points - (x0, y0)
    end = np.roll(start, -1, axis=0)
    # Row by row, the crossings of the line through the pixel centres with the edges: an edge crosses the rows whose
    # centre lies from its upper end (included) to its lower end.
    low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first_row = np.clip(np.ceil(low - 0.5), 0, y1 - y0).astype(np.intp)
    counts = np.clip(np.ceil(high - 0.5), 0, y1 - y0).astype(np.intp) - first_row
    edge, row = _expand(first_row, counts)
    slope = (end[edge, 0] - start[edge, 0]) / (end[edge, 1] - start[edge, 1])
    x = start[edge, 0] + (row + 0.5 - start[edge, 1]) * slope
    # A pixel is inside if an odd number of crossings lies left of its centre.
    first = np.clip(np.ceil(x - 0.5), 0, x1 - x0).astype(np.intp)
    toggles = np.zeros((y1 - y0, x1 - x0 + 1), np.int32)
    np.add.at(toggles, (row, first), 1)
    return (np.cumsum(toggles[:, :-1], axis=1) & 1).astype(np.bool_), (y0, x0, y1, x1)


def usable(points: object, shape: tuple[int, int], name: str, losses: Losses) -> Points | None:
    """Checks a polygon from a file; counts what is odd about it.

    Args:
        points: A list of (x, y), supposedly.
        shape: Height and width of the image.
        name: The image.
        losses: Where oddities are counted.

    Returns:
        The corners, [N, 2] float64; None if there is nothing to fill.
    """
    try:
        corners = np.asarray(points, np.float64)
    except (TypeError, ValueError, OverflowError):
        losses.add(NON_FINITE, name)
        return None
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        losses.add(DEGENERATE, name)
        return None
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e7:
        losses.add(NON_FINITE, name)
        return None
    height, width = shape
    # Tools put corners on the border pixels' centres or edges; up to a pixel beyond is no cut.
    if corners.min() < -1 or corners[:, 0].max() > width + 1 or corners[:, 1].max() > height + 1:
        losses.add(OUTSIDE, name)
    if crosses_itself(corners):
        losses.add(CROSSING, name)
    return corners


def crosses_itself(points: Points) -> bool:
    """Tells whether two edges of a closed polygon cross properly (touching does not count).

    Polygons whose edges lie beside each other in more than some million pairs are not checked.
    """
    if len(points) < 4:
        return False
    a, b = points, np.roll(points, -1, axis=0)
    order = np.argsort(np.minimum(a[:, 1], b[:, 1]), kind="stable")
    a, b = a[order], b[order]
    low, high = np.minimum(a, b), np.maximum(a, b)
    # Edges sorted by their upper end: those that begin before edge i ends, after i itself.
    places = np.arange(len(a))
    counts = np.searchsorted(low[:, 1], high[:, 1], side="right") - places - 1
    if counts.sum() > _MAX_PAIRS:
        return False
    i, j = _expand(places + 1, counts)
    near = (low[i, 0] <= high[j, 0]) & (low[j, 0] <= high[i, 0])
    i, j = i[near], j[near]

    def side(p: Points, q: Points, r: Points) -> Points:
        across = (q[:, 0] - p[:, 0]) * (r[:, 1] - p[:, 1]) - (q[:, 1] - p[:, 1]) * (r[:, 0] - p[:, 0])
        return np.asarray(np.sign(across))

    apart = side(a[i], b[i], a[j]) * side(a[i], b[i], b[j]) < 0
    return bool((apart & (side(a[j], b[j], a[i]) * side(a[j], b[j], b[i]) < 0)).any())


def _expand(first: NDArray[np.intp], counts: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Lists, for every entry k, the pairs (k, first[k]), (k, first[k] + 1), ..., counts[k] of them."""
    entry = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return entry, np.arange(len(entry)) - before[entry] + first[entry]


def as_pairs(flat: Sequence[float], name: str, losses: Losses) -> list[tuple[float, float]]:
    """Splits x0, y0, x1, y1, ... of an image into corners; an odd last number is dropped and counted."""
    losses.add(ODD, name, len(flat) % 2)
    return list(zip(flat[0::2], flat[1::2], strict=False))
