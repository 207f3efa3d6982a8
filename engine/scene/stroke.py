"""A stroke: one drag of the brush or the eraser, visible as it is drawn and one patch in the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.fill import stuff_around
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask, Spans, capsule_spans, disk_spans, tight_box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch, patch_of_runs
from seamseg_studio.engine.scene.policy import EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.runs import Runs
from seamseg_studio.engine.scene.taxonomy import VOID

_TILE_PX = 256


@dataclass(slots=True)
class _Tile:
    """One tile of the image as it was before the stroke touched it."""

    box: Box
    ids: NDArray[np.int32]
    provenance: NDArray[np.uint8]
    editable: Mask | None  # None: all of it
    erased: Mask | None = None


class Stroke:
    """Draws on a map while the button is down; `finish` turns all of it into one patch, `cancel` takes it back.

    Each tile of the image is copied when the stroke first touches it, so a dab costs what it covers, not what the
    image measures. What the policy allows is decided by the image as it was before the stroke. The map's areas and
    boxes do not change until `finish`, and no patch can be applied to it before.
    """

    def __init__(
        self,
        panoptic_map: PanopticMap,
        target: int | Segment | None,
        policy: EditingPolicy,
        *,
        second_choice: NDArray[np.uint8] | None = None,
    ) -> None:
        """Begins a stroke.

        Args:
            panoptic_map: Changed as the stroke is drawn.
            target: The segment to extend, the record of a new one (stuff joins the segment of its category), or
                None to erase, filling as `policy.fill` says.
            policy: Decides which pixels may change.
            second_choice: The model's runner-up category per pixel, for `FillPolicy.SECOND_CHOICE`. [H, W] uint8.

        Raises:
            EditError: The target does not exist, is locked or protected, or another stroke is under way on this map.
        """
        if panoptic_map._stroke_active:
            raise EditError("another stroke is under way; finish it first")
        self._map = panoptic_map
        self._policy = policy
        self._table = policy.editable_ids(panoptic_map)
        self._tiles: dict[tuple[int, int], _Tile] = {}
        self._last: tuple[float, float] | None = None
        self._painted: Spans | None = None  # the disk at `_last`
        self._added: dict[int, Segment] = {}
        self._erases = target is None
        self._sources = policy.fill_sources(panoptic_map) if self._erases else frozenset()
        self._second_choice = second_choice if policy.fill is FillPolicy.SECOND_CHOICE else None
        self._target_id = VOID if target is None else self._resolve(target)
        panoptic_map._stroke_active = True
        self._is_over = False

    @property
    def target_id(self) -> int:
        """The segment that is painted; `VOID` for the eraser."""
        return self._target_id

    def dab(self, center_yx: tuple[float, float], radius_px: float) -> Box:
        """Marks a disk; the next `line_to` starts here.

        Returns:
            The part of the image to redraw, empty if the disk lies outside.
        """
        return self._sweep(center_yx, center_yx, radius_px)

    def line_to(self, center_yx: tuple[float, float], radius_px: float) -> Box:
        """Marks what a disk covers on its way from the last point; without one, as `dab`.

        Returns:
            The part of the image to redraw.
        """
        return self._sweep(self._last or center_yx, center_yx, radius_px)

    def finish(self, label: str = "") -> Patch | None:
        """Ends the stroke and returns what it did, already applied; None if nothing changed.

        Args:
            label: For the history list.
        """
        self._end()
        runs = Runs.joined(
            [
                Runs.between(
                    tile.ids,
                    self._map.ids[tile.box.slices],
                    tile.provenance,
                    self._map.provenance[tile.box.slices],
                    (tile.box.y0, tile.box.x0),
                )
                for tile in self._tiles.values()
            ]
        )
        patch = patch_of_runs(self._map, runs, self._added, label or ("erase" if self._erases else "paint"))
        self._map._account(runs)
        self._map._replace_segments(patch.segments_after)
        self._tiles.clear()
        if patch.is_empty:
            return None
        self._map.adopt_mark(patch.mark_after)
        return patch

    def cancel(self) -> Box:
        """Takes the whole stroke back.

        Returns:
            The part of the image to redraw.
        """
        self._end()
        changed = EMPTY_BOX
        for tile in self._tiles.values():
            self._map._ids[tile.box.slices] = tile.ids
            self._map._provenance[tile.box.slices] = tile.provenance
            changed = changed.union(tile.box)
        self._tiles.clear()
        return changed

    def _end(self) -> None:
        if self._is_over:
            raise EditError("this stroke has ended")
        self._is_over = True
        self._map._stroke_active = False
        # The records added for display go; `finish` puts back those that got pixels.
        self._map._replace_segments(dict.fromkeys(self._added))

    def _resolve(self, target: int | Segment) -> int:
        if isinstance(target, Segment):
            self._policy.check_category(target.category)
            joined = None if target.is_crowd else self._policy.stuff_to_join(self._map, target.category)
            if joined is None:
                return self._add(target)
            target = joined
        self._policy.check_open(self._map, target)
        return target

    def _add(self, segment: Segment) -> int:
        segment_id = next(self._map.new_ids())
        self._added[segment_id] = segment
        self._map._replace_segments({segment_id: segment})
        return segment_id

    def _sweep(self, from_yx: tuple[float, float], to_yx: tuple[float, float], radius_px: float) -> Box:
        if self._is_over:
            raise EditError("this stroke has ended")
        self._last = to_yx
        spans = capsule_spans(from_yx, to_yx, radius_px, self._map.shape)
        if self._policy.region is not None:
            spans = spans.clipped(self._policy.region)
        box = spans.box
        if box.is_empty:
            return EMPTY_BOX
        is_open = self._touch(box)
        if self._erases and self._policy.fill is not FillPolicy.VOID:
            return self._erase(spans)
        if is_open:
            # A wide brush moves on by a crescent; what it covered a moment ago need not be written again.
            for part in (spans,) if self._painted is None else spans.minus(self._painted):
                self._write_spans(part)
        else:
            self._write_mask(*spans.mask())
        self._painted = disk_spans(to_yx, radius_px, self._map.shape)
        return box

    def _touch(self, box: Box) -> bool:
        """Remembers the tiles under `box` and tells whether all their pixels may change."""
        places = _tile_places(box)
        missing = [place for place in places if place not in self._tiles]
        # One allocation for all: the system hands large ones out in large pages, which is many times faster.
        ids = np.empty(len(missing) * _TILE_PX * _TILE_PX, dtype=np.int32)
        provenance = np.empty(len(ids), dtype=np.uint8)
        first = 0
        for row, column, number in _bands(missing):
            last = first + number * _TILE_PX * _TILE_PX
            shape = (_TILE_PX, number * _TILE_PX)
            self._remember(row, column, ids[first:last].reshape(shape), provenance[first:last].reshape(shape))
            first = last
        return all(self._tiles[place].editable is None for place in places)

    def _remember(self, row: int, column: int, ids: NDArray[np.int32], provenance: NDArray[np.uint8]) -> None:
        """Copies neighbouring tiles of one row into the given arrays, which are larger where the image ends."""
        y, x = row * _TILE_PX, column * _TILE_PX
        area = Box(y, x, y + ids.shape[0], x + ids.shape[1]).clipped(self._map.shape)
        ids, provenance = ids[: area.height, : area.width], provenance[: area.height, : area.width]
        np.copyto(ids, self._map._ids[area.slices])
        np.copyto(provenance, self._map._provenance[area.slices])
        allowed = None if self._table is None else np.take(self._table, ids)
        for left in range(0, area.width, _TILE_PX):
            part = slice(left, left + _TILE_PX)
            box = Box(y, x + left, area.y1, min(x + left + _TILE_PX, area.x1))
            editable = None if allowed is None or allowed[:, part].all() else allowed[:, part]
            self._tiles[row, (x + left) // _TILE_PX] = _Tile(box, ids[:, part], provenance[:, part], editable)

    def _write_spans(self, spans: Spans) -> None:
        filled = np.flatnonzero(spans.ends > spans.starts)
        rows = (filled + spans.y0) * self._map.shape[1]
        ids, provenance = self._map._ids.reshape(-1), self._map._provenance.reshape(-1)
        target_id, human = self._target_id, Origin.HUMAN.code
        starts, ends = (rows + spans.starts[filled]).tolist(), (rows + spans.ends[filled]).tolist()
        for start, end in zip(starts, ends, strict=True):
            ids[start:end] = target_id
            provenance[start:end] = human

    def _write_mask(self, mask: Mask, box: Box) -> None:
        mask = self._restricted(mask, box)
        np.copyto(self._map._ids[box.slices], np.int32(self._target_id), where=mask)
        np.copyto(self._map._provenance[box.slices], np.uint8(Origin.HUMAN.code), where=mask)

    def _tiles_in(self, box: Box) -> list[tuple[_Tile, Box]]:
        """Returns the remembered tiles under `box`, each with the part they share with it."""
        tiles = [self._tiles[place] for place in _tile_places(box) if place in self._tiles]
        return [(tile, tile.box.intersection(box)) for tile in tiles]

    def _restricted(self, mask: Mask, box: Box) -> Mask:
        """Leaves of `mask` what the policy allows, in place."""
        for tile, part in self._tiles_in(box):
            if tile.editable is not None:
                inside = tile.editable[part.moved(-tile.box.y0, -tile.box.x0).slices]
                mask[part.moved(-box.y0, -box.x0).slices] &= inside
        return mask

    def _erased(self, box: Box, step: int = 1) -> Mask:
        """Returns the pixels that this stroke has erased so far, of every `step`-th row and column of `box`."""
        mask = np.zeros((-(-box.height // step), -(-box.width // step)), dtype=np.bool_)
        for tile, part in self._tiles_in(box):
            if tile.erased is None:
                continue
            row, column = -(-(part.y0 - box.y0) // step), -(-(part.x0 - box.x0) // step)
            inside = tile.erased[
                box.y0 + row * step - tile.box.y0 : part.y1 - tile.box.y0 : step,
                box.x0 + column * step - tile.box.x0 : part.x1 - tile.box.x0 : step,
            ]
            mask[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
        return mask

    def _erase(self, spans: Spans) -> Box:
        """Erases what is new under the eraser; what was erased before keeps its fill and is no source for more."""
        mask, box = spans.mask()
        mask = self._restricted(mask, box)
        mask &= ~self._erased(box)
        new = tight_box(mask, box)
        if new.is_empty:
            return EMPTY_BOX
        mask = mask[new.moved(-box.y0, -box.x0).slices]
        for tile, part in self._tiles_in(new):
            if tile.erased is None:
                tile.erased = np.zeros(tile.box.shape, dtype=np.bool_)
            tile.erased[part.moved(-tile.box.y0, -tile.box.x0).slices] |= mask[part.moved(-new.y0, -new.x0).slices]
        np.copyto(self._map._provenance[new.slices], np.uint8(Origin.HUMAN.code), where=mask)
        if self._second_choice is not None:
            mask = self._put_second_choice(mask, new, self._second_choice[new.slices])
        filled = stuff_around(self._map._ids, mask, new, self._sources, self._erased)
        np.copyto(self._map._ids[new.slices], filled, where=mask)
        return new

    def _put_second_choice(self, mask: Mask, box: Box, second_choice: NDArray[np.uint8]) -> Mask:
        """Fills where the second choice is usable stuff; returns the pixels still to fill."""
        left = mask
        for category in np.unique(second_choice[mask]).tolist():
            if not self._policy.may_fill(self._map, category):
                continue
            known = self._policy.stuff_segment(self._map, category)
            target_id = self._add(Segment(category)) if known is None else known
            chosen = mask & (second_choice == category)
            np.copyto(self._map._ids[box.slices], np.int32(target_id), where=chosen)
            left = left & ~chosen
        return left


def _bands(places: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Puts neighbouring tiles of a row together: row, first column and number of each band. Sorted places only."""
    bands: list[tuple[int, int, int]] = []
    for row, column in places:
        if bands and bands[-1][0] == row and bands[-1][1] + bands[-1][2] == column:
            bands[-1] = (row, bands[-1][1], bands[-1][2] + 1)
        else:
            bands.append((row, column, 1))
    return bands


def _tile_places(box: Box) -> list[tuple[int, int]]:
    """Returns row and column, counted in tiles, of the tiles under a box."""
    rows = range(box.y0 // _TILE_PX, (box.y1 - 1) // _TILE_PX + 1)
    columns = range(box.x0 // _TILE_PX, (box.x1 - 1) // _TILE_PX + 1)
    return [(row, column) for row in rows for column in columns]
