"""What all parts of a project share: the folder, the database and what stands on it."""

from __future__ import annotations

import json
from pathlib import Path

from seamseg_studio.engine.project.category_keys import TaxonomyTable
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import DamagedDatabaseError
from seamseg_studio.engine.project.images import ImageTable
from seamseg_studio.engine.project.journal import Journal
from seamseg_studio.engine.project.journal_copy import JournalCopies
from seamseg_studio.engine.project.labels import LabelStore
from seamseg_studio.engine.project.lock import FolderLock


class ProjectRooms:
    """The tables and files of one open project folder."""

    def __init__(self, folder: Path, database: Database, lock: FolderLock) -> None:
        self._folder = folder
        self._database = database
        self._lock = lock
        self._taxonomies = TaxonomyTable(database)
        self._images = ImageTable(database)
        self._copies = JournalCopies(folder, database)
        self._journal = Journal(database, self._copies)
        self._labels = LabelStore(folder, database, self._images, self._journal, self._taxonomies)

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def read_only(self) -> bool:
        """Whether another studio has the project, or its folder cannot be written."""
        return self._database.read_only

    def setting(self, key: str, default: object = None) -> object:
        """Returns what `set_setting` stored under `key`."""
        row = self._database.row("SELECT value FROM settings WHERE key = ?", key)
        try:
            return default if row is None else json.loads(row["value"])
        except (TypeError, ValueError, RecursionError) as error:
            raise DamagedDatabaseError(self._database.path, f"the setting {key!r}: {error}") from error

    def set_setting(self, key: str, value: object) -> None:
        """Stores a JSON value: view state of the whole project and the like.

        Raises:
            SaveError: It could not be written.
        """
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))
