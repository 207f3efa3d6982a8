"""What the engine gives back for a question of a tool, until it is told to answer."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class PendingAnswer(QObject):
    """An answer that is awaited; `succeeded` and `failed` give it."""

    succeeded = Signal(object, str)
    failed = Signal(str)
    ended = Signal()
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
