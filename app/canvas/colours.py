"""Which colour each segment gets on the canvas: lookup tables from ids to premultiplied ARGB words."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.panoptic_map import Origin, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

Words = NDArray[np.uint32]

# Ids above this are looked up by search, as a table indexed by id would not fit in memory.
MAX_DENSE_ID = 1 << 20
SELECTED_ALPHA = 150  # of 255: the image shows through a selected segment, whose outline says enough
WHITE = (255, 255, 255)
SELECTED_RGB = (255, 214, 10)
HOVERED_RGB = (120, 190, 255)
# Nobody, model, human, imported. Okabe and Ito's blue, orange and green differ for every kind of colour vision.
PROVENANCE_RGB = ((0, 0, 0), (0, 114, 178), (230, 159, 0), (0, 158, 115))


# From sure to unsure, at equal steps; the ends of matplotlib's "plasma", which all eyes see rise in lightness.
HEAT_RGB = ((13, 8, 135), (126, 3, 168), (204, 71, 120), (248, 149, 64), (240, 249, 33))
VEIL_RGB, VEIL_ALPHA = (0, 0, 0), 255  # over what is dimmed; the fill's opacity makes it thinner
VOID_RGB = (214, 214, 214)  # where there is nothing and the model had said something


class OverlayMode(StrEnum):
    """What the colour over the image means."""

    FILL = "fill"  # the categories' colours, with outlines
    OUTLINE = "outline"
    CATEGORY = "category"  # the categories' colours alone
    INSTANCE = "instance"
    UNCERTAINTY = "uncertainty"
    PROVENANCE = "provenance"
    DIFFERENCE = "difference"


@lru_cache(maxsize=4096)  # an image has many segments and few colours
def word(rgb: tuple[int, int, int], alpha: int = 255) -> int:
    """The premultiplied 0xAARRGGBB word of a colour."""
    red, green, blue = (round(value * alpha / 255) for value in rgb)
    return alpha << 24 | red << 16 | green << 8 | blue


def instance_rgb(segment_id: int, base: tuple[int, int, int]) -> tuple[int, int, int]:
    """A colour near `base` in tone but far in hue from the neighbouring ids' (golden-ratio steps)."""
    _, _, saturation_base = colorsys.rgb_to_hls(*(value / 255 for value in base))
    hue = segment_id * 0.6180339887 % 1.0
    lightness = 0.42 + 0.18 * (segment_id * 0.3819660113 % 1.0)
    saturation = 0.55 + 0.35 * max(saturation_base, 0.4)
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, min(saturation, 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


class IdTable:
    """A lookup from segment ids to words, dense where ids are small, by search where they are sparse."""

    def __init__(self, values: Mapping[int, int]) -> None:
        """Maps each id of `values`; every other id, void included, gets 0."""
        self._values = dict(values)
        self._dense: Words | None = None
        self._build()

    def get(self, segment_id: int) -> int:
        """The word of one id."""
        return self._values.get(segment_id, 0)

    def update(self, values: Mapping[int, int]) -> None:
        """Changes the words of some ids; 0 forgets one."""
        for segment_id, value in values.items():
            if value:
                self._values[segment_id] = value
            else:
                self._values.pop(segment_id, None)
        if self._dense is None or max(values, default=0) >= len(self._dense) - 1:
            self._build()
        else:
            self._dense[list(values)] = list(values.values())

    def look_up(self, ids: NDArray[np.int32]) -> Words:
        """The words of `ids`, of the same shape."""
        if self._dense is not None:
            # "clip" lets numpy skip the bounds check's copy; it is also right, as the last entry is 0.
            return self._dense.take(ids, mode="clip")
        place = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
        return np.where(self._ids[place] == ids, self._words[place], np.uint32(0))

    def _build(self) -> None:
        top = max(self._values, default=0)
        if top <= MAX_DENSE_ID:
            # Room for the ids of the next strokes, and one entry more: ids beyond the table are clipped to it.
            self._dense = np.zeros(top + 256, np.uint32)
            if self._values:
                self._dense[list(self._values)] = list(self._values.values())
        else:
            self._dense = None
            self._ids = np.array(sorted(self._values), np.int64)
            self._words = np.array([self._values[int(key)] for key in self._ids], np.uint32)


def fill_word(
    segment_id: int, segment: Segment | None, taxonomy: Taxonomy, mode: OverlayMode, *, is_selected: bool = False
) -> int:
    """The fill of one segment in `mode`: its category's colour, or one of its own; 0 for a segment that is not."""
    if segment is None:
        return 0
    if mode is OverlayMode.UNCERTAINTY:
        return heat_word(segment)
    rgb = taxonomy[segment.category].color
    if mode is OverlayMode.INSTANCE and taxonomy.is_thing(segment.category):
        rgb = instance_rgb(segment_id, rgb)
    return word(rgb, SELECTED_ALPHA if is_selected else 255)


def heat_word(segment: Segment) -> int:
    """How unsure the model is of a segment, by its score; nothing where a person said so."""
    if segment.origin is not Origin.MODEL or segment.score is None:
        return 0
    return heat(1.0 - segment.score)


def heat(uncertainty: float) -> int:
    """The word of an uncertainty, 0 to 1: the surer, the fainter."""
    place = min(max(uncertainty, 0.0), 1.0) * (len(HEAT_RGB) - 1)
    low = min(int(place), len(HEAT_RGB) - 2)
    share = place - low
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(HEAT_RGB[low], HEAT_RGB[low + 1], strict=True))
    return word((red, green, blue), round(255 * (0.15 + 0.85 * min(max(uncertainty, 0.0), 1.0))))


def heat_words() -> Words:
    """The fill by how unsure the model is of a pixel. [256] uint32, indexed by a prediction's uncertainty."""
    return np.array([heat(value / 255) for value in range(256)], np.uint32)


def fill_words(segments: Mapping[int, Segment], taxonomy: Taxonomy, mode: OverlayMode) -> dict[int, int]:
    """The fill of every segment, none selected."""
    return {segment_id: fill_word(segment_id, segment, taxonomy, mode) for segment_id, segment in segments.items()}


def provenance_words() -> Words:
    """The fill by who said so last. [4] uint32, indexed by the map's provenance."""
    return np.array([0, *(word(rgb) for rgb in PROVENANCE_RGB[1:])], np.uint32)


def line_words(rgb: tuple[int, int, int], *, halo_alpha: float = 0.5) -> Words:
    """The colour of an outline by how much of it covers a pixel (0 none, 255 its middle). [256] uint32.

    The core is `rgb`; its rim is dark, so that the line is seen on a white sky as on a black car.
    """
    coverage = np.arange(256) / 255.0
    core = np.clip((coverage - 0.22) / 0.40, 0.0, 1.0)
    rim = np.clip(coverage / 0.25, 0.0, 1.0) * halo_alpha * (1.0 - core)
    alpha = np.rint((core + rim) * 255).astype(np.uint32)
    words: Words = alpha << np.uint32(24)
    for value, shift in zip(rgb, (16, 8, 0), strict=True):
        words |= np.rint(value * core).astype(np.uint32) << np.uint32(shift)
    return words
