"""The images of a project: their files, how far the work on them is, how long it took, how they were last seen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.look import near_duplicates
from seamseg_studio.engine.project.records import ImageRecord, Status
from seamseg_studio.engine.project.rooms import ProjectRooms
from seamseg_studio.engine.project.split import Split, SplitRule, divide, group_images
from seamseg_studio.engine.project.statistics import Statistics, read_statistics


class ImageMethods(ProjectRooms):
    """The part of `Project` that is about images as such, not about their labels."""

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

    def images_showing(self, category: int) -> set[int]:
        """Returns the ids of the images in which a category is, as of when their labels were last counted."""
        key = self._taxonomies.current.keys[category]
        rows = self._database.rows("SELECT image_id FROM category_counts WHERE category = ?", key)
        return {int(row["image_id"]) for row in rows}

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

    def is_file_changed(self, image_id: int) -> bool:
        """Whether an image's file was replaced or edited since its labels began; reads all of the file."""
        return self._images.is_changed(image_id)

    def keep_labels_for_changed_file(self, image_id: int) -> None:
        """Says that an image's labels are right for its file as it is now, which counts as unchanged from here on.

        Raises:
            OSError: The file cannot be read.
            SaveError: It could not be written.
        """
        self._images.take_change(image_id)

    def missing_images(self) -> list[ImageRecord]:
        """Returns the images whose file is not where it was."""
        return self._images.missing()

    def relink(self, folder: Path | str, progress: Progress | None = None) -> list[ImageRecord]:
        """Looks below `folder` for the files of missing images, by hash; returns the images that were found."""
        return self._images.relink(Path(folder), progress)

    def exif(self, image_id: int) -> Mapping[str, str | float]:
        """Returns how an image was taken (camera, time, exposure; see `exif.read_exif`), as far as its file tells.

        Read together with the hash, so empty before work on the image began or `hash_images` ran.
        """
        return self._json(image_id, "exif")

    def timings(self, image_id: int) -> Mapping[str, float]:
        """Returns what the newest prediction of an image took, in milliseconds by stage; empty if there is none."""
        return self._json(image_id, "timings")

    def add_time(self, image_id: int, seconds: float) -> None:
        """Adds time that a person worked on an image.

        Raises:
            ValueError: `seconds` is negative or no number.
            SaveError: It could not be written; add it to the next.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"{seconds} seconds cannot have been worked")
        with self._database.write() as connection:
            connection.execute("UPDATE images SET seconds = seconds + ? WHERE id = ?", (seconds, image_id))

    def view(self, image_id: int) -> dict[str, object]:
        """Returns how an image was last looked at, as `set_view` stored it; empty if it never was."""
        row = self._database.row("SELECT content FROM views WHERE image_id = ?", image_id)
        return {} if row is None else _mapping(row["content"])

    def set_view(self, image_id: int, view: Mapping[str, object]) -> None:
        """Keeps how an image is looked at (zoom, place, selection: JSON values) for the next time.

        Raises:
            SaveError: It could not be written.
        """
        with self._database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO views VALUES (?, ?)", (image_id, json.dumps(dict(view))))

    def statistics(self) -> Statistics:
        """Returns progress, time and counts by category, without reading labels."""
        return read_statistics(self._database, self._taxonomies.current)

    def untouched_images(self) -> set[int]:
        """Returns the images whose labels are the model's alone, accepted or not: no edit, no import."""
        rows = self._database.rows(
            "SELECT id FROM images WHERE (root = '' OR root LIKE '%.zip' OR root_is_model)"
            " AND NOT EXISTS (SELECT 1 FROM journal WHERE image_id = images.id AND discarded = 0)"
        )
        return {int(row["id"]) for row in rows}

    def split_images(self, image_ids: Sequence[int], rule: SplitRule, progress: Progress | None = None) -> Split:
        """Divides images into a part to train on and one to validate on.

        Groups (`rule.group_by`) and near-duplicates stay together. The same images and rule give the same parts.
        A picture that cannot be read, and was not looked at before, stays with the frames before and after it, its
        copies and its equals by hash; `Split.unseen` names it.

        Args:
            image_ids: The images.
            rule: How.
            progress: Called with (done, total) while pictures are looked at; returning False stops.

        Raises:
            ProjectError: All images belong together, or `progress` stopped.
        """
        paths = self._images.stored_paths(image_ids)
        looks = self._images.looks(image_ids, progress)
        seen = list(looks)
        pairs = [(seen[one], seen[other]) for one, other in near_duplicates(list(looks.values()))]
        unseen = frozenset(paths) - looks.keys()
        groups = group_images(paths, pairs + self._images.same_files(image_ids), rule.group_by, unseen)
        return replace(divide(groups, rule), unseen=unseen)

    def _json(self, image_id: int, column: str) -> dict[str, float]:
        row = self._database.row(f"SELECT {column} AS content FROM images WHERE id = ?", image_id)
        return {} if row is None else _mapping(row["content"])


def _mapping(text: str) -> dict[str, Any]:
    """Returns a JSON object; empty for anything else, as it is only kept to make work pleasant."""
    try:
        content = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
