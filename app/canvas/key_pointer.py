"""The pointer by keys: arrows move it, a comma clicks, a full stop presses and lets go. No tool needs a mouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

_STEP_PX, _MORE_PX, _MOST_PX = 8.0, 3.0, 48.0  # on the screen; a key that is held goes faster and faster
_MARGIN_PX = 24.0  # nearer to the edge of the viewport the picture moves instead
_WAYS = {
    Qt.Key.Key_Left: QPointF(-1, 0),
    Qt.Key.Key_Right: QPointF(1, 0),
    Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}
_CLICK, _HOLD = Qt.Key.Key_Comma, Qt.Key.Key_Period
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@dataclass(slots=True)
class KeyPointerTargets:
    """What the keys act on, given by the canvas."""

    viewport: Callable[[], QWidget]
    position: Callable[[], QPointF | None]  # of the pointer, in logical pixels of the viewport
    pan: Callable[[QPointF], None]  # the picture, by logical pixels
    pixel_px: Callable[[], float]  # how large an image pixel is on the screen


class KeyPointer:
    """Turns keys into the mouse events that a hand would make.

    Attributes:
        is_shown: Whether keys moved the pointer last, so that it has to be drawn: the system's is elsewhere.
    """

    def __init__(self, targets: KeyPointerTargets) -> None:
        self._to = targets
        self._held = _NONE
        self._is_sending = False
        self._num_repeats = 0
        self.is_shown = False

    @staticmethod
    def claims(event: QKeyEvent) -> bool:
        """Whether a key is one of these: arrows, with Shift pixel by pixel, comma and full stop."""
        # With Shift, too: there are keyboards on which a full stop needs it.
        held = event.modifiers() & ~(Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier)
        is_ours = event.key() in _WAYS or event.key() in (_CLICK, _HOLD)
        return is_ours and held == Qt.KeyboardModifier.NoModifier

    def press(self, event: QKeyEvent) -> None:
        """One of the keys went down."""
        key = Qt.Key(event.key())
        self._num_repeats = self._num_repeats + 1 if event.isAutoRepeat() else 0
        if key in _WAYS:
            is_fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            step = max(self._to.pixel_px(), 1.0) if is_fine else min(_STEP_PX + _MORE_PX * self._num_repeats, _MOST_PX)
            self._move(_WAYS[key] * step)
        elif event.isAutoRepeat():
            return
        elif key == _HOLD:
            self._let_go() if self._held else self._press()
        elif not self._held:
            self._press()
            self._let_go()

    def end(self) -> None:
        """The keyboard goes elsewhere: what is held is let go of."""
        if self._held:
            self._let_go()
        self.is_shown = False

    def gives_way(self) -> bool:
        """Gives the pointer back to the mouse, if it was not keys that moved it; whether it was shown until now."""
        was_shown = self.is_shown
        if not self._is_sending:
            self._held = _NONE
            self.is_shown = False
        return was_shown and not self.is_shown

    def _move(self, way: QPointF) -> None:
        area = self._to.viewport().rect()
        wanted = self._place() + way
        margin = min(_MARGIN_PX, area.width() / 4, area.height() / 4)
        place = QPointF(
            min(max(wanted.x(), margin), area.width() - margin), min(max(wanted.y(), margin), area.height() - margin)
        )
        self.is_shown = True
        if place != wanted:
            self._to.pan(place - wanted)
        self._send(QEvent.Type.MouseMove, place, _NONE)

    def _press(self) -> None:
        self.is_shown = True
        self._held = _LEFT
        self._send(QEvent.Type.MouseButtonPress, self._place(), _LEFT)

    def _let_go(self) -> None:
        self._held = _NONE
        self._send(QEvent.Type.MouseButtonRelease, self._place(), _LEFT)

    def _place(self) -> QPointF:
        position, area = self._to.position(), self._to.viewport().rect()
        return position if position is not None else QPointF(area.center())

    def _send(self, kind: QEvent.Type, place: QPointF, button: Qt.MouseButton) -> None:
        viewport = self._to.viewport()
        above = QPointF(viewport.mapToGlobal(place))
        event = QMouseEvent(kind, place, above, button, self._held, Qt.KeyboardModifier.NoModifier)
        self._is_sending = True
        try:
            QApplication.sendEvent(viewport, event)
        finally:
            self._is_sending = False
