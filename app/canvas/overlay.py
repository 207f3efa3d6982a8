"""The look of a panoptic map: fill and outlines of ids sampled at device pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.app.canvas.colours import (
    SELECTED_RGB,
    WHITE,
    IdTable,
    OverlayMode,
    Words,
    fill_word,
    line_words,
    provenance_words,
)
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy

MAX_LINE_WIDTH = 3
# How far a boundary reaches into the picture: a line's width, one more where selected, blurred by one, and one more to
# see the neighbour.
APRON_PX = MAX_LINE_WIDTH + 3

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Overlay:
    """The colours of a map's segments and lines, looked up by id."""

    def __init__(self, panoptic_map: PanopticMap, taxonomy: Taxonomy) -> None:
        self.map = panoptic_map
        self._taxonomy = taxonomy
        self._mode = OverlayMode.FILL
        self._show_outlines = True
        self._line_width = 1
        self._selection: frozenset[int] = frozenset()
        self._hidden: frozenset[int] = frozenset()
        self._lines = line_words(WHITE)
        self._selected_lines = line_words(SELECTED_RGB)
        self._provenance = provenance_words()
        self._fills = self._chosen = self._out_of_sight = IdTable({})
        self.recolour()

    @property
    def mode(self) -> OverlayMode:
        return self._mode

    @property
    def hidden(self) -> frozenset[int]:
        return self._hidden

    def set_mode(self, mode: OverlayMode, show_outlines: bool) -> None:
        """Sets what the colours mean and whether boundaries are drawn."""
        self._mode, self._show_outlines = mode, show_outlines
        self.recolour()

    def set_line_width(self, width: int) -> bool:
        """Sets how many device pixels a line is wide on each side of a boundary; whether that is new."""
        width = min(max(width, 1), MAX_LINE_WIDTH)
        is_new, self._line_width = width != self._line_width, width
        return is_new

    def set_selection(self, selection: frozenset[int]) -> frozenset[int]:
        """Gives `selection` yellow outlines; returns the ids that look different now."""
        changed, self._selection = selection ^ self._selection, selection
        self._chosen = IdTable(dict.fromkeys(selection, 1))
        self.take_over(changed)
        return changed

    def set_hidden(self, hidden: frozenset[int]) -> frozenset[int]:
        """Shows neither fill nor outlines of the ids in `hidden`; returns the ids that look different now."""
        changed, self._hidden = hidden ^ self._hidden, hidden
        self._out_of_sight = IdTable(dict.fromkeys(hidden, 1))
        self.take_over(changed)
        return changed

    def set_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Takes the categories in other colours."""
        self._taxonomy = taxonomy
        self.recolour()

    def recolour(self) -> None:
        """Reads all segments' records anew."""
        self._fills = IdTable({i: self._fill_word(i) for i in self.map.segments})

    def take_over(self, ids: frozenset[int]) -> frozenset[int]:
        """Reads new records of `ids`; returns those of them whose old pixels look different now.

        A new segment's pixels arrive as a change of pixels, so it is none of these.
        """
        before = {i: self._fills.get(i) for i in ids}
        now = {i: self._fill_word(i) for i in ids}
        self._fills.update(now)
        return frozenset(i for i in ids if before[i] not in (0, now[i]))

    def _fill_word(self, segment_id: int) -> int:
        if segment_id in self._hidden:
            return 0
        segment = self.map.segments.get(segment_id)
        return fill_word(segment_id, segment, self._taxonomy, self._mode, is_selected=segment_id in self._selection)

    def fill(self, ids: NDArray[np.int32], provenance: NDArray[np.uint8]) -> Words | None:
        """The colour of every pixel, None if there is none in this mode.

        Args:
            ids: Segment ids. [h, w] int32.
            provenance: Who said so last. [h, w] uint8; looked at in the mode that shows it.
        """
        if self._mode is OverlayMode.OUTLINE:
            return None
        if self._mode is OverlayMode.PROVENANCE:
            return self._provenance.take(provenance, mode="clip")
        return self._fills.look_up(ids)

    def lines(self, ids: NDArray[np.int32]) -> Words | None:
        """The outlines between ids, None if there are none; right up to `APRON_PX` from the border. [h, w] int32."""
        if (ids == ids[0, 0]).all():
            return None
        if self._hidden:
            ids = np.where(self._out_of_sight.look_up(ids), 0, ids)
        words = None
        if self._show_outlines or self._mode is OverlayMode.OUTLINE:
            words = self._lines.take(_line(boundary(ids), self._line_width - 1), mode="clip")
        if self._selection:
            chosen = self._chosen.look_up(ids)
            if chosen.any():
                edges = _line(boundary(chosen), self._line_width)
                strong = self._selected_lines.take(edges, mode="clip")
                words = strong if words is None else np.where(strong != 0, strong, words)
        return words


def _line(edges: NDArray[np.uint8], num_wider: int) -> NDArray[np.uint8]:
    """How much of a line covers each pixel, 0 to 255: `edges` made wider so many times, with a soft rim."""
    if num_wider:
        edges = np.asarray(cv2.dilate(edges, _CROSS, iterations=num_wider), np.uint8)
    return np.asarray(cv2.GaussianBlur(edges, (3, 3), 0), np.uint8)


def boundary(ids: NDArray[np.generic]) -> NDArray[np.uint8]:
    """The pixels with another value to their left, right, above or below, as 255. [H, W] uint8."""
    edges = np.zeros(ids.shape, np.uint8)
    across = (ids[:, 1:] != ids[:, :-1]).view(np.uint8)
    down = (ids[1:] != ids[:-1]).view(np.uint8)
    edges[:, 1:] = across
    edges[:, :-1] |= across
    edges[1:] |= down
    edges[:-1] |= down
    edges *= 255
    return edges
