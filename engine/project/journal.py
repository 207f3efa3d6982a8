"""The journal: every finished patch on disk, which is also undo and redo across restarts.

The entries of an image form a tree (each knows its parent). What is not discarded is one chain in the order of ids:
up to the image's cursor it is done, beyond it undone. A new entry after an undo discards what was undone; discarded
entries are kept only while a checkpoint lies among them, for they are then the way back from it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress

from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import SALVAGE, DamagedError, ProjectError
from seamseg_studio.engine.project.journal_copy import JournalCopies
from seamseg_studio.engine.project.records import JournalEntry, Status
from seamseg_studio.engine.scene.errors import PatchError
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, new_mark
from seamseg_studio.engine.scene.patch import Patch

_CHANGE_BY_HAND = "the labels stay as they are; change them by hand where this step did"
_ENDED_BY_EDITS = (Status.NEW.value, Status.PREDICTED.value, Status.ACCEPTED.value)


class Journal:
    """The histories of all images of one project."""

    def __init__(self, database: Database, copies: JournalCopies) -> None:
        self._database = database
        self._copies = copies
        self._marks: dict[int, int] = {}  # the state of each image's map at the cursor, see `PanopticMap.mark`

    def append(self, image_id: int, patch: Patch, *, keeps_status: bool = False) -> int:
        """Puts an applied patch after the cursor; it is on disk when this returns.

        An image whose labels change is in progress from then on, accepted or not, unless it `keeps_status`; a flag
        stays.

        Raises:
            ProjectError: It could not be written; the journal is as it was.
        """
        data = patch.to_bytes()
        self.forget_mark(image_id)
        with self._database.write() as connection:
            image = self._image(image_id)
            cursor = int(image["cursor"])
            connection.execute(
                "UPDATE journal SET discarded = 1 WHERE image_id = ? AND id > ? AND discarded = 0", (image_id, cursor)
            )
            self._forget_discarded(connection, image_id, int(image["checkpoint_entry"]))
            entry = connection.execute(
                "INSERT INTO journal (image_id, parent, time, label, num_pixels, patch) VALUES (?, ?, ?, ?, ?, ?)",
                (image_id, cursor, time.time(), patch.label, patch.num_pixels, data),
            ).lastrowid
            assert entry is not None
            next_id = max([0, *patch.segments_after]) + 1
            connection.execute(
                "UPDATE images SET next_id = max(next_id, ?), num_edits = num_edits + 1 WHERE id = ?",
                (next_id, image_id),
            )
            self._move(connection, image_id, entry, keeps_status)
        return entry

    def take_back(self, connection: sqlite3.Connection, image_id: int) -> int:
        """Forgets the step at the cursor, which is then at the one before, and returns that; the status stays."""
        self.forget_mark(image_id)
        image = self._image(image_id)
        step = self._entry(image_id, int(image["cursor"]))
        connection.execute(
            "UPDATE journal SET discarded = 1 WHERE image_id = ? AND id >= ? AND discarded = 0", (image_id, step["id"])
        )
        connection.execute("UPDATE images SET num_edits = num_edits - 1 WHERE id = ?", (image_id,))
        self._move(connection, image_id, int(step["parent"]), True)
        self._forget_discarded(connection, image_id, int(image["checkpoint_entry"]))
        return int(step["parent"])

    def undo(self, image_id: int) -> Patch | None:
        """Moves the cursor back by one entry and returns the patch to revert; None at the beginning."""
        with self._database.believed(), self._database.write() as connection:
            row = self._database.row(
                "SELECT journal.* FROM journal JOIN images ON images.cursor = journal.id WHERE images.id = ?", image_id
            )
            if row is None:
                return None
            patch = self._patch(row, _CHANGE_BY_HAND)
            connection.execute("UPDATE images SET num_edits = num_edits - 1 WHERE id = ?", (image_id,))
            self._move(connection, image_id, int(row["parent"]))
        return patch

    def redo(self, image_id: int) -> Patch | None:
        """Moves the cursor on by one entry and returns the patch to apply; None at the end."""
        with self._database.believed(), self._database.write() as connection:
            row = self._database.row(
                "SELECT * FROM journal WHERE image_id = ? AND id > (SELECT cursor FROM images WHERE id = ?)"
                " AND discarded = 0 ORDER BY id LIMIT 1",
                image_id,
                image_id,
            )
            if row is None:
                return None
            patch = self._patch(row, _CHANGE_BY_HAND)
            connection.execute("UPDATE images SET num_edits = num_edits + 1 WHERE id = ?", (image_id,))
            self._move(connection, image_id, int(row["id"]))
        return patch

    def mark(self, image_id: int) -> int:
        """Returns the number that a map of the image at the cursor is known by."""
        return self._marks.setdefault(image_id, new_mark())

    def set_mark(self, image_id: int, mark: int) -> None:
        """Says which map is that of the image at the cursor now; 0 if that is not known."""
        self._marks[image_id] = mark or new_mark()

    def forget_mark(self, image_id: int) -> None:
        """Says that no map there is need be that of the image at the cursor."""
        self._marks.pop(image_id, None)

    def history(self, image_id: int) -> list[JournalEntry]:
        """Returns the steps of an image, oldest first, those that are undone last."""
        cursor = int(self._image(image_id)["cursor"])
        rows = self._database.rows(
            "SELECT id, label, time FROM journal WHERE image_id = ? AND discarded = 0 ORDER BY id", image_id
        )
        with self._database.believed():
            return [
                JournalEntry(int(row["id"]), str(row["label"]), float(row["time"]), int(row["id"]) > cursor)
                for row in rows
            ]

    def is_empty(self, image_id: int) -> bool:
        """Tells whether nobody has ever edited an image (undone edits count as edits)."""
        return self._database.row("SELECT 1 FROM journal WHERE image_id = ? AND discarded = 0", image_id) is None

    def advance(self, panoptic_map: PanopticMap, image_id: int, entry: int, until: int | None = None) -> int:
        """Brings a map from the state after `entry` to that of the cursor and returns the number of steps.

        Args:
            panoptic_map: Changed.
            image_id: The image.
            entry: Where the map is.
            until: A done entry to stop at instead of the cursor.

        Raises:
            DamagedError: An entry on the way is missing, damaged or does not fit; the map is then of no use.
        """
        steps = 0
        with self._database.believed():
            for row, forward in self._way(image_id, entry, until):
                try:
                    patch = self._patch(row)
                    if forward:
                        patch.apply(panoptic_map)
                    else:
                        patch.revert(panoptic_map)
                except PatchError as error:
                    raise self._damaged(row, error) from error
                steps += 1
        return steps

    def replay_good(self, panoptic_map: PanopticMap, image_id: int, entry: int) -> int:
        """Brings a map from the state after `entry` towards the cursor as far as the steps are whole.

        Returns:
            The last step that could be made, `entry` if none.
        """
        try:
            for row, forward in self._way(image_id, entry):
                if not forward:
                    break
                self._patch(row).apply(panoptic_map)
                entry = int(row["id"])
        except (DamagedError, PatchError):
            pass  # a patch that does not fit leaves the map as it was
        return entry

    def forget_discarded(self, connection: sqlite3.Connection, image_id: int, checkpoint_entry: int) -> None:
        """Deletes discarded entries unless the checkpoint lies among them."""
        self._forget_discarded(connection, image_id, checkpoint_entry)

    def _way(self, image_id: int, entry: int, until: int | None = None) -> Iterator[tuple[sqlite3.Row, bool]]:
        cursor = int(self._image(image_id)["cursor"]) if until is None else until
        while entry and (row := self._entry(image_id, entry))["discarded"]:
            yield row, False
            entry = int(row["parent"])
        low, high = min(entry, cursor), max(entry, cursor)
        # The blobs are read one by one: a long history need not fit into memory.
        chain = self._database.rows(
            "SELECT id FROM journal WHERE image_id = ? AND discarded = 0 AND id > ? AND id <= ? ORDER BY id",
            image_id,
            low,
            high,
        )
        ids = [int(row["id"]) for row in chain]
        forward = entry < cursor
        for step in ids if forward else reversed(ids):
            row = self._entry(image_id, step)
            before, after = (int(row["parent"]), step) if forward else (step, int(row["parent"]))
            if before != entry:
                raise self._gap(image_id, entry)
            yield row, forward
            entry = after
        if entry != cursor:
            raise self._gap(image_id, entry)

    def _gap(self, image_id: int, entry: int) -> DamagedError:
        what = f"steps of image {image_id} are missing around {entry}"
        return DamagedError(self._database.path, what)

    def _entry(self, image_id: int, entry: int) -> sqlite3.Row:
        row = self._database.row("SELECT * FROM journal WHERE id = ? AND image_id = ?", entry, image_id)
        if row is None:
            raise self._gap(image_id, entry)
        return row

    def _patch(self, row: sqlite3.Row, remedy: str = SALVAGE) -> Patch:
        try:
            return _read(row["patch"])
        except PatchError as error:
            patch = self._mended(row)
            if patch is None:
                raise self._damaged(row, error, remedy) from error
            return patch

    def _mended(self, row: sqlite3.Row) -> Patch | None:
        """Returns the patch of a damaged step from its second home, and puts it back if the disk lets it."""
        data = self._copies.patch(int(row["image_id"]), int(row["id"]), row["time"])
        try:
            patch = _read(data)
        except PatchError:
            return None
        with suppress(ProjectError), self._database.write() as connection:
            connection.execute("UPDATE journal SET patch = ? WHERE id = ?", (data, row["id"]))
        return patch

    def _damaged(self, row: sqlite3.Row, error: PatchError, remedy: str = SALVAGE) -> DamagedError:
        what = f"step {row['id']} ({row['label']}) of image {row['image_id']}: {error}"
        return DamagedError(self._database.path, what, remedy)

    def _image(self, image_id: int) -> sqlite3.Row:
        row = self._database.row("SELECT * FROM images WHERE id = ?", image_id)
        if row is None:
            raise ProjectError(f"{self._database.path}: there is no image {image_id} in this project; open it anew")
        return row

    @staticmethod
    def _move(connection: sqlite3.Connection, image_id: int, entry: int, keeps_status: bool = False) -> None:
        ended = "()" if keeps_status else _ENDED_BY_EDITS
        connection.execute(
            f"UPDATE images SET cursor = ?, status = CASE WHEN status IN {ended} THEN ? ELSE status END WHERE id = ?",
            (entry, Status.IN_PROGRESS.value, image_id),
        )

    @staticmethod
    def _forget_discarded(connection: sqlite3.Connection, image_id: int, checkpoint_entry: int) -> None:
        held = connection.execute(
            "SELECT 1 FROM journal WHERE id = ? AND image_id = ? AND discarded = 1", (checkpoint_entry, image_id)
        ).fetchone()
        if held is None:
            connection.execute("DELETE FROM journal WHERE image_id = ? AND discarded = 1", (image_id,))


def _read(data: object) -> Patch:
    # A damaged row may hold anything in place of the bytes.
    return Patch.from_bytes(data if isinstance(data, bytes) else b"")
