"""The pointer that a tool shows: the system's shapes, or a ring of the brush's true size."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.canvas import decorations
from seamseg_studio.app.canvas.pointer import Pointer
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.tools.events import CursorKind, CursorShape

_SHAPES = {
    CursorKind.ARROW: Qt.CursorShape.ArrowCursor,
    CursorKind.CROSS: Qt.CursorShape.CrossCursor,
    CursorKind.DISK: Qt.CursorShape.BlankCursor,
}


class ToolCursor:
    """Keeps a viewport's cursor as the tool in use wants it; repaints only where the ring was and is."""

    def __init__(self, pointer: Pointer) -> None:
        self._pointer = pointer
        self.is_working = False  # an edit is being worked out in the background
        self._shape = CursorShape()
        self._ring = QRect()

    def refresh(self, viewport: QWidget, shape: CursorShape, view: Viewpoint, ratio: float) -> None:
        """Shows `shape`, a hand while a drag would pan, or that the map is being worked on."""
        self._shape = shape
        if self._pointer.wants_pan:
            is_held = self._pointer.is_panning
            system_shape = Qt.CursorShape.ClosedHandCursor if is_held else Qt.CursorShape.OpenHandCursor
        else:
            system_shape = Qt.CursorShape.BusyCursor if self.is_working else _SHAPES[shape.kind]
        if viewport.cursor().shape() != system_shape:  # setting it takes a millisecond, even to what it is
            viewport.setCursor(system_shape)
        centre, ring = self._centre(view, ratio), QRect()
        if centre is not None:
            ring = decorations.disk_rect(centre, self._radius(view, ratio)).toAlignedRect()
        viewport.update(self._ring)
        viewport.update(ring)
        self._ring = ring

    def paint(self, painter: QPainter, view: Viewpoint, ratio: float) -> None:
        """Draws the ring, if the shape has one."""
        centre = self._centre(view, ratio)
        if centre is not None:
            decorations.paint_disk(painter, centre, self._radius(view, ratio), self._shape.rgb)

    def _radius(self, view: Viewpoint, ratio: float) -> float:
        return self._shape.radius_px * view.scale / ratio

    def _centre(self, view: Viewpoint, ratio: float) -> QPointF | None:
        """Where the disk is drawn, in logical pixels; None for shapes, and times, without one."""
        position = self._pointer.position
        if self._shape.kind is not CursorKind.DISK or position is None or self._pointer.wants_pan:
            return None
        if self._shape.anchor_yx is None:
            return position
        v, u = view.to_device(self._shape.anchor_yx[0] + 0.5, self._shape.anchor_yx[1] + 0.5)
        return QPointF(u / ratio, v / ratio)
