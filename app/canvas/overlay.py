"""The look of a panoptic map: fill and outlines of ids sampled at device pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.app.canvas.colours import (
    SELECTED_RGB,
    VEIL_ALPHA,
    VEIL_RGB,
    VOID_RGB,
    WHITE,
    IdTable,
    OverlayMode,
    Words,
    fill_word,
    heat,
    heat_words,
    line_words,
    provenance_words,
    word,
)
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY, Taxonomy

MAX_LINE_WIDTH = 3
# How far a boundary reaches into the picture: a line's width, one more where selected, blurred by one, and one more to
# see the neighbour.
APRON_PX = MAX_LINE_WIDTH + 3

_HUMAN = 2  # of the map's provenance
# Modes in which a pixel may change its colour although its id stays.
_BY_PROVENANCE = frozenset({OverlayMode.PROVENANCE, OverlayMode.UNCERTAINTY})
Sampler = Callable[[NDArray[Any]], NDArray[Any]]
"""Takes an array of the map's size to its values at the pixels that are drawn."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Overlay:
    """The colours of a map's segments and lines, looked up by id."""

    def __init__(
        self,
        panoptic_map: PanopticMap,
        taxonomy: Taxonomy,
        prediction: PanopticResult | None = None,
        mode: OverlayMode = OverlayMode.FILL,
        show_outlines: bool = True,
    ) -> None:
        self.map = panoptic_map
        self._prediction = prediction
        self._taxonomy = taxonomy
        self._mode = mode
        self._show_outlines = show_outlines
        self._line_width = 1
        self._selection: frozenset[int] = frozenset()
        self._hidden: frozenset[int] = frozenset()
        self._lines = line_words(WHITE)
        self._selected_lines = line_words(SELECTED_RGB)
        self._provenance = provenance_words()
        self._heat = heat_words()
        self._dims_others = False
        self._veil = np.uint32(word(VEIL_RGB, VEIL_ALPHA))
        self._void = np.uint32(word(VOID_RGB))
        self._fills = self._chosen = self._out_of_sight = self._categories = IdTable({})
        self.recolour()

    @property
    def mode(self) -> OverlayMode:
        return self._mode

    @property
    def reads_provenance(self) -> bool:
        """Whether colours depend on who said so, and not on the ids alone."""
        return self._mode in _BY_PROVENANCE

    @property
    def dims_others(self) -> bool:
        """Whether all that is not selected is darkened, while something is."""
        return self._dims_others

    def set_dims_others(self, dims_others: bool) -> None:
        self._dims_others = dims_others

    def set_prediction(self, prediction: PanopticResult | None) -> None:
        """Takes another prediction: to compare with, and for how unsure it is of every pixel."""
        self._prediction = prediction
        if self._mode is OverlayMode.UNCERTAINTY:
            self.recolour()

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
        self._fills = IdTable({i: self._fill_word(i) for i in (VOID, *self.map.segments)})
        if self._mode is OverlayMode.DIFFERENCE:
            self._categories = IdTable({i: segment.category + 1 for i, segment in self.map.segments.items()})

    def take_over(self, ids: frozenset[int]) -> frozenset[int]:
        """Reads new records of `ids`; returns those of them whose old pixels look different now.

        A new segment's pixels arrive as a change of pixels, so it is none of these.
        """
        before = {i: self._fills.get(i) for i in ids}
        now = {i: self._fill_word(i) for i in ids}
        self._fills.update(now)
        if self._mode is OverlayMode.DIFFERENCE:
            segments = self.map.segments
            self._categories.update({i: segments[i].category + 1 if i in segments else 0 for i in ids})
        return frozenset(i for i in ids if before[i] not in (0, now[i]))

    def _fill_word(self, segment_id: int) -> int:
        if segment_id in self._hidden:
            return 0
        if self._mode is OverlayMode.UNCERTAINTY:
            if self._heat_by_pixel is not None:
                return 1  # any: the pixels have their own
            if segment_id == VOID:
                return heat(1.0)
        if segment_id == VOID:
            return 0
        segment = self.map.segments.get(segment_id)
        return fill_word(segment_id, segment, self._taxonomy, self._mode, is_selected=segment_id in self._selection)

    def fill(self, ids: NDArray[np.int32], sample: Sampler) -> Words | None:
        """The colour of every pixel, None if there is none in this mode.

        Args:
            ids: Segment ids. [h, w] int32.
            sample: Gives what further arrays hold at the same pixels.
        """
        words = self._words(ids, sample)
        if self._dims_others and self._selection:
            chosen = self._chosen.look_up(ids) != 0
            words = np.where(chosen, self._veil * 0 if words is None else words, self._veil)
        return words

    def _words(self, ids: NDArray[np.int32], sample: Sampler) -> Words | None:
        match self._mode:
            case OverlayMode.OUTLINE:
                return None
            case OverlayMode.PROVENANCE:
                words: Words = self._provenance.take(sample(self.map.provenance), mode="clip")
                return self._without_hidden(words, ids)
            case OverlayMode.UNCERTAINTY:
                by_pixel = self._heat_by_pixel
                if by_pixel is None:
                    words = self._fills.look_up(ids)
                else:
                    words = self._without_hidden(self._heat.take(sample(by_pixel)), ids)
                return np.where(sample(self.map.provenance) == _HUMAN, np.uint32(0), words)
            case OverlayMode.DIFFERENCE:
                return self._without_hidden(self._differences(ids, sample), ids)
            case _:
                return self._fills.look_up(ids)

    @property
    def _heat_by_pixel(self) -> NDArray[np.uint8] | None:
        """How unsure the model is of every pixel, if that is shown and known; else segments' scores stand for it."""
        if self._mode is not OverlayMode.UNCERTAINTY or self._prediction is None:
            return None
        return self._prediction.uncertainty

    def _differences(self, ids: NDArray[np.int32], sample: Sampler) -> Words:
        """The category's colour where the model said another one, or nothing."""
        if self._prediction is None:
            return np.zeros(ids.shape, np.uint32)
        told = np.where(self._prediction.categories == VOID_CATEGORY, 0, self._prediction.categories + 1)
        model = told.astype(np.uint32).take(sample(self._prediction.ids), mode="clip")
        mine = self._categories.look_up(ids)
        words = np.where(mine == 0, self._void, self._fills.look_up(ids))
        return np.where(mine == model, np.uint32(0), words)

    def _without_hidden(self, words: Words, ids: NDArray[np.int32]) -> Words:
        return np.where(self._out_of_sight.look_up(ids), np.uint32(0), words) if self._hidden else words

    @property
    def _outlines_all(self) -> bool:
        """Whether every segment has an outline, not the selected ones only."""
        if self._dims_others and self._selection:
            return False
        return self._mode is OverlayMode.OUTLINE or (self._show_outlines and self._mode is not OverlayMode.CATEGORY)

    def lines(self, ids: NDArray[np.int32]) -> Words | None:
        """The outlines between ids, None if there are none; right up to `APRON_PX` from the border. [h, w] int32."""
        if (ids == ids[0, 0]).all():
            return None
        if self._hidden:
            ids = np.where(self._out_of_sight.look_up(ids), 0, ids)
        words = None
        if self._outlines_all:
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
