"""The second home of the journal: what each image has, once more, in a file of its own beside the database.

SQLite keeps all images in one file; a few bad pages of it can take the steps of all of them. So after every transaction
the row of each image that it changed, and the steps that are new, are appended to `journal/<image>.steps`. These files
are not synced: for a power loss the database is there. They serve when the database itself is damaged, a step is read
from them where the database has it damaged, and a recovery takes from them what the database has lost.

A file is a list of frames, each with a checksum and a mark to find the next one by if bytes between are damaged.

A number alone does not tell which step is meant: where somebody put an older database back and worked on, it gave the
numbers once more. So a step is known by its number and its time, which the database and these files both have.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from seamseg_studio.engine.files import atomic_write, finite, open_own
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import ProjectError

COPIES_FOLDER = "journal"
CATEGORIES_NAME = "categories.steps"
IMAGES_NAME = "images.steps"
NUMBER_NAME = "newest-number"

MOST_NUMBERS = 1 << 40  # a higher one is damage, and would leave none to give
_SUFFIX = ".steps"

_MAGIC = b"SSJ1"
_HEADER = struct.Struct("<4sIII")  # magic, crc32 of the rest, bytes of JSON, bytes of the patch
_TAIL_BYTES = 1 << 16
_NOT_KEPT = ("look",)  # found out again from the picture


Anchors = Sequence[tuple[int, object]]


@dataclass(frozen=True, slots=True)
class Frame:
    """A row of the database as it was when it was kept.

    Attributes:
        table: Where it belongs.
        row: Its values; `patch` of a step is left out.
        patch: That, empty for other rows.
        last: Of the row of an image: its last step that is not discarded, 0 if there is none.
        anchors: Of the row of an image: number and time of its last step and of that at the cursor, the higher number
            first; None in files of before these were kept.
    """

    table: str
    row: Mapping[str, object]
    patch: bytes = b""
    last: int = 0
    anchors: Anchors | None = None

    def to_bytes(self) -> bytes:
        """Returns the frame with its header."""
        content = {"table": self.table, "row": dict(self.row), "last": self.last, "anchors": self.anchors}
        text = json.dumps(content, separators=(",", ":")).encode()
        crc = zlib.crc32(self.patch, zlib.crc32(text))
        return _HEADER.pack(_MAGIC, crc, len(text), len(self.patch)) + text + self.patch


def read_frames(path: Path) -> Iterator[Frame]:
    """Yields the frames of a file that are whole, in the order of writing; none if it cannot be read."""
    try:
        data = finite(path).read_bytes()
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
        with finite(path).open("rb") as file:
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
    patch, anchors = data[begin + num_text : end], content.get("anchors")
    return Frame(content["table"], content["row"], patch, content["last"], anchors), end


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
        self._noted = 0
        database.watch(self.keep)

    def keep(self, changed: Sequence[int], added: Sequence[int]) -> None:
        """Appends what is new about some images: a row in the list of all to those that were added.

        A failure is no reason to say anything: the database has it all, and the next call makes up for it.
        """
        with suppress(OSError, ProjectError, TypeError):  # the last: a damaged row may hold anything
            self._folder.mkdir(exist_ok=True)
            self._keep_categories()
            self._append(IMAGES_NAME, [self._image(image_id).to_bytes() for image_id in added])
            for image_id in changed:
                try:
                    self._keep_image(image_id)
                except BaseException:
                    self._kept.pop(image_id, None)
                    raise
            newest = self._newest_given()
            if newest > self._noted:
                with open_own(self._folder / NUMBER_NAME, "wb") as file:
                    file.write(str(newest).encode())
                self._noted = newest

    def reserve_numbers(self) -> None:
        """Has an older database that was put back give no number of a step that is in these files already.

        Raises:
            ProjectError: It could not be written.
        """
        try:
            newest = int(finite(self._folder / NUMBER_NAME).read_text())
        except (OSError, ValueError):
            return
        self._noted = self._newest_given()
        if self._noted < newest < MOST_NUMBERS:
            with self._database.write() as connection:
                connection.execute("DELETE FROM sqlite_sequence WHERE name = 'journal'")
                connection.execute("INSERT INTO sqlite_sequence VALUES ('journal', ?)", (newest,))
            self._noted = newest

    def catch_up(self) -> None:
        """Appends the newest step if it is not there: a program that was killed may have had no time for it."""
        with suppress(ProjectError):
            query = "SELECT images.id FROM journal JOIN images ON images.id = image_id ORDER BY journal.id DESC LIMIT 1"
            row = self._database.row(query)
            if row is not None and not self._database.read_only:
                self.keep([int(row["id"])], [])

    def look_through(self, image_id: int) -> None:
        """Has the file of an image read as a whole when it is written next, and made whole where it is not."""
        self._suspected.add(image_id)
        self._kept.pop(image_id, None)

    def patch(self, image_id: int, step: int, time: object) -> bytes | None:
        """Returns the patch of a step, None if it is not there or damaged here too.

        Args:
            image_id: The image.
            step: Its number.
            time: When it was made: another step may have had the number.
        """
        found = None
        for frame in read_frames(self._path(image_id)):
            if frame.table == "journal" and frame.row["id"] == step and frame.row["time"] == time:
                found = frame.patch
        return found

    def is_ahead(self) -> bool:
        """Tells whether any file is of a later time than the database."""
        newest, newest_image = self._newest_given(), self._newest_given("images")
        for path in copies_in(self._folder.parent):
            image_id = int(path.stem)
            frame = _last_image_in(path) or self._survey(image_id)[0]
            if frame is None:
                continue
            row = self._database.row("SELECT compacted FROM images WHERE id = ?", image_id)
            is_more_folded = row is not None and _compacted(frame) > int(row["compacted"])
            if frame.last > newest or image_id > newest_image or is_more_folded:
                return True
        return False

    def _keep_image(self, image_id: int) -> None:
        image = self._image(image_id, with_steps=True)
        compacted = _compacted(image)
        kept, times = self._kept.get(image_id), dict[int, object]()
        if kept is None:
            kept, times = self._known(image_id, compacted)
        is_folded = kept.compacted != compacted  # most of the file is of no use any more
        after = 0 if is_folded else kept.newest
        times = {} if is_folded else times
        rows = self._database.rows(
            "SELECT id, time FROM journal WHERE image_id = ? AND discarded = 0 AND id > ? ORDER BY id", image_id, after
        )
        frames = [self._step(int(row["id"])) for row in rows if times.get(int(row["id"])) != row["time"]]
        frames.append(image.to_bytes())
        if is_folded:
            atomic_write(self._path(image_id), b"".join(frames), durable=False)
        else:
            self._append(self._path(image_id).name, frames)
        self._kept[image_id] = _Kept(image.last, compacted)
        self._suspected.discard(image_id)

    def _known(self, image_id: int, compacted: int) -> tuple[_Kept, dict[int, object]]:
        """Finds out what a file holds of the history that the database has.

        A file of another history is set aside: an older database was put in place of the one that it went with.

        Args:
            image_id: The image.
            compacted: How many steps the database has folded.

        Returns:
            Up to where it is known to hold all steps, and the times of steps beyond that it holds, by number.
        """
        times: dict[int, object] = {}
        image = None if image_id in self._suspected else _last_image_in(self._path(image_id))
        is_read_wholly = image is None or image.anchors is None
        if is_read_wholly:
            image, times = self._survey(image_id)
        if image is None:
            return _Kept(0, -1), {}
        common = self._common(image_id, image.anchors or [])
        is_former = image.last > self._newest_given() or _compacted(image) > compacted
        if is_former or (common is None and _compacted(image) == compacted):
            _set_aside(self._path(image_id))
            return _Kept(0, -1), {}
        return _Kept(0 if is_read_wholly else common or 0, _compacted(image)), times

    def _common(self, image_id: int, anchors: Anchors) -> int | None:
        """Returns the first of some steps that the database has too, and with it all before it; None if it has none."""
        for number, time in anchors:
            query = "SELECT 1 FROM journal WHERE id = ? AND image_id = ? AND time = ?"
            if number == 0 or self._database.row(query, number, image_id, time) is not None:
                return number
        return None

    def _newest_given(self, table: str = "journal") -> int:
        row = self._database.row("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        return 0 if row is None else int(row["seq"])

    def _append(self, name: str, frames: Sequence[bytes]) -> None:
        if frames:
            with open_own(self._folder / name, "ab") as file:
                file.write(b"".join(frames))

    def _image(self, image_id: int, *, with_steps: bool = False) -> Frame:
        row = self._database.row("SELECT * FROM images WHERE id = ?", image_id)
        assert row is not None
        values = {name: value for name, value in dict(row).items() if name not in _NOT_KEPT}
        if not with_steps:
            return Frame("images", values)
        query = "SELECT id, time FROM journal WHERE image_id = ?"
        newest = self._database.rows(f"{query} AND discarded = 0 ORDER BY id DESC LIMIT 1", image_id)
        last = int(newest[0]["id"]) if newest else 0
        if row["cursor"] != last:
            newest += self._database.rows(f"{query} AND id = ?", image_id, row["cursor"])
        anchors = [(int(step["id"]), step["time"]) for step in newest]
        return Frame("images", values, last=last, anchors=anchors if row["cursor"] else [*anchors, (0, None)])

    def _step(self, number: int) -> bytes:
        row = self._database.row("SELECT * FROM journal WHERE id = ?", number)
        assert row is not None
        values = {name: value for name, value in dict(row).items() if name != "patch"}
        return Frame("journal", values, row["patch"]).to_bytes()

    def _survey(self, image_id: int) -> tuple[Frame | None, dict[int, object]]:
        """Reads a file as a whole; returns the last row of the image in it, and the times of its steps by number."""
        times: dict[int, object] = {}
        image: Frame | None = None
        for frame in read_frames(self._path(image_id)):
            if frame.table == "journal":
                times[int(str(frame.row["id"]))] = frame.row["time"]
            else:
                image = frame
        if image is not None and image.anchors is None:
            numbers = sorted({image.last, int(str(image.row["cursor"]))}, reverse=True)
            image = replace(image, anchors=[(number, times.get(number)) for number in numbers])
        return image, times

    def _keep_categories(self) -> None:
        path = self._folder / CATEGORIES_NAME
        if self._last_version is None:
            last = max(read_frames(path), key=lambda frame: int(str(frame.row["id"])), default=None)
            known = "SELECT id FROM taxonomies WHERE id = ? AND time = ?"
            if last is not None and self._database.row(known, last.row["id"], last.row["time"]) is None:
                _set_aside(path)
                last = None
            self._last_version = 0 if last is None else int(str(last.row["id"]))
        rows = self._database.rows("SELECT * FROM taxonomies WHERE id > ? ORDER BY id", self._last_version)
        if rows:
            self._append(CATEGORIES_NAME, [Frame("taxonomies", dict(row)).to_bytes() for row in rows])
            self._last_version = int(rows[-1]["id"])

    def _path(self, image_id: int) -> Path:
        return self._folder / f"{image_id:06d}{_SUFFIX}"


def _compacted(image: Frame) -> int:
    return int(str(image.row["compacted"]))


def _set_aside(path: Path) -> None:
    """Renames a file that may know more than the database; one that was set aside before stays."""
    number, former = 1, path.with_suffix(f"{_SUFFIX}.former")
    while former.exists():
        number += 1
        former = path.with_suffix(f"{_SUFFIX}.former-{number}")
    path.replace(former)


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
