"""Putting overlapping shapes onto one id image: later ones cover earlier ones, and what is covered is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import MAX_ID, Segment
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy

COVERED = "pixels of overlapping segments given to the one on top"
HIDDEN = "segments left out that others cover entirely or that have no pixels"
JOINED = "shapes of one stuff category joined"


class Stack:
    """An id image onto which shapes are laid one by one.

    Args:
        shape: Height and width.
        taxonomy: What categories refer to; shapes of one stuff category become one segment.
        name: The image.
        losses: Where covered pixels and hidden segments are counted.
    """

    def __init__(self, shape: tuple[int, int], taxonomy: Taxonomy, name: str, losses: Losses) -> None:
        self.ids = np.zeros(shape, np.int32)
        self._taxonomy = taxonomy
        self._name = name
        self._losses = losses
        self._segments: dict[int, Segment] = {}
        self._of_stuff: dict[int, int] = {}
        self._covered = self._joined = 0

    def add(self, segment: Segment) -> int:
        """Registers a segment without pixels yet; returns its id, counted from 1."""
        is_stuff = self._taxonomy.is_stuff(segment.category) and not segment.is_crowd
        if is_stuff and segment.category in self._of_stuff:
            self._joined += 1
            return self._of_stuff[segment.category]
        segment_id = len(self._segments) + 1
        if segment_id > MAX_ID:
            raise FormatError(f"{self._name}: has more than {MAX_ID} segments; split the image")
        self._segments[segment_id] = segment
        if is_stuff:
            self._of_stuff[segment.category] = segment_id
        return segment_id

    def lay(self, segment_id: int, mask: NDArray[np.bool_], box: tuple[int, int, int, int] | None = None) -> None:
        """Gives pixels to a segment, whoever had them before.

        Args:
            segment_id: What `add` returned.
            mask: The pixels of the box.
            box: Where the mask lies, (y0, x0, y1, x1); the whole image if None.
        """
        y0, x0, y1, x1 = box or (0, 0, *self.ids.shape)
        crop = self.ids[y0:y1, x0:x1]
        self._covered += int(np.count_nonzero(mask & (crop != VOID) & (crop != segment_id)))
        crop[mask] = segment_id

    def clear(self, mask: NDArray[np.bool_], box: tuple[int, int, int, int]) -> None:
        """Makes pixels void."""
        self.ids[box[0] : box[2], box[1] : box[3]][mask] = VOID

    def finish(self) -> ImageLabels:
        """Returns the labels; counts what was covered, hidden and joined."""
        present = np.zeros(len(self._segments) + 1, np.bool_)
        present[self.ids.reshape(-1)] = True
        shown = {i: segment for i, segment in self._segments.items() if present[i]}
        self._losses.add(COVERED, self._name, self._covered)
        self._losses.add(HIDDEN, self._name, len(self._segments) - len(shown))
        self._losses.add(JOINED, self._name, self._joined)
        return ImageLabels(self.ids, shown)
