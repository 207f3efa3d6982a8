"""Whether the rows of a project's database hold what this program writes: the folder may come from a stranger.

SQLite puts any value into any column. What is checked here when a project is opened need not be doubted later: types,
sizes, and that the names of label files are names and no ways to somewhere else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cache

from seamseg_studio.engine.formats.image_file import CHOSEN_MAX_PIXELS
from seamseg_studio.engine.project import schema
from seamseg_studio.engine.project.records import Status

# Each step is looked at when it is read; there may be millions.
_READ_LATER = frozenset({"journal", "category_counts", "sqlite_sequence"})
_KINDS = {"INTEGER": "'integer'", "REAL": "'real', 'integer'", "TEXT": "'text'", "BLOB": "'blob'"}
_FILES = {"images": ("root", "checkpoint", "prediction"), "taxonomy_steps": ("former_root", "root")}
_SAID_OF_STEPS = {"time": "0", "label": "''", "num_pixels": "0"}  # nothing of a map hangs on it
_LARGEST_ID = 2**31 - 1  # of an image, as far as Qt's signals carry it
_LARGEST_REAL = 1e12  # seconds and the like; nor is infinity a time
_MOST_SIDE = 2**20
_MOST_PIXELS = CHOSEN_MAX_PIXELS


def wrong_values(connection: sqlite3.Connection, tables: Iterable[str]) -> str:
    """Returns what is wrong with a database, in a few words; empty if nothing is.

    Args:
        connection: Of the present version, with all columns.
        tables: What tables there are.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    for table in sorted(set(tables) - _READ_LATER):
        if connection.execute(f"SELECT 1 FROM {table} WHERE {_doubts(table)} LIMIT 1").fetchone() is not None:
            return f"a line of the table {table!r} holds what no program of ours writes"
    return ""


def drop_wrong_values(connection: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Puts the default in place of values that `wrong_values` objects to, and removes the rows where there is none.

    Args:
        connection: As for `wrong_values`, in a transaction.
        tables: What tables there are.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    for name, column in schema.columns_known()["images"].items():
        if column.default is not None or column.may_be_null:
            connection.execute(f"UPDATE images SET {name} = {column.default or 'NULL'} WHERE {_is_other(name, column)}")
    for name in _FILES["images"]:
        connection.execute(f"UPDATE images SET {name} = '' WHERE {_leads_away(name)}")
    for table in sorted(set(tables) - _READ_LATER):
        connection.execute(f"DELETE FROM {table} WHERE {_doubts(table)}")
    for name, column in schema.columns_known()["journal"].items():
        if name in _SAID_OF_STEPS:
            connection.execute(f"UPDATE journal SET {name} = {_SAID_OF_STEPS[name]} WHERE {_is_other(name, column)}")


@cache
def _doubts(table: str) -> str:
    """Returns the SQL condition that is true of a row that is not to be believed."""
    doubts = [_is_other(name, column) for name, column in schema.columns_known()[table].items()]
    doubts += [_leads_away(name) for name in _FILES.get(table, ())]
    if table == "images":
        statuses = ", ".join(f"'{status.value}'" for status in Status)
        doubts += [
            f"status NOT IN ({statuses})",
            f"height NOT BETWEEN 1 AND {_MOST_SIDE}",
            f"width NOT BETWEEN 1 AND {_MOST_SIDE}",
            f"height * width > {_MOST_PIXELS}",
            "instr(path, char(0)) > 0",
            f"id NOT BETWEEN 1 AND {_LARGEST_ID}",
        ]
    return " OR ".join(doubts)


def _is_other(name: str, column: schema.Column) -> str:
    allowed = _KINDS[column.kind] + (", 'null'" if column.may_be_null else "")
    is_vast = f" OR abs({name}) > {_LARGEST_REAL}" if column.kind == "REAL" else ""
    return f"typeof({name}) NOT IN ({allowed}){is_vast}"


def _leads_away(column: str) -> str:
    marks = ("'/'", "':'", "char(92)", "char(0)")
    return " OR ".join([f"{column} IN ('.', '..')", *(f"instr({column}, {mark})" for mark in marks)])
