"""The picture: pyqtgraph's view with our tiled item in it. The only module that knows pyqtgraph."""

from __future__ import annotations

import math
import time
from typing import Protocol

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsView, QStyleOptionGraphicsItem, QWidget

from seamseg_studio.app.canvas.image_layer import ImageLayer
from seamseg_studio.app.canvas.labelled_layer import LabelledLayer
from seamseg_studio.app.canvas.tiles import MIN_CACHED, TILE_PX, Rect, scaled_shape
from seamseg_studio.app.canvas.viewpoint import Viewpoint, fitting
from seamseg_studio.engine.scene.geometry import Box

# Rendering stops here and goes on in the next frame, stand-ins being shown meanwhile: a frame is 16 ms at 60 Hz.
RENDER_BUDGET_S = 0.006
GROUND = QColor("#131417")


class StageInput(Protocol):
    """What the stage tells about pointer and keys; each answers whether it took the event."""

    def pointer(self, event: QEvent) -> bool: ...
    def key(self, event: QKeyEvent) -> bool: ...
    def claims_key(self, event: QKeyEvent) -> bool: ...
    def focus_lost(self) -> None: ...
    def paint_above(self, painter: QPainter, exposed: QRect) -> None: ...

    @property
    def covered_px(self) -> int:
        """How much of the foot something lies over, in logical pixels."""

    @property
    def edge_px(self) -> int:
        """How much of the top and the left side something lies over, in logical pixels."""


class _LabelledImage(pg.GraphicsObject):  # type: ignore[misc]
    """The image with its overlay, in image coordinates; pixel (0, 0) covers the unit square at the origin."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage
        self._bounds = QRectF()

    def resize(self, shape: tuple[int, int]) -> None:
        self.prepareGeometryChange()
        self._bounds = QRectF(0, 0, shape[1], shape[0])

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self._stage.paint_layers(painter)


class Stage(pg.GraphicsView):  # type: ignore[misc]
    """Shows the layers from a viewpoint.

    Signals:
        viewpoint_changed: The picture moved or was scaled, or the viewport has another size.
    """

    viewpoint_changed = Signal()

    def __init__(self, handler: StageInput, parent: QWidget | None = None) -> None:
        super().__init__(parent, useOpenGL=False, background=None)
        self._handler = handler
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        # Whoever changes something asks for the repaint of that; the scene would ask for one more after each pan.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing, True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False, invertY=True, defaultPadding=0)
        self._box.disableAutoRange()
        self.setCentralItem(self._box)
        self._item = _LabelledImage(self)
        self._box.addItem(self._item, ignoreBounds=True)
        self._view = Viewpoint()
        self._image: ImageLayer | None = None
        self._labelled: LabelledLayer | None = None
        self._preview: QImage | None = None
        self._preview_shape = (0, 0)
        self._exposed = QRect()
        self._ratio = self.device_ratio
        self._is_complete = True
        self.num_frames = 0
        self.shows_overlay = True
        self.ground = GROUND
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._on_again_timeout)
        self._pyramid = QTimer(self)
        self._pyramid.timeout.connect(self._on_pyramid_timeout)

    # What is shown

    def set_layers(self, image: ImageLayer | None, labelled: LabelledLayer | None) -> None:
        """Shows an image and its overlay, or nothing."""
        self._image, self._labelled, self._preview = image, labelled, None
        self._item.resize(image.shape if image is not None else (0, 0))
        if image is not None:
            self._pyramid.start(0)
        self.viewport().update()

    def set_preview(self, picture: QImage, shape: tuple[int, int]) -> None:
        """Shows the whole of an image of `shape` by a small picture of it, until `set_layers`."""
        self._preview = picture
        self._preview_shape = shape
        self._item.resize(shape)
        self.set_viewpoint(self.fitting(shape))
        self.viewport().update()

    @property
    def is_complete(self) -> bool:
        """Whether the last frame showed everything as it is, no stand-ins."""
        return self._is_complete

    @property
    def device_ratio(self) -> float:
        return float(self.viewport().devicePixelRatioF())

    @property
    def device_shape(self) -> tuple[int, int]:
        """Height and width of the viewport in device pixels."""
        size, ratio = self.viewport().size(), self.device_ratio
        return max(round(size.height() * ratio), 1), max(round(size.width() * ratio), 1)

    @property
    def viewpoint(self) -> Viewpoint:
        return self._view

    def fitting(self, shape: tuple[int, int]) -> Viewpoint:
        """The view that shows the whole of an image of `shape`, nothing lying over it."""
        covered_px, edge_px = (
            round(size * self.device_ratio) for size in (self._handler.covered_px, self._handler.edge_px)
        )
        return fitting(Box(0, 0, *shape), self.device_shape, covered_px=covered_px, edge_px=edge_px)

    def set_viewpoint(self, view: Viewpoint) -> None:
        """Looks from `view`, moved so far that some of the image is seen."""
        if self._image is not None:
            view = view.clamped(self._image.shape, self.device_shape)
        if view == self._view:
            return
        self._view = view
        self._fit_view_box()
        self.viewport().update()
        self.viewpoint_changed.emit()

    def update_box(self, box: Box) -> None:
        """Asks for a repaint of what the pixels of `box` look like."""
        if self._labelled is None:
            return
        rect = self._labelled.rect_of(box, self._view.scale)
        self.update_device(
            Rect(
                rect.top - self._view.top,
                rect.left - self._view.left,
                rect.bottom - self._view.top,
                rect.right - self._view.left,
            )
        )

    def update_device(self, rect: Rect) -> None:
        """Asks for a repaint of device pixels of the viewport."""
        ratio = self.device_ratio
        area = QRectF(
            rect.left / ratio, rect.top / ratio, (rect.right - rect.left) / ratio, (rect.bottom - rect.top) / ratio
        ).toAlignedRect()
        self.viewport().update(area & self.viewport().rect())

    def _fit_view_box(self) -> None:
        """Gives pyqtgraph's items the same view."""
        height, width = self.device_shape
        view = self._view
        self._box.setRange(
            QRectF(view.left / view.scale, view.top / view.scale, width / view.scale, height / view.scale),
            padding=0,
            disableAutoRange=False,
        )

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        self._follow_device_ratio()
        self._exposed = event.region().boundingRect()
        super().paintEvent(event)
        self.num_frames += 1
        if not self._is_complete:
            self._again.start(0)

    def _follow_device_ratio(self) -> None:
        """Keeps what is seen when the window comes to a screen of another scale."""
        ratio, old = self.device_ratio, self._ratio
        if ratio != old:
            self._ratio = ratio
            view, (rows, columns) = self._view, self.device_shape
            y, x = view.to_image(rows * old / ratio / 2, columns * old / ratio / 2)
            scale = view.scale * ratio / old
            self.set_viewpoint(Viewpoint(scale, round(y * scale - rows / 2), round(x * scale - columns / 2)))

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        painter.save()
        painter.setWorldTransform(QTransform())
        ground = QRegion(self._exposed).subtracted(QRegion(self._covered()))
        if not ground.isEmpty():
            painter.setClipRegion(ground, Qt.ClipOperation.IntersectClip)
            painter.fillRect(self._exposed, self.ground)
        painter.restore()

    def _covered(self) -> QRect:
        """The part of the viewport of which the image covers every pixel, so that there is no ground to paint."""
        if self._image is None:
            return QRect()
        view, ratio = self._view, self.device_ratio
        rows, columns = scaled_shape(self._image.shape, view.scale)
        left, top = math.ceil(-view.left / ratio), math.ceil(-view.top / ratio)
        right, bottom = math.floor((columns - view.left) / ratio), math.floor((rows - view.top) / ratio)
        return QRect(left, top, right - left, bottom - top)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        painter.save()
        painter.setWorldTransform(QTransform())
        self._handler.paint_above(painter, self._exposed)
        painter.restore()

    def paint_layers(self, painter: QPainter) -> None:
        """Draws image, fill and outlines where the viewport is exposed."""
        if self._image is None:
            self._paint_preview(painter)
            return
        ratio = self.device_ratio
        view = self._view
        area = QRectF(
            self._exposed.x() * ratio,
            self._exposed.y() * ratio,
            self._exposed.width() * ratio,
            self._exposed.height() * ratio,
        ).toAlignedRect()
        exposed = Rect(
            area.top() + view.top, area.left() + view.left, area.bottom() + 1 + view.top, area.right() + 1 + view.left
        )
        if self._labelled is not None:
            self._labelled.set_line_width(round(ratio))
        deadline = time.perf_counter() + RENDER_BUDGET_S
        painter.save()
        painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio).translate(-view.left, -view.top))
        layer = self._labelled if self.shows_overlay and self._labelled is not None else self._image
        num_visible = (self.device_shape[0] // TILE_PX + 2) * (self.device_shape[1] // TILE_PX + 2)
        self._image.max_tiles = layer.max_tiles = max(MIN_CACHED, num_visible * 3 // 2)
        is_complete = layer.prepare(exposed, view.scale, deadline)
        self._draw_overview(painter, layer.missing(exposed))
        layer.draw(painter, exposed)
        painter.restore()
        self._is_complete = is_complete

    def _paint_preview(self, painter: QPainter) -> None:
        if self._preview is None:
            return
        height, width = self._preview_shape
        (top, left), (bottom, right) = self._view.to_device(0, 0), self._view.to_device(height, width)
        ratio = self.device_ratio
        painter.save()
        painter.setWorldTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(left, top, right - left, bottom - top), self._preview)
        painter.restore()
        self._is_complete = True

    def _draw_overview(self, painter: QPainter, places: list[Rect]) -> None:
        """Fills the places of tiles still to be made with a coarse picture."""
        assert self._image is not None
        for rect in places:
            overview = self._image.overview()
            height, width = self._image.shape
            across = overview.width() / (width * self._view.scale)
            down = overview.height() / (height * self._view.scale)
            painter.drawImage(
                QRectF(rect.left, rect.top, rect.right - rect.left, rect.bottom - rect.top),
                overview,
                QRectF(
                    rect.left * across,
                    rect.top * down,
                    (rect.right - rect.left) * across,
                    (rect.bottom - rect.top) * down,
                ),
            )

    def _on_again_timeout(self) -> None:
        self.viewport().update()

    def _on_pyramid_timeout(self) -> None:
        if self._image is None:
            self._pyramid.stop()
            return
        num_levels = self._image.pyramid.num_levels
        if not self._image.step_pyramid():
            self._pyramid.stop()
        if self._image.pyramid.num_levels != num_levels and self._view.scale < 1:
            if self._labelled is not None:
                self._labelled.invalidate()
            self.viewport().update()

    # Events go to the handler; pyqtgraph's own mouse handling (hovering, menus) is left out, it costs a millisecond.

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None and hasattr(self, "_view"):
            self._fit_view_box()
            self.viewpoint_changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(self._handler.pointer(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(self._handler.pointer(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(self._handler.pointer(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.setAccepted(self._handler.pointer(event))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.setAccepted(self._handler.pointer(event))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in _POINTER_EVENTS and self._handler.pointer(event):
            event.accept()
            return True
        return bool(super().viewportEvent(event))

    def leaveEvent(self, event: QEvent) -> None:
        self._handler.pointer(event)

    def event(self, event: QEvent) -> bool:
        match event:
            case QKeyEvent() if event.type() == QEvent.Type.ShortcutOverride and self._handler.claims_key(event):
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self._handler.key(event))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        event.setAccepted(self._handler.key(event))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._handler.focus_lost()

    def to_device(self, position: QPointF) -> tuple[float, float]:
        """A position in the viewport's logical pixels as device (v, u)."""
        ratio = self.device_ratio
        return position.y() * ratio, position.x() * ratio


_POINTER_EVENTS = frozenset(
    {
        QEvent.Type.TabletPress,
        QEvent.Type.TabletMove,
        QEvent.Type.TabletRelease,
        QEvent.Type.NativeGesture,
        QEvent.Type.Gesture,
        QEvent.Type.Leave,
    }
)
