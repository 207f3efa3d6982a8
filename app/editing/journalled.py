"""What the journal knows of an open image: what can be undone, what is on disk."""

from __future__ import annotations

from seamseg_studio.app.editing.journal_writer import JournalWriter
from seamseg_studio.app.editing.segment_edits import SegmentEdits


class Journalled(SegmentEdits):
    """Edits whose steps are kept in a journal; a subclass says in which."""

    _journal: JournalWriter

    @property
    def can_redo(self) -> bool:
        return self._journal.can_redo

    @property
    def undo_label(self) -> str:
        return self._journal.undo_label

    @property
    def redo_label(self) -> str:
        return self._journal.redo_label

    @property
    def history(self) -> tuple[list[str], int]:
        """What each step did, oldest first, those that are undone last; and how many are done. Not from the disk."""
        return self._journal.lines, self._journal.num_done

    @property
    def saved_text(self) -> str:
        """The last sentence about saving; empty before the first change."""
        return self._journal.text

    @property
    def num_unsaved(self) -> int:
        """How many changes are in memory only because the disk refused them."""
        return self._journal.num_waiting

    def save(self) -> bool:
        """Tries to write what the disk refused; whether all work is on disk."""
        return not self.num_unsaved or self._journal.flush()
