"""The whole image, larger than the minimap, with a frame around what the canvas shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from seamseg_studio.app.panels.panel import Panel

if TYPE_CHECKING:
    from seamseg_studio.app.canvas import Canvas

_REFRESH_MS = 250
_MARGIN_PX = 12


class NavigatorPanel(Panel):
    """A click or drag looks there; drawn only while it is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("navigator", "", parent)
        self.title = self.tr("Navigator")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._canvas: Canvas | None = None
        self._frame = QWidget(self)
        self._frame.setMinimumHeight(120)
        self._layout = QVBoxLayout(self._frame)
        self._layout.setContentsMargins(_MARGIN_PX, 0, _MARGIN_PX, _MARGIN_PX)
        self.column.addWidget(self._frame, 1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)

    def set_canvas(self, canvas: Canvas) -> None:
        """Shows what `canvas` shows."""
        self._canvas = canvas
        self.map = canvas.make_navigator()
        self.map.setAccessibleName(self.title)
        self._layout.addWidget(self.map, 0, Qt.AlignmentFlag.AlignCenter)
        canvas.picture_changed.connect(self._start_timer)
        self.refresh()

    def refresh(self) -> None:
        """Draws the picture anew, if it is seen."""
        self._timer.stop()
        if self._canvas is None or not self.isVisible():
            return
        margins = self._layout.contentsMargins()
        room = self._frame.size() - QSize(margins.left() + margins.right(), margins.bottom())
        picture = self._canvas.overview(room)
        self.map.setVisible(not picture.isNull())
        if not picture.isNull():
            self.map.setFixedSize(picture.size())
            self.map.set_picture(picture)

    def showEvent(self, event: QShowEvent) -> None:
        self._start_timer()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._start_timer()

    def _start_timer(self) -> None:
        if not self._timer.isActive():
            self._timer.start()
