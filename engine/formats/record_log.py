"""The growing part of a dataset's index: one JSON line for each finished image, so that a killed run can go on.

Formats whose index is one big file (COCO, metadata.bin) append here while images finish, in any order and from any
thread, and write the index from it at the end, sorted by name: the result does not depend on the order or on
interruptions, and never needs all records in memory.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.formats.errors import FormatError

Record = dict[str, Any]


def read_records(path: Path) -> Iterator[Record]:
    """Yields the records of a log in the order they were added, whatever its header; stops where it is damaged."""
    with finite(path).open("rb") as file:
        for number, line in enumerate(file):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                return
            if number and isinstance(record, dict) and isinstance(record.get("name"), str):
                yield record


class RecordLog:
    """An append-only file of records, each with a key "name"; of several with one name the last counts.

    Attributes:
        path: The file.

    Args:
        path: The file; its folder must exist.
        header: Describes the run; a log begun with another header is not continued.
        resume: Whether to go on with an existing file instead of beginning anew.

    Raises:
        FormatError: The existing log has another header (other taxonomy, other options), or is a link.
    """

    def __init__(self, path: Path, header: Mapping[str, object], *, resume: bool) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._offsets: dict[str, int] = {}
        wanted = json.loads(json.dumps(header))
        # A folder from a stranger must not lead to what is written elsewhere, nor wait for ever.
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise FormatError(f"{path}: is a link, or no file; remove it or choose another folder")
        if resume and path.exists():
            self._load(wanted)
        else:
            path.write_text(json.dumps(wanted) + "\n", encoding="utf-8")
        self._file: IO[bytes] = path.open("ab")
        self._end = path.stat().st_size

    def _load(self, wanted: object) -> None:
        end = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    break  # the line that was being written when the run was killed
                if not line.endswith(b"\n"):
                    break
                if number and not (isinstance(record, dict) and isinstance(record.get("name"), str)):
                    break  # not ours
                if number == 0 and record != wanted:
                    raise FormatError(
                        f"{self.path.parent}: was begun with another taxonomy or other options; "
                        "choose another folder or overwrite it"
                    )
                if number:
                    self._offsets[record["name"]] = end
                end += len(line)
        if end == 0:
            self.path.write_text(json.dumps(wanted) + "\n", encoding="utf-8")
        else:
            with self.path.open("rb+") as file:
                file.truncate(end)

    def append(self, record: Record) -> None:
        """Adds the record of a finished image; it is in the file when this returns."""
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
            self._offsets[record["name"]] = self._end
            self._end += len(line)

    @property
    def names(self) -> frozenset[str]:
        """The names that have a record."""
        with self._lock:
            return frozenset(self._offsets)

    def __len__(self) -> int:
        return len(self._offsets)

    def records(self) -> Iterator[Record]:
        """Yields the records sorted by name, reading them from the file one by one."""
        with self._lock:
            offsets = sorted(self._offsets.items())
        with self.path.open("rb") as file:
            for _, offset in offsets:
                file.seek(offset)
                yield json.loads(file.readline())

    def record(self, name: str) -> Record | None:
        """The record of a name; None if there is none."""
        with self._lock:
            offset = self._offsets.get(name)
        if offset is None:
            return None
        with self.path.open("rb") as file:
            file.seek(offset)
            found: Record = json.loads(file.readline())
        return found

    def close(self) -> None:
        """Closes the file; it stays, so that images can be added later."""
        self._file.close()
