"""What the project tells about its images and their history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Status(StrEnum):
    """How far the work on an image is. Having labels and being checked by a person are different things."""

    NEW = "new"
    PREDICTED = "predicted"
    IN_PROGRESS = "in progress"
    ACCEPTED = "accepted"
    FLAGGED = "flagged"


class ImageRecord(NamedTuple):
    """One image of a project; the file itself is only referenced.

    A tuple, with the path as text: a hundred thousand of these are made when a project is opened.

    Attributes:
        id: Never reused in a project.
        file: Where the file is, absolute.
        name: The file's name.
        height: Rows in pixels, upright.
        width: Columns in pixels, upright.
        sha256: Of the file, hexadecimal; empty until the image first gets labels or `Project.hash_images` ran.
        status: How far the work is.
        note: A person's remark, or why it is flagged.
        has_labels: Whether anybody, model or human, has labelled it.
        num_edits: Changes by a person that are not undone.
        seconds: That people have worked on it.
        uncertainty: Of the newest prediction, 0 (sure) to 1; None if there is none.
        disagreement: The share of pixels to which two models gave different categories; None if it is not known.
    """

    id: int
    file: str
    name: str
    height: int
    width: int
    sha256: str
    status: Status
    note: str
    has_labels: bool
    num_edits: int
    seconds: float = 0.0
    uncertainty: float | None = None
    disagreement: float | None = None

    @property
    def path(self) -> Path:
        """Where the file is, absolute."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One step of an image's history.

    Attributes:
        seq: Ascending in the order in which the steps were made.
        label: What the person did.
        time: Seconds since the epoch.
        undone: Whether it is undone at present (redo would make it again).
    """

    seq: int
    label: str
    time: float
    undone: bool
