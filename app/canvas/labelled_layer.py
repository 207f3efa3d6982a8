"""The photo with the panoptic map over it, blended once per tile, so that panning only copies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter

from seamseg_studio.app.canvas.image_layer import ImageLayer
from seamseg_studio.app.canvas.overlay import APRON_PX, Overlay
from seamseg_studio.app.canvas.sampling import Patchwork, patchwork
from seamseg_studio.app.canvas.tiles import Rect, Sheet, Tile, TileLayer
from seamseg_studio.engine.scene.geometry import Box

# Above this a change is first compared with what is shown: a wide brush moves by a crescent, not by a disk.
_COMPARE_PIXELS = 128 * 128


class LabelledLayer(TileLayer):
    """Tiles of an image with its overlay. The ids that a tile shows are kept to find what of it has changed."""

    def __init__(self, image: ImageLayer, overlay: Overlay) -> None:
        super().__init__(image.shape)
        self._image = image
        self.overlay = overlay
        self._opacity = 0.45
        self._fill = Sheet(QImage.Format.Format_ARGB32_Premultiplied)
        self._lines = Sheet(QImage.Format.Format_ARGB32_Premultiplied)

    @property
    def opacity(self) -> float:
        """How strong the fill is, 0 to 1; lines are not affected."""
        return self._opacity

    def set_opacity(self, opacity: float) -> None:
        if opacity != self._opacity:
            self._opacity = opacity
            self.invalidate()

    def set_line_width(self, width: int) -> None:
        """Sets how many device pixels a line is wide on each side of a boundary."""
        if self.overlay.set_line_width(width):
            self.invalidate()

    def rect_of(self, box: Box, scale: float) -> Rect:
        """The device pixels that may look different when the pixels of `box` change."""
        return Rect(
            math.floor(box.y0 * scale), math.floor(box.x0 * scale), math.ceil(box.y1 * scale), math.ceil(box.x1 * scale)
        ).grown(APRON_PX)

    def mark_changed(self, box: Box) -> None:
        """The ids inside `box` changed: it is rendered before it is shown again."""
        self.mark_dirty(lambda scale: self.rect_of(box, scale))

    def outdate_segments(self, ids: frozenset[int]) -> None:
        """The segments `ids` look different, with the same pixels."""
        boxes = [self.overlay.map.bound(segment_id) for segment_id in ids]
        if len(boxes) > 64:
            self.invalidate()
            return
        for box in boxes:
            if not box.is_empty:
                self.outdate(lambda scale, box=box: self.rect_of(box, scale))  # type: ignore[misc]

    def render(self, tile: Tile, part: Rect, scale: float) -> None:
        grid = self._grid(part, scale)
        ids = grid.take(self.overlay.map.ids)
        if tile.sample is None:
            tile.sample = ids.copy() if part == tile.rect else None
        else:
            known = self._known(tile, part)
            if part.num_pixels > _COMPARE_PIXELS:
                changed = _extent(ids != known)
                known[:] = ids
                if changed is None and not self.overlay.reads_provenance:
                    return
                if changed is not None and not self.overlay.reads_provenance:
                    part, ids, grid = self._narrowed(tile, part, changed, scale)
            else:
                known[:] = ids
        self._blend(tile, part, scale, ids, grid)
        self.num_rendered += 1

    def _grid(self, part: Rect, scale: float) -> Patchwork:
        return patchwork(*part.grown(APRON_PX), scale, self.shape)

    def _known(self, tile: Tile, part: Rect) -> NDArray[np.int32]:
        """The ids that the tile was rendered from at `part` and its apron."""
        assert tile.sample is not None
        top, left = part.top - tile.rect.top, part.left - tile.rect.left
        height, width = part.bottom - part.top, part.right - part.left
        return tile.sample[top : top + height + 2 * APRON_PX, left : left + width + 2 * APRON_PX]

    def _narrowed(
        self, tile: Tile, part: Rect, changed: Rect, scale: float
    ) -> tuple[Rect, NDArray[np.int32], Patchwork]:
        """The part of `part` that looks different if only the ids in `changed` (of it with its apron) are others."""
        around = Rect(
            changed.top + part.top - 2 * APRON_PX,
            changed.left + part.left - 2 * APRON_PX,
            changed.bottom + part.top,
            changed.right + part.left,
        )
        part = around.intersection(part)
        return part, self._known(tile, part), self._grid(part, scale)

    def _blend(self, tile: Tile, part: Rect, scale: float, ids: NDArray[np.int32], grid: Patchwork) -> None:
        height, width = part.bottom - part.top, part.right - part.left
        inner = (slice(APRON_PX, APRON_PX + height), slice(APRON_PX, APRON_PX + width))
        rows, columns = tile.span(part)
        source = QRect(columns.start, rows.start, width, height)
        self._image.prepare(tile.rect, scale, math.inf)
        painter = QPainter(tile.sheet.image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.translate(-(part.left - columns.start), -(part.top - rows.start))
        self._image.draw(painter, part)
        painter.resetTransform()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        place = QPoint(columns.start, rows.start)
        fill = self.overlay.fill(ids[inner], lambda array: grid.take(array)[inner])
        if fill is not None and self._opacity > 0:
            self._fill.words[rows, columns] = fill
            painter.setOpacity(self._opacity)
            painter.drawImage(place, self._fill.image, source)
            painter.setOpacity(1.0)
        lines = self.overlay.lines(ids)
        if lines is not None:
            self._lines.words[rows, columns] = lines[inner]
            painter.drawImage(place, self._lines.image, source)
        painter.end()


def _extent(mask: NDArray[np.bool_]) -> Rect | None:
    """The rectangle around the set pixels, None if there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return Rect(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
