"""Where a recovery reads from: databases, made readable where they were cut off, and the second home of the journal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.project.journal_copy import (
    CATEGORIES_NAME,
    COPIES_FOLDER,
    IMAGES_NAME,
    Frame,
    copies_in,
    line_of,
    read_frames,
)
from seamseg_studio.engine.project.recovered_steps import Source, Values, as_number

_FILE_HEADER_BYTES = 100  # https://www.sqlite.org/fileformat.html#the_database_header


class CopySource(Source):
    """The second home of the journal in a project folder."""

    is_copy = True

    def rows(self, table: str) -> Iterator[Values]:
        """Yields the last rows of images, the steps of their histories that count, and all categories."""
        if table == "taxonomies":
            yield from (dict(frame.row) for frame in read_frames(self.path / COPIES_FOLDER / CATEGORIES_NAME))
        elif table == "sqlite_sequence":
            for name, number in self._highest.items():
                yield {"name": name, "seq": number}
        elif table in ("images", "journal"):
            if table == "images":  # as they were added; what became of them since follows
                yield from (dict(frame.row) for frame in read_frames(self.path / COPIES_FOLDER / IMAGES_NAME))
            for path in copies_in(self.path):
                yield from self._of_image(path, table)

    @cached_property
    def _highest(self) -> dict[str, int]:
        """The highest number of each kind: steps that were replaced count too, for theirs must not be given again."""
        found = {"taxonomies": max([0, *(as_number(row, "id") for row in self.rows("taxonomies"))])}
        for path in [self.path / COPIES_FOLDER / IMAGES_NAME, *copies_in(self.path)]:
            for frame in read_frames(path):
                found[frame.table] = max(found.get(frame.table, 0), as_number(dict(frame.row), "id"))
        return found

    @staticmethod
    def _of_image(path: Path, table: str) -> Iterator[Values]:
        image: Frame | None = None
        steps: dict[int, Frame] = {}
        for frame in read_frames(path):
            if frame.table == "images":
                image = frame
            else:
                steps[as_number(dict(frame.row), "id")] = frame
        if image is None:
            return
        line = line_of({number: as_number(dict(frame.row), "parent") for number, frame in steps.items()}, image.last)
        if table == "images":
            row = dict(image.row)
            if row["checkpoint_entry"] not in {0, *line}:  # it lies among steps that were replaced
                row |= {"checkpoint": "", "checkpoint_entry": 0}
            yield row
            return
        for number in sorted(line):
            yield {**steps[number].row, "discarded": 0, "patch": steps[number].patch}


def made_readable(path: Path, folder: Path) -> Path:
    """Returns a database that SQLite does not refuse for its length: itself, or a copy filled up with zeros.

    A file that is shorter than its header says is refused as a whole, though most of its pages are there.

    Args:
        path: Never changed.
        folder: For the copy.
    """
    try:
        with finite(path).open("rb") as file:
            header = file.read(_FILE_HEADER_BYTES)
        num_bytes = path.stat().st_size
    except OSError:
        return path
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 1 << 16 if page_bytes == 1 else page_bytes
    expected = page_bytes * int.from_bytes(header[28:32], "big")
    is_plausible = page_bytes >= 512 and page_bytes & (page_bytes - 1) == 0 and expected < 64 * max(num_bytes, 1 << 20)
    if not is_plausible or expected <= num_bytes:
        return path
    number = 1
    while (copy := folder / f"filled-up-{number}.db").exists():
        number += 1
    shutil.copyfile(path, copy)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
    os.truncate(copy, expected)
    return copy
