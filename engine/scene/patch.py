"""The patch: the smallest reversible change of a panoptic map, and the atom of undo and of the journal."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import PatchError
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment, new_mark
from seamseg_studio.engine.scene.runs import Runs
from seamseg_studio.engine.scene.taxonomy import VOID

Records = Mapping[int, Segment | None]
"""Segment records by id; None means that there is none."""

_MAGIC = b"SSP1"
_HEADER = struct.Struct("<4sIIII")  # magic, crc32 of the rest, bytes of JSON, bytes of runs, number of runs


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of pixels and segment records that can be made and unmade exactly.

    Attributes:
        shape: Height and width of the image that it belongs to.
        runs: The changed pixels, before and after. Only these are held, so a patch grows with what changed.
        segments_before: The records that change, as they were; None where there was none.
        segments_after: The same ids afterwards.
        label: What a person did, for the history list.
        mark_before: The state of the map that it was made for, see `PanopticMap.mark`; 0 if unknown.
        mark_after: The state that it leads to.
    """

    shape: tuple[int, int]
    runs: Runs
    segments_before: Records
    segments_after: Records
    label: str = ""
    mark_before: int = field(default=0, compare=False, repr=False)
    mark_after: int = field(default=0, compare=False, repr=False)

    def __post_init__(self) -> None:
        assert self.segments_before.keys() == self.segments_after.keys()
        object.__setattr__(self, "segments_before", MappingProxyType(dict(self.segments_before)))
        object.__setattr__(self, "segments_after", MappingProxyType(dict(self.segments_after)))

    @property
    def box(self) -> Box:
        """The smallest box around the changed pixels; empty if only records change."""
        return self.runs.box

    @property
    def is_empty(self) -> bool:
        """Whether the patch changes nothing."""
        return not len(self.runs) and dict(self.segments_before) == dict(self.segments_after)

    @property
    def num_pixels(self) -> int:
        """How many pixels change (their id or who vouches for them)."""
        return self.runs.num_pixels

    @property
    def num_bytes(self) -> int:
        """Size in memory, about."""
        return 26 * len(self.runs) + 100 * len(self.segments_before)

    @property
    def touched_ids(self) -> frozenset[int]:
        """The segments whose pixels or record change, void left out."""
        return self.runs.ids - {0} | frozenset(self.segments_before)

    def apply(self, panoptic_map: PanopticMap) -> None:
        """Makes the change.

        Raises:
            PatchError: The map is not in the state that the patch was made for; it is left as it was.
        """
        self._step(panoptic_map, self.runs, self.segments_before, self.segments_after)
        panoptic_map.adopt_mark(self.mark_after or new_mark())

    def revert(self, panoptic_map: PanopticMap) -> None:
        """Unmakes the change: pixels, provenance and records are then exactly as before `apply`.

        Raises:
            PatchError: The map is not in the state that the patch leaves; it is left as it was.
        """
        self._step(panoptic_map, self.runs.reversed(), self.segments_after, self.segments_before)
        panoptic_map.adopt_mark(self.mark_before or new_mark())

    def check(self, panoptic_map: PanopticMap) -> None:
        """Looks at every pixel, where `apply` is content with some, and at what would come of it.

        Raises:
            PatchError: The map is not in the state that the patch was made for, or would be no partition after it.
        """
        if len(self.runs) and not panoptic_map.box.contains(self.box):
            raise PatchError(f"the change {self.label!r} reaches outside this map")
        self._check_state(panoptic_map, self.runs, self.segments_before)
        if not self.runs.fits(panoptic_map.ids, panoptic_map.provenance):
            raise PatchError(f"the change {self.label!r} does not fit the pixels of this map")
        changes = self.runs.changes()
        for segment_id in (changes.keys() | self.segments_after.keys()) - {VOID}:
            after = self.segments_after.get(segment_id, panoptic_map.segments.get(segment_id))
            if (panoptic_map.area(segment_id) + changes.get(segment_id, 0) > 0) is not (after is not None):
                raise PatchError(f"the change {self.label!r} leaves segment {segment_id} without pixels or record")

    def _step(self, panoptic_map: PanopticMap, runs: Runs, expected: Records, records: Records) -> None:
        self._check_state(panoptic_map, runs, expected)
        panoptic_map._write(runs)
        panoptic_map._replace_segments(records)

    def _check_state(self, panoptic_map: PanopticMap, runs: Runs, expected: Records) -> None:
        if panoptic_map.shape != self.shape:
            raise PatchError(f"a change of a {self.shape} image does not fit one of {panoptic_map.shape}")
        if panoptic_map._stroke_active:
            raise PatchError(f"finish the stroke before the change {self.label!r}")
        for segment_id, record in expected.items():
            if panoptic_map.segments.get(segment_id) != record:
                raise PatchError(f"the change {self.label!r} does not fit: segment {segment_id} is not as expected")
        # One pixel of each run is looked at: cheap, and it finds a patch applied twice or out of order.
        if not np.array_equal(panoptic_map.ids[runs.y, runs.x], runs.before):
            raise PatchError(f"the change {self.label!r} does not fit the pixels of this map")

    def to_bytes(self) -> bytes:
        """Returns the patch as bytes for the journal: checksummed, runs compressed by zlib."""
        runs = self.runs
        flat = runs.y.astype(np.int64) * self.shape[1] + runs.x
        columns = (np.diff(flat, prepend=0), runs.length, runs.before, runs.after)
        packed = b"".join(np.ascontiguousarray(column, dtype="<i4").tobytes() for column in columns[1:])
        body = np.ascontiguousarray(columns[0], dtype="<i8").tobytes() + packed
        body += (runs.vouched_before | (runs.vouched_after << 4)).astype(np.uint8).tobytes()
        data = zlib.compress(body, 1)
        text = json.dumps(
            {
                "shape": list(self.shape),
                "label": self.label,
                "before": [[i, record_to_json(record)] for i, record in self.segments_before.items()],
                "after": [[i, record_to_json(record)] for i, record in self.segments_after.items()],
            },
            separators=(",", ":"),
        ).encode()
        crc = zlib.crc32(data, zlib.crc32(text))
        return _HEADER.pack(_MAGIC, crc, len(text), len(data), len(runs)) + text + data

    @classmethod
    def from_bytes(cls, data: bytes) -> Patch:
        """Reads what `to_bytes` gives.

        Raises:
            PatchError: The bytes are damaged or no patch.
        """
        try:
            magic, crc, text_size, data_size, num_runs = _HEADER.unpack_from(data)
            text, packed = data[_HEADER.size : _HEADER.size + text_size], data[_HEADER.size + text_size :]
            if magic != _MAGIC or len(packed) != data_size or zlib.crc32(packed, zlib.crc32(text)) != crc:
                raise PatchError("a change in the journal is damaged")
            parsed = json.loads(text)
            shape = (int(parsed["shape"][0]), int(parsed["shape"][1]))
            runs = _unpack_runs(_unpacked(packed, num_runs), num_runs, shape)
            before = {int(i): record_from_json(record) for i, record in parsed["before"]}
            after = {int(i): record_from_json(record) for i, record in parsed["after"]}
            if before.keys() != after.keys() or any(i <= VOID for i in before):
                raise PatchError("a change in the journal is damaged")
            return cls(shape, runs, before, after, str(parsed["label"]))
        except PatchError:
            raise
        except (struct.error, zlib.error, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise PatchError("a change in the journal is damaged") from error


_RUN_BYTES = 8 + 3 * 4 + 1
_MOST_CODE = 3  # of provenance


def _unpacked(packed: bytes, num_runs: int) -> bytes:
    """Inflates the runs, and no more than they can be: a row of a stranger's database may be a bomb."""
    unpack = zlib.decompressobj()
    body = unpack.decompress(packed, num_runs * _RUN_BYTES + 1)
    if len(body) != num_runs * _RUN_BYTES or not unpack.eof:
        raise PatchError("a change in the journal is damaged")
    return body


def _unpack_runs(body: bytes, num_runs: int, shape: tuple[int, int]) -> Runs:
    height, width = shape
    flat = np.cumsum(np.frombuffer(body, dtype="<i8", count=num_runs))
    integers = np.frombuffer(body, dtype="<i4", count=3 * num_runs, offset=8 * num_runs).reshape(3, num_runs)
    codes = np.frombuffer(body, dtype=np.uint8, offset=20 * num_runs)
    y, x = np.divmod(flat, max(width, 1))
    length, before, after = (np.array(row, dtype=np.int32) for row in integers)
    ends = flat + length
    is_sound = num_runs == 0 or (
        height > 0 < width
        and flat[0] >= 0
        and ends[-1] <= height * width
        and bool((length > 0).all() and (x + length <= width).all() and (flat[1:] >= ends[:-1]).all())
        and bool((before >= 0).all() and (after >= 0).all() and ((codes & 15) <= _MOST_CODE).all())
        and bool(((codes >> 4) <= _MOST_CODE).all())
    )
    if not is_sound:
        raise PatchError("a change in the journal is damaged")
    return Runs(
        y.astype(np.int32), x.astype(np.int32), length, before, after, codes & np.uint8(15), codes >> np.uint8(4)
    )


def record_to_json(segment: Segment | None) -> dict[str, object] | None:
    """Returns a segment as a JSON value; None stays None."""
    if segment is None:
        return None
    return {
        "category": segment.category,
        "is_crowd": segment.is_crowd,
        "score": segment.score,
        "origin": segment.origin.value,
        "locked": segment.locked,
    }


def record_from_json(data: Mapping[str, object] | None) -> Segment | None:
    """Reads what `record_to_json` gives.

    Raises:
        ValueError, KeyError, TypeError: A field is missing or of another type.
    """
    if data is None:
        return None
    category, score = data["category"], data["score"]
    if type(category) is not int or not (score is None or isinstance(score, int | float)):
        raise TypeError("a segment's category is a number and its score a number or nothing")
    return Segment(
        category=category,
        is_crowd=bool(data["is_crowd"]),
        score=None if score is None else float(score),
        origin=Origin(str(data["origin"])),
        locked=bool(data["locked"]),
    )


def patch_between(
    panoptic_map: PanopticMap,
    box: Box,
    ids_after: NDArray[np.int32],
    provenance_after: NDArray[np.uint8],
    records: Records,
    label: str,
) -> Patch:
    """Makes the patch that turns the content of `box` into the given crops.

    Args:
        panoptic_map: The map as it is; not changed.
        box: The part of the image that changes.
        ids_after: Ids in `box` afterwards. [h, w] int32.
        provenance_after: Provenance codes in `box` afterwards. [h, w] uint8.
        records: Records of new or changed segments; those that end up without a pixel are dropped from the map.
        label: What a person did.
    """
    runs = Runs.between(
        panoptic_map.ids[box.slices],
        ids_after,
        panoptic_map.provenance[box.slices],
        provenance_after,
        (box.y0, box.x0),
    )
    return patch_of_runs(panoptic_map, runs, records, label)


def patch_of_runs(panoptic_map: PanopticMap, runs: Runs, records: Records, label: str) -> Patch:
    """Makes the patch of some changed pixels, dropping the segments that lose their last one."""
    change = runs.changes()
    before: dict[int, Segment | None] = {}
    after: dict[int, Segment | None] = {}
    for segment_id in sorted((change.keys() | records.keys()) - {0}):
        was = panoptic_map.segments.get(segment_id)
        is_left = panoptic_map.area(segment_id) + change.get(segment_id, 0) > 0
        now = records.get(segment_id, was) if is_left else None
        if was != now:
            before[segment_id], after[segment_id] = was, now
    return Patch(panoptic_map.shape, runs, before, after, label, panoptic_map.mark, new_mark())
