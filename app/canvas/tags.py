"""The names of the selected segments, written beside them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRect, QRectF
from PySide6.QtGui import QPainter

from seamseg_studio.app.canvas import decorations
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.scene.panoptic_map import Origin

MAX_TAGS = 12  # more names than that hide what they name


def tag_text(document: Document, segment_id: int) -> str:
    """Category, score and origin of a segment in a few words."""
    segment = document.map.segments[segment_id]
    parts = [document.taxonomy[segment.category].name]
    if segment.score is not None and segment.origin is Origin.MODEL:
        parts.append(f"{segment.score:.2f}")
    origins = {
        Origin.MODEL: QCoreApplication.translate("Canvas", "model"),
        Origin.HUMAN: QCoreApplication.translate("Canvas", "you"),
        Origin.IMPORTED: QCoreApplication.translate("Canvas", "file"),
    }
    parts.append(origins[segment.origin])
    if segment.locked:
        parts.append(QCoreApplication.translate("Canvas", "locked"))
    return " · ".join(parts)


class SelectionTags:
    """Draws a tag at the left edge of what is seen of each selected segment."""

    def paint(self, painter: QPainter, document: Document, view: Viewpoint, ratio: float, bounds: QRect) -> None:
        """Draws the tags inside `bounds`, the visible logical pixels."""
        for segment_id in sorted(document.selection)[:MAX_TAGS]:
            box = document.map.bbox(segment_id)
            if box.is_empty:
                continue
            top, left = view.to_device(box.y0, box.x0)
            bottom, right = view.to_device(box.y1, box.x1)
            seen = QRectF(left / ratio, top / ratio, (right - left) / ratio, (bottom - top) / ratio) & QRectF(bounds)
            if seen.isEmpty():
                continue
            text = tag_text(document, segment_id)
            anchor = QPointF(seen.left(), seen.center().y())
            rect = decorations.tag_rect(painter.font(), text, anchor, bounds)
            color = document.displayed_taxonomy[document.map.segments[segment_id].category].color
            decorations.paint_tag(painter, rect, text, color)
