"""A frame around a part of the window that somebody speaks of; it takes no clicks and goes by itself."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.look.theme import Theme

_SHOWN_MS = 8000
_WIDTH_PX = 3
_RADIUS_PX = 8


class Spotlight(QWidget):
    """Lies over the whole window and draws one frame."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self.frame = QRect()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def show_part(self, part: QWidget | None) -> None:
        """Draws a frame around `part`; none takes the frame away."""
        window = self._window
        if part is None or not part.isVisible():
            self.hide()
            return
        corner = part.mapTo(window, part.rect().topLeft())
        self.setGeometry(window.rect())
        self.frame = QRect(corner, part.size()).intersected(window.rect())
        self.show()
        self.raise_()
        self.update()
        self._timer.start()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.tones.color("accent_bright"), _WIDTH_PX))
        inset = (_WIDTH_PX + 1) // 2
        painter.drawRoundedRect(self.frame.adjusted(inset, inset, -inset, -inset), _RADIUS_PX, _RADIUS_PX)
        painter.end()
