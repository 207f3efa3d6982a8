"""The categories' names on their segments, each where its segment is widest in what is seen."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap

MAX_NAMES = 120  # more are a carpet of words
_MIN_AREA_PX = 500.0  # on the screen, of what a name is written on
_MIN_REACH_PX = 7.0  # from where a name stands to the border of its segment
_SAMPLES = 48  # per side of the grid on which the widest place is looked for
_TEXT = QColor(255, 255, 255)
_HALO = QColor(0, 0, 0, 190)
_HALO_OFFSETS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def widest_place(panoptic_map: PanopticMap, segment_id: int, within: Box) -> tuple[float, float, float] | None:
    """The pixel (y, x) of a segment that is farthest from all others inside `within`, and about how far.

    Looked for on a coarse grid; None if that meets nothing of the segment.
    """
    box = panoptic_map.bbox(segment_id).intersection(within)
    if box.is_empty:
        return None
    step = max(box.y1 - box.y0, box.x1 - box.x0) // _SAMPLES + 1
    mask = panoptic_map.ids[box.y0 : box.y1 : step, box.x0 : box.x1 : step] == segment_id
    if not mask.any():
        return None
    reach = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(reach.argmax()), reach.shape)
    return box.y0 + float(row) * step, box.x0 + float(column) * step, float(reach[row, column]) * step


class Names:
    """Draws the names. A place is kept while it is seen, so that names do not run about while one pans."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[float, float, float]] = {}
        self._widths: dict[str, float] = {}

    def forget(self) -> None:
        """The map is another: every place is looked for anew."""
        self._places.clear()

    def paint(
        self, painter: QPainter, document: Document, hidden: frozenset[int], view: Viewpoint, ratio: float, seen: Box
    ) -> None:
        """Draws the names of the segments in `seen`, the visible image pixels."""
        if seen.is_empty:
            return
        font = QFont(painter.font())
        font.setPixelSize(max(font.pixelSize() - 1, 9))
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        scale = view.scale / ratio
        for segment_id in self._candidates(document.map, hidden, scale):
            place = self._place(document.map, segment_id, seen)
            if place is None:
                continue
            y, x, reach = place
            name = document.taxonomy[document.map.segments[segment_id].category].name
            if name not in self._widths:
                self._widths[name] = metrics.horizontalAdvance(name)
            if reach * scale < _MIN_REACH_PX or reach * scale * 3 < self._widths[name] / 2:
                continue
            v, u = view.to_device(y + 0.5, x + 0.5)
            start = QPointF(u / ratio - self._widths[name] / 2, v / ratio + metrics.capHeight() / 2)
            painter.setPen(_HALO)
            for dx, dy in _HALO_OFFSETS:
                painter.drawText(start + QPointF(dx, dy), name)
            painter.setPen(_TEXT)
            painter.drawText(start, name)

    def _candidates(self, panoptic_map: PanopticMap, hidden: frozenset[int], scale: float) -> list[int]:
        least = _MIN_AREA_PX / scale**2
        large = [
            (area, segment_id)
            for segment_id in panoptic_map.segments
            if (area := panoptic_map.area(segment_id)) >= least and segment_id not in hidden
        ]
        large.sort(reverse=True)
        return [segment_id for _, segment_id in large[:MAX_NAMES]]

    def _place(self, panoptic_map: PanopticMap, segment_id: int, seen: Box) -> tuple[float, float, float] | None:
        known = self._places.get(segment_id)
        if known is not None and seen.y0 <= known[0] < seen.y1 and seen.x0 <= known[1] < seen.x1:
            return known
        place = widest_place(panoptic_map, segment_id, seen)
        if place is not None:
            self._places[segment_id] = place
        return place
