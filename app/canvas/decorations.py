"""What is drawn above the image: the pixel grid, a tool's cursor, and the names of segments."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from seamseg_studio.app.canvas.viewpoint import Viewpoint

GRID_MIN_SCALE = 12.0
_TAG_GROUND = QColor(16, 18, 22, 225)
_TAG_TEXT = QColor("#f2f3f5")
_DARK = QColor(0, 0, 0, 150)
_LIGHT = QColor(255, 255, 255, 235)
CURSOR_MARGIN_PX = 4


def paint_grid(painter: QPainter, view: Viewpoint, ratio: float, exposed: QRect, shape: tuple[int, int]) -> None:
    """Draws the borders of pixels once they are large enough to be told apart; logical pixels, fading in."""
    if view.scale < GRID_MIN_SCALE:
        return
    alpha = min(40, round((view.scale - GRID_MIN_SCALE) * 6) + 12)
    painter.setPen(QPen(QColor(255, 255, 255, alpha), 0))
    top, left = view.to_device(0, 0)
    bottom, right = view.to_device(*shape)
    area = QRectF(exposed) & QRectF(left / ratio, top / ratio, (right - left) / ratio, (bottom - top) / ratio)
    first_y, first_x = view.to_image(area.top() * ratio, area.left() * ratio)
    last_y, last_x = view.to_image(area.bottom() * ratio, area.right() * ratio)
    for y in range(int(first_y), int(last_y) + 2):
        v = view.to_device(y, 0)[0] / ratio
        painter.drawLine(QPointF(area.left(), v), QPointF(area.right(), v))
    for x in range(int(first_x), int(last_x) + 2):
        u = view.to_device(0, x)[1] / ratio
        painter.drawLine(QPointF(u, area.top()), QPointF(u, area.bottom()))


def disk_rect(centre: QPointF, radius: float) -> QRectF:
    """The logical pixels that `paint_disk` may touch."""
    reach = radius + CURSOR_MARGIN_PX
    return QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach)


def paint_disk(painter: QPainter, centre: QPointF, radius: float, rgb: tuple[int, int, int] | None) -> None:
    """Draws a brush's ring: white between dark rims, so that it is seen on anything; its colour as a dot inside."""
    # A polygonal ellipse with antialiasing costs by its length; at a thousand pixels nobody sees the steps.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, radius < 400)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if radius < 2:
        for color, width in ((_DARK, 3.0), (_LIGHT, 1.2)):
            painter.setPen(QPen(color, width))
            for dy, dx in ((0, 1), (1, 0)):
                for sign in (-1, 1):
                    painter.drawLine(
                        centre + QPointF(dx * 4 * sign, dy * 4 * sign), centre + QPointF(dx * 9 * sign, dy * 9 * sign)
                    )
        return
    painter.setPen(QPen(_DARK, 3.0))
    painter.drawEllipse(centre, radius, radius)
    painter.setPen(QPen(_LIGHT, 1.3))
    painter.drawEllipse(centre, radius, radius)
    if rgb is not None and radius > 8:
        painter.setPen(QPen(_DARK, 1.0))
        painter.setBrush(QColor(*rgb))
        painter.drawEllipse(centre, 2.5, 2.5)


def tag_rect(font: QFont, text: str, anchor: QPointF, bounds: QRect) -> QRectF:
    """Where a tag at `anchor` (its left middle) stands, moved inside `bounds`. Logical pixels."""
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(text) + 16, metrics.height() + 6
    x = min(max(anchor.x(), bounds.left() + 4), max(bounds.right() - width - 4, bounds.left() + 4))
    y = min(max(anchor.y() - height / 2, bounds.top() + 4), max(bounds.bottom() - height - 4, bounds.top() + 4))
    return QRectF(round(x), round(y), round(width), round(height))


def paint_tag(painter: QPainter, rect: QRectF, text: str, rgb: tuple[int, int, int]) -> None:
    """Draws a segment's name on a dark ground with a bar of its colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_TAG_GROUND)
    painter.drawRoundedRect(rect, 3, 3)
    painter.setBrush(QColor(*rgb))
    painter.drawRect(QRectF(rect.left(), rect.top(), 3, rect.height()))
    painter.setPen(_TAG_TEXT)
    painter.drawText(rect.adjusted(9, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def paint_notice(painter: QPainter, text: str, bounds: QRect) -> None:
    """Says something about the whole picture, at the top in the middle of `bounds`."""
    metrics = QFontMetricsF(painter.font())
    width, height = metrics.horizontalAdvance(text) + 24, metrics.height() + 10
    rect = QRectF(round(bounds.center().x() - width / 2), bounds.top() + 10, round(width), round(height))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_TAG_GROUND)
    painter.drawRoundedRect(rect, 4, 4)
    painter.setPen(_TAG_TEXT)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
