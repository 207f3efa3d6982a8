"""Whether the rows of a project's database hold what this program writes: the folder may come from a stranger.

SQLite puts any value into any column. What is checked here when a project is opened need not be doubted later: types,
sizes, and that the names of label files are names and no ways to somewhere else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cache

from seamseg_studio.engine.project.records import Status

# Each step is looked at when it is read; there may be millions.
_READ_LATER = frozenset({"journal", "category_counts", "sqlite_sequence"})
_KINDS = {"INTEGER": "'integer'", "REAL": "'real', 'integer'", "TEXT": "'text'", "BLOB": "'blob'"}
_MOST_SIDE = 2**20
_MOST_PIXELS = 2**31


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


@cache
def _doubts(table: str) -> str:
    """Returns the SQL condition that is true of a row that is not to be believed."""
    from seamseg_studio.engine.project.schema import columns_known

    doubts = []
    for name, (kind, may_be_null) in columns_known()[table].items():
        allowed = _KINDS[kind] + (", 'null'" if may_be_null else "")
        doubts.append(f"typeof({name}) NOT IN ({allowed})")
    if table == "images":
        statuses = ", ".join(f"'{status.value}'" for status in Status)
        doubts += [
            f"status NOT IN ({statuses})",
            f"height NOT BETWEEN 1 AND {_MOST_SIDE}",
            f"width NOT BETWEEN 1 AND {_MOST_SIDE}",
            f"height * width > {_MOST_PIXELS}",
            "instr(path, char(0)) > 0",
            *(_leads_away(column) for column in ("root", "checkpoint", "prediction")),
        ]
    if table == "taxonomy_steps":
        doubts += [_leads_away(column) for column in ("former_root", "root")]
    return " OR ".join(doubts)


def _leads_away(column: str) -> str:
    return f"instr({column}, '/') OR instr({column}, char(92)) OR instr({column}, ':') OR instr({column}, char(0))"
