"""The labels of images: root, checkpoint and journal together give the map; predictions lie beside.

The root of an image is what it had before the first journal entry: nothing, a prediction, or labels that were read
in. It is never deleted while the journal refers to it. A checkpoint only saves time: if it is damaged, root and
journal give the same map.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from seamseg_studio.engine.project.category_keys import TaxonomyTable
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import DamagedDatabaseError, DamagedError, ProjectError, SaveError
from seamseg_studio.engine.project.images import ImageTable
from seamseg_studio.engine.project.journal import Journal
from seamseg_studio.engine.project.label_file import LabelledOf, files_of, path_of, read_labels, write_labels
from seamseg_studio.engine.project.past_states import PastStates
from seamseg_studio.engine.project.prediction_file import read_prediction, write_prediction
from seamseg_studio.engine.project.predictions import disagreement_with, note_prediction
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.statistics import count_categories
from seamseg_studio.engine.scene.errors import SceneError
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.recategorise import translate_categories

LABELS_FOLDER = "labels"
_PREDICTION_SUFFIX = ".zip"


class LabelStore:
    """Reads and writes the label files of one project, in step with its database."""

    def __init__(
        self, folder: Path, database: Database, images: ImageTable, journal: Journal, taxonomies: TaxonomyTable
    ) -> None:
        self._folder = folder / LABELS_FOLDER
        self._taxonomies = taxonomies
        self.past = PastStates(taxonomies, lambda image_id: self.load_by_key(image_id)[0])
        self._database = database
        self._images = images
        self._journal = journal

    def load(self, image_id: int) -> tuple[PanopticMap, int]:
        """Makes the map of an image at the cursor, and tells how many journal steps that took.

        It has the present categories also where the journal stands at a step from before they changed.

        Raises:
            DamagedError: Neither the checkpoint nor the root with the journal gives the map.
            RetiredCategoryError: It shows a category of which nothing says what became of it.
        """
        panoptic_map, steps = self.load_by_key(image_id)
        self.past.catch_up(image_id, panoptic_map)
        try:
            self._taxonomies.current.show(panoptic_map)
        except KeyError as error:
            raise self._taxonomies.retired(error) from error
        panoptic_map.adopt_mark(self._journal.mark(image_id))
        return panoptic_map, steps

    def load_by_key(self, image_id: int) -> tuple[PanopticMap, int]:
        """As `load`, but the categories of the map are keys, not places in the project's list."""
        image = self._row(image_id)
        attempts = [(str(image["root"]), 0)]
        if image["checkpoint"]:
            attempts.insert(0, (str(image["checkpoint"]), int(image["checkpoint_entry"])))
        first_error: DamagedError | None = None
        for file, entry in attempts:
            try:
                panoptic_map, steps = self._replayed(image, file, entry)
            except DamagedDatabaseError:
                raise
            except DamagedError as error:
                first_error = first_error or error
            else:
                if first_error is not None and not self._database.read_only:
                    # Only saves time later, so a full disk is no reason to refuse the map.
                    with suppress(ProjectError):
                        self._replace_checkpoint(image, panoptic_map)
                return panoptic_map, steps
        assert first_error is not None
        raise first_error

    def _replace_checkpoint(self, image: sqlite3.Row, panoptic_map: PanopticMap) -> None:
        """Writes a checkpoint in place of a damaged one; the categories of the map are keys."""
        image_id, entry = int(image["id"]), int(image["cursor"])
        file = self._write_labels(image, panoptic_map, entry, by_key=True) if entry else ""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE images SET checkpoint = ?, checkpoint_entry = ? WHERE id = ?", (file, entry, image_id)
            )
            self._journal.forget_discarded(connection, image_id, entry)
        self.drop({str(image["checkpoint"])} - self.files_in_use(image_id))

    def load_prediction(self, image_id: int) -> PanopticResult | None:
        """Returns the newest prediction of an image, None if there is none.

        Raises:
            DamagedError: Its file is damaged.
        """
        file = str(self._row(image_id)["prediction"])
        if not file:
            return None
        result, keys = read_prediction(path_of(self._folder, file))
        return self._shown(result, keys)

    def _shown(self, result: PanopticResult, keys: Sequence[int] | None) -> PanopticResult:
        return self._taxonomies.current.show_prediction(result, keys, self._taxonomies.successors)

    def store_prediction(
        self, image_id: int, result: PanopticResult, bundle: str, may_become_map: Callable[[], bool] | None = None
    ) -> bool:
        """Keeps a prediction, and makes it the map if no human has worked on the image and `may_become_map` agrees.

        Raises:
            ProjectError: It could not be written, or is of another size than the image.
        """
        image = self._row(image_id)
        if result.shape != (image["height"], image["width"]) and self._is_untouched(image):
            self.take_new_file(image_id)
            image = self._row(image_id)
        self._check_size(image, result.shape)
        panoptic_map = result.to_map()
        self._images.hash_one(image_id)
        compared = str(image["prediction"])
        former_path = path_of(self._folder, compared) if compared else None
        differs = disagreement_with(former_path, image, result, bundle, self._shown)
        file = self._write_prediction(image_id, result, bundle)
        with self._database.write() as connection:
            image = self._row(image_id)
            former = self.files_in_use(image_id)
            becomes_map = self._is_untouched(image) and (may_become_map is None or may_become_map())
            if image["prediction"] != compared:
                differs = None  # another was stored meanwhile
            note_prediction(connection, image_id, file, result, bundle, differs)
            if becomes_map:
                self._set_root(connection, image, file, panoptic_map, Status.PREDICTED)
        self.drop(former - self.files_in_use(image_id))
        return becomes_map

    def store_labels(self, image_id: int, panoptic_map: PanopticMap, status: Status) -> bool:
        """Makes labels from elsewhere the beginning of an image's history, if no human has worked on it.

        Raises:
            ProjectError: They could not be written, or are of another size than the image.
        """
        image = self._row(image_id)
        self._check_size(image, panoptic_map.shape)
        if not self._is_untouched(image):
            return False
        self._images.hash_one(image_id)
        self._check_categories(image, panoptic_map)
        file = self._write_labels(image, panoptic_map, 0)
        with self._database.write() as connection:
            image = self._row(image_id)
            if not self._is_untouched(image):
                return False
            self._set_root(connection, image, file, panoptic_map, status)
        return True

    def take_new_file(self, image_id: int) -> None:
        """Begins anew with an image whose file is a picture of another size now; nothing if the size is the same.

        Raises:
            ProjectError: People worked on the former picture, or it could not be written.
            ImageError: The file cannot be read.
        """
        image = self._row(image_id)
        path, size, num_bytes = self._images.file_now(image_id)
        if size == (image["height"], image["width"]):
            return
        if not self._is_untouched(image):
            raise ProjectError(
                f"{path}: is {size[1]} x {size[0]} pixels now, the picture that was labelled was"
                f" {image['width']} x {image['height']}; put the former file back"
            )
        former = self.files_in_use(image_id)
        self._journal.forget_mark(image_id)
        self.past.forget(image_id)
        with self._database.write() as connection:
            connection.execute("DELETE FROM category_counts WHERE image_id = ?", (image_id,))
            connection.execute("DELETE FROM taxonomy_steps WHERE image_id = ?", (image_id,))
            connection.execute(
                "UPDATE images SET height = ?, width = ?, num_bytes = ?, sha256 = '', exif = '', look = NULL,"
                " root = '', root_is_model = 0, checkpoint = '', checkpoint_entry = 0, cursor = 0, counted_entry = 0,"
                " prediction = '', bundle = '', timings = '', uncertainty = NULL, disagreement = NULL,"
                " status = CASE WHEN status = ? THEN status ELSE ? END WHERE id = ?",
                (*size, num_bytes, Status.FLAGGED.value, Status.NEW.value, image_id),
            )
        self.drop(former)

    def checkpoint(self, image_id: int, panoptic_map: PanopticMap, entry: int) -> None:
        """Writes the map after journal entry `entry`, so that loading need not replay what led there.

        Raises:
            SaveError: It could not be written; the former checkpoint still counts.
        """
        image = self._row(image_id)
        self._check_size(image, panoptic_map.shape)
        if entry == 0 or (image["checkpoint"] and int(image["checkpoint_entry"]) == entry):
            return
        if self.past.is_behind(image_id):
            # The steps before and after are those of the state in the journal, not of what people see.
            file = self._write_labels(image, self.load_by_key(image_id)[0], entry, by_key=True)
        else:
            file = self._write_labels(image, panoptic_map, entry)
        with self._database.write() as connection:
            former = str(self._row(image_id)["checkpoint"])
            connection.execute(
                "UPDATE images SET checkpoint = ?, checkpoint_entry = ? WHERE id = ?", (file, entry, image_id)
            )
            count_categories(connection, image_id, panoptic_map, entry, self._taxonomies.current.keys)
            self._journal.forget_discarded(connection, image_id, entry)
        if former and former != file:
            self.drop({former})

    def write_at(self, image_id: int, entry: int) -> str:
        """Writes the labels after a done journal entry and returns the sidecar's name; nothing refers to it yet.

        Raises:
            ProjectError: They could not be read or written.
        """
        image = self._row(image_id)
        panoptic_map = self.read(image, str(image["root"]))
        panoptic_map.reserve_ids(int(image["next_id"]))
        self._journal.advance(panoptic_map, image_id, 0, until=entry)
        return self._write_labels(image, panoptic_map, entry, by_key=True)

    def write_root(self, image_id: int, panoptic_map: PanopticMap, variant: int) -> str:
        """Writes labels in place of a prediction, categories by key; returns the sidecar's name.

        Raises:
            SaveError: They could not be written.
        """
        return self._write_labels(self._row(image_id), panoptic_map, 0, by_key=True, variant=variant)

    def files_in_use(self, image_id: int) -> set[str]:
        """Returns the names of the files that the database knows of an image."""
        image = self._row(image_id)
        kept = self._database.rows("SELECT former_root FROM taxonomy_steps WHERE image_id = ?", image_id)
        files = {str(image[key]) for key in ("root", "checkpoint", "prediction")}
        return files.union(str(row["former_root"]) for row in kept) - {""}

    def paths_in_use(self, image_id: int) -> list[Path]:
        """Returns the paths of those files, there or not."""
        return [path for file in self.files_in_use(image_id) for path in self._paths(file)]

    def _paths(self, file: str) -> list[Path]:
        is_prediction = file.endswith(_PREDICTION_SUFFIX)
        path = path_of(self._folder, file)
        return [path] if is_prediction else files_of(self._folder, file)

    def drop(self, files: set[str]) -> None:
        """Removes predictions and checkpoints, by the names that the database had for them."""
        for file in files - {""}:
            self._remove(self._paths(file))

    def sweep(self) -> int:
        """Removes what a crash between files and database left behind, and returns how many files that were.

        Only temporary files go, and files of images that the database knows by newer ones.
        """
        if self._database.read_only or not self._folder.is_dir():
            return 0
        rows = self._database.rows("SELECT id, root, checkpoint, prediction FROM images")
        used = {int(row["id"]): {str(row["root"]), str(row["checkpoint"]), str(row["prediction"])} for row in rows}
        for row in self._database.rows("SELECT image_id, former_root FROM taxonomy_steps"):
            used[int(row["image_id"])].add(str(row["former_root"]))
        left: list[Path] = []
        for path in self._folder.iterdir():
            if path.name.startswith(".") and path.suffix == ".part":
                left.append(path)
                continue
            number, _, rest = path.name.partition(".")
            names = used.get(int(number)) if number.isdigit() else None
            stem = f"{number}.{rest.partition('.')[0]}"
            if names is not None and not names & {path.name, f"{stem}.json"}:
                left.append(path)
        self._remove(left)
        return len(left)

    def read(self, image: sqlite3.Row, file: str) -> PanopticMap:
        """Reads the map that a root or checkpoint file holds; all void if the image has no such file.

        Raises:
            DamagedError: The file is damaged or belongs to another image.
        """
        shape = (int(image["height"]), int(image["width"]))
        if not file:
            return PanopticMap.empty(*shape)
        path = path_of(self._folder, file)
        try:
            if file.endswith(_PREDICTION_SUFFIX):
                result, keys = read_prediction(path, shape)
                panoptic_map = result.to_map()
                if keys is not None:
                    translate_categories(panoptic_map, dict(enumerate(keys)))
            else:
                panoptic_map = read_labels(path, shape)
        except (SceneError, KeyError) as error:
            raise DamagedError(path, error) from error
        if panoptic_map.shape != shape:
            raise DamagedError(path, f"it is {panoptic_map.shape}, its image {shape}")
        return panoptic_map

    def _replayed(self, image: sqlite3.Row, file: str, entry: int) -> tuple[PanopticMap, int]:
        panoptic_map = self.read(image, file)
        panoptic_map.reserve_ids(int(image["next_id"]))
        return panoptic_map, self._journal.advance(panoptic_map, int(image["id"]), entry)

    def _set_root(
        self, connection: sqlite3.Connection, image: sqlite3.Row, file: str, panoptic_map: PanopticMap, status: Status
    ) -> None:
        connection.execute(
            "UPDATE images SET root = ?, root_is_model = 0, checkpoint = '', checkpoint_entry = 0, cursor = 0,"
            " num_edits = 0, next_id = max(next_id, ?), status = CASE WHEN status = ? THEN status ELSE ? END"
            " WHERE id = ?",
            (file, panoptic_map.next_id(), Status.FLAGGED.value, status.value, image["id"]),
        )
        count_categories(connection, int(image["id"]), panoptic_map, 0, self._taxonomies.current.keys)
        self._journal.forget_mark(int(image["id"]))
        self.past.forget(int(image["id"]))

    def is_models_work(self, image: sqlite3.Row) -> bool:
        """Tells whether an image has nothing but what a model said: no edit, not even an undone one, no import."""
        by_model = not image["root"] or str(image["root"]).endswith(_PREDICTION_SUFFIX) or image["root_is_model"]
        return bool(by_model) and self._journal.is_empty(int(image["id"]))

    def _is_untouched(self, image: sqlite3.Row) -> bool:
        """Tells whether no human has a say in an image: it is the model's work and nobody has accepted it."""
        return image["status"] != Status.ACCEPTED.value and self.is_models_work(image)

    def _write_prediction(self, image_id: int, result: PanopticResult, bundle: str) -> str:
        with suppress(FileExistsError):
            self._make_folder()
        number = 1
        while (self._folder / (file := f"{image_id:06d}.prediction-{number}{_PREDICTION_SUFFIX}")).exists():
            number += 1
        try:
            write_prediction(self._folder / file, result, bundle, self._taxonomies.current.keys)
        except OSError as error:
            raise SaveError(self._folder / file, error) from error
        return file

    def _write_labels(
        self, image: sqlite3.Row, panoptic_map: PanopticMap, entry: int, *, by_key: bool = False, variant: int = 0
    ) -> str:
        self._make_folder()
        of = LabelledOf(
            int(image["id"]), image["path"], image["name"], image["sha256"], image["status"], entry, variant
        )
        try:
            return write_labels(self._folder, panoptic_map, self._taxonomies.current, of, by_key=by_key)
        except OSError as error:
            raise SaveError(self._folder, error) from error

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise SaveError(self._folder, error) from error

    def _row(self, image_id: int) -> sqlite3.Row:
        row = self._database.row("SELECT * FROM images WHERE id = ?", image_id)
        if row is None:
            raise ProjectError(f"{self._database.path}: there is no image {image_id} in this project; open it anew")
        return row

    def _check_categories(self, image: sqlite3.Row, panoptic_map: PanopticMap) -> None:
        highest = max((segment.category for segment in panoptic_map.segments.values()), default=0)
        if highest >= len(self._taxonomies.current.keys):
            raise ProjectError(
                f"{image['name']}: its labels have category number {highest}, the project has only"
                f" {len(self._taxonomies.current.keys)}; add the missing categories first or map them to others"
            )

    @staticmethod
    def _check_size(image: sqlite3.Row, shape: tuple[int, int]) -> None:
        if shape != (image["height"], image["width"]):
            raise ProjectError(
                f"{image['name']}: labels of {shape[0]} x {shape[1]} pixels do not fit an image of"
                f" {image['height']} x {image['width']}; if its file was replaced, put the former one back"
            )

    @staticmethod
    def _remove(paths: list[Path]) -> None:
        # Left-overs only take space; `sweep` removes them.
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
