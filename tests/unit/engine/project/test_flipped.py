"""Bytes of a database that are not what was written are told as damage, whatever SQLite calls it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seamseg_studio.engine.project import (
    DamagedDatabaseError,
    NewerProjectError,
    Project,
    Status,
    recover_project,
)

from .conftest import make_result
from .test_store import edit

PAGE = 4096


@pytest.fixture
def folder(project: Project) -> Path:
    project.store_prediction(1, make_result(), "starter")
    for record in project.images()[:2]:
        panoptic_map = project.load_map(record.id)
        for x in (0, 8, 16):
            edit(project, record, panoptic_map, x)
    project.close()
    return project.folder


def read_all(folder: Path) -> None:
    with Project.open(folder) as project:
        for record in project.images():
            project.load_map(record.id).check()
            project.history(record.id)
            project.set_status(record.id, Status.FLAGGED)
        project.statistics()
        project.taxonomy_history()
        project.bundles()
        project.setting("view")


def assert_recovers(folder: Path) -> None:
    recover_project(folder)
    read_all(folder)
    with Project.open(folder) as project:
        assert [len(project.history(record.id)) for record in project.images()] == [3, 3, 0]


@pytest.mark.parametrize("kind", ["byte", "bytes of ones", "block of zeros"])
def test_a_flip_is_told_as_damage(folder: Path, kind: str) -> None:
    """The first page holds the header and the schema: what SQLite says of it has many names."""
    rng = random.Random(kind)
    path = folder / "project.db"
    data = path.read_bytes()
    told = 0
    for place in [*range(16, 100, 16), *(rng.randrange(100, 3 * PAGE) for _ in range(8))]:
        damaged = bytearray(data)
        if kind == "byte":
            damaged[place] ^= 1 << rng.randrange(8)
        elif kind == "bytes of ones":
            damaged[place : place + 4] = b"\xff" * 4
        else:
            damaged[place : place + 64] = bytes(64)
        copy = Path(shutil.copytree(folder, folder.parent / "copy.seamseg"))
        (copy / "project.db").write_bytes(damaged)
        try:
            read_all(copy)
        except DamagedDatabaseError:
            assert_recovers(copy)
            told += 1
        except NewerProjectError:
            assert place + 64 >= 57, "the number of the format itself is another"
        shutil.rmtree(copy)
    assert told, "nothing was damaged, so this shows nothing"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE images SET status = 'nfw' WHERE id = 2",
        "UPDATE images SET status = NULL WHERE id = 2",
        "UPDATE images SET path = x'ff00' WHERE id = 2",
        "UPDATE images SET name = cast(x'ff41' AS TEXT) WHERE id = 2",
        "UPDATE taxonomies SET content = replace(content, '{', '[')",
        "UPDATE taxonomies SET content = cast(x'ff' AS TEXT)",
        "UPDATE settings SET value = 'fals'",
        "PRAGMA user_version = -3",
        "PRAGMA application_id = 1",
        "DROP TABLE category_totals",
        "ALTER TABLE journal RENAME COLUMN parent TO parens",
    ],
)
def test_a_value_that_cannot_be_is_told_as_damage(folder: Path, change: str) -> None:
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA writable_schema = ON")
        if "NULL" in change:
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'TEXT NOT NULL', 'TEXT')")
            connection.execute("PRAGMA schema_version = 900")
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute(change)
    with pytest.raises(DamagedDatabaseError):
        read_all(folder)
    assert_recovers(folder)
