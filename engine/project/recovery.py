"""Saving what can be saved from a damaged project: one image's journal, or the whole database."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from seamseg_studio.engine.files import sync_folder
from seamseg_studio.engine.project.category_keys import KeyedTaxonomy, add_version
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.default_taxonomy import default_taxonomy
from seamseg_studio.engine.project.errors import (
    DamagedDatabaseError,
    DamagedError,
    ProjectError,
    ReadOnlyError,
    SaveError,
)
from seamseg_studio.engine.project.journal import Journal
from seamseg_studio.engine.project.journal_copy import MOST_NUMBERS
from seamseg_studio.engine.project.labels import LABELS_FOLDER, LabelStore
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.recovered_labels import add_from_label_files
from seamseg_studio.engine.project.recovered_steps import History, Source, as_number, choose_history
from seamseg_studio.engine.project.recovery_sources import CopySource, made_readable
from seamseg_studio.engine.project.schema import CLOSED_WELL, columns_known
from seamseg_studio.engine.project.values import drop_wrong_values
from seamseg_studio.engine.scene.panoptic_map import PanopticMap

_TABLES = ("taxonomies", "settings", "bundles")
_TABLES_BY_IMAGE = ("category_counts", "views", "taxonomy_steps")


@dataclass(slots=True)
class Recovery:
    """What came of a recovery.

    Attributes:
        num_images: Images that the project has now.
        num_steps: Journal steps that it has now.
        from_label_files: Names of images that only their label files still knew; their history is gone.
        shortened: Names of images that lost steps of their history, with the reason.
        damaged_copy: Where the damaged database was put.
        has_lost_categories: Whether no list of categories could be read, so that those of the bundled model took its
            place.
    """

    num_images: int = 0
    num_steps: int = 0
    from_label_files: list[str] = field(default_factory=list)
    shortened: dict[str, str] = field(default_factory=dict)
    damaged_copy: Path | None = None
    has_lost_categories: bool = False


def salvage(database: Database, labels: LabelStore, journal: Journal, image_id: int) -> list[str]:
    """Brings an image whose history is damaged to the last good step and drops what comes after it.

    The database and the label files of the image are copied into the folder `backups` before. Of the checkpoint and
    the root the one that leads further is taken; if neither can be read, the newest prediction. A prediction that
    cannot be read is forgotten.

    Returns:
        What the lost steps had done, oldest first; empty if nothing was damaged.

    Raises:
        SaveError: It could not be written.
        DamagedDatabaseError: The database itself is damaged; see `recover_project`.
    """
    is_map_damaged = _is_damaged(lambda: labels.load_by_key(image_id))
    is_prediction_damaged = _is_damaged(lambda: labels.load_prediction(image_id))
    if not is_map_damaged and not is_prediction_damaged:
        return []
    _keep_damaged(database, labels, image_id)
    lost = _cut_history(database, labels, journal, image_id) if is_map_damaged else []
    if is_prediction_damaged:
        _forget_prediction(database, image_id)
        lost.append("the model's prediction")
    return lost


def _is_damaged(read: Callable[[], object]) -> bool:
    try:
        read()
    except DamagedDatabaseError:
        raise
    except DamagedError:
        return True
    return False


def _keep_damaged(database: Database, labels: LabelStore, image_id: int) -> None:
    """Copies the database and the label files of an image, as they are, into the folder `backups`."""
    if database.read_only:
        raise ReadOnlyError(database.path.parent)
    copies = database.back_up(f"image-{image_id}").with_suffix("")
    try:
        copies.mkdir()
        for path in labels.paths_in_use(image_id):
            if path.is_file():  # a device has no end
                shutil.copy2(path, copies / path.name)
    except OSError as error:
        raise SaveError(copies, error) from error


def _forget_prediction(database: Database, image_id: int) -> None:
    """Forgets the newest prediction of an image; one without any labels is new again."""
    with database.write() as connection:
        connection.execute(
            "UPDATE images SET prediction = '', bundle = '', timings = '', uncertainty = NULL, disagreement = NULL,"
            " status = CASE WHEN status = ? AND root = '' THEN ? ELSE status END WHERE id = ?",
            (Status.PREDICTED.value, Status.NEW.value, image_id),
        )


def _cut_history(database: Database, labels: LabelStore, journal: Journal, image_id: int) -> list[str]:
    """Drops the steps that no whole file leads to, and returns what they had done."""
    with database.write() as connection:
        row = database.row("SELECT * FROM images WHERE id = ?", image_id)
        assert row is not None  # loading it failed for another reason
        # The root comes first: where both lead equally far, it keeps more to undo.
        attempts = [(str(row["root"]), 0)]
        if row["checkpoint"] and row["checkpoint_entry"] <= row["cursor"]:
            attempts.append((str(row["checkpoint"]), int(row["checkpoint_entry"])))
        undone = {
            int(step["id"])
            for step in database.rows("SELECT id FROM journal WHERE image_id = ? AND discarded = 1", image_id)
        }
        best: tuple[int, str] | None = None
        for file, entry in attempts:
            if best is not None and entry in undone:
                continue  # labels that were undone and replaced are only better than none
            reached = _reach(labels, journal, row, file, entry)
            if reached is not None and (best is None or reached > best[0]):
                best = (reached, file)
        entry, file = best or (0, _readable_prediction(labels, row))
        # Steps before a checkpoint can only be undone if they are whole from the root on.
        from_root = file == str(row["root"])
        first = 0 if from_root else int(row["checkpoint_entry"])
        lost = [
            str(step["label"])
            for step in connection.execute(
                "SELECT label FROM journal WHERE image_id = ? AND discarded = 0 AND (id > ? OR id <= ?) ORDER BY id",
                (image_id, entry, first),
            )
        ]
        (left,) = connection.execute(
            "SELECT count(*) FROM journal WHERE image_id = ? AND discarded = 0 AND id <= ?", (image_id, row["cursor"])
        ).fetchone()
        lost += ["a step that cannot be read"] * (int(row["num_edits"]) - int(row["compacted"]) - left)
    with database.write() as connection:
        connection.execute(
            "DELETE FROM journal WHERE image_id = ? AND (id > ? OR id <= ? OR discarded)", (image_id, entry, first)
        )
        connection.execute(
            "UPDATE images SET cursor = ?, root_is_model = root_is_model AND root = ?2, root = ?2, checkpoint = '',"
            " checkpoint_entry = 0, num_edits ="
            " compacted + (SELECT count(*) FROM journal WHERE image_id = ? AND id <= ?) WHERE id = ?",
            (entry if entry > first else 0, file, image_id, entry, image_id),
        )
        connection.execute(
            "UPDATE journal SET parent = 0 WHERE id = (SELECT min(id) FROM journal WHERE image_id = ?)", (image_id,)
        )
    journal.forget_mark(image_id)
    return lost


def rebuild(folder: Path) -> Recovery:
    """Makes a new database for a project from what the damaged one, its backups and the label files still tell.

    The damaged database is kept in the folder `damaged-DATE`, and stays at its place until the new one is whole.
    Nobody may have the project open.

    Raises:
        SaveError: It could not be written; the project is as it was.
        ProjectError: Nothing could be saved, not even the categories; the project is as it was.
    """
    path = folder / "project.db"
    for former in folder.glob("damaged-*"):
        with suppress(OSError):
            _put_log_back(path, former)
    keep = _new_folder(folder, f"damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        for part in _parts(path):
            shutil.copy2(part, keep / part.name)
        readable = keep / "readable"
        readable.mkdir()
        report = _rebuild_into(keep / "new.db", folder, keep / path.name, readable)
        shutil.rmtree(readable)
    except BaseException as error:
        shutil.rmtree(keep, ignore_errors=True)  # a copy of what is still at its place
        if isinstance(error, OSError):
            raise SaveError(folder, error) from error
        raise
    try:
        # The new one has no log; the old one's, which is kept too, must not be taken for it.
        for part in _parts(path):
            if part != path:
                part.unlink()
        os.replace(keep / "new.db", path)
        sync_folder(folder)
    except OSError as error:
        with suppress(OSError):
            _put_log_back(path, keep)
        raise SaveError(folder, error) from error
    return report


def _put_log_back(path: Path, keep: Path) -> None:
    """Puts a database together again where a recovery ended between the removal of its log and its replacement."""
    if (keep / "new.db").exists() and _parts(path) == [path] and filecmp.cmp(path, keep / path.name, shallow=False):
        for part in _parts(keep / path.name):
            if part.name.endswith("-wal"):
                shutil.copy2(part, path.with_name(part.name))


def _last_written(path: Path) -> float:
    """When a database or its log was written last."""
    return max(part.stat().st_mtime for part in _parts(path) if not part.name.endswith("-shm"))


def _new_folder(folder: Path, name: str) -> Path:
    """Makes a folder of this name, with a number if there is one."""
    number = 1
    while True:
        made = folder / (name if number == 1 else f"{name}-{number}")
        try:
            made.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise SaveError(folder, error) from error
        else:
            return made


def _parts(path: Path) -> list[Path]:
    """The files of a database: itself, its log and the log's index, where they are."""
    parts = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return [part for part in parts if part.exists()]


def _rebuild_into(path: Path, folder: Path, damaged: Path, readable: Path) -> Recovery:
    """Makes the new database at `path`; databases that were cut off are made readable in a folder of their own."""
    report = Recovery(damaged_copy=damaged)
    # An earlier recovery that ended half-way, or went wrong, has left a copy too.
    others = [*(folder / "backups").glob("*.db"), *folder.glob("damaged-*/project.db")]
    others = sorted((other for other in others if other != damaged), key=_last_written)
    first, *rest = (Source(made_readable(other, readable)) for other in (damaged, *reversed(others)))
    # The second home of the journal is as new as the database, but only that of its histories.
    sources = [first, CopySource(folder), *rest]
    with closing(Database(path, read_only=False, is_new=True)) as database, database.write() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for source in sources:
            for table in _TABLES:
                _copy_rows(connection, source, table)
        trusted = _copy_images(connection, sources)
        for table in ("journal", *_TABLES_BY_IMAGE):
            connection.execute(f"DELETE FROM {table} WHERE image_id NOT IN (SELECT id FROM images)")
        report.from_label_files = add_from_label_files(connection, folder / LABELS_FOLDER, trusted)
        drop_wrong_values(connection, columns_known())
        # Whether the damaged one was closed says nothing of this one, which has no log to lose.
        connection.execute("DELETE FROM settings WHERE key = ?", (CLOSED_WELL,))
        connection.execute("DELETE FROM taxonomy_steps WHERE taxonomy_id IS NOT (SELECT max(id) FROM taxonomies)")
        if connection.execute("SELECT 1 FROM taxonomies").fetchone() is None:
            if connection.execute("SELECT 1 FROM images").fetchone() is None:
                raise ProjectError(
                    f"{folder}: neither the database, nor a backup, nor a label file could be read, so it was left as"
                    " it is; put a copy of it back, or rename it and open the photos again to begin anew"
                )
            taxonomy = default_taxonomy()
            add_version(connection, taxonomy, range(len(taxonomy)))
            report.has_lost_categories = True
        report.num_images = connection.execute("SELECT count(*) FROM images").fetchone()[0]
        report.num_steps = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
    return report


def _reach(labels: LabelStore, journal: Journal, row: sqlite3.Row, file: str, entry: int) -> int | None:
    """Returns the last step that can be reached from a label file, None if the file itself is damaged."""
    try:
        panoptic_map: PanopticMap = labels.read(row, file)
    except ProjectError:
        return None
    return journal.replay_good(panoptic_map, int(row["id"]), entry)


def _readable_prediction(labels: LabelStore, row: sqlite3.Row) -> str:
    """Returns the file of an image's newest prediction, nothing if it has none or it is damaged."""
    file = str(row["prediction"])
    try:
        labels.read(row, file)
    except ProjectError:
        return ""
    return file


def _copy_rows(connection: sqlite3.Connection, source: Source, table: str) -> None:
    """Copies the readable rows that the new table lacks."""
    for row in source.rows(table):
        with suppress(TypeError, ValueError):
            if table == "taxonomies":
                KeyedTaxonomy.from_json(json.loads(str(row["content"])))
            elif table == "settings":
                json.loads(str(row["value"]))
            _insert(connection, table, row)


def _copy_images(connection: sqlite3.Connection, sources: Sequence[Source]) -> set[int]:
    """Adds all images with their histories; returns those of which everything is known as it was last."""
    histories: dict[int, History] = {}
    for image_id in sorted({image_id for source in sources for image_id in source.images}):
        histories[image_id] = choose_history(image_id, sources)
        _insert(connection, "images", histories[image_id].image)
    for source in sources:
        if any(taken is source for history in histories.values() for taken, _ in history.steps.values()):
            for row in source.rows("journal"):
                history = histories.get(as_number(row, "image_id"))
                taken = None if history is None else history.steps.get(as_number(row, "id"))
                if taken is not None and taken[0] is source:
                    step = taken[1]
                    _insert(connection, "journal", row | {"parent": step.parent, "discarded": int(step.is_discarded)})
        for table in _TABLES_BY_IMAGE:
            for row in source.rows(table):
                history = histories.get(as_number(row, "image_id"))
                if history is not None and history.owner is source:
                    _insert(connection, table, row)
        for row in source.rows("sqlite_sequence"):
            if row["name"] in ("images", "journal", "taxonomies") and 0 < as_number(row, "seq") < MOST_NUMBERS:
                _reserve(connection, str(row["name"]), as_number(row, "seq"))
    newest = [source for source in sources if source is sources[0] or source.is_copy]
    return {i for i, history in histories.items() if history.is_whole and history.owner in newest}


def _reserve(connection: sqlite3.Connection, table: str, number: int) -> None:
    """Sees to it that a number that was given once is not given again: label files and backups may bear it."""
    if connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (table,)).fetchone() is None:
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, 0)", (table,))
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table))


def _insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    known = [str(column[1]) for column in connection.execute(f"PRAGMA table_info({table})")]
    kept = {name: row[name] for name in known if name in row}
    columns, marks = ", ".join(kept), ", ".join("?" * len(kept))
    with suppress(sqlite3.IntegrityError):
        connection.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", [*kept.values()])
