"""The journal of a project, as its users know it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from seamseg_studio.engine.project.compaction import (
    JournalSize,
    Trimmed,
    compact,
    journal_bytes,
    journal_size,
    trim,
)
from seamseg_studio.engine.project.errors import MisfitError
from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.records import JournalEntry
from seamseg_studio.engine.project.recovery import salvage
from seamseg_studio.engine.project.rooms import ProjectRooms
from seamseg_studio.engine.scene.errors import PatchError
from seamseg_studio.engine.scene.panoptic_map import new_mark
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.replacement import difference

_JOURNAL_LIMIT = "journal limit bytes"


class JournalMethods(ProjectRooms):
    """The part of `Project` that is about the steps of images."""

    def append(self, image_id: int, patch: Patch) -> int:
        """Journals an applied patch and returns its number; it survives a crash from then on.

        Raises:
            MisfitError: It was made for other labels than the image has in the journal.
            ProjectError: It could not be written; keep it and try again.
        """
        with self._database.write():
            if not patch.mark_before or patch.mark_before != self._journal.mark(image_id):
                self._check_fit(image_id, patch)
            if self._labels.past.is_behind(image_id):
                # What people see becomes the state in the journal first; the patch was made for it.
                missing = self._taxonomies.catch_up(self._labels.load_by_key(image_id)[0])
                assert missing is not None
                self._journal.append(image_id, missing, keeps_status=True)
            entry = self._journal.append(image_id, self._taxonomies.current.patch_to_keys(patch))
        self._labels.past.note_present(image_id)
        self._journal.set_mark(image_id, patch.mark_after)
        return entry

    def undo(self, image_id: int) -> Patch | None:
        """Moves the image's cursor back and returns the patch to revert; None at the beginning.

        A step from before the categories changed is shown as what it did to the labels in the present categories,
        which may be nothing.

        Raises:
            ProjectError: It could not be written, or the step is damaged; the cursor stays.
            RetiredCategoryError: The step shows a category of which nothing says what became of it; the cursor stays.
        """
        return self._travel(image_id, self._journal.undo, is_undo=True)

    def redo(self, image_id: int) -> Patch | None:
        """Moves the image's cursor on and returns the patch to apply; None at the end.

        Raises:
            ProjectError: It could not be written, or the step is damaged; the cursor stays.
            RetiredCategoryError: The step shows a category of which nothing says what became of it; the cursor stays.
        """
        return self._travel(image_id, self._journal.redo, is_undo=False)

    def history(self, image_id: int) -> list[JournalEntry]:
        """Returns the steps of an image, oldest first, those that are undone last."""
        return self._journal.history(image_id)

    def salvage(self, image_id: int) -> list[str]:
        """Brings an image whose history is damaged back to the last good step, after a backup.

        Returns:
            What the lost steps had done; empty if nothing was damaged.

        Raises:
            SaveError: It could not be written.
            DamagedDatabaseError: The database itself is damaged; see `recover_project`.
        """
        return salvage(self._database, self._labels, self._journal, image_id)

    def journal_bytes(self, image_id: int | None = None) -> int:
        """Returns the size of the journal of one image, or of all: what unlimited undo costs."""
        return journal_bytes(self._database, image_id)

    def compact(self, image_id: int, keep_steps: int) -> int:
        """Folds all but the last `keep_steps` steps of an image into its labels and returns how many that were.

        They cannot be undone any more, so this is never done unasked.

        Raises:
            ProjectError: The labels could not be read or written; the journal is then as it was.
        """
        return compact(self._database, self._labels, image_id, keep_steps)

    def journal_size(self) -> JournalSize:
        """Returns the size of the journal of all images, and the limit that people set."""
        limit = self.setting(_JOURNAL_LIMIT)
        return journal_size(self._database, int(limit) if isinstance(limit, int) else None)

    def set_journal_limit(self, limit_bytes: int | None) -> None:
        """Says how large the journal may become; None for any size, as it is at first.

        Nothing is dropped when the limit is passed: `journal_size().is_over` says so, and `trim_journal` is to be
        offered.

        Raises:
            ValueError: The limit is negative.
            SaveError: It could not be written.
        """
        if limit_bytes is not None and limit_bytes < 0:
            raise ValueError(f"a journal cannot be of {limit_bytes} bytes")
        self.set_setting(_JOURNAL_LIMIT, limit_bytes)

    def trim_journal(self, keep_steps: int = 100, progress: Progress | None = None) -> Trimmed:
        """Folds old steps into the labels until the journal is within its limit; never done unasked.

        Images on which nobody has worked for longest come first. Labels stay as they are; the steps that were folded
        cannot be undone any more.

        Args:
            keep_steps: The last steps of every image, which stay in any case.
            progress: Called with (images done, images); returning False stops.

        Raises:
            ProjectError: Labels could not be read or written; nothing is lost.
        """
        limit = self.journal_size().limit_bytes
        if limit is None:
            return Trimmed({}, 0)
        return trim(self._database, self._labels, limit, keep_steps, progress)

    def _check_fit(self, image_id: int, patch: Patch) -> None:
        """Compares a patch of unknown origin with the labels as the journal gives them, pixel by pixel."""
        try:
            patch.check(self._labels.load(image_id)[0])
        except PatchError as error:
            raise MisfitError(self._folder, error) from error

    def _travel(self, image_id: int, move: Callable[[int], Patch | None], *, is_undo: bool) -> Patch | None:
        here = self._journal.mark(image_id)
        there = new_mark()
        try:
            with self._database.write():
                patch = move(image_id)
                if patch is None:
                    return None
                shown = self._in_present_categories(image_id, patch, is_undo=is_undo)
        except BaseException:
            self._labels.past.forget(image_id)  # it may be that of the other side
            raise
        self._journal.set_mark(image_id, there)
        before, after = (there, here) if is_undo else (here, there)
        return replace(shown, mark_before=before, mark_after=after)

    def _in_present_categories(self, image_id: int, patch: Patch, *, is_undo: bool) -> Patch:
        """Returns a step that the cursor has just passed as it is seen in the present categories."""
        present = self._taxonomies.current
        records = [*patch.segments_before.values(), *patch.segments_after.values()]
        is_plain = self._taxonomies.is_unchanged(record.category for record in records if record is not None)
        try:
            if is_plain and not self._labels.past.is_behind(image_id):
                return present.patch_to_places(patch)
            now = self._labels.load_by_key(image_id)[0]
            other = now.copy()
            if is_undo:
                patch.apply(other)
            else:
                patch.revert(other)
            for panoptic_map in (other, now):  # the cursor is at the second
                self._labels.past.catch_up(image_id, panoptic_map)
                present.show(panoptic_map)
        except KeyError as error:
            raise self._taxonomies.retired(error) from error
        return difference(now, other, patch.label) if is_undo else difference(other, now, patch.label)
