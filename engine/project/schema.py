"""The tables of `project.db`, and the way from older versions of them to the present one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

from seamseg_studio.engine.files import atomic_path
from seamseg_studio.engine.project.errors import NewerProjectError

APPLICATION_ID = 0x53454547  # "SEEG": tells our databases from others

CLOSED_WELL = "closed well"  # a setting: whether nobody has the database open, and nothing is left of a crash

_TABLES = """
CREATE TABLE taxonomies (id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, content TEXT NOT NULL);
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE bundles (name TEXT PRIMARY KEY, first_used REAL NOT NULL, last_used REAL NOT NULL,
    num_images INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,               -- relative to the folder that holds the project, or absolute
    name TEXT NOT NULL,
    height INTEGER NOT NULL,
    width INTEGER NOT NULL,
    sha256 TEXT NOT NULL DEFAULT '',
    num_bytes INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'new',
    note TEXT NOT NULL DEFAULT '',
    next_id INTEGER NOT NULL DEFAULT 1,      -- segment ids below were given out
    num_edits INTEGER NOT NULL DEFAULT 0,
    compacted INTEGER NOT NULL DEFAULT 0,    -- how many of these are no journal entries any more
    cursor INTEGER NOT NULL DEFAULT 0,       -- the last journal entry that is not undone, 0 before the first
    root TEXT NOT NULL DEFAULT '',           -- file of the labels before the first entry, '' if all void
    checkpoint TEXT NOT NULL DEFAULT '',     -- sidecar of the labels after entry `checkpoint_entry`, '' if none
    checkpoint_entry INTEGER NOT NULL DEFAULT 0,
    prediction TEXT NOT NULL DEFAULT '',     -- file of the newest prediction
    bundle TEXT NOT NULL DEFAULT '',         -- the model that made it
    counted_entry INTEGER NOT NULL DEFAULT 0 -- the journal entry that `category_counts` stands for
);
CREATE TABLE category_counts (
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    category INTEGER NOT NULL,
    num_segments INTEGER NOT NULL,
    num_pixels INTEGER NOT NULL,
    PRIMARY KEY (image_id, category)
) WITHOUT ROWID;
CREATE INDEX images_by_status ON images (status);
CREATE INDEX images_by_hash ON images (sha256);
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    parent INTEGER NOT NULL,                 -- the entry before this one, 0 for the first
    time REAL NOT NULL,
    label TEXT NOT NULL,
    num_pixels INTEGER NOT NULL,
    discarded INTEGER NOT NULL DEFAULT 0,    -- undone and then replaced, kept only as the way to a checkpoint
    patch BLOB NOT NULL
);
CREATE INDEX journal_by_image ON journal (image_id, id);
"""

Migration = Callable[[sqlite3.Connection], None]


def _to_2(connection: sqlite3.Connection) -> None:
    """Adds what is known of the photograph and of the work on it, view states, and changes of the categories."""
    for column in (
        "exif TEXT NOT NULL DEFAULT ''",  # JSON, '' until the file was hashed
        "look BLOB",  # of the picture, to find near-duplicates; NULL until asked for
        "timings TEXT NOT NULL DEFAULT ''",  # JSON: what the newest prediction took, in ms by stage
        "seconds REAL NOT NULL DEFAULT 0",  # that people worked on it
        "uncertainty REAL",  # of the newest prediction, 0 (sure) to 1; NULL if there is none
        "root_is_model INTEGER NOT NULL DEFAULT 0",  # the root is a prediction in the file format of labels
    ):
        connection.execute(f"ALTER TABLE images ADD COLUMN {column}")
    # Progress and time are summed up from this index alone, without reading the rows.
    connection.execute("CREATE INDEX images_progress ON images (status, seconds, num_edits, cursor, counted_entry)")
    connection.execute(
        "CREATE TABLE category_totals (category INTEGER PRIMARY KEY, num_segments INTEGER NOT NULL,"
        " num_pixels INTEGER NOT NULL)"
    )
    for moment, row, sign in (("INSERT", "NEW", "+"), ("DELETE", "OLD", "-")):
        connection.execute(
            f"CREATE TRIGGER category_counts_{moment.lower()} AFTER {moment} ON category_counts BEGIN"
            f" INSERT OR IGNORE INTO category_totals VALUES ({row}.category, 0, 0);"
            f" UPDATE category_totals SET num_segments = num_segments {sign} {row}.num_segments,"
            f" num_pixels = num_pixels {sign} {row}.num_pixels WHERE category = {row}.category; END"
        )
    connection.execute(
        "INSERT INTO category_totals SELECT category, sum(num_segments), sum(num_pixels) FROM category_counts"
        " GROUP BY category"
    )
    connection.execute(
        "CREATE TABLE views (image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,"
        " content TEXT NOT NULL)"
    )
    connection.execute("ALTER TABLE taxonomies ADD COLUMN kind TEXT NOT NULL DEFAULT 'set'")
    # What a change of the categories did to labels, so that it can be taken back.
    connection.execute(
        "CREATE TABLE taxonomy_steps (taxonomy_id INTEGER NOT NULL REFERENCES taxonomies (id) ON DELETE CASCADE,"
        " image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE, entry INTEGER NOT NULL,"
        " former_root TEXT NOT NULL, root TEXT NOT NULL, PRIMARY KEY (taxonomy_id, image_id)) WITHOUT ROWID"
    )


def _to_3(connection: sqlite3.Connection) -> None:
    """Adds how much two models differ on an image."""
    # The share of pixels to which the newest prediction gave another category than that of another model before it did,
    # 0 to 1; NULL if there was none, or it could not be read. The same model once more leaves it as it is.
    connection.execute("ALTER TABLE images ADD COLUMN disagreement REAL")


MIGRATIONS: tuple[Migration, ...] = (_to_2, _to_3)
"""Entry i leads from version i + 1 to i + 2, inside one transaction."""


def create(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Makes the tables of the present version in an empty database."""
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1; COMMIT;"
    )
    _step_forward(connection, migrations)


def version_of(connection: sqlite3.Connection) -> int:
    """Returns the version of a database's tables; 0 if it has none of ours."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return 0
    return max(0, int(connection.execute("PRAGMA user_version").fetchone()[0]))


def check_known(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> bool:
    """Tells whether the tables are of the present version.

    Raises:
        NewerProjectError: They are of a later one.
    """
    version, known = version_of(connection), len(migrations) + 1
    if version > known:
        raise NewerProjectError(path, version, known)
    return version == known


class Column(NamedTuple):
    """What a column of a table may hold: its type, whether NULL too, and the SQL of its default (None without one)."""

    kind: str
    may_be_null: bool
    default: str | None


@cache
def columns_known() -> dict[str, dict[str, Column]]:
    """Returns the columns of each table of the present version."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        tables = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: _columns(connection, table) for table in tables}


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, Column]:
    rows = connection.execute(f"PRAGMA table_info({table})")
    return {str(row[1]): Column(str(row[2]), not row[3] and not row[5], row[4]) for row in rows}


def has_all_columns(connection: sqlite3.Connection) -> bool:
    """Tells whether a database of the present version has the tables and columns that it must have."""
    return all(columns.keys() <= _columns(connection, table).keys() for table, columns in columns_known().items())


def strange_part(connection: sqlite3.Connection) -> str | None:
    """Names a part of a database that acts when rows are read or written, and that no version of the program made.

    Such are triggers, views and virtual tables in place of tables, and columns that are computed: whoever makes a
    project for others could have work vanish by the first, and reading never end by the others.
    """
    parts = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    for kind, name, text in parts:
        words = _words(text)
        if kind == "view" or (kind == "trigger" and words not in _triggers_known()):
            return f"the {kind} {str(name)[:80]!r}"
        if kind == "table":
            if words[1] == "virtual":
                return f"the virtual table {str(name)[:80]!r}"
            quoted = str(name).replace('"', '""')
            for column in connection.execute(f'PRAGMA table_xinfo("{quoted}")'):
                if column[6] in (2, 3):  # computed when it is read, or when the row is written
                    return f"the computed column {str(column[1])[:80]!r}"
    return None


@cache
def _triggers_known() -> list[list[str]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create(connection)
        return [_words(row[0]) for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]


def _words(text: object) -> list[str]:
    return str(text).lower().split()


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> Path | None:
    """Brings older tables to the present version, after a backup beside the database.

    Returns:
        The backup, None if nothing had to be done.

    Raises:
        NewerProjectError: The tables are of a later version.
        sqlite3.Error, OSError: The backup or a step failed; the database is as it was before that step.
    """
    if check_known(connection, path, migrations):
        return None
    backup = back_up(connection, path, f"format-{version_of(connection)}")
    _step_forward(connection, migrations)
    return backup


def back_up(connection: sqlite3.Connection, path: Path, reason: str) -> Path:
    """Copies the database, as it is at this moment, into the folder `backups` beside it."""
    folder = path.parent / "backups"
    folder.mkdir(exist_ok=True)
    stem = f"{path.stem}-{reason}-{time.strftime('%Y%m%d-%H%M%S')}"
    target = folder / f"{stem}.db"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}.db"
    with atomic_path(target) as temporary, closing(sqlite3.connect(temporary)) as copy:
        copy.execute("PRAGMA journal_mode = MEMORY")  # nothing is left beside a copy that fails
        connection.backup(copy)
        _mark_closed(copy)
    return target


def _mark_closed(copy: sqlite3.Connection) -> None:
    """Notes in a copy that it is whole: who puts it back misses no log."""
    try:
        copy.execute("UPDATE settings SET value = 'true' WHERE key = ?", (CLOSED_WELL,))
        copy.commit()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        pass  # a copy of a damaged database is kept as it is


def _step_forward(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    for version in range(version_of(connection), len(migrations) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations[version - 1](connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
