"""The panoptic map: an id image and its segments, a partition of the image."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import EditError, PartitionError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask, box_of_id, tight_box
from seamseg_studio.engine.scene.runs import Runs, count_ids
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY, Taxonomy

MAX_ID = (1 << 24) - 1
"""The largest segment id: what COCO panoptic's PNG files can hold; look-up tables by id stay small."""

_TILE_PX = 256

_T = TypeVar("_T", bound=np.generic)

new_mark = itertools.count(1).__next__
"""Gives each state of a map in this process a number of its own: 0 means unknown."""


class Origin(StrEnum):
    """Who said something: the model, a human, or a data set that was read in."""

    MODEL = "model"
    HUMAN = "human"
    IMPORTED = "imported"

    @property
    def code(self) -> int:
        """The value that stands for it in provenance images (0 is nobody)."""
        return _CODES[self]


_CODES = {Origin.MODEL: 1, Origin.HUMAN: 2, Origin.IMPORTED: 3}


@dataclass(frozen=True, slots=True)
class Segment:
    """What is known of one segment besides its pixels.

    Attributes:
        category: Index in the taxonomy.
        is_crowd: Whether it is a group whose instances cannot be told apart.
        score: The model's confidence, 0 to 1; None if no model proposed it.
        origin: Who gave it its category.
        locked: Whether edits must leave its pixels and its record alone.
    """

    category: int
    is_crowd: bool = False
    score: float | None = None
    origin: Origin = Origin.HUMAN
    locked: bool = False


class PanopticMap:
    """A partition of an image: every pixel has exactly one id, every id but void exactly one segment with pixels.

    Only patches and strokes write to it; everything it hands out is read-only and live. Areas are kept up to date by
    every change, bounding boxes are found when asked for inside a known bound and then kept, so neither needs a scan
    of the image. One thread edits a map; others may read it, but see whatever the edit under way has reached.
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        segments: Mapping[int, Segment],
        provenance: NDArray[np.uint8] | None = None,
        survey: tuple[dict[int, int], dict[int, Box]] | None = None,
    ) -> None:
        """Takes over an id image (without a copy if it is C-contiguous; do not write to it afterwards).

        Args:
            ids: Segment id per pixel, 0 is void. [H, W] int32.
            segments: The record of every id in `ids` but void.
            provenance: Who said so last, per pixel: 0 nobody, else `Origin.code`. [H, W] uint8. If missing, each
                pixel has its segment's origin.
            survey: The pixels of each id, void included, and a box that holds them all, if they are known for sure
                (the image is not looked at then).

        Raises:
            PartitionError: An id has no segment, a segment no pixel, an id is negative or above `MAX_ID`, or the
                shapes differ.
        """
        if ids.ndim != 2:
            raise PartitionError(f"an id image has 2 dimensions, not {ids.ndim}")
        self._ids = _owned(ids, np.dtype(np.int32))
        self._segments = dict(segments)
        areas, bounds = _survey(self._ids) if survey is None else survey
        self._areas, self._bounds = dict(areas), dict(bounds)
        self._tight: set[int] = set()
        self._lock, self._num_changes = threading.Lock(), 0
        self._stroke_active = False
        self._mark = new_mark()
        self._next_id = max([0, *self._segments, *self._areas]) + 1
        self._compare_ids()
        if provenance is None:
            provenance = self._look_up({i: s.origin.code for i, s in self._segments.items()}, 0)
        if provenance.shape != ids.shape:
            raise PartitionError(f"provenance is {provenance.shape}, the id image {ids.shape}")
        self._provenance = _owned(provenance, np.dtype(np.uint8))
        self._ids_view = _read_only(self._ids)
        self._provenance_view = _read_only(self._provenance)
        self._segments_view = MappingProxyType(self._segments)

    @classmethod
    def from_arrays(
        cls,
        ids: NDArray[np.int32],
        segments: Mapping[int, Segment],
        provenance: NDArray[np.uint8] | None = None,
    ) -> PanopticMap:
        """As the constructor, but leaves out segments that no pixel shows instead of refusing them."""
        ids = _owned(ids, np.dtype(np.int32))
        survey = _survey(ids)
        shown = {i: segment for i, segment in segments.items() if i in survey[0]}
        return cls(ids, shown, provenance, survey)

    @classmethod
    def empty(cls, height: int, width: int) -> PanopticMap:
        """Makes a map that is all void, and takes hardly any memory until something is painted."""
        # Nothing looks at the pixels here, so the system need not even provide them yet.
        survey = ({VOID: height * width}, {VOID: Box(0, 0, height, width)}) if height and width else None
        ids, provenance = np.zeros((height, width), dtype=np.int32), np.zeros((height, width), dtype=np.uint8)
        return cls(ids, {}, provenance, survey)

    def copy(self) -> PanopticMap:
        """Returns an independent map with the same content and the same next id."""
        twin = object.__new__(PanopticMap)
        twin._ids, twin._provenance = self._ids.copy(), self._provenance.copy()
        twin._segments, twin._areas = dict(self._segments), dict(self._areas)
        twin._bounds, twin._tight = dict(self._bounds), set(self._tight)
        twin._next_id = self._next_id
        twin._mark = self._mark
        twin._stroke_active = False
        twin._lock, twin._num_changes = threading.Lock(), 0
        twin._ids_view, twin._provenance_view = _read_only(twin._ids), _read_only(twin._provenance)
        twin._segments_view = MappingProxyType(twin._segments)
        return twin

    @property
    def ids(self) -> NDArray[np.int32]:
        """Segment id per pixel, read-only and live. [H, W] int32."""
        return self._ids_view

    @property
    def provenance(self) -> NDArray[np.uint8]:
        """Who said so last, per pixel: 0 nobody, 1 model, 2 human, 3 imported; read-only and live. [H, W] uint8."""
        return self._provenance_view

    @property
    def segments(self) -> Mapping[int, Segment]:
        """The record of each id, read-only and live."""
        return self._segments_view

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self._ids.shape[0], self._ids.shape[1])

    @property
    def mark(self) -> int:
        """The number of the map's state: each patch leads from one to another and, reverted, back to that."""
        return self._mark

    def adopt_mark(self, mark: int) -> None:
        """Says that the map is in a state that is known under this number."""
        self._mark = mark

    @property
    def box(self) -> Box:
        """The box of the whole image."""
        return Box(0, 0, *self.shape)

    def next_id(self) -> int:
        """Returns the end of the ids given out so far, also of those deleted since: a table by id is this long."""
        return self._next_id

    def new_ids(self) -> Iterator[int]:
        """Yields ids for new segments, from `next_id` on: none is given twice, not even after a deletion.

        Only when an image has used ids up to `MAX_ID` (imported ones may begin there) come those that no segment has.

        Raises:
            EditError: Every id has a segment.
        """
        yield from range(self._next_id, MAX_ID + 1)
        yield from (i for i in range(1, min(self._next_id, MAX_ID + 1)) if i not in self._segments)
        raise EditError(f"this image has {MAX_ID} segments already and takes no more; delete or merge some first")

    def reserve_ids(self, next_id: int) -> None:
        """Makes sure that new ids start at `next_id` or later (ids given out in an earlier session)."""
        self._next_id = max(self._next_id, next_id)

    def area(self, segment_id: int) -> int:
        """Returns the pixels of a segment or of void; 0 if there are none. A stroke counts when it is finished."""
        return self._areas.get(segment_id, 0)

    def areas(self) -> dict[int, int]:
        """Returns the pixels of each segment, without void."""
        return {i: self._areas.get(i, 0) for i in self._segments}

    def bbox(self, segment_id: int) -> Box:
        """Returns the smallest box around a segment or void, an empty box if it has no pixels."""
        if self._areas.get(segment_id, 0) == 0:
            return EMPTY_BOX
        bound, num_changes = self._bounds[segment_id], self._num_changes
        if segment_id not in self._tight:
            bound = box_of_id(self._ids[bound.slices], segment_id, bound)
            with self._lock:
                # A reader in another thread must not put back what was true before a change.
                if num_changes == self._num_changes:
                    self._bounds[segment_id] = bound
                    self._tight.add(segment_id)
        return bound

    def bound(self, segment_id: int) -> Box:
        """Returns a box that holds a segment or void, perhaps too large, without looking for the smallest."""
        return self._bounds[segment_id] if self._areas.get(segment_id, 0) else EMPTY_BOX

    def mask(self, segment_id: int) -> tuple[Mask, Box]:
        """Returns the pixels of a segment or void as a mask of its bounding box, and that box."""
        bound, num_changes = self._bounds.get(segment_id, EMPTY_BOX), self._num_changes
        if segment_id in self._tight or bound.is_empty:
            box = self.bbox(segment_id)
            return self._ids[box.slices] == segment_id, box
        # Looking for the box and making the mask is one pass, not two.
        mask = self._ids[bound.slices] == segment_id
        box = tight_box(mask, bound)
        with self._lock:
            if num_changes == self._num_changes:
                self._bounds[segment_id] = box
                self._tight.add(segment_id)
        return mask[box.moved(-bound.y0, -bound.x0).slices], box

    def ids_of_category(self, category: int) -> list[int]:
        """Returns the segments of a category, by ascending id."""
        return sorted(i for i, segment in self._segments.items() if segment.category == category)

    def category_map(self) -> NDArray[np.uint8]:
        """Returns the category per pixel, `VOID_CATEGORY` where unlabelled. [H, W] uint8."""
        return self._look_up({i: s.category for i, s in self._segments.items()}, VOID_CATEGORY)

    def check(self, taxonomy: Taxonomy | None = None, *, merged_stuff: bool = True) -> None:
        """Counts everything anew and compares.

        Args:
            taxonomy: If given, categories must be in it.
            merged_stuff: Whether a stuff category of `taxonomy` may have at most one segment that is no crowd.

        Raises:
            PartitionError: The map is no partition, or what it remembers of itself is wrong.
        """
        areas, _ = _survey(self._ids)
        if areas != {i: area for i, area in self._areas.items() if area}:
            raise PartitionError("the areas that the map remembers are not those of its pixels")
        self._compare_ids()
        if max([0, *self._segments]) >= self._next_id:
            raise PartitionError(f"the next id {self._next_id} is already in use")
        for segment_id in (*self._segments, VOID):
            mask = self._ids == segment_id
            if self.bbox(segment_id) != tight_box(mask, self.box):
                raise PartitionError(f"the bounding box that the map remembers of {segment_id} is wrong")
        if int(self._provenance.max(initial=0)) > max(_CODES.values()):
            raise PartitionError("provenance holds an unknown code")
        if taxonomy is not None:
            self._check_categories(taxonomy, merged_stuff)

    def _check_categories(self, taxonomy: Taxonomy, merged_stuff: bool) -> None:
        seen: dict[int, int] = {}
        for segment_id, segment in self._segments.items():
            if not 0 <= segment.category < len(taxonomy):
                raise PartitionError(f"segment {segment_id} has category {segment.category}, not in the taxonomy")
            if merged_stuff and taxonomy.is_stuff(segment.category) and not segment.is_crowd:
                other = seen.setdefault(segment.category, segment_id)
                if other != segment_id:
                    name = taxonomy[segment.category].name
                    raise PartitionError(f"stuff category {name!r} has two segments, {other} and {segment_id}")

    def _compare_ids(self) -> None:
        present = {i for i, area in self._areas.items() if area and i != VOID}
        if present and (min(present) < 0 or max(present) > MAX_ID):
            raise PartitionError(f"ids go from {min(present)} to {max(present)}; 0 to {MAX_ID} are possible")
        if present != self._segments.keys():
            missing = sorted(present - self._segments.keys())[:5]
            unused = sorted(self._segments.keys() - present)[:5]
            raise PartitionError(f"ids without a segment: {missing}; segments without a pixel: {unused}")

    def _look_up(self, values: Mapping[int, int], otherwise: int) -> NDArray[np.uint8]:
        table = np.full(max([0, *self._areas]) + 1, otherwise, dtype=np.uint8)
        for segment_id, value in values.items():
            table[segment_id] = value
        result = np.empty(self._ids.shape, dtype=np.uint8)
        # mode="clip" writes without a buffer; ids are inside the table by construction
        np.take(table, self._ids, out=result, mode="clip")
        return result

    # The three below are for patches and strokes only: they keep what the map remembers in step with its pixels.

    def _replace_segments(self, records: Mapping[int, Segment | None]) -> None:
        for segment_id, segment in records.items():
            if segment is None:
                self._segments.pop(segment_id, None)
            else:
                self._segments[segment_id] = segment
                self._next_id = max(self._next_id, segment_id + 1)

    def _account(self, runs: Runs) -> None:
        with self._lock:
            self._num_changes += 1
            self._count_changed(runs)

    def _count_changed(self, runs: Runs) -> None:
        for segment_id, pixels in runs.count(runs.before).items():
            self._areas[segment_id] = self._areas.get(segment_id, 0) - pixels
            self._tight.discard(segment_id)
        gained = runs.count(runs.after)
        for segment_id, box in runs.boxes(runs.after).items():
            area = self._areas.get(segment_id, 0)
            was_empty = area == 0
            self._areas[segment_id] = area + gained[segment_id]
            if was_empty:
                self._bounds[segment_id] = box
            else:
                self._bounds[segment_id] = self._bounds[segment_id].union(box)
        for segment_id in [i for i, area in self._areas.items() if area == 0]:
            del self._areas[segment_id]
            self._bounds.pop(segment_id, None)
            self._tight.discard(segment_id)

    def _write(self, runs: Runs) -> None:
        runs.write_to(self._ids, self._provenance)
        self._account(runs)


def _survey(ids: NDArray[np.int32]) -> tuple[dict[int, int], dict[int, Box]]:
    """Counts the pixels of each id and bounds each by the tiles that show it."""
    areas: dict[int, int] = {}
    bounds: dict[int, Box] = {}
    height, width = ids.shape
    for y in range(0, height, _TILE_PX):
        for x in range(0, width, _TILE_PX):
            box = Box(y, x, min(y + _TILE_PX, height), min(x + _TILE_PX, width))
            present, pixels = count_ids(ids[box.slices])
            for segment_id, number in zip(present.tolist(), pixels.tolist(), strict=True):
                areas[segment_id] = areas.get(segment_id, 0) + number
                bounds[segment_id] = bounds[segment_id].union(box) if segment_id in bounds else box
    return areas, bounds


def _owned(array: NDArray[_T], dtype: np.dtype[_T]) -> NDArray[_T]:
    array = np.ascontiguousarray(array, dtype=dtype)
    return array if array.flags.writeable else array.copy()


def _read_only(array: NDArray[_T]) -> NDArray[_T]:
    view = array.view()
    view.flags.writeable = False
    return view
