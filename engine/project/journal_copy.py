"""The second home of the journal: what each image has, once more, in a file of its own beside the database.

SQLite keeps all images in one file; a few bad pages of it can take the steps of all of them. So after every transaction
the row of each image that it changed, and the steps that are new, are appended to `journal/<image>.steps`. These files
are not synced: for a power loss the database is there. They serve when the database itself is damaged, a step is read
from them where the database has it damaged, and a recovery takes from them what the database has lost.

A file is a list of frames, each with a checksum and a mark to find the next one by if bytes between are damaged.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import ProjectError

COPIES_FOLDER = "journal"
CATEGORIES_NAME = "categories.steps"
IMAGES_NAME = "images.steps"

_SUFFIX = ".steps"

_MAGIC = b"SSJ1"
_HEADER = struct.Struct("<4sIII")  # magic, crc32 of the rest, bytes of JSON, bytes of the patch
_TAIL_BYTES = 1 << 16
_NOT_KEPT = ("look",)  # found out again from the picture


@dataclass(frozen=True, slots=True)
class Frame:
    """A row of the database as it was when it was kept.

    Attributes:
        table: Where it belongs.
        row: Its values; `patch` of a step is left out.
        patch: That, empty for other rows.
        last: Of the row of an image: its last step that is not discarded, 0 if there is none.
    """

    table: str
    row: Mapping[str, object]
    patch: bytes = b""
    last: int = 0

    def to_bytes(self) -> bytes:
        """Returns the frame with its header."""
        content = {"table": self.table, "row": dict(self.row), "last": self.last}
        text = json.dumps(content, separators=(",", ":")).encode()
        crc = zlib.crc32(self.patch, zlib.crc32(text))
        return _HEADER.pack(_MAGIC, crc, len(text), len(self.patch)) + text + self.patch


def read_frames(path: Path) -> Iterator[Frame]:
    """Yields the frames of a file that are whole, in the order of writing; none if it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError:
        return
    place = data.find(_MAGIC)
    while place >= 0:
        frame, end = _frame_at(data, place)
        if frame is not None:
            yield frame
        place = data.find(_MAGIC, end)


def _last_image_in(path: Path) -> Frame | None:
    """Returns the last row of an image in a file if it lies near the end, as it does unless writing was cut off."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            data = file.read()
    except OSError:
        return None
    place = data.rfind(_MAGIC)
    while place >= 0:
        frame, _ = _frame_at(data, place)
        if frame is not None and frame.table == "images":
            return frame
        place = data.rfind(_MAGIC, 0, place)
    return None


def _frame_at(data: bytes, place: int) -> tuple[Frame | None, int]:
    """Returns the frame that begins at a place, None if it is damaged, and where to go on."""
    begin = place + _HEADER.size
    if begin > len(data):
        return None, len(data)
    _, crc, num_text, num_patch = _HEADER.unpack_from(data, place)
    end = begin + num_text + num_patch
    if end > len(data) or zlib.crc32(memoryview(data)[begin:end]) != crc:
        return None, place + len(_MAGIC)
    content = json.loads(data[begin : begin + num_text])
    return Frame(content["table"], content["row"], data[begin + num_text : end], content["last"]), end


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a file is known to hold: all steps up to one, of the history that had so many folded."""

    newest: int
    compacted: int


class JournalCopies:
    """The second home of one project's journal. Called under the lock of its database."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder / COPIES_FOLDER
        self._database = database
        self._kept: dict[int, _Kept] = {}
        self._suspected: set[int] = set()
        self._last_version: int | None = None
        database.watch(self.keep)

    def keep(self, changed: Sequence[int], added: Sequence[int]) -> None:
        """Appends what is new about some images: a row in the list of all to those that were added.

        A failure is no reason to say anything: the database has it all, and the next call makes up for it.
        """
        with suppress(OSError, ProjectError):
            self._folder.mkdir(exist_ok=True)
            self._keep_categories()
            self._append(IMAGES_NAME, [self._image(image_id).to_bytes() for image_id in added])
            for image_id in changed:
                try:
                    self._keep_image(image_id)
                except BaseException:
                    self._kept.pop(image_id, None)
                    raise

    def look_through(self, image_id: int) -> None:
        """Has the file of an image read as a whole when it is written next, and made whole where it is not."""
        self._suspected.add(image_id)
        self._kept.pop(image_id, None)

    def patch(self, image_id: int, step: int) -> bytes | None:
        """Returns the patch of a step, None if it is not there or damaged here too."""
        found = None
        for frame in read_frames(self._path(image_id)):
            if frame.table == "journal" and frame.row["id"] == step:
                found = frame.patch
        return found

    def newest_step(self) -> int:
        """Returns the highest number of a step in any file."""
        newest = 0
        for path in copies_in(self._folder.parent):
            newest = max([newest, *(int(str(f.row["id"])) for f in read_frames(path) if f.table == "journal")])
        return newest

    def _keep_image(self, image_id: int) -> None:
        newest = self._database.row(
            "SELECT id FROM journal WHERE image_id = ? AND discarded = 0 ORDER BY id DESC LIMIT 1", image_id
        )
        last = 0 if newest is None else int(newest["id"])
        image = self._image(image_id, last)
        compacted = int(str(image.row["compacted"]))
        kept, steps = self._kept.get(image_id) or self._known_by_tail(image_id), set[int]()
        if kept is not None and kept.newest > self._newest_given():
            # An older database was put in its place: what this file knows more is not thrown away.
            self._path(image_id).replace(self._path(image_id).with_suffix(f"{_SUFFIX}.former"))
            kept = None
        if kept is None:
            kept, steps = self._survey(image_id)
        is_folded = kept.compacted != compacted  # most of the file is of no use any more
        after = 0 if is_folded else kept.newest
        steps = set() if is_folded else steps
        rows = self._database.rows(
            "SELECT id FROM journal WHERE image_id = ? AND discarded = 0 AND id > ? ORDER BY id", image_id, after
        )
        frames = [self._step(int(row["id"])) for row in rows if row["id"] not in steps]
        frames.append(image.to_bytes())
        if is_folded:
            atomic_write(self._path(image_id), b"".join(frames), durable=False)
        else:
            self._append(self._path(image_id).name, frames)
        self._kept[image_id] = _Kept(last, compacted)
        self._suspected.discard(image_id)

    def _newest_given(self, table: str = "journal") -> int:
        row = self._database.row("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        return 0 if row is None else int(row["seq"])

    def _append(self, name: str, frames: Sequence[bytes]) -> None:
        if frames:
            with (self._folder / name).open("ab") as file:
                file.write(b"".join(frames))

    def _image(self, image_id: int, last: int = 0) -> Frame:
        row = self._database.row("SELECT * FROM images WHERE id = ?", image_id)
        assert row is not None
        values = {name: value for name, value in dict(row).items() if name not in _NOT_KEPT}
        return Frame("images", values, last=last)

    def _step(self, number: int) -> bytes:
        row = self._database.row("SELECT * FROM journal WHERE id = ?", number)
        assert row is not None
        values = {name: value for name, value in dict(row).items() if name != "patch"}
        return Frame("journal", values, row["patch"]).to_bytes()

    def _known_by_tail(self, image_id: int) -> _Kept | None:
        image = None if image_id in self._suspected else _last_image_in(self._path(image_id))
        return None if image is None else _Kept(image.last, int(str(image.row["compacted"])))

    def _survey(self, image_id: int) -> tuple[_Kept, set[int]]:
        """Reads a file as a whole; returns what is known of it, and the steps in it."""
        steps: set[int] = set()
        compacted = -1
        for frame in read_frames(self._path(image_id)):
            if frame.table == "journal":
                steps.add(int(str(frame.row["id"])))
            else:
                compacted = int(str(frame.row["compacted"]))
        return _Kept(0, compacted), steps

    def _keep_categories(self) -> None:
        path = self._folder / CATEGORIES_NAME
        if self._last_version is None:
            self._last_version = max([0, *(int(str(frame.row["id"])) for frame in read_frames(path))])
            if self._last_version > self._newest_given("taxonomies"):
                path.replace(path.with_suffix(f"{_SUFFIX}.former"))
                self._last_version = 0
        rows = self._database.rows("SELECT * FROM taxonomies WHERE id > ? ORDER BY id", self._last_version)
        if rows:
            self._append(CATEGORIES_NAME, [Frame("taxonomies", dict(row)).to_bytes() for row in rows])
            self._last_version = int(rows[-1]["id"])

    def _path(self, image_id: int) -> Path:
        return self._folder / f"{image_id:06d}{_SUFFIX}"


def copies_in(folder: Path) -> list[Path]:
    """Returns the files of a project that hold the journal of an image."""
    return sorted(path for path in (folder / COPIES_FOLDER).glob(f"*{_SUFFIX}") if path.stem.isdigit())


def line_of(steps: Mapping[int, int], last: int) -> set[int]:
    """Returns the steps that lead to the last one, by the parent of each; below a gap, those that lead to the gap."""
    line: set[int] = set()
    step: int | None = last
    while step and step not in line:
        if step in steps:
            line.add(step)
            step = steps[step]
        else:
            step = max((number for number in steps if number < step), default=None)
    return line
