"""The project: images, labels, journal and settings in one folder that survives crashes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from seamseg_studio.engine.project import corrections as vouching
from seamseg_studio.engine.project.category_keys import add_version
from seamseg_studio.engine.project.corrections import Correction
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.default_taxonomy import default_taxonomy
from seamseg_studio.engine.project.errors import DamagedDatabaseError, DamagedError, ProjectError, SaveError
from seamseg_studio.engine.project.image_methods import ImageMethods
from seamseg_studio.engine.project.journal_copy import copies_in
from seamseg_studio.engine.project.journal_methods import JournalMethods
from seamseg_studio.engine.project.lock import FolderLock
from seamseg_studio.engine.project.own_places import check_own
from seamseg_studio.engine.project.records import ImageRecord, Status
from seamseg_studio.engine.project.schema import CLOSED_WELL
from seamseg_studio.engine.project.taxonomy_methods import TaxonomyMethods
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.replacement import replace_content
from seamseg_studio.engine.scene.taxonomy import Taxonomy

SUFFIX = ".seamseg"
DATABASE_NAME = "project.db"
LOCK_NAME = "project.lock"
_IS_BEHIND = (
    "the folder journal knows later work, so {0}-wal, its newest part, is missing, or an older copy of {0} was put"
    " back: to go on from that copy, rename the folder journal"
)
_MOST_LOADS = 10  # of a map that another process changes meanwhile
_LONG_REPLAY = 64  # journal steps after which loading an image leaves a checkpoint


class Project(ImageMethods, JournalMethods, TaxonomyMethods):
    """One project folder, made by `create` or `open`; any thread may call any method; writing ones return when safe."""

    def __init__(self, folder: Path, database: Database, lock: FolderLock, *, had_log: bool = True) -> None:
        try:
            super().__init__(folder, database, lock)
            if not self.setting(CLOSED_WELL, True):
                if not (had_log or self.read_only) and self._copies.is_ahead():
                    raise DamagedDatabaseError(database.path, _IS_BEHIND.format(database.path.name))
                self._copies.catch_up()
                self._labels.sweep()
        except BaseException:
            database.close()
            raise
        with suppress(ProjectError):  # a full disk is no reason not to open
            self.set_setting(CLOSED_WELL, False)
            self._copies.reserve_numbers()
            self._database.settle()  # else a lost log would take this with it, and not be missed

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
        was_there = folder.is_dir()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ProjectError(f"{folder}: is not empty; choose another place for the new project")
        except OSError as error:
            raise SaveError(folder, error) from error
        lock = FolderLock(folder / LOCK_NAME)
        if not lock.acquire():
            raise ProjectError(
                f"{folder}: another studio makes a project here, or it cannot be written; choose another"
            )
        try:
            for name in ("labels", "models", "exports"):
                (folder / name).mkdir()
            database = Database(folder / DATABASE_NAME, read_only=False, is_new=True)
            try:
                first = taxonomy or default_taxonomy()
                with database.write() as connection:
                    add_version(connection, first, range(len(first)))
            except BaseException:
                database.close()
                raise
            return cls(folder, database, lock)
        except BaseException as error:
            # Half a project could neither be opened nor made again.
            _empty(folder, keeps_itself=was_there)
            lock.release()
            if isinstance(error, OSError):
                raise SaveError(folder, error) from error
            raise

    @classmethod
    def open(cls, folder: Path | str, *, read_only: bool = False) -> Self:
        """Opens a project; if another studio has it open, or the folder cannot be written, read-only.

        Raises:
            ProjectError: There is no project in `folder`, or a part of it is a link to elsewhere.
            NewerProjectError: A later version of the program made it.
            DamagedDatabaseError: Its database is damaged; see `recover_project`.
        """
        folder = Path(folder).absolute()
        check_own(folder)
        path = folder / DATABASE_NAME
        if not path.is_file():
            if copies_in(folder):
                raise DamagedDatabaseError(path, "it is missing")
            raise ProjectError(f"{folder}: there is no project here; choose a folder that holds {DATABASE_NAME}")
        had_log = path.with_name(f"{path.name}-wal").exists()
        lock = FolderLock(folder / LOCK_NAME)
        # The lock file alone does not tell: it may be writable in a folder that is not.
        writable = not read_only and os.access(folder, os.W_OK) and os.access(path, os.W_OK) and lock.acquire()
        try:
            return cls(folder, Database(path, read_only=not writable), lock, had_log=had_log)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Closes the project; everything is on disk already. A second call does nothing."""
        # Says only whether left-overs of a crash must be looked for; a full disk may refuse it.
        with suppress(ProjectError):
            self.set_setting(CLOSED_WELL, True)
        self._database.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bundles(self) -> list[str]:
        """Returns the models whose predictions were stored, the last used first."""
        rows = self._database.rows("SELECT name FROM bundles ORDER BY last_used DESC")
        return [str(row["name"]) for row in rows]

    # Labels

    def load_map(self, image_id: int) -> PanopticMap:
        """Makes the map of an image as the journal leaves it; all void if there are no labels.

        Also hashes the image's file if that was not done yet: work on it is about to begin.

        Raises:
            DamagedError: The files that it is made of are damaged; other images are not concerned.
        """
        self._images.hash_one(image_id)
        panoptic_map, steps = self._load_beside_a_writer(image_id) if self.read_only else self._labels.load(image_id)
        if steps > _LONG_REPLAY and not self.read_only:
            # Only saves time later, so a full disk is no reason to refuse the map.
            with suppress(ProjectError):
                self.checkpoint(image_id, panoptic_map)
        return panoptic_map

    def _load_beside_a_writer(self, image_id: int) -> tuple[PanopticMap, int]:
        """Loads a map while another process may fold the steps it is made of, or replace their files."""
        for _ in range(_MOST_LOADS - 1):
            before = self._database.row("SELECT * FROM images WHERE id = ?", image_id)
            try:
                return self._labels.load(image_id)
            except DamagedError:
                now = self._database.row("SELECT * FROM images WHERE id = ?", image_id)
                if before is None or now is None or tuple(before) == tuple(now):
                    raise
        return self._labels.load(image_id)

    def load_prediction(self, image_id: int) -> PanopticResult | None:
        """Returns the newest prediction of an image, without `raw`; None if there is none.

        Raises:
            DamagedError: Its file is damaged.
        """
        return self._labels.load_prediction(image_id)

    def store_prediction(
        self,
        image_id: int,
        result: PanopticResult,
        bundle: str,
        taxonomy: Taxonomy | None = None,
        may_become_map: Callable[[], bool] | None = None,
    ) -> bool:
        """Keeps a prediction, and makes it the map unless a human has worked on the image.

        Args:
            image_id: The image.
            result: What the model said; categories are places in the project's list.
            bundle: The model.
            taxonomy: The categories that `result` was made for, where they may have changed since.
            may_become_map: Asked last, before it counts; False keeps it beside, as work on an open image has begun.

        Returns:
            Whether it became the map. Edits (undone ones too), acceptance and imported labels are never overwritten.

        Raises:
            ProjectError: It could not be written, is of another size than the image, or the categories have changed.
        """
        if taxonomy is not None and taxonomy != self.taxonomy:
            raise ProjectError(
                f"{self._folder.name}: its categories changed while the model was at work; label the image again"
            )
        return self._labels.store_prediction(image_id, result, bundle, may_become_map)

    def take_new_file(self, image_id: int) -> ImageRecord:
        """Begins anew with an image whose file is a picture of another size now, and returns it.

        Nothing happens if the size is that of the labels.

        Raises:
            ProjectError: People worked on the former picture, or it could not be written.
            SeamsegError: The file cannot be read.
        """
        self._labels.take_new_file(image_id)
        return self._images.get(image_id)

    def store_labels(self, image_id: int, panoptic_map: PanopticMap, status: Status = Status.IN_PROGRESS) -> bool:
        """Makes labels that were read from elsewhere the beginning of an image's history.

        Returns:
            Whether they did; not if a human has worked on the image.

        Raises:
            ProjectError: They could not be written, or are of another size than the image.
        """
        return self._labels.store_labels(image_id, panoptic_map, status)

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
        self.append(image_id, patch)
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
        self._copies.look_through(image_id)
        self._labels.checkpoint(image_id, panoptic_map, entry)

    # Training data

    def corrections(self) -> Iterator[Correction]:
        """Yields the images that people vouch for, void where nobody did; see `corrections.corrections`."""
        return vouching.corrections(self)


def _empty(folder: Path, *, keeps_itself: bool) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
    if not keeps_itself:
        with suppress(OSError):
            folder.rmdir()
