"""The images of a project: referenced by path, found again by hash, never copied or changed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.files import real_paths
from seamseg_studio.engine.formats.errors import ImageError
from seamseg_studio.engine.formats.image_file import CHOSEN_MAX_PIXELS, IMAGE_SUFFIXES, read_size
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import DamagedDatabaseError, ProjectError
from seamseg_studio.engine.project.exif import read_exif
from seamseg_studio.engine.project.look import look_of
from seamseg_studio.engine.project.records import ImageRecord, Status

Progress = Callable[[int, int], object]
"""Called with how many are done and how many there are; returning False stops the work."""

_COLUMNS = (
    "id, path, name, height, width, sha256, status, note, num_edits, seconds, uncertainty, disagreement,"
    " (root <> '' OR checkpoint <> '' OR num_edits > 0) AS has_labels"
)
_STATUSES = {status.value: status for status in Status}
_BATCH = 256  # images per transaction: each costs an fsync
_CHUNK_BYTES = 1 << 20


class ImageTable:
    """The image rows of one project."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Paths below here are kept relative, so a project that is moved with its images finds them.
        self._base = database.path.parent.parent.resolve()
        self._base_text = str(self._base)
        self._prefix = self._base.as_posix().rstrip("/") + "/"

    def add(self, paths: Iterable[Path], progress: Progress | None = None) -> list[ImageRecord]:
        """Adds images by their headers (hashing is left for later); those that are known are returned as they are.

        Raises:
            SeamsegError: One is no readable image; those before it in its batch of the call are not added either.
        """
        wanted = real_paths(paths)
        records: list[ImageRecord] = []
        for start in range(0, len(wanted), _BATCH):
            if progress is not None and progress(start, len(wanted)) is False:
                break
            batch = wanted[start : start + _BATCH]
            rows = [self._new_row(path) for path in batch]
            with self._database.write() as connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO images (path, name, height, width, num_bytes) VALUES (?, ?, ?, ?, ?)",
                    [row for row in rows if row is not None],
                )
            records += [self._by_path(path) for path in batch]
        if progress is not None:
            progress(len(records), len(wanted))
        return records

    def all(self) -> list[ImageRecord]:
        """Returns all images in the order in which they were added."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM images ORDER BY id")
        try:
            return [self._record(row) for row in rows]
        except (TypeError, KeyError) as error:
            raise DamagedDatabaseError(self._database.path, f"a line of the images holds {error}") from error

    def get(self, image_id: int) -> ImageRecord:
        """Returns one image.

        Raises:
            ProjectError: There is none of this id.
        """
        row = self._database.row(f"SELECT {_COLUMNS} FROM images WHERE id = ?", image_id)
        if row is None:
            raise ProjectError(f"{self._database.path}: there is no image {image_id} in this project; open it anew")
        return self._record(row)

    def hash_one(self, image_id: int) -> str:
        """Returns the hash of an image's file, made now if it has none; empty if the file cannot be read."""
        record = self.get(image_id)
        if record.sha256 or self._database.read_only:
            return record.sha256
        try:
            digest = hash_file(record.path)
        except OSError:
            return ""
        exif = json.dumps(read_exif(record.path))
        with self._database.write() as connection:
            connection.execute("UPDATE images SET sha256 = ?, exif = ? WHERE id = ?", (digest, exif, image_id))
        return digest

    def is_changed(self, image_id: int) -> bool:
        """Whether an image's file holds other bytes than when it was hashed; False if it never was, or is not there."""
        record = self.get(image_id)
        try:
            return bool(record.sha256) and hash_file(record.path) != record.sha256
        except OSError:
            return False

    def take_change(self, image_id: int) -> None:
        """Hashes an image's file anew: it is the one that the labels are for."""
        path = self.get(image_id).path
        digest, num_bytes, exif = hash_file(path), path.stat().st_size, json.dumps(read_exif(path))
        with self._database.write() as connection:
            connection.execute(
                "UPDATE images SET sha256 = ?, num_bytes = ?, exif = ?, look = NULL WHERE id = ?",
                (digest, num_bytes, exif, image_id),
            )

    def hash_all(self, progress: Progress | None = None) -> int:
        """Hashes the files that have none yet and returns how many; a missing file is left for later."""
        waiting = [int(row["id"]) for row in self._database.rows("SELECT id FROM images WHERE sha256 = ''")]
        done = 0
        for number, image_id in enumerate(waiting):
            if progress is not None and progress(number, len(waiting)) is False:
                break
            done += bool(self.hash_one(image_id))
        return done

    def stored_paths(self, image_ids: Sequence[int]) -> dict[int, str]:
        """Returns the paths of images as they are kept (see `stored`), by id."""
        wanted = set(image_ids)
        rows = self._database.rows("SELECT id, path FROM images")
        return {int(row["id"]): str(row["path"]) for row in rows if row["id"] in wanted}

    def looks(self, image_ids: Sequence[int], progress: Progress | None = None) -> dict[int, bytes]:
        """Returns how images look (see `look`), by id; found out now and kept where that is not known yet.

        Images whose file cannot be read are left out.

        Raises:
            ProjectError: `progress` returned False.
        """
        known = {int(row["id"]): row["look"] for row in self._database.rows("SELECT id, look FROM images")}
        looks: dict[int, bytes] = {}
        new: list[tuple[bytes, int]] = []
        for number, image_id in enumerate(image_ids):
            if progress is not None and progress(number, len(image_ids)) is False:
                raise ProjectError("looking at the pictures was cancelled")
            look = known.get(image_id)
            if look is None:
                try:
                    look = look_of(self.get(image_id).path)
                except ImageError:
                    continue
                new.append((look, image_id))
            looks[image_id] = bytes(look)
        if new and not self._database.read_only:
            with self._database.write() as connection:
                connection.executemany("UPDATE images SET look = ? WHERE id = ?", new)
        return looks

    def same_files(self, image_ids: Sequence[int]) -> list[tuple[int, int]]:
        """Returns pairs of images whose files are the same byte by byte, as far as they were hashed."""
        rows = self._database.rows("SELECT id, sha256 FROM images WHERE sha256 IS NOT NULL AND sha256 != ''")
        wanted = set(image_ids)
        first: dict[str, int] = {}
        pairs = []
        for row in rows:
            if row["id"] in wanted and (former := first.setdefault(str(row["sha256"]), int(row["id"]))) != row["id"]:
                pairs.append((former, int(row["id"])))
        return pairs

    def missing(self) -> list[ImageRecord]:
        """Returns the images whose file is not where it was."""
        return [record for record in self.all() if not record.path.is_file()]

    def relink(self, folder: Path, progress: Progress | None = None) -> list[ImageRecord]:
        """Looks below `folder` for the files of missing images and returns the images that were found.

        A file is taken if size and hash are those of the image; an image that was never hashed is taken by size and
        name, if just one file has both. Of several files with that hash one of the image's old name comes first; a file
        that another image has is never taken.
        """
        known = self._database.rows("SELECT id, path, name, sha256, num_bytes FROM images")
        lost = [row for row in known if not self._absolute(str(row["path"])).is_file()]
        taken = {str(row["path"]) for row in known} - {str(row["path"]) for row in lost}
        by_size: dict[int, list[Path]] = {}
        for directory, _, names in os.walk(folder):
            for name in names:
                path = Path(directory, name)
                if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
                    by_size.setdefault(path.stat().st_size, []).append(path)
        found: list[int] = []
        for number, row in enumerate(lost):
            if progress is not None and progress(number, len(lost)) is False:
                break
            free = [path for path in by_size.get(int(row["num_bytes"]), []) if self.stored(path) not in taken]
            match = self._match(row, free)
            if match is None:
                continue
            taken.add(self.stored(match))
            with self._database.write() as connection:
                # Another lost image may still stand under that very path: then this one stays missing.
                cursor = connection.execute(
                    "UPDATE OR IGNORE images SET path = ?, name = ? WHERE id = ?",
                    (self.stored(match), match.name, row["id"]),
                )
                if cursor.rowcount:
                    found.append(int(row["id"]))
        return [self.get(image_id) for image_id in found]

    def stored(self, path: Path) -> str:
        """Returns a path as it is kept: relative to the folder that holds the project if it lies below, with '/'."""
        return self._stored(path.resolve())

    def _stored(self, path: Path) -> str:
        """As `stored`, of a path that is real already."""
        text = path.as_posix()
        return text.removeprefix(self._prefix)

    def _absolute(self, stored: str) -> Path:
        return self._base / stored

    def file_now(self, image_id: int) -> tuple[Path, tuple[int, int], int]:
        """Returns the path of an image, and its height and width and the size in bytes as the file is now.

        Raises:
            SeamsegError: It cannot be read.
        """
        path = self.get(image_id).path
        return path, *_measured(path)

    def _new_row(self, path: Path) -> tuple[object, ...] | None:
        stored = self._stored(path)
        if self._database.row("SELECT 1 FROM images WHERE path = ?", stored) is not None:
            return None
        (height, width), num_bytes = _measured(path)
        return stored, path.name, height, width, num_bytes

    def _by_path(self, path: Path) -> ImageRecord:
        row = self._database.row(f"SELECT {_COLUMNS} FROM images WHERE path = ?", self._stored(path))
        assert row is not None
        return self._record(row)

    @staticmethod
    def _match(row: sqlite3.Row, candidates: list[Path]) -> Path | None:
        if row["sha256"]:
            for path in sorted(candidates, key=lambda path: path.name != row["name"]):
                if hash_file(path) == row["sha256"]:
                    return path
            return None
        named = [path for path in candidates if path.name == row["name"]]
        return named[0] if len(named) == 1 else None

    def _record(self, row: sqlite3.Row) -> ImageRecord:
        # By place and as SQLite gives them: a hundred thousand of these are made when a project is opened.
        image_id, path, name, height, width, sha256, status, note, num_edits, *rest = row
        seconds, uncertainty, disagreement, has_labels = rest
        return ImageRecord(
            image_id,
            os.path.join(self._base_text, path if os.sep == "/" else path.replace("/", os.sep)),
            name,
            height,
            width,
            sha256,
            _STATUSES[status],
            note,
            bool(has_labels),
            num_edits,
            seconds,
            uncertainty,
            disagreement,
        )


def hash_file(path: Path) -> str:
    """Returns the sha256 of a file, hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    if not path.is_file():  # a device or a pipe has no end
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _measured(path: Path) -> tuple[tuple[int, int], int]:
    size = read_size(path, CHOSEN_MAX_PIXELS)
    try:
        return size, path.stat().st_size
    except OSError as error:
        raise SeamsegError(f"{path}: cannot be read ({error}); check the file") from error
