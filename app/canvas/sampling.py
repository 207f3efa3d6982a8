"""Nearest-neighbour sampling of full-size arrays at the device pixels of a scaled view."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Patchwork:
    """The source pixel of every device pixel in a rectangle of the scaled image.

    Attributes:
        rows: Source row of each device row, clipped to the image. [h] int64, never decreasing.
        columns: Source column of each device column, clipped to the image. [w] int64, never decreasing.
        is_plain: Whether the rectangle is a piece of the source as it is.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    is_plain: bool

    def take(self, array: NDArray[Pixel]) -> NDArray[Pixel]:
        """Samples `array` [H, W] or [H, W, C]; the result has the rectangle's size and may be a view of `array`."""
        y0, y1 = int(self.rows[0]), int(self.rows[-1]) + 1
        x0, x1 = int(self.columns[0]), int(self.columns[-1]) + 1
        if self.is_plain:
            return array[y0:y1, x0:x1]
        if array.ndim == 2 and array.flags.c_contiguous and y1 - y0 > len(self.rows):
            # Zoomed out: one gather touches only the pixels wanted.
            index = self.rows[:, None] * array.shape[1] + self.columns[None, :]
            gathered: NDArray[Pixel] = array.reshape(-1).take(index, mode="clip")
            return gathered
        sampled: NDArray[Pixel] = array[self.rows, x0:x1].take(self.columns - x0, axis=1, mode="clip")
        return sampled


@lru_cache(maxsize=512)
def source_indices(start: int, stop: int, scale: float, length: int) -> NDArray[np.int64]:
    """The source index under the centre of each device pixel of [start, stop), clipped to [0, length). Read-only."""
    centres = (np.arange(start, stop, dtype=np.float64) + 0.5) / scale
    indices: NDArray[np.int64] = np.clip(np.floor(centres), 0, length - 1).astype(np.int64)
    indices.flags.writeable = False
    return indices


def patchwork(top: int, left: int, bottom: int, right: int, scale: float, shape: tuple[int, int]) -> Patchwork:
    """The sampling of device rectangle [top:bottom, left:right] of an image of `shape` drawn at `scale`."""
    is_plain = scale == 1 and top >= 0 and left >= 0 and bottom <= shape[0] and right <= shape[1]
    return Patchwork(
        source_indices(top, bottom, scale, shape[0]), source_indices(left, right, scale, shape[1]), is_plain
    )
