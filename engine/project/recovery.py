"""Saving what can be saved from a damaged project: one image's journal, or the whole database."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
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
from seamseg_studio.engine.project.label_file import read_sidecar
from seamseg_studio.engine.project.labels import LABELS_FOLDER, LabelStore
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Kind, Taxonomy

_TABLES = ("taxonomies", "settings", "bundles", "images", "journal", "category_counts", "views")
_KEYS = {"settings": "key", "bundles": "name", "category_counts": "image_id", "views": "image_id"}  # else "id"


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
            if path.exists():
                shutil.copy2(path, copies / path.name)
    except OSError as error:
        raise SaveError(copies, error) from error


def _forget_prediction(database: Database, image_id: int) -> None:
    """Forgets the newest prediction of an image; one without any labels is new again."""
    with database.write() as connection:
        connection.execute(
            "UPDATE images SET prediction = '', bundle = '', timings = '', uncertainty = NULL,"
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
        best: tuple[int, str] | None = None
        for file, entry in attempts:
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
    keep = _new_folder(folder, f"damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        for part in _parts(path):
            shutil.copy2(part, keep / part.name)
        report = _rebuild_into(keep / "new.db", folder, keep / path.name)
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
        raise SaveError(folder, error) from error
    return report


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


def _rebuild_into(path: Path, folder: Path, damaged: Path) -> Recovery:
    """Makes the new database at `path`."""
    report = Recovery(damaged_copy=damaged)
    sources = [
        damaged,
        *sorted((folder / "backups").glob("*.db"), key=lambda path: path.stat().st_mtime, reverse=True),
    ]
    with closing(Database(path, read_only=False, is_new=True)) as database, database.write() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for source in sources:
            for table in _TABLES:
                _copy_rows(connection, source, table)
        connection.execute("DELETE FROM journal WHERE image_id NOT IN (SELECT id FROM images)")
        _add_from_sidecars(connection, folder / LABELS_FOLDER, report)
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


def _copy_rows(connection: sqlite3.Connection, source: Path, table: str) -> None:
    """Copies the readable rows that the new table lacks."""
    known = {str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")}
    for names, values in _readable_rows(source, table):
        kept = [(name, value) for name, value in zip(names, values, strict=True) if name in known]
        columns = ", ".join(name for name, _ in kept)
        marks = ", ".join("?" * len(kept))
        with suppress(sqlite3.IntegrityError):
            connection.execute(
                f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", [value for _, value in kept]
            )


def _readable_rows(source: Path, table: str) -> Iterator[tuple[list[str], tuple[object, ...]]]:
    """Yields rows from the front and, where a damaged page stops that, from the back (some may come twice)."""
    key = _KEYS.get(table, "id")
    for direction in ("ASC", "DESC"):
        try:
            with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as damaged:
                cursor = damaged.execute(f"SELECT * FROM {table} ORDER BY {key} {direction}")
                names = [str(column[0]) for column in cursor.description]
                for values in cursor:
                    yield names, values
                return
        except sqlite3.Error:
            continue


def _add_from_sidecars(connection: sqlite3.Connection, folder: Path, report: Recovery) -> None:
    """Adds the images that only label files know, the newest of each."""
    newest: dict[int, tuple[int, str, dict[str, object]]] = {}
    for path in folder.glob("*.json"):
        with suppress(ProjectError):
            content = dict(read_sidecar(path))
            image, entry = content["image"], content["entry"]
            assert isinstance(image, dict)
            assert isinstance(entry, int)
            if entry >= newest.get(image["id"], (-1, "", {}))[0]:
                newest[image["id"]] = (entry, path.name, content)
    _add_taxonomy(connection, [content for _, _, content in newest.values()])
    for image_id, (entry, name, content) in sorted(newest.items()):
        image = content["image"]
        assert isinstance(image, dict)
        added = connection.execute(
            "INSERT OR IGNORE INTO images (id, path, name, height, width, sha256, num_bytes, status, next_id, root)"
            " VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
            (
                image_id,
                image["path"],
                image["name"],
                image["height"],
                image["width"],
                image["sha256"],
                Status(image["status"]).value,
                content["next_id"],
                name,
            ),
        )
        # A backup may be older than the labels: then these are the better beginning, though without a history.
        newer = connection.execute(
            "UPDATE images SET root = ?1, root_is_model = 0, checkpoint = '', checkpoint_entry = 0, cursor = 0,"
            " num_edits = 1, compacted = 1, next_id = max(next_id, ?2)"
            " WHERE id = ?3 AND cursor < ?4 AND checkpoint_entry < ?4"
            " AND NOT EXISTS (SELECT 1 FROM journal WHERE image_id = ?3 AND journal.id >= ?4)",
            (name, content["next_id"], image_id, entry),
        )
        if newer.rowcount:
            connection.execute("DELETE FROM journal WHERE image_id = ?", (image_id,))
        if added.rowcount or newer.rowcount:
            report.from_label_files.append(str(image["name"]))


def _add_taxonomy(connection: sqlite3.Connection, sidecars: list[dict[str, object]]) -> None:
    """Adds the categories that label files know, if the database knows none or only older ones.

    They are then joined by all that any version knows: labels of images that are older may still show them.
    """
    versions: dict[int, KeyedTaxonomy] = {}
    for number, content in connection.execute("SELECT id, content FROM taxonomies"):
        with suppress(ValueError):
            versions[number] = KeyedTaxonomy.from_json(json.loads(content), number)
    known_number = max(versions, default=-1)
    for sidecar in sidecars:
        with suppress(ValueError):
            version = KeyedTaxonomy.from_json(sidecar["taxonomy"])
            versions.setdefault(version.number, version)
    if max(versions, default=-1) <= known_number:
        return
    newest = versions.pop(max(versions))
    stuff = [(c, k) for c, k in zip(newest.taxonomy.categories, newest.keys, strict=True) if c.kind is Kind.STUFF]
    things = [(c, k) for c, k in zip(newest.taxonomy.categories, newest.keys, strict=True) if c.kind is Kind.THING]
    for _, version in sorted(versions.items(), reverse=True):
        for category, key in zip(version.taxonomy.categories, version.keys, strict=True):
            known = [*stuff, *things]
            if key in (k for _, k in known):
                continue
            if category.name in (c.name for c, _ in known):
                category = replace(category, name=f"{category.name} ({key})")
            (stuff if category.kind is Kind.STUFF else things).append((category, key))
    taxonomy = Taxonomy(newest.taxonomy.name, tuple(category for category, _ in [*stuff, *things]))
    add_version(connection, taxonomy, [key for _, key in [*stuff, *things]])
