"""What tools show over the image before anything is changed: lines, pixels, and the region that work is kept to."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from seamseg_studio.app.canvas.colours import SELECTED_RGB
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.tools.events import MaskSketch, Shown, Sketch
from seamseg_studio.engine.scene.geometry import Box, Mask

_DARK = QColor(0, 0, 0, 150)
_OUTSIDE = QColor(10, 11, 14, 140)
_FILL_ALPHA = 120
_EDGE_ALPHA = 255
_CORNER_PX = 3.5
_KERNEL = np.ones((3, 3), dtype=np.uint8)


class SketchPainter:
    """Draws sketches; keeps the picture of the last masks, as most repaints show the same ones."""

    def __init__(self) -> None:
        self._pictures: dict[tuple[int, int], tuple[MaskSketch, QImage]] = {}

    def paint(self, painter: QPainter, sketches: Iterable[Shown], view: Viewpoint, ratio: float) -> None:
        """Draws `sketches` in their order."""
        kept: dict[tuple[int, int], tuple[MaskSketch, QImage]] = {}
        for sketch in sketches:
            if isinstance(sketch, Sketch):
                paint_lines(painter, sketch, view, ratio)
            elif not sketch.box.is_empty:
                # Zoomed out, only as many pixels as are seen are worth colouring.
                step = max(1, int(1 / view.scale))
                key = (id(sketch.mask), step)
                entry = self._pictures.get(key)
                if entry is None or entry[0].mask is not sketch.mask or entry[0].rgb != sketch.rgb:
                    entry = (sketch, _picture(sketch.mask[::step, ::step], sketch.rgb))
                kept[key] = entry
                rows, columns = entry[1].height() * step, entry[1].width() * step
                area = Box(sketch.box.y0, sketch.box.x0, sketch.box.y0 + rows, sketch.box.x0 + columns)
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
                painter.drawImage(box_rect(area, view, ratio), entry[1])
        self._pictures = kept


def paint_lines(painter: QPainter, sketch: Sketch, view: Viewpoint, ratio: float) -> None:
    """Draws a tool's lines, yellow on dark."""
    points = [point_at(y, x, view, ratio) for y, x in sketch.points_yx]
    polygon = QPolygonF(points)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if sketch.fill_rgb is not None and len(points) > 2:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*sketch.fill_rgb, _FILL_ALPHA))
        painter.drawPolygon(polygon)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(_DARK, 4.0), QPen(QColor(*SELECTED_RGB), 1.8)):
        painter.setPen(pen)
        if sketch.is_closed:
            painter.drawPolygon(polygon)
        else:
            painter.drawPolyline(polygon)
    painter.setPen(QPen(_DARK, 1.0))
    painter.setBrush(QColor(*SELECTED_RGB))
    for y, x in sketch.corners_yx:
        painter.drawEllipse(point_at(y, x, view, ratio), _CORNER_PX, _CORNER_PX)


def paint_region(painter: QPainter, region: Box, view: Viewpoint, ratio: float, bounds: QRect) -> None:
    """Darkens what lies outside the region that edits are kept to, and draws its border."""
    inside = box_rect(region, view, ratio)
    outside = QPainterPath()
    outside.addRect(QRectF(bounds))
    hole = QPainterPath()
    hole.addRect(inside)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillPath(outside - hole, _OUTSIDE)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(_DARK, 3.0))
    painter.drawRect(inside)
    painter.setPen(QPen(QColor(*SELECTED_RGB), 1.2, Qt.PenStyle.DashLine))
    painter.drawRect(inside)


def point_at(y: float, x: float, view: Viewpoint, ratio: float) -> QPointF:
    """Where image point (y, x), counted from pixel centres, is seen; logical pixels."""
    v, u = view.to_device(y + 0.5, x + 0.5)
    return QPointF(u / ratio, v / ratio)


def box_rect(box: Box, view: Viewpoint, ratio: float) -> QRectF:
    """Where the pixels of `box` are seen; logical pixels."""
    top, left = view.to_device(box.y0, box.x0)
    bottom, right = view.to_device(box.y1, box.x1)
    return QRectF(left / ratio, top / ratio, (right - left) / ratio, (bottom - top) / ratio)


def _picture(mask: Mask, rgb: tuple[int, int, int]) -> QImage:
    """The mask filled with `rgb`, its border pixels in the colour of selections."""
    pixels = np.ascontiguousarray(mask).view(np.uint8)
    inner = cv2.erode(pixels, _KERNEL, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    table = np.array([0, _premultiplied(SELECTED_RGB, _EDGE_ALPHA), _premultiplied(rgb, _FILL_ALPHA)], dtype=np.uint32)
    colors = np.ascontiguousarray(np.take(table, np.asarray(pixels + inner, dtype=np.uint8)))
    height, width = mask.shape
    image = QImage(colors.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()  # the buffer is numpy's and goes with this function


def _premultiplied(rgb: tuple[int, int, int], alpha: int) -> int:
    red, green, blue = (value * alpha // 255 for value in rgb)
    return alpha << 24 | red << 16 | green << 8 | blue
