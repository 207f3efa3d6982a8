"""Pixel counts along the edges of the canvas, and lines through the pointer."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRect
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.canvas.viewpoint import Viewpoint

WIDTH_PX = 18
_LEAST_GAP_PX = 64  # between two numbers
_GROUND = QColor(22, 24, 28, 225)
_TEXT = QColor("#aeb3bd")
_MARK = QColor(255, 214, 10)
_FREE_PX = 6  # around what is pointed at
_DARK, _LIGHT = QColor(0, 0, 0, 130), QColor(255, 255, 255, 190)


def tick_gap(scale: float, least_px: float = _LEAST_GAP_PX) -> int:
    """Image pixels between two numbers of a ruler: 1, 2 or 5 times a power of ten, at least `least_px` screen pixels.

    Args:
        scale: Screen pixels per image pixel.
        least_px: The room that a number needs.
    """
    wanted = max(least_px / scale, 1.0)
    power = int(10 ** math.floor(math.log10(wanted)))
    return next(round(power * step) for step in (1, 2, 5, 10) if power * step >= wanted - 1e-9)


def paint_rulers(painter: QPainter, view: Viewpoint, ratio: float, area: QRect, pointer: QPointF | None) -> None:
    """Draws both rulers inside `area`, the viewport in logical pixels, with a mark where the pointer is."""
    scale = view.scale / ratio
    gap = tick_gap(scale)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    font = QFont(painter.font())
    font.setPixelSize(9)
    painter.setFont(font)
    painter.fillRect(QRect(0, 0, area.width(), WIDTH_PX), _GROUND)
    painter.fillRect(QRect(0, WIDTH_PX, WIDTH_PX, area.height()), _GROUND)
    painter.setPen(_TEXT)
    first_y, first_x = view.to_image(0, 0)
    last_y, last_x = view.to_image(area.height() * ratio, area.width() * ratio)
    fine = gap // 5 if gap % 5 == 0 else gap // 2
    for x in range(math.floor(first_x / gap) * gap, math.ceil(last_x) + 1, max(fine, 1)):
        u = view.to_device(0, x)[1] / ratio
        is_main = x % gap == 0
        if u >= WIDTH_PX:
            painter.drawLine(QPointF(u, WIDTH_PX - (7 if is_main else 3)), QPointF(u, WIDTH_PX - 1))
            if is_main:
                painter.drawText(QPointF(u + 3, 10), str(x))
    for y in range(math.floor(first_y / gap) * gap, math.ceil(last_y) + 1, max(fine, 1)):
        v = view.to_device(y, 0)[0] / ratio
        is_main = y % gap == 0
        if v >= WIDTH_PX:
            painter.drawLine(QPointF(WIDTH_PX - (7 if is_main else 3), v), QPointF(WIDTH_PX - 1, v))
            if is_main:
                painter.save()
                painter.translate(10, v + 3)
                painter.rotate(90)
                painter.drawText(QPointF(0, 0), str(y))
                painter.restore()
    painter.fillRect(QRect(0, 0, WIDTH_PX, WIDTH_PX), _GROUND.darker())
    if pointer is not None:
        painter.setPen(QPen(_MARK, 1))
        painter.drawLine(QPointF(pointer.x(), 0), QPointF(pointer.x(), WIDTH_PX - 1))
        painter.drawLine(QPointF(0, pointer.y()), QPointF(WIDTH_PX - 1, pointer.y()))
    painter.restore()


class PointerLines:
    """Lines through the pointer and its marks on the rulers; repaints only where they were and are."""

    def __init__(self) -> None:
        self._last: QPointF | None = None

    def follow(self, viewport: QWidget, pointer: QPointF | None, *, crosshair: bool, rulers: bool) -> None:
        """Asks for the repaint of what changes with the pointer's place."""
        if pointer == self._last or not (crosshair or rulers):
            return
        for place in (self._last, pointer):
            if place is None:
                continue
            width, height = (viewport.width(), viewport.height()) if crosshair else (WIDTH_PX, WIDTH_PX)
            viewport.update(QRect(0, math.floor(place.y()) - 2, width, 5))
            viewport.update(QRect(math.floor(place.x()) - 2, 0, 5, height))
        self._last = pointer

    def paint(self, painter: QPainter, area: QRect, pointer: QPointF | None) -> None:
        """Draws the lines through `pointer`: light in dark, so that they are seen on anything."""
        if pointer is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        x, y, free = pointer.x(), pointer.y(), _FREE_PX
        lines = (
            QLineF(0, y, x - free, y),
            QLineF(x + free, y, area.width(), y),
            QLineF(x, 0, x, y - free),
            QLineF(x, y + free, x, area.height()),
        )
        for color, width in ((_DARK, 3), (_LIGHT, 1)):
            painter.setPen(QPen(color, width))
            painter.drawLines(lines)
