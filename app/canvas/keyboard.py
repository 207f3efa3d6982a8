"""Keys that are the canvas's own: Space pans, H peeks, some point; Esc, Enter, Backspace go to a gesture under way.

Without a gesture Enter and Esc take and leave what is offered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from seamseg_studio.app.canvas.key_pointer import KeyPointer
from seamseg_studio.app.canvas.offer import Offer
from seamseg_studio.app.tools.base import Tool
from seamseg_studio.app.tools.events import ToolKey

_TOOL_KEYS = {
    Qt.Key.Key_Return: ToolKey.FINISH,
    Qt.Key.Key_Enter: ToolKey.FINISH,
    Qt.Key.Key_Backspace: ToolKey.BACK,
}


@dataclass(slots=True)
class KeyTargets:
    """What keys act on, given by the canvas."""

    tool: Callable[[], Tool | None]  # None while there is no image
    offer: Callable[[], Offer | None]
    pan: Callable[[bool], None]
    peek: Callable[[bool], None]
    cancel: Callable[[], None]
    tool_key: Callable[[ToolKey], None]


class Keyboard:
    """Sorts key events; what it does not take is a shortcut of the window."""

    def __init__(self, targets: KeyTargets, pointer: KeyPointer) -> None:
        self._to = targets
        self._pointer = pointer

    def claims(self, event: QKeyEvent) -> bool:
        """Whether a key is the canvas's own before it is a shortcut."""
        tool = self._to.tool()
        if tool is None:
            return False
        if self._of_offer(event, tool) is not None:
            return True
        if event.key() == Qt.Key.Key_Escape:
            return tool.busy
        tool_key = _tool_key(event)
        if tool_key is not None:
            return tool.busy and tool_key in tool.keys
        return self._pointer.claims(event) or (_is_bare(event) and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_H))

    def handle(self, event: QKeyEvent) -> bool:
        """Takes a key event; whether it was used."""
        tool, key = self._to.tool(), event.key()
        is_down = event.type() == QEvent.Type.KeyPress
        if tool is None:
            return False
        if key in (Qt.Key.Key_Space, Qt.Key.Key_H):
            if not event.isAutoRepeat():
                (self._to.pan if key == Qt.Key.Key_Space else self._to.peek)(is_down)
        elif not is_down or not self.claims(event):
            return False
        elif (decide := self._of_offer(event, tool)) is not None:
            decide()
        elif self._pointer.claims(event):
            self._pointer.press(event)
        elif key == Qt.Key.Key_Escape:
            self._to.cancel()
        else:
            tool_key = _tool_key(event)
            assert tool_key is not None
            self._to.tool_key(tool_key)
        return True

    def _of_offer(self, event: QKeyEvent, tool: Tool) -> Callable[[], object] | None:
        """What a key does with what is offered; None if it is not about that."""
        offer = self._to.offer()
        if offer is None or tool.busy or not _is_bare(event):
            return None
        if event.key() == Qt.Key.Key_Escape:
            return offer.leave
        return offer.take if _tool_key(event) is ToolKey.FINISH else None


def _tool_key(event: QKeyEvent) -> ToolKey | None:
    if event.matches(QKeySequence.StandardKey.Undo):
        return ToolKey.BACK  # inside a gesture undo is about the gesture
    return _TOOL_KEYS.get(Qt.Key(event.key())) if _is_bare(event) else None


def _is_bare(event: QKeyEvent) -> bool:
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
