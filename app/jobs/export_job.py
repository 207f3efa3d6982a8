"""Writing the labels of a project to disk in another format; runs in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seamseg_studio.app.jobs.job import JobContext, sentence_of
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord, Project


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to write where.

    Attributes:
        format_name: One of the registry's.
        folder: Made if missing.
        accepted_only: Whether images that nobody has accepted are left out.
        overwrite: Whether a dataset that is there is replaced.
    """

    format_name: str
    folder: Path
    accepted_only: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written, what the format could not carry, and a sentence for each image that was left out."""

    folder: Path
    num_written: int
    losses: tuple[str, ...]
    problems: tuple[str, ...]


def chosen_records(records: Sequence[ImageRecord], *, accepted_only: bool) -> list[ImageRecord]:
    """The images that an export would write: those with labels, or of them the accepted ones."""
    if accepted_only:
        return [record for record in records if record.status == "accepted"]
    return [record for record in records if record.has_labels]


def export(project: Project, order: ExportOrder, context: JobContext) -> ExportReport:
    """Writes the labels. One image that cannot be written never stops the others.

    Raises:
        SeamsegError: Nothing can be written there at all.
        JobCancelled: The person cancelled; what is written is complete and has its index.
    """
    from seamseg_studio.engine.formats.names import unique_names
    from seamseg_studio.engine.formats.registry import find_format

    records = chosen_records(project.images(), accepted_only=order.accepted_only)
    names = unique_names([record.path for record in records])
    problems: list[str] = []
    num_written = 0
    # The writer closes, and so writes its index, also when the person cancels in the middle.
    with find_format(order.format_name).writer(order.folder, project.taxonomy, overwrite=order.overwrite) as writer:
        for record, name in zip(records, names, strict=True):
            context.report(num_written + len(problems), len(records))
            try:
                writer.write(name, record.path, project.load_map(record.id))
                num_written += 1
            except SeamsegError as error:
                problems.append(f"{record.name}: {sentence_of(error)}")
    return ExportReport(order.folder, num_written, tuple(writer.losses.summary()), tuple(problems))
