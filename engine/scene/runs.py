"""Runs of equal pixels: how patches hold what changed, and how ids are counted without sorting pixels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask

# Runs longer than this on average are written one by one (a slice assignment each); shorter ones all at once through
# an index array. Both ways give the same result; measured, they cost the same near this length.
_SLICE_LENGTH = 48

# Crops are compared in strips of about so many pixels: what is made on the way then stays in the processor's cache.
_STRIP_PIXELS = 1 << 17

# Stretches of touching runs are put together in batches of about so many pixels.
_BATCH_PIXELS = 1 << 15

_ARRAYS = ("y", "x", "length", "before", "after", "vouched_before", "vouched_after")


@dataclass(frozen=True, slots=True)
class Runs:
    """Changed pixels as horizontal runs in which everything before and everything after is the same.

    Attributes:
        y: Row of each run. [N] int32.
        x: First column of each run. [N] int32.
        length: Pixels in each run, at least 1. [N] int32.
        before: Id before the change. [N] int32.
        after: Id after the change. [N] int32.
        vouched_before: Provenance code before. [N] uint8.
        vouched_after: Provenance code after. [N] uint8.
    """

    y: NDArray[np.int32]
    x: NDArray[np.int32]
    length: NDArray[np.int32]
    before: NDArray[np.int32]
    after: NDArray[np.int32]
    vouched_before: NDArray[np.uint8]
    vouched_after: NDArray[np.uint8]

    @classmethod
    def between(
        cls,
        before: NDArray[np.int32],
        after: NDArray[np.int32],
        vouched_before: NDArray[np.uint8],
        vouched_after: NDArray[np.uint8],
        origin_yx: tuple[int, int],
    ) -> Runs:
        """Finds the runs where two crops of an image differ, row by row from the top left.

        Args:
            before, after: Ids of the crop. [h, w] int32.
            vouched_before, vouched_after: Provenance of the crop. [h, w] uint8.
            origin_yx: Where the crop lies in the image.
        """
        return cls.where(before, after, vouched_before, vouched_after, origin_yx, None)

    @classmethod
    def where(
        cls,
        before: NDArray[np.int32],
        after: NDArray[np.int32] | np.int32,
        vouched_before: NDArray[np.uint8],
        vouched_after: NDArray[np.uint8] | np.uint8,
        origin_yx: tuple[int, int],
        pixels: Mask | None,
    ) -> Runs:
        """As `between`, but what comes after counts only for some pixels, and may be the same for all of them.

        Args:
            before, vouched_before: The crop as it is. [h, w] int32, uint8.
            after, vouched_after: What the pixels become: [h, w] or one value.
            origin_yx: Where the crop lies in the image.
            pixels: Those that count, None for all. [h, w] bool.
        """
        rows_at_once = max(1, _STRIP_PIXELS // max(1, before.shape[1]))
        parts = []
        for start in range(0, before.shape[0], rows_at_once):
            strip = slice(start, start + rows_at_once)
            part = cls._of_strip(
                before[strip],
                after[strip] if isinstance(after, np.ndarray) else after,
                vouched_before[strip],
                vouched_after[strip] if isinstance(vouched_after, np.ndarray) else vouched_after,
                None if pixels is None else pixels[strip],
            )
            if len(part):
                parts.append(part.moved((origin_yx[0] + start, origin_yx[1])))
        return cls.concatenated(parts)

    @classmethod
    def _of_strip(
        cls,
        before: NDArray[np.int32],
        after: NDArray[np.int32] | np.int32,
        vouched_before: NDArray[np.uint8],
        vouched_after: NDArray[np.uint8] | np.uint8,
        pixels: Mask | None,
    ) -> Runs:
        changed = before != after
        changed |= vouched_before != vouched_after
        if pixels is not None:
            changed &= pixels
        rows = np.flatnonzero(changed.any(axis=1))
        if not len(rows):
            return cls.empty()
        # Whole unchanged rows and columns at the borders cost nothing below.
        first, last = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(changed[first:last].any(axis=0))
        left, right = int(columns[0]), int(columns[-1]) + 1
        window = (slice(first, last), slice(left, right))
        changed, before, vouched_before = changed[window], before[window], vouched_before[window]
        columns_of: list[NDArray[np.int32] | NDArray[np.uint8] | Mask] = [before, vouched_before]
        if isinstance(after, np.ndarray):
            after = after[window]
            columns_of.append(after)
        if isinstance(vouched_after, np.ndarray):
            vouched_after = vouched_after[window]
            columns_of.append(vouched_after)
        if pixels is not None:
            columns_of.append(changed)
        edge = np.empty(changed.shape, dtype=np.bool_)
        edge[:, 0] = True
        inner = edge[:, 1:]
        np.not_equal(before[:, 1:], before[:, :-1], out=inner)
        # Where all pixels count, whether one changed follows from these, so it needs no comparison of its own.
        differs = np.empty(inner.shape, dtype=np.bool_)
        for values in columns_of[1:]:
            np.not_equal(values[:, 1:], values[:, :-1], out=differs)
            inner |= differs
        flat = np.flatnonzero(edge)
        lengths = np.diff(flat, append=edge.size)
        y, x = np.divmod(flat, edge.shape[1])
        kept = changed[y, x]
        y, x, lengths = y[kept], x[kept], lengths[kept]
        return cls(
            (y + first).astype(np.int32),
            (x + left).astype(np.int32),
            lengths.astype(np.int32),
            before[y, x],
            after[y, x] if isinstance(after, np.ndarray) else np.full(len(y), after, dtype=np.int32),
            vouched_before[y, x],
            vouched_after[y, x] if isinstance(vouched_after, np.ndarray) else np.full(len(y), vouched_after, np.uint8),
        )

    @classmethod
    def empty(cls) -> Runs:
        none = np.zeros(0, dtype=np.int32)
        return cls(none, none, none, none, none, np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.uint8))

    @classmethod
    def concatenated(cls, parts: list[Runs]) -> Runs:
        """Puts runs of crops one below the other together; none of them touch."""
        if len(parts) < 2:
            return parts[0] if parts else cls.empty()
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))

    def moved(self, by_yx: tuple[int, int]) -> Runs:
        """Returns the same change elsewhere."""
        y, x = self.y + np.int32(by_yx[0]), self.x + np.int32(by_yx[1])
        return Runs(y, x, self.length, self.before, self.after, self.vouched_before, self.vouched_after)

    @classmethod
    def joined(cls, parts: list[Runs]) -> Runs:
        """Puts runs of disjoint crops together, in row order; runs that touch and agree become one."""
        if not parts:
            return cls.empty()
        y = np.concatenate([part.y for part in parts])
        x = np.concatenate([part.x for part in parts])
        order = np.lexsort((x, y))
        y, x = y[order], x[order]
        length = np.concatenate([part.length for part in parts])[order]
        before = np.concatenate([part.before for part in parts])[order]
        after = np.concatenate([part.after for part in parts])[order]
        vouched_before = np.concatenate([part.vouched_before for part in parts])[order]
        vouched_after = np.concatenate([part.vouched_after for part in parts])[order]
        if not len(y):
            return cls.empty()
        begins = np.ones(len(y), dtype=np.bool_)
        begins[1:] = (
            (y[1:] != y[:-1])
            | (x[1:] != x[:-1] + length[:-1])
            | (before[1:] != before[:-1])
            | (after[1:] != after[:-1])
            | (vouched_before[1:] != vouched_before[:-1])
            | (vouched_after[1:] != vouched_after[:-1])
        )
        starts = np.flatnonzero(begins)
        length = np.add.reduceat(length, starts).astype(np.int32)
        return cls(
            y[starts],
            x[starts],
            length,
            before[starts],
            after[starts],
            vouched_before[starts],
            vouched_after[starts],
        )

    def __len__(self) -> int:
        return len(self.y)

    @property
    def num_pixels(self) -> int:
        return int(self.length.sum(dtype=np.int64))

    @property
    def box(self) -> Box:
        """The smallest box around all runs."""
        if not len(self.y):
            return EMPTY_BOX
        return Box(int(self.y.min()), int(self.x.min()), int(self.y.max()) + 1, int((self.x + self.length).max()))

    def reversed(self) -> Runs:
        """Returns the opposite change."""
        return Runs(self.y, self.x, self.length, self.after, self.before, self.vouched_after, self.vouched_before)

    def write_to(self, ids: NDArray[np.int32], provenance: NDArray[np.uint8]) -> None:
        """Writes the state after the change into an id image and its provenance. Both [H, W], C-contiguous."""
        if not len(self.y):
            return
        flat_ids, flat_provenance = ids.reshape(-1), provenance.reshape(-1)
        starts = self.y.astype(np.int64) * ids.shape[1] + self.x
        if self.num_pixels >= _SLICE_LENGTH * len(self.y):
            _fill(flat_ids, starts, self.length, self.after)
            if (self.vouched_before != self.vouched_after).any():
                _fill(flat_provenance, starts, self.length, self.vouched_after)
            return
        index = self._index(ids.shape[1])
        flat_ids[index] = np.repeat(self.after, self.length)
        flat_provenance[index] = np.repeat(self.vouched_after, self.length)

    @property
    def ids(self) -> frozenset[int]:
        """The ids that the pixels have before or after."""
        if not len(self.y):
            return frozenset()
        return frozenset(_grouped(self.before)[0].tolist() + _grouped(self.after)[0].tolist())

    def count(self, values: NDArray[np.int32]) -> dict[int, int]:
        """Returns pixels per distinct value of `values`, one of this object's arrays."""
        if not len(values):
            return {}
        distinct, order, starts = _grouped(values)
        pixels = np.add.reduceat(self.length[order], starts, dtype=np.int64)
        return dict(zip(distinct.tolist(), pixels.tolist(), strict=True))

    def changes(self) -> dict[int, int]:
        """Returns how many pixels each id gains, void included; fewer than none if it loses some."""
        change = {i: -pixels for i, pixels in self.count(self.before).items()}
        for segment_id, pixels in self.count(self.after).items():
            change[segment_id] = change.get(segment_id, 0) + pixels
        return change

    def fits(self, ids: NDArray[np.int32], provenance: NDArray[np.uint8]) -> bool:
        """Tells whether an id image and its provenance are as before the change, pixel by pixel. Both [H, W]."""
        index = self._index(ids.shape[1])
        was = np.repeat(self.before, self.length), np.repeat(self.vouched_before, self.length)
        return bool((ids.reshape(-1)[index] == was[0]).all() and (provenance.reshape(-1)[index] == was[1]).all())

    def _index(self, width: int) -> NDArray[np.int64]:
        """Returns the place of each pixel in an image of this width, row by row."""
        length = self.length.astype(np.int64)
        offsets = np.cumsum(length) - length
        index = np.repeat(self.y.astype(np.int64) * width + self.x - offsets, length)
        index += np.arange(len(index))
        return index

    def boxes(self, values: NDArray[np.int32]) -> dict[int, Box]:
        """Returns the smallest box around the runs of each distinct value of `values`."""
        if not len(values):
            return {}
        distinct, order, starts = _grouped(values)
        y, x = self.y[order], self.x[order]
        sides = (
            np.minimum.reduceat(y, starts),
            np.minimum.reduceat(x, starts),
            np.maximum.reduceat(y, starts) + 1,
            np.maximum.reduceat(x + self.length[order], starts),
        )
        boxes = zip(*(side.tolist() for side in sides), strict=True)
        return {value: Box(*box) for value, box in zip(distinct.tolist(), boxes, strict=True)}


def _grouped(values: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Returns the distinct values, the order that puts equal ones together, and where each begins in that order."""
    low, high = int(values.min()), int(values.max())
    # Small numbers are sorted by their digits, several times faster.
    keys = values.astype(np.uint16) if low >= 0 and high < 1 << 16 else values
    order = np.argsort(keys, kind="stable")
    ordered = values[order]
    begins = np.ones(len(values), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    starts = np.flatnonzero(begins)
    return ordered[starts], order, starts


def _fill(
    flat: NDArray[np.int32] | NDArray[np.uint8],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int32],
    values: NDArray[np.int32] | NDArray[np.uint8],
) -> None:
    """Writes long runs; those that touch and agree are one, also across the end of a row."""
    ends = starts + lengths
    touches = starts[1:] == ends[:-1]
    firsts = np.flatnonzero(np.append(True, ~(touches & (values[1:] == values[:-1]))))
    lasts = np.append(firsts[1:], len(starts)) - 1
    starts, ends, values = starts[firsts], ends[lasts], values[firsts]
    stretches = np.flatnonzero(np.append(True, starts[1:] != ends[:-1]))  # runs that touch, whatever their values
    if len(starts) < 2 * len(stretches):
        for begin, end, value in zip(starts.tolist(), ends.tolist(), values.tolist(), strict=True):
            flat[begin:end] = value
        return
    # Many short assignments cost more than to put a stretch together first, where that stays in the cache.
    lengths = ends - starts
    offsets = (np.cumsum(lengths) - lengths)[stretches]
    batches = np.flatnonzero(np.append(True, np.diff(offsets // _BATCH_PIXELS) > 0)).tolist()
    bounds, places = [*stretches.tolist(), len(starts)], starts[stretches].tolist()
    sizes = np.diff(np.append(offsets, lengths.sum())).tolist()
    for first, last in pairwise([*batches, len(stretches)]):
        runs = slice(bounds[first], bounds[last])
        content, offset = np.repeat(values[runs], lengths[runs]), 0
        for begin, size in zip(places[first:last], sizes[first:last], strict=True):
            flat[begin : begin + size] = content[offset : offset + size]
            offset += size


def count_ids(ids: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Returns the distinct ids of a crop, ascending, and the pixels of each.

    Counts runs, not pixels: an id image has long ones, so this is many times faster than sorting pixels.
    """
    if ids.size == 0:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
    edge = np.empty(ids.shape, dtype=np.bool_)
    edge[:, 0] = True
    np.not_equal(ids[:, 1:], ids[:, :-1], out=edge[:, 1:])
    starts = np.flatnonzero(edge)
    values = ids[edge]
    lengths = np.diff(starts, append=ids.size)
    distinct, inverse = np.unique(values, return_inverse=True)
    return distinct, np.bincount(inverse, weights=lengths).astype(np.int64)
