"""Square pictures of a scaled view, rendered when first seen and again only where something changed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

TILE_PX = 256
MIN_CACHED = 48
# What a frame may take longer when everything changes at once (a mode, an opacity): better than a patchwork.
HURRY_S = 0.024


class Rect(NamedTuple):
    """Device pixels of the scaled image: rows [top, bottom), columns [left, right)."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def is_empty(self) -> bool:
        return self.bottom <= self.top or self.right <= self.left

    @property
    def num_pixels(self) -> int:
        return max(self.bottom - self.top, 0) * max(self.right - self.left, 0)

    def grown(self, margin: int) -> Rect:
        return Rect(self.top - margin, self.left - margin, self.bottom + margin, self.right + margin)

    def union(self, other: Rect) -> Rect:
        return Rect(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def intersection(self, other: Rect) -> Rect:
        return Rect(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )


class Sheet:
    """A picture of a tile's size: an array of words that a QImage shows without a copy."""

    def __init__(self, image_format: QImage.Format = QImage.Format.Format_RGB32) -> None:
        self.words: NDArray[np.uint32] = np.zeros((TILE_PX, TILE_PX), np.uint32)
        self.image = QImage(self.words.data, TILE_PX, TILE_PX, TILE_PX * 4, image_format)


@dataclass(slots=True, eq=False)
class Tile:
    """One square of the scaled image.

    Attributes:
        rect: What it covers, cut to the scaled image.
        dirty: What must be rendered before it is shown again.
        is_outdated: It may be shown as it is until there is time to render it anew.
        used: The last frame that showed it.
        sample: What it was rendered from, kept by whoever renders.
        sheet: Its pixels.
    """

    rect: Rect
    dirty: Rect | None
    is_outdated: bool = False
    used: int = 0
    sample: NDArray[np.int32] | None = None
    sheet: Sheet = field(default_factory=Sheet)

    def span(self, part: Rect) -> tuple[slice, slice]:
        """Where `part` of the scaled image lies in the sheet."""
        top, left = part.top % TILE_PX, part.left % TILE_PX
        return slice(top, top + part.bottom - part.top), slice(left, left + part.right - part.left)


@dataclass(slots=True, eq=False)
class _Scaled:
    """The tiles made at one scale."""

    scale: float
    tiles: dict[tuple[int, int], Tile] = field(default_factory=dict)
    is_complete: bool = False  # its last frame lacked nothing


class TileLayer:
    """The tiles of a picture at the scale shown, and those of the scale before to stand in for missing ones.

    Attributes:
        num_rendered: How many tiles, or parts of tiles, were rendered so far.
        max_tiles: How many are kept when they are not in view any more.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        """Has no tiles yet of an image of `shape` (height and width in its pixels)."""
        self._shape = shape
        self._now = _Scaled(0.0)
        self._before: _Scaled | None = None
        self._frame = 0
        self._is_hurried = False
        self.num_rendered = 0
        self.max_tiles = MIN_CACHED

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image, in its pixels."""
        return self._shape

    def render(self, tile: Tile, part: Rect, scale: float) -> None:
        """Fills `part` of the tile's sheet."""
        raise AssertionError("a layer says how its tiles are rendered")

    def invalidate(self) -> None:
        """Everything changed: it is rendered anew, the old being shown if that takes longer than a frame."""
        for tile in self._now.tiles.values():
            tile.is_outdated = True
        self._before = None
        self._is_hurried = True

    def outdate(self, rect_at: Callable[[float], Rect]) -> None:
        """What `rect_at` gives for a scale changed: its tiles are rendered anew as time allows."""
        for tile, _ in self._tiles_in(rect_at(self._now.scale)):
            tile.is_outdated = True
        self._is_hurried = True

    def mark_dirty(self, rect_at: Callable[[float], Rect]) -> None:
        """What `rect_at` gives for a scale changed: that part is rendered before it is shown again."""
        for tile, part in self._tiles_in(rect_at(self._now.scale)):
            tile.dirty = part if tile.dirty is None else tile.dirty.union(part)

    def prepare(self, exposed: Rect, scale: float, deadline: float) -> bool:
        """Renders what `exposed` needs and tells whether nothing is missing.

        Args:
            exposed: Device pixels of the scaled image.
            scale: Device pixels per image pixel.
            deadline: When to stop, of `time.perf_counter`; infinity renders everything now.
        """
        if scale != self._now.scale:
            # A view that was never complete is a worse stand-in than the one before it.
            if self._now.is_complete or self._before is None:
                self._before = self._now
            self._now = _Scaled(scale)
            has_stand_ins = self._before.is_complete and self._before.scale > 0 and deadline < math.inf
        else:
            has_stand_ins = False
        if self._is_hurried:
            deadline += HURRY_S
        self._frame += 1
        bounds = Rect(0, 0, *scaled_shape(self._shape, scale))
        is_complete = True
        num_new = 0
        for key in _keys(exposed.intersection(bounds)):
            tile = self._now.tiles.get(key)
            if tile is None or tile.is_outdated:
                # The first frame of a scale stretches the tiles of the one before, the next ones make it sharp: one
                # tile over time at the least, so that every frame gets nearer to the whole.
                if has_stand_ins or (num_new and time.perf_counter() > deadline):
                    is_complete = False
                    if tile is None:
                        continue
                else:
                    num_new += 1
                    tile = tile or self._new_tile(key, bounds)
                    tile.dirty, tile.is_outdated, tile.sample = tile.rect, False, None
            if tile.dirty is not None:
                self.render(tile, tile.dirty, scale)
                tile.dirty = None
            tile.used = self._frame
        self._now.is_complete = is_complete
        if is_complete:
            self._before, self._is_hurried = None, False
        if len(self._now.tiles) > self.max_tiles:
            self._forget_oldest()
        return is_complete

    def draw(self, painter: QPainter, exposed: Rect) -> None:
        """Draws `exposed`; the painter's origin is that of the scaled image, in device pixels."""
        bounds = Rect(0, 0, *scaled_shape(self._shape, self._now.scale))
        keys = list(_keys(exposed.intersection(bounds)))
        if self._before is not None and self._before.scale > 0 and not all(key in self._now.tiles for key in keys):
            self._draw_stand_ins(painter, exposed.intersection(bounds))
        for key in keys:
            tile = self._now.tiles.get(key)
            if tile is not None:
                _draw_tile(painter, tile, exposed)

    def missing(self, exposed: Rect) -> list[Rect]:
        """The parts of `exposed` that neither a tile nor a stand-in covers."""
        bounds = Rect(0, 0, *scaled_shape(self._shape, self._now.scale))
        keys = _keys(exposed.intersection(bounds))
        rects = [_tile_rect(key, bounds).intersection(exposed) for key in keys if key not in self._now.tiles]
        return [rect for rect in rects if not self._has_stand_in(rect)]

    def _has_stand_in(self, rect: Rect) -> bool:
        if self._before is None or self._before.scale == 0:
            return False
        tiles = self._before.tiles
        old = _rescaled(rect, self._before.scale / self._now.scale, self._shape, self._before.scale)
        return all(key in tiles for key in _keys(old))

    def _tiles_in(self, rect: Rect) -> Iterator[tuple[Tile, Rect]]:
        bounds = Rect(0, 0, *scaled_shape(self._shape, self._now.scale))
        for key in _keys(rect.intersection(bounds)):
            tile = self._now.tiles.get(key)
            if tile is not None:
                part = rect.intersection(tile.rect)
                if not part.is_empty:
                    yield tile, part

    def _draw_stand_ins(self, painter: QPainter, rect: Rect) -> None:
        """Draws the tiles of the scale before, stretched to this one."""
        assert self._before is not None
        ratio = self._now.scale / self._before.scale
        old = _rescaled(rect, 1 / ratio, self._shape, self._before.scale)
        painter.save()
        painter.setClipRect(
            QRectF(rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top), Qt.ClipOperation.IntersectClip
        )
        painter.scale(ratio, ratio)
        for key in _keys(old):
            tile = self._before.tiles.get(key)
            if tile is not None:
                _draw_tile(painter, tile, old)
        painter.restore()

    def _new_tile(self, key: tuple[int, int], bounds: Rect) -> Tile:
        tile = Tile(_tile_rect(key, bounds), None)
        self._now.tiles[key] = tile
        return tile

    def _forget_oldest(self) -> None:
        by_use = sorted(self._now.tiles.items(), key=lambda item: item[1].used, reverse=True)
        self._now.tiles = dict(by_use[: self.max_tiles])


def scaled_shape(shape: tuple[int, int], scale: float) -> tuple[int, int]:
    """Height and width in device pixels of an image of `shape` at `scale`."""
    return max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)


def _keys(rect: Rect) -> Iterator[tuple[int, int]]:
    if rect.is_empty:
        return
    for row in range(rect.top // TILE_PX, (rect.bottom - 1) // TILE_PX + 1):
        for column in range(rect.left // TILE_PX, (rect.right - 1) // TILE_PX + 1):
            yield row, column


def _tile_rect(key: tuple[int, int], bounds: Rect) -> Rect:
    top, left = key[0] * TILE_PX, key[1] * TILE_PX
    return Rect(top, left, top + TILE_PX, left + TILE_PX).intersection(bounds)


def _rescaled(rect: Rect, ratio: float, shape: tuple[int, int], scale: float) -> Rect:
    """What `rect` covers in the image at `scale`, `ratio` times the scale that `rect` is of."""
    larger = Rect(
        math.floor(rect.top * ratio),
        math.floor(rect.left * ratio),
        math.ceil(rect.bottom * ratio),
        math.ceil(rect.right * ratio),
    )
    return larger.intersection(Rect(0, 0, *scaled_shape(shape, scale)))


def _draw_tile(painter: QPainter, tile: Tile, exposed: Rect) -> None:
    part = tile.rect.intersection(exposed)
    if not part.is_empty:
        rows, columns = tile.span(part)
        source = QRect(columns.start, rows.start, part.right - part.left, part.bottom - part.top)
        painter.drawImage(QPoint(part.left, part.top), tile.sheet.image, source)
