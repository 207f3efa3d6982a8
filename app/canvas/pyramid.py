"""Halved copies of an image, made a strip at a time so that opening a large one never blocks the window."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

STRIP_PIXELS = 2_000_000  # of the finer level, about 2 ms of work
EAGER_PIXELS = 3_000_000  # images up to this size get their levels at once
# Of a larger image the halved copy is left out, which takes three quarters of the pyramid: between 25 and 50 % it is
# averaged as it is drawn, 2 to 4 ms a tile.
SPARSE_PIXELS = 60_000_000
MIN_SIDE_PX = 256


class ImagePyramid:
    """An RGB image and its halvings; level k has 2 ** k image pixels to the pixel, rounded up."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        """Takes `image` [H, W, 3] RGB without copying it."""
        self._levels = [(0, image)]
        self._next: NDArray[np.uint8] | None = None
        self._next_rows = 0
        self._is_sparse = image.shape[0] * image.shape[1] > SPARSE_PIXELS
        if image.shape[0] * image.shape[1] <= EAGER_PIXELS:
            while self.step():
                pass

    @property
    def image(self) -> NDArray[np.uint8]:
        return self._levels[0][1]

    @property
    def num_levels(self) -> int:
        """How many levels are ready, the image itself included."""
        return len(self._levels)

    def level(self, scale: float) -> tuple[int, NDArray[np.uint8]]:
        """The index and pixels of the coarsest ready level not coarser than `scale` (device pixels per image pixel)."""
        return next(level for level in reversed(self._levels) if level[0] == 0 or 0.5 ** level[0] >= scale)

    def is_ready(self, scale: float) -> bool:
        """Whether `level(scale)` will not change any more."""
        return scale >= 1 or self._is_complete() or (len(self._levels) > 1 and 0.5 ** self._levels[-1][0] < scale)

    def overview(self) -> NDArray[np.uint8]:
        """The coarsest ready level."""
        return self._levels[-1][1]

    def step(self) -> bool:
        """Does a couple of milliseconds of work; returns whether there is more to do."""
        if self._is_complete():
            return False
        index, source = self._levels[-1]
        halvings = 2 if index == 0 and self._is_sparse else 1
        factor = 2**halvings
        height, width = source.shape[:2]
        if self._next is None:
            self._next = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
            self._next_rows = 0
        rows = max(STRIP_PIXELS // (factor * width), 1)
        stop = min(self._next_rows + rows, self._next.shape[0])
        _shrink(source[factor * self._next_rows : factor * stop], self._next[self._next_rows : stop], factor)
        self._next_rows = stop
        if stop == self._next.shape[0]:
            self._levels.append((index + halvings, self._next))
            self._next = None
        return not self._is_complete()

    def _is_complete(self) -> bool:
        return bool(max(self._levels[-1][1].shape[:2]) <= MIN_SIDE_PX)


def _shrink(source: NDArray[np.uint8], target: NDArray[np.uint8], factor: int) -> None:
    """Averages `factor` x `factor` blocks of `source` into `target`, repeating the last row and column where short."""
    bottom, right = -source.shape[0] % factor, -source.shape[1] % factor
    if bottom or right:
        source = np.asarray(cv2.copyMakeBorder(source, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8)
    cv2.resize(source, (target.shape[1], target.shape[0]), dst=target, interpolation=cv2.INTER_AREA)
