"""The whole image in a corner of the canvas, with a frame around what is seen; a click or drag looks there."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.canvas.colours import IdTable, OverlayMode, fill_words
from seamseg_studio.app.canvas.image_layer import ImageLayer
from seamseg_studio.app.canvas.sampling import patchwork
from seamseg_studio.app.editing.document import Document

MAX_WIDTH_PX, MAX_HEIGHT_PX = 150, 110
_BORDER = QColor("#33373f")
_FRAME = QColor(255, 214, 10)
_OVERLAY_OPACITY = 0.5
_LAG_MS = 40


def overview_picture(image: ImageLayer, document: Document, size: QSize) -> QImage:
    """The whole image with its fill, in `size` pixels."""
    height, width = document.map.shape
    scale = min(size.height() / height, size.width() / width)
    rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
    picture = image.overview().scaled(
        columns, rows, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    ids = patchwork(0, 0, rows, columns, scale, (height, width)).take(document.map.ids)
    table = IdTable(fill_words(document.map.segments, document.displayed_taxonomy, OverlayMode.FILL))
    words = table.look_up(ids.astype("int32"))
    fill = QImage(words.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(picture)
    painter.setOpacity(_OVERLAY_OPACITY)
    painter.drawImage(0, 0, fill)
    painter.end()
    return picture


class Minimap(QWidget):
    """Signals:
    centre_requested: Look at image point (y, x), both as fractions of the image.
    """

    centre_requested = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # what moves below needs no repaint of this
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture = QImage()
        self._seen = QRectF(0, 0, 1, 1)
        # The frame may lag behind by a blink; what is panned or zoomed may not.
        self._later = QTimer(self, singleShot=True, interval=_LAG_MS)
        self._later.timeout.connect(self.update)

    def fit_to(self, shape: tuple[int, int]) -> None:
        """Takes the proportions of an image of `shape`."""
        ratio = min(MAX_WIDTH_PX / max(shape[1], 1), MAX_HEIGHT_PX / max(shape[0], 1))
        self.setFixedSize(QSize(max(round(shape[1] * ratio), 24), max(round(shape[0] * ratio), 24)))

    def set_picture(self, picture: QImage) -> None:
        """Shows `picture`, of any size."""
        self._picture = picture
        self.update()

    def set_seen(self, seen: QRectF) -> None:
        """Frames what the canvas shows, in fractions of the image."""
        seen = seen & QRectF(0, 0, 1, 1)
        if seen != self._seen:
            self._seen = seen
            if not self._later.isActive():
                self._later.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BORDER)
        inner = self.rect().adjusted(1, 1, -1, -1)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(inner, self._picture)
        frame = QRectF(
            inner.left() + self._seen.left() * inner.width(),
            inner.top() + self._seen.top() * inner.height(),
            max(self._seen.width() * inner.width(), 4) - 1,
            max(self._seen.height() * inner.height(), 4) - 1,
        )
        painter.setPen(QPen(QColor(0, 0, 0, 140), 3))
        painter.drawRect(frame)
        painter.setPen(QPen(_FRAME, 1))
        painter.drawRect(frame)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._request(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons():
            self._request(event.position())

    def _request(self, position: QPointF) -> None:
        self.centre_requested.emit(
            min(max(position.y() / max(self.height(), 1), 0.0), 1.0),
            min(max(position.x() / max(self.width(), 1), 0.0), 1.0),
        )
