"""Help from the picture: scissors that follow edges, superpixels, watershed. opencv underneath."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.geometry import Box, Mask

_SEED_SHARE = 0.35  # of the distance of superpixels' seeds: the side of a seed
_MAX_SEED_RADIUS_PX = 8
_MIN_CALMED_PX = 6  # smaller superpixels are about details, which calming the picture would take away
_AWAY_COST = 0.05  # levels of slope that a pixel away from the middle of its cell is worth
_REACH_PX = 256  # how far from its anchor the scissors look for a path


class Scissors:
    """Smart scissors: the cheapest path along edges between an anchor and the pointer.

    Intelligent scissors of Mortensen and Barrett (SIGGRAPH 1995) by opencv, on a crop around the anchor, so that a
    new anchor takes the same time in a large picture as in a small one.
    """

    def __init__(self, image: NDArray[np.uint8], reach_px: int = _REACH_PX) -> None:
        """Takes the picture, [H, W, 3] uint8; `reach_px` is how far a path may lead from its anchor."""
        self._image = image
        self._reach_px = reach_px
        self._box = Box(0, 0, 0, 0)
        self._anchor = (0, 0)
        self._tool: cv2.segmentation.IntelligentScissorsMB | None = None

    def set_anchor(self, point_yx: tuple[float, float]) -> None:
        """Begins a new piece of path at a point, clipped to the picture."""
        y, x = self._inside(point_yx, Box(0, 0, self._image.shape[0], self._image.shape[1]))
        shape = (self._image.shape[0], self._image.shape[1])
        self._anchor = (y, x)
        self._box = Box(y, x, y + 1, x + 1).grown(self._reach_px, shape)
        tool = cv2.segmentation.IntelligentScissorsMB()
        tool.setEdgeFeatureCannyParameters(32, 100)
        tool.setGradientMagnitudeMaxLimit(200)
        tool.applyImage(np.ascontiguousarray(self._image[self._box.slices]))
        tool.buildMap((x - self._box.x0, y - self._box.y0))
        self._tool = tool

    def path_to(self, point_yx: tuple[float, float]) -> list[tuple[int, int]]:
        """Returns the path from the anchor to a point, both included, (y, x) in image pixels.

        A point out of reach is replaced by the nearest one within.

        Raises:
            ValueError: No anchor was set.
        """
        if self._tool is None:
            raise ValueError("set an anchor first")
        y, x = self._inside(point_yx, self._box)
        contour = self._tool.getContour((x - self._box.x0, y - self._box.y0))
        points = [(int(row) + self._box.y0, int(column) + self._box.x0) for column, row in contour.reshape(-1, 2)]
        return points or [self._anchor]

    @staticmethod
    def _inside(point_yx: tuple[float, float], box: Box) -> tuple[int, int]:
        y = min(max(round(point_yx[0]), box.y0), box.y1 - 1)
        x = min(max(round(point_yx[1]), box.x0), box.x1 - 1)
        return y, x


def superpixels(image: NDArray[np.uint8], size_px: int) -> NDArray[np.int32]:
    """Divides a crop into pieces of about `size_px` that respect its edges: a watershed from a grid of seeds.

    Args:
        image: [h, w, 3] uint8.
        size_px: Distance of the seeds, at least 2.

    Returns:
        The number of each pixel's piece, from 1; every pixel has one, every piece is connected. [h, w] int32.
    """
    size = max(2, size_px)
    # Noise would make pieces of single pixels, and others that flow around them.
    if size >= _MIN_CALMED_PX:
        calm = cv2.medianBlur(np.ascontiguousarray(image), 3 if size < 2 * _MIN_CALMED_PX else 5)
        image = np.asarray(calm, dtype=np.uint8)
    return flooded(image, _seeds(image, size))


def _seeds(image: NDArray[np.uint8], size: int) -> NDArray[np.int32]:
    """Numbers one small square in each cell of a grid, by rows: where the picture is calmest near the cell's middle."""
    height, width = image.shape[:2]
    rows, columns = math.ceil(height / size), math.ceil(width / size)
    radius, reach = min(int(size * _SEED_SHARE) // 2, _MAX_SEED_RADIUS_PX), size // 4
    slope = cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), dtype=np.uint8)).max(axis=2)
    slope = cv2.boxFilter(
        slope.astype(np.float32), -1, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REPLICATE
    )
    padded = np.full((rows * size, columns * size), np.inf, dtype=np.float32)
    padded[:height, :width] = slope
    middle = slice(size // 2 - reach, size // 2 + reach + 1)
    cells = padded.reshape(rows, size, columns, size).transpose(0, 2, 1, 3)[:, :, middle, middle]
    side = cells.shape[2]
    away = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1][:, :side, : cells.shape[3]])
    best = (cells + _AWAY_COST * away).reshape(rows, columns, -1).argmin(axis=2)
    y = np.arange(rows)[:, None] * size + size // 2 - reach + best // cells.shape[3]
    x = np.arange(columns)[None] * size + size // 2 - reach + best % cells.shape[3]
    numbers = np.arange(1, rows * columns + 1, dtype=np.int32).reshape(rows, columns)
    markers = np.zeros((height, width), dtype=np.int32)
    # From the outside in: where seeds at the border of the picture are pushed together, every middle is kept.
    offsets = [(dy, dx) for dy in range(-radius, radius + 1) for dx in range(-radius, radius + 1)]
    for dy, dx in sorted(offsets, key=lambda offset: -max(map(abs, offset))):
        markers[np.clip(y + dy, 0, height - 1), np.clip(x + dx, 0, width - 1)] = numbers
    return markers


def flooded(image: NDArray[np.uint8], markers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Grows markers over a crop until they meet at edges; the ridges between go to the neighbour of the like colour.

    Args:
        image: [h, w, 3] uint8.
        markers: Positive numbers where the owner is known, 0 elsewhere. [h, w] int32.

    Returns:
        The owner of each pixel; all 0 if there is no marker. [h, w] int32.
    """
    if not markers.any():
        return np.zeros_like(markers)
    # The watershed leaves the outermost pixels as ridge: a border of its own keeps the crop's pixels out of it.
    padded = np.pad(markers, 1, mode="constant")
    frame = cv2.copyMakeBorder(np.ascontiguousarray(image), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    owners = np.asarray(cv2.watershed(frame, padded), dtype=np.int32)[1:-1, 1:-1]
    owners = _without_ridges(owners, image)
    known = owners > 0
    _, found = cv2.distanceTransformWithLabels(
        np.logical_not(known).view(np.uint8), cv2.DIST_L1, cv2.DIST_MASK_3, labelType=cv2.DIST_LABEL_PIXEL
    )
    indices = np.asarray(found, dtype=np.int32)
    table = np.zeros(int(indices.max()) + 1, dtype=np.int32)
    table[indices[known]] = owners[known]
    result: NDArray[np.int32] = np.take(table, indices)
    return result


def _without_ridges(owners: NDArray[np.int32], image: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Gives each unowned pixel to the owner of that of its four neighbours whose colour is most like its own."""
    y, x = np.nonzero(owners <= 0)
    colors = image.astype(np.int16)
    best = np.full(len(y), np.iinfo(np.int32).max, dtype=np.int32)
    chosen = np.zeros(len(y), dtype=np.int32)
    for dy, dx in ((-1, 0), (0, -1), (0, 1), (1, 0)):
        near_y, near_x = np.clip(y + dy, 0, owners.shape[0] - 1), np.clip(x + dx, 0, owners.shape[1] - 1)
        owner = owners[near_y, near_x]
        difference = np.abs(colors[y, x] - colors[near_y, near_x]).sum(axis=1, dtype=np.int32)
        closer = (owner > 0) & (difference < best)
        best[closer], chosen[closer] = difference[closer], owner[closer]
    result = owners.copy()
    result[y, x] = chosen
    return result


def snapped(mask: Mask, pieces: NDArray[np.int32]) -> Mask:
    """Returns the superpixels of which at least half belongs to a mask.

    Args:
        mask: [h, w] bool.
        pieces: As `superpixels` gives them. [h, w] int32.
    """
    total = np.bincount(pieces.reshape(-1))
    inside = np.bincount(pieces.reshape(-1), weights=mask.reshape(-1), minlength=len(total))
    chosen: Mask = np.take(inside * 2 >= np.maximum(total, 1), pieces)
    return chosen


def parts_by_watershed(
    mask: Mask, image: NDArray[np.uint8], seeds_yx: Sequence[Sequence[tuple[float, float]]]
) -> NDArray[np.int32]:
    """Divides a mask among scribbles: each pixel goes to the scribble that it is not separated from by an edge.

    Args:
        mask: [h, w] bool.
        image: What guides the borders: the picture or an image of scores. [h, w, 3] uint8.
        seeds_yx: One scribble (a line of points in the mask's pixels) per part.

    Returns:
        The part of each pixel, 1 for the first scribble, 0 where the mask is not set. [h, w] int32.
    """
    markers = np.zeros(mask.shape, dtype=np.int32)
    for number, scribble in enumerate(seeds_yx, start=1):
        points = np.rint(np.asarray(scribble, dtype=np.float64)[:, ::-1]).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(markers, [points], False, number)
    markers[~mask] = 0
    result: NDArray[np.int32] = np.where(mask, flooded(image, markers), np.int32(0))
    return result
