"""Puts a document's patches into the project's journal; keeps what cannot be written and tries again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QTime, QTimer, Signal

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.scene.patch import Patch

RETRY_DELAY_MS = 3000

SAVE_ERRORS = (SeamsegError, OSError, sqlite3.Error)
"""What a full or read-only disk, or a project that went away, raises."""


class HistoryEntry(Protocol):
    """A line of the journal."""

    @property
    def label(self) -> str: ...
    @property
    def undone(self) -> bool: ...


class Journal(Protocol):
    """The part of a project that keeps patches."""

    def append(self, image_id: int, patch: Patch) -> int: ...
    def undo(self, image_id: int) -> Patch | None: ...
    def redo(self, image_id: int) -> Patch | None: ...
    def history(self, image_id: int) -> Sequence[HistoryEntry]: ...


class JournalWriter(QObject):
    """The journal of one image, as undo and redo see it.

    A patch is on disk when `append` returns. If it cannot be written it waits here, in order, with everything that
    comes after it; a timer tries again. Undo takes the waiting ones back first: they never were on disk.

    Signals:
        saved_changed: Whether all work is on disk, as a sentence for the status bar.
        save_failed: A patch could not be written, with the reason; once until writing works again.
    """

    saved_changed = Signal(str)
    save_failed = Signal(str)

    def __init__(
        self,
        journal: Journal,
        image_id: int,
        parent: QObject | None = None,
        history: Sequence[HistoryEntry] | None = None,
    ) -> None:
        """Args:
        journal: Where patches are written.
        image_id: The image whose patches they are.
        parent: Qt's owner.
        history: The image's lines as they are in `journal` now; read from it if missing.
        """
        super().__init__(parent)
        self._journal = journal
        self._image_id = image_id
        self._waiting: list[Patch] = []
        self._taken_back: list[Patch] = []  # undone while waiting, so not in the journal; the next redo is the last
        self._done: list[str] = []
        self._undone: list[str] = []
        self._take(journal.history(image_id) if history is None else history)
        self._text = ""
        self._retry = QTimer(self)
        self._retry.setInterval(RETRY_DELAY_MS)
        self._retry.timeout.connect(self.flush)

    def reload(self) -> None:
        """Reads the labels of the journal's lines anew."""
        self._take(self._journal.history(self._image_id))

    def _take(self, history: Sequence[HistoryEntry]) -> None:
        self._done = [entry.label for entry in history if not entry.undone]
        self._undone = [entry.label for entry in history if entry.undone][::-1]
        self._taken_back.clear()

    @property
    def num_done(self) -> int:
        """How many patches could be undone."""
        return len(self._done) + len(self._waiting)

    @property
    def lines(self) -> list[str]:
        """What each patch did, oldest first: done ones, of these the last may wait for the disk, then undone ones."""
        done = self._done + [patch.label for patch in self._waiting]
        return done + self._undone[::-1] + [patch.label for patch in self._taken_back[::-1]]

    @property
    def num_waiting(self) -> int:
        """How many patches are not on disk yet."""
        return len(self._waiting)

    @property
    def text(self) -> str:
        """The last sentence of `saved_changed`."""
        return self._text

    @property
    def undo_label(self) -> str:
        """What undo would take back; empty if nothing."""
        if self._waiting:
            return self._waiting[-1].label
        return self._done[-1] if self._done else ""

    @property
    def redo_label(self) -> str:
        """What redo would do again; empty if nothing."""
        if self._undone:
            return self._undone[-1]
        return self._taken_back[-1].label if self._taken_back else ""

    @property
    def can_redo(self) -> bool:
        return bool(self._taken_back or self._undone)

    def append(self, patch: Patch) -> None:
        """Writes an applied patch, or keeps it to be written later. Nothing that was undone can be redone after it."""
        self._taken_back.clear()
        self._undone.clear()  # now, not only when it is on disk: it may be undone while it waits, and redone after
        self._write_or_keep(patch)

    def undo(self) -> Patch | None:
        """The patch to revert, None if there is none.

        Raises:
            One of `SAVE_ERRORS`: The journal could not be moved back; nothing changed.
        """
        if self._waiting:
            patch = self._waiting.pop()
            self._taken_back.append(patch)
            if not self._waiting:
                self._tell_saved()
            return patch
        undone = self._journal.undo(self._image_id)
        if undone is not None and self._done:
            self._undone.append(self._done.pop())
            self._tell_saved()
        return undone

    def redo(self) -> Patch | None:
        """The patch to apply, None if there is none.

        Raises:
            One of `SAVE_ERRORS`: The journal could not be moved on; nothing changed.
        """
        if self._undone:
            redone = self._journal.redo(self._image_id)
            if redone is not None:
                self._done.append(self._undone.pop())
                self._tell_saved()
            return redone
        if not self._taken_back:
            return None
        patch = self._taken_back.pop()
        self._write_or_keep(patch)
        return patch

    def flush(self) -> bool:
        """Tries to write what waits; whether all is on disk."""
        while self._waiting:
            try:
                self._journal.append(self._image_id, self._waiting[0])
            except SAVE_ERRORS as error:
                self._fail(error)
                return False
            self._done.append(self._waiting.pop(0).label)
        self._tell_saved()
        return True

    def _write_or_keep(self, patch: Patch) -> None:
        was_waiting = bool(self._waiting)
        self._waiting.append(patch)
        if not self.flush() and not was_waiting:
            self.save_failed.emit(self._text)

    def _fail(self, error: Exception) -> None:
        waiting = f"{len(self._waiting)} change{'s' if len(self._waiting) > 1 else ''}"
        self._tell(self.tr("Not saved, {0} kept in memory and retried: {1}").format(waiting, error))
        self._retry.start()

    def _tell_saved(self) -> None:
        self._retry.stop()
        self._tell(self.tr("Saved {0}").format(QTime.currentTime().toString("HH:mm:ss")))

    def _tell(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.saved_changed.emit(text)
