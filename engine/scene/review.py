"""Where a person should look first: the most uncertain places, segments, seams and images. numpy and opencv only.

An uncertainty is uint8 [H, W], 0 certain to 255 uncertain; doubts are the same as numbers from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.panoptic_result import PanopticResult

_GRID = 96  # cells along the longer side: places nearer than a cell are one
_APART = 0.06  # of the longer side between two places
_MIN_DOUBT = 0.15  # what is surer is no place to look at


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to look.

    Attributes:
        y: Row.
        x: Column.
        doubt: How unsure the model is around it.
        segment: The id there.
    """

    y: int
    x: int
    doubt: float
    segment: int


@dataclass(frozen=True, slots=True)
class Seam:
    """The border between two segments.

    Attributes:
        first: The lower id.
        second: The higher id.
        doubt: The mean along it.
        length_px: How long it is.
        y: Row of its most uncertain pixel.
        x: Column of it.
    """

    first: int
    second: int
    doubt: float
    length_px: int
    y: int
    x: int


def segment_doubts(ids: NDArray[np.int32], uncertainty: NDArray[np.uint8], num_ids: int) -> NDArray[np.float32]:
    """Returns the mean doubt of every id 0 to `num_ids` - 1; 0 for one without pixels. [num_ids] float32."""
    _check(ids, uncertainty)
    sums = np.bincount(ids.ravel(), uncertainty.ravel(), minlength=num_ids)[:num_ids]
    areas = np.bincount(ids.ravel(), minlength=num_ids)[:num_ids]
    return np.asarray(sums / np.maximum(areas, 1) / 255, np.float32)


def seams(ids: NDArray[np.int32], uncertainty: NDArray[np.uint8]) -> tuple[Seam, ...]:
    """Returns the borders between segments (and void), the most uncertain first; equal ones by ids."""
    _check(ids, uncertainty)
    pairs, values, places = [], [], []
    width = ids.shape[1]
    for axis in (0, 1):
        before, after = (ids[:-1], ids[1:]) if axis == 0 else (ids[:, :-1], ids[:, 1:])
        rows, columns = np.nonzero(before != after)
        if len(rows) == 0:
            continue
        other_rows, other_columns = (rows + 1, columns) if axis == 0 else (rows, columns + 1)
        pair = np.sort(np.stack([ids[rows, columns], ids[other_rows, other_columns]], axis=1), axis=1)
        pairs.append(pair)
        values.append(np.maximum(uncertainty[rows, columns], uncertainty[other_rows, other_columns]))
        places.append(rows * width + columns)
    if not pairs:
        return ()
    pair, value, place = np.concatenate(pairs), np.concatenate(values).astype(np.float64), np.concatenate(places)
    unique, inverse, counts = np.unique(pair, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    means = np.bincount(inverse, value) / counts / 255
    order = np.lexsort((place, -value, inverse))  # within each pair the most uncertain pixel comes first
    worst = place[order[np.searchsorted(inverse[order], np.arange(len(unique)))]]
    found = [
        Seam(int(a), int(b), float(mean), int(count), int(at // width), int(at % width))
        for (a, b), mean, count, at in zip(unique, means, counts, worst, strict=True)
    ]
    return tuple(sorted(found, key=lambda seam: (-seam.doubt, seam.first, seam.second)))


def places(ids: NDArray[np.int32], uncertainty: NDArray[np.uint8], max_places: int = 100) -> tuple[Place, ...]:
    """Returns where to look, the most uncertain place first, no two close together.

    Args:
        ids: Segment per pixel. [H, W].
        uncertainty: Of the same size.
        max_places: How many at most.
    """
    _check(ids, uncertainty)
    height, width = ids.shape
    if ids.size == 0:
        return ()
    scale = min(1.0, _GRID / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    coarse = cv2.resize(uncertainty, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    smooth = cv2.GaussianBlur(coarse, (0, 0), 1.2)
    radius = max(round(_APART * max(smooth.shape)), 1)
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    peaks = np.argwhere((smooth >= cv2.dilate(smooth, window) - 1e-6) & (smooth >= _MIN_DOUBT))
    order = np.lexsort((peaks[:, 1], peaks[:, 0], -np.round(smooth[peaks[:, 0], peaks[:, 1]], 5)))
    found: list[Place] = []
    taken = np.zeros(smooth.shape, np.uint8)
    for row, column in peaks[order].tolist():
        if taken[row, column]:
            continue
        cv2.circle(taken, (column, row), radius, 1, cv2.FILLED)
        y, x = _worst_pixel(uncertainty, row, column, smooth.shape)
        found.append(Place(y, x, float(smooth[row, column]), int(ids[y, x])))
        if len(found) == max_places:
            break
    return tuple(found)


def disagreement(first: PanopticResult, second: PanopticResult) -> tuple[float, NDArray[np.uint8]]:
    """Returns the share of pixels to which two models give different categories, and where. [H, W] uint8, 0 or 255.

    Raises:
        ValueError: The results are of different sizes.
    """
    if first.shape != second.shape:
        raise ValueError(f"two labellings of one image are of one size, not {first.shape} and {second.shape}")
    differs = first.categories[first.ids] != second.categories[second.ids]
    return float(differs.mean()) if differs.size else 0.0, differs.astype(np.uint8) * np.uint8(255)


def review_order(doubts: Mapping[int, float]) -> tuple[int, ...]:
    """Returns image ids by falling doubt; equal ones by id."""
    return tuple(sorted(doubts, key=lambda image: (-doubts[image], image)))


def neighbour(order: Sequence[Place], current: int | None, step: int) -> int | None:
    """Returns the index of the place `step` further (1 next, -1 previous); None past either end.

    Args:
        order: The places.
        current: Where one is; None before the first step, which then leads to the first (or last) one.
        step: 1 or -1.
    """
    if current is None:
        current = -1 if step > 0 else len(order)
    wanted = current + step
    return wanted if 0 <= wanted < len(order) else None


def _worst_pixel(uncertainty: NDArray[np.uint8], row: int, column: int, grid: tuple[int, ...]) -> tuple[int, int]:
    """The most uncertain pixel of a cell of a coarse grid, that nearest to its middle if there are several."""
    height, width = uncertainty.shape
    y0, y1 = row * height // grid[0], max((row + 1) * height // grid[0], row * height // grid[0] + 1)
    x0, x1 = column * width // grid[1], max((column + 1) * width // grid[1], column * width // grid[1] + 1)
    cell = uncertainty[y0:y1, x0:x1]
    found = np.argwhere(cell == cell.max())
    middle = (np.array(cell.shape) - 1) / 2
    y, x = found[np.argmin(((found - middle) ** 2).sum(axis=1))]
    return y0 + int(y), x0 + int(x)


def _check(ids: NDArray[np.int32], uncertainty: NDArray[np.uint8]) -> None:
    if ids.shape != uncertainty.shape or ids.ndim != 2:
        raise ValueError(f"ids and their uncertainty are images of one size, not {ids.shape} and {uncertainty.shape}")
