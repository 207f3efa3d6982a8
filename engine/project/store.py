"""The project: images, labels, journal and settings in one folder that survives crashes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from seamseg_studio.engine.project import corrections as vouching
from seamseg_studio.engine.project.compaction import compact, journal_bytes
from seamseg_studio.engine.project.corrections import Correction
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.default_taxonomy import default_taxonomy
from seamseg_studio.engine.project.errors import DamagedError, ProjectError, SaveError
from seamseg_studio.engine.project.images import ImageTable, Progress
from seamseg_studio.engine.project.journal import Journal
from seamseg_studio.engine.project.labels import LabelStore
from seamseg_studio.engine.project.lock import FolderLock
from seamseg_studio.engine.project.records import ImageRecord, JournalEntry, Status
from seamseg_studio.engine.project.recovery import salvage
from seamseg_studio.engine.project.statistics import Statistics, read_statistics
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.replacement import replace_content
from seamseg_studio.engine.scene.taxonomy import Taxonomy

SUFFIX = ".seamseg"
DATABASE_NAME = "project.db"
LOCK_NAME = "project.lock"
_CLOSED_WELL = "closed well"
_LONG_REPLAY = 64  # journal steps after which loading an image leaves a checkpoint


class Project:
    """One project folder, made by `create` or `open`; any thread may call any method; writing ones return when safe."""

    def __init__(self, folder: Path, database: Database, lock: FolderLock) -> None:
        self._folder = folder
        self._database = database
        self._lock = lock
        self._images = ImageTable(database)
        self._journal = Journal(database)
        self._labels = LabelStore(folder, database, self._images, self._journal)
        self._taxonomy = self._read_taxonomy()
        if not self.setting(_CLOSED_WELL, True):
            self._labels.sweep()
        with suppress(ProjectError):  # a full disk is no reason not to open
            self.set_setting(_CLOSED_WELL, False)

    @classmethod
    def create(cls, folder: Path | str, taxonomy: Taxonomy | None = None) -> Self:
        """Makes a new project.

        Args:
            folder: Must not exist yet, or be empty; its name should end in `SUFFIX`.
            taxonomy: The categories; those of the bundled model if missing.

        Raises:
            ProjectError: The folder holds something already.
            SaveError: It cannot be made.
        """
        folder = Path(folder).absolute()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ProjectError(f"{folder}: is not empty; choose another place for the new project")
            for name in ("labels", "models", "exports"):
                (folder / name).mkdir()
        except OSError as error:
            raise SaveError(folder, error) from error
        lock = FolderLock(folder / LOCK_NAME)
        if not lock.acquire():
            raise ProjectError(f"{folder}: another studio is making a project here; open that one")
        try:
            database = Database(folder / DATABASE_NAME, read_only=False, is_new=True)
            _add_taxonomy(database, taxonomy or default_taxonomy())
            return cls(folder, database, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, folder: Path | str, *, read_only: bool = False) -> Self:
        """Opens a project; if another studio has it open, or the folder cannot be written, read-only.

        Raises:
            ProjectError: There is no project in `folder`.
            NewerProjectError: A later version of the program made it.
            DamagedError: Its database is damaged.
        """
        folder = Path(folder).absolute()
        path = folder / DATABASE_NAME
        if not path.is_file():
            raise ProjectError(f"{folder}: there is no project here; choose a folder that holds {DATABASE_NAME}")
        lock = FolderLock(folder / LOCK_NAME)
        # The lock file alone does not tell: it may be writable in a folder that is not.
        writable = not read_only and os.access(folder, os.W_OK) and os.access(path, os.W_OK) and lock.acquire()
        try:
            return cls(folder, Database(path, read_only=not writable), lock)
        except BaseException:
            lock.release()
            raise

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def read_only(self) -> bool:
        """Whether another studio has the project, or its folder cannot be written."""
        return self._database.read_only

    def close(self) -> None:
        """Closes the project; everything is on disk already. A second call does nothing."""
        # Says only whether left-overs of a crash must be looked for; a full disk may refuse it.
        with suppress(ProjectError):
            self.set_setting(_CLOSED_WELL, True)
        self._database.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Categories and settings

    @property
    def taxonomy(self) -> Taxonomy:
        return self._taxonomy

    def set_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Gives the project other categories; the former ones stay in its history.

        Once there are labels, categories may be renamed, recoloured and things added at the end.

        Raises:
            ProjectError: Labels refer to categories that would change their place or kind.
            SaveError: It could not be written.
        """
        if any(record.has_labels for record in self.images()) and not taxonomy.extends(self._taxonomy):
            raise ProjectError(
                f"{self._folder.name}: its labels use the present categories; names and colours may change and things"
                " may be added at the end, but no category may go, move or change between stuff and thing"
            )
        _add_taxonomy(self._database, taxonomy)
        self._taxonomy = taxonomy

    def setting(self, key: str, default: object = None) -> object:
        """Returns what `set_setting` stored under `key`."""
        row = self._database.row("SELECT value FROM settings WHERE key = ?", key)
        return default if row is None else json.loads(row["value"])

    def set_setting(self, key: str, value: object) -> None:
        """Stores a JSON value: view state and the like.

        Raises:
            SaveError: It could not be written.
        """
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))

    def statistics(self) -> Statistics:
        """Returns progress and counts by category, without reading labels."""
        return read_statistics(self._database)

    def bundles(self) -> list[str]:
        """Returns the models whose predictions were stored, the last used first."""
        rows = self._database.rows("SELECT name FROM bundles ORDER BY last_used DESC")
        return [str(row["name"]) for row in rows]

    # Images

    def add_images(self, paths: Iterable[Path | str], progress: Progress | None = None) -> list[ImageRecord]:
        """Adds images, reading only their headers; known ones are returned as they are.

        Args:
            paths: Image files.
            progress: Called now and then with (done, total); returning False stops.

        Raises:
            SeamsegError: One is no readable image.
            SaveError: They could not be written.
        """
        return self._images.add((Path(path) for path in paths), progress)

    def images(self) -> list[ImageRecord]:
        """Returns all images in the order in which they were added."""
        return self._images.all()

    def image(self, image_id: int) -> ImageRecord:
        """Returns one image.

        Raises:
            ProjectError: There is none of this id.
        """
        return self._images.get(image_id)

    def set_status(self, image_id: int, status: Status, note: str | None = None) -> None:
        """Sets how far the work on an image is; `note` None keeps the remark that is there.

        Raises:
            SaveError: It could not be written.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE images SET status = ?, note = coalesce(?, note) WHERE id = ?", (status.value, note, image_id)
            )

    def hash_images(self, progress: Progress | None = None) -> int:
        """Hashes the image files that were not hashed yet, so that `relink` knows them; returns how many."""
        return self._images.hash_all(progress)

    def missing_images(self) -> list[ImageRecord]:
        """Returns the images whose file is not where it was."""
        return self._images.missing()

    def relink(self, folder: Path | str, progress: Progress | None = None) -> list[ImageRecord]:
        """Looks below `folder` for the files of missing images, by hash; returns the images that were found."""
        return self._images.relink(Path(folder), progress)

    # Labels

    def load_map(self, image_id: int) -> PanopticMap:
        """Makes the map of an image as the journal leaves it; all void if there are no labels.

        Also hashes the image's file if that was not done yet: work on it is about to begin.

        Raises:
            DamagedError: The files that it is made of are damaged; other images are not concerned.
        """
        self._images.hash_one(image_id)
        panoptic_map, steps = self._labels.load(image_id)
        if steps > _LONG_REPLAY and not self.read_only:
            # Only saves time later, so a full disk is no reason to refuse the map.
            with suppress(ProjectError):
                self.checkpoint(image_id, panoptic_map)
        return panoptic_map

    def load_prediction(self, image_id: int) -> PanopticResult | None:
        """Returns the newest prediction of an image, without `raw`; None if there is none.

        Raises:
            DamagedError: Its file is damaged.
        """
        return self._labels.load_prediction(image_id)

    def store_prediction(self, image_id: int, result: PanopticResult, bundle: str) -> bool:
        """Keeps a prediction, and makes it the map unless a human has worked on the image.

        Returns:
            Whether it became the map. Edits (undone ones too), acceptance and imported labels are never overwritten.

        Raises:
            ProjectError: It could not be written, or is of another size than the image.
        """
        became_map = self._labels.store_prediction(image_id, result, bundle)
        now = time.time()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO bundles VALUES (?, ?, ?, 1) ON CONFLICT (name) DO UPDATE"
                " SET last_used = excluded.last_used, num_images = num_images + 1",
                (bundle, now, now),
            )
        return became_map

    def store_labels(self, image_id: int, panoptic_map: PanopticMap, status: Status = Status.IN_PROGRESS) -> bool:
        """Makes labels that were read from elsewhere the beginning of an image's history.

        Returns:
            Whether they did; not if a human has worked on the image.

        Raises:
            ProjectError: They could not be written, or are of another size than the image.
        """
        return self._labels.store_labels(image_id, panoptic_map, self._taxonomy, status)

    def reset_to_prediction(self, image_id: int) -> Patch | None:
        """Journals the way back to the newest prediction as one step that can be undone.

        Returns:
            The patch, already in the journal, to apply to the map; None if there is no prediction or nothing to do.

        Raises:
            ProjectError: The labels cannot be read or the step not be written.
        """
        prediction = self.load_prediction(image_id)
        if prediction is None:
            return None
        patch = replace_content(self._labels.load(image_id)[0], prediction.to_map(), "back to the prediction")
        if patch.is_empty:
            return None
        self._journal.append(image_id, patch)
        return patch

    def checkpoint(self, image_id: int, panoptic_map: PanopticMap | None = None) -> None:
        """Writes an image's labels as files, so that loading need not replay its journal.

        Args:
            image_id: The image.
            panoptic_map: Its map as the journal has it now, not changed meanwhile; read from the journal if missing.

        Raises:
            SaveError: They could not be written; the former ones still count.
        """
        row = self._database.row("SELECT cursor FROM images WHERE id = ?", image_id)
        entry = 0 if row is None else int(row["cursor"])
        if panoptic_map is None:
            panoptic_map = self._labels.load(image_id)[0]
        self._labels.checkpoint(image_id, panoptic_map, entry, self._taxonomy)

    # Journal

    def append(self, image_id: int, patch: Patch) -> int:
        """Journals an applied patch and returns its number; it survives a crash from then on.

        Raises:
            ProjectError: It could not be written; keep it and try again.
        """
        return self._journal.append(image_id, patch)

    def undo(self, image_id: int) -> Patch | None:
        """Moves the image's cursor back and returns the patch to revert; None at the beginning.

        Raises:
            ProjectError: It could not be written, or the step is damaged; the cursor stays.
        """
        return self._journal.undo(image_id)

    def redo(self, image_id: int) -> Patch | None:
        """Moves the image's cursor on and returns the patch to apply; None at the end.

        Raises:
            ProjectError: It could not be written, or the step is damaged; the cursor stays.
        """
        return self._journal.redo(image_id)

    def history(self, image_id: int) -> list[JournalEntry]:
        """Returns the steps of an image, oldest first, those that are undone last."""
        return self._journal.history(image_id)

    def salvage(self, image_id: int) -> list[str]:
        """Brings an image whose history is damaged back to the last good step, after a backup.

        Returns:
            What the lost steps had done; empty if nothing was damaged.

        Raises:
            SaveError: It could not be written.
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
        return compact(self._database, self._labels, image_id, keep_steps, self._taxonomy)

    # Training data

    def corrections(self) -> Iterator[Correction]:
        """Yields the images that people vouch for, void where nobody did; see `corrections.corrections`."""
        return vouching.corrections(self)

    def _read_taxonomy(self) -> Taxonomy:
        row = self._database.row("SELECT content FROM taxonomies ORDER BY id DESC LIMIT 1")
        try:
            return Taxonomy.from_json(json.loads(row["content"] if row is not None else "null"))
        except ValueError as error:
            self._database.close()
            raise DamagedError(self._database.path, error) from error


def _add_taxonomy(database: Database, taxonomy: Taxonomy) -> None:
    with database.write() as connection:
        connection.execute(
            "INSERT INTO taxonomies (time, content) VALUES (?, ?)", (time.time(), json.dumps(taxonomy.to_json()))
        )
