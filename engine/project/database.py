"""The SQLite database of a project: durable transactions, one at a time, from any thread."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.project import schema
from seamseg_studio.engine.project.errors import DamagedDatabaseError, ProjectError, ReadOnlyError, SaveError
from seamseg_studio.engine.project.values import wrong_values

_BUSY_TIMEOUT_S = 10.0
# What the disk or another program can do; whatever else SQLite complains of, our own statements being right, is damage.
_SAVE_CODES = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_TOOBIG,
)
_DAMAGE_CODES = (sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
# Images whose history or standing a transaction changed. Triggers see what no caller can forget to tell.
_WATCH = """
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE touched (image_id INTEGER PRIMARY KEY, is_new INTEGER NOT NULL);
CREATE TEMP TRIGGER touched_images
    AFTER UPDATE OF root, checkpoint, cursor, compacted, prediction, status, note ON main.images
    BEGIN INSERT OR IGNORE INTO touched VALUES (NEW.id, 0); END;
CREATE TEMP TRIGGER added_images AFTER INSERT ON main.images
    BEGIN INSERT OR IGNORE INTO touched VALUES (NEW.id, 1); END;
CREATE TEMP TRIGGER added_categories AFTER INSERT ON main.taxonomies
    BEGIN INSERT OR IGNORE INTO touched VALUES (0, 2); END;
"""

Row = sqlite3.Row

Listener = Callable[[Sequence[int], Sequence[int]], object]
"""Called with the ids of images that changed and of those that were added."""


class Database:
    """One connection that all threads share under one lock; errors come out as `ProjectError`s.

    With `synchronous=FULL` in WAL mode a transaction that returned survives a crash and a power loss
    (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """

    def __init__(self, path: Path, *, read_only: bool, is_new: bool = False) -> None:
        """Opens or creates a database, bringing an older one to the present schema.

        Raises:
            DamagedDatabaseError: It is no SQLite database, or a damaged one.
            NewerProjectError: A later version of the program made it.
            SaveError: It cannot be created, or not be brought to the present schema.
        """
        self.path = path
        self.read_only = read_only
        self._lock = threading.RLock()
        self._listener: Listener | None = None
        with self._explained():
            self._connection = _connect(path, read_only)
            try:
                self._prepare(is_new)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, is_new: bool) -> None:
        connection = self._connection
        connection.row_factory = sqlite3.Row
        # What a stranger put into the schema calls no functions but those that do no harm.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        if not is_new and (strange := schema.strange_part(connection)):
            raise DamagedDatabaseError(self.path, f"it holds {strange}, which this program did not make")
        if self.read_only:
            if not schema.check_known(connection, self.path):
                raise ProjectError(f"{self.path}: is of an older format; open it once where it can be written")
            self._check_tables()
            return
        if is_new:
            connection.execute("PRAGMA journal_mode = WAL")
            schema.create(connection)
        elif schema.version_of(connection) == 0:
            raise DamagedDatabaseError(self.path, "it is not a database of this program")
        else:
            schema.migrate(connection, self.path)
            self._check_tables()
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    def _check_tables(self) -> None:
        if not schema.has_all_columns(self._connection):
            raise DamagedDatabaseError(self.path, "tables are missing in it")
        if wrong := wrong_values(self._connection, schema.columns_known()):
            raise DamagedDatabaseError(self.path, wrong)

    def close(self) -> None:
        """Closes the connection; a second call does nothing."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.close()

    def watch(self, listener: Listener) -> None:
        """Has a listener called, in the thread that writes, after each transaction that changed what images have, or
        the categories.

        It may read, and must not raise: the change is on disk already.
        """
        if self.read_only:
            return
        with self._lock, self._explained():
            self._connection.executescript(_WATCH)
            self._listener = listener

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Runs a transaction: all of the block is on disk when it ends, or nothing of it.

        Raises:
            ReadOnlyError: The project was opened read-only.
            SaveError: The disk is full, not writable, ...
            DamagedDatabaseError: The database is damaged.
        """
        if self.read_only:
            raise ReadOnlyError(self.path.parent)
        with self._lock, self._explained():
            if self._connection.in_transaction:
                yield self._connection  # an outer block of this thread commits
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already; then there is nothing to roll back.
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            self._tell_listener()

    def _tell_listener(self) -> None:
        if self._listener is None:
            return
        touched = self._connection.execute("SELECT image_id, is_new FROM touched").fetchall()
        if touched:
            self._connection.execute("DELETE FROM touched")
            changed, added = ([int(row["image_id"]) for row in touched if row["is_new"] == new] for new in (0, 1))
            self._listener(changed, added)

    def back_up(self, reason: str) -> Path:
        """Copies the database, as it is now, into the folder `backups` beside it.

        Raises:
            SaveError: The copy could not be written.
        """
        with self._lock, self._explained():
            return schema.back_up(self._connection, self.path, reason)

    def shrink(self) -> None:
        """Gives the space of deleted rows back to the disk; without space to do so the file stays as large as it is."""
        with self._lock, suppress(sqlite3.Error):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def settle(self) -> None:
        """Brings what the log holds into the main file, where it stays even if the log is lost."""
        with self._lock, self._explained():
            # Waits for nobody who reads; nor is that needed, but for a reader that is older than this connection.
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Returns the rows of a query."""
        with self._lock, self._explained():
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        """Returns the first row of a query."""
        with self._lock, self._explained():
            return cast("Row | None", self._connection.execute(sql, values).fetchone())

    @contextmanager
    def believed(self) -> Iterator[None]:
        """Has values that no program of ours writes, and that the block fails on, told as damage."""
        try:
            yield
        except SeamsegError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise DamagedDatabaseError(self.path, f"a value in it makes no sense, {error}") from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise ProjectError(f"{self.path}: the project is closed; open it again") from error
            raise (DamagedDatabaseError if _is_damage(error) else SaveError)(self.path, error) from error
        except UnicodeDecodeError as error:  # in what SQLite says about a damaged schema
            raise DamagedDatabaseError(self.path, error) from error
        except OSError as error:
            raise SaveError(self.path, error) from error


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    if not code:  # Python's own
        return "UTF-8" in str(error)
    return code & 0xFF not in _SAVE_CODES or code in _DAMAGE_CODES


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    def connect(options: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?{options}",
            uri=True,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    if not read_only:
        return connect("mode=rwc")
    connection = connect("mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # In a folder that cannot be written SQLite has no place for its shared memory: read the file alone.
        connection.close()
        return connect("immutable=1")
    return connection
