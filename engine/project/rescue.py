"""Opening the door again to a project whose database is damaged."""

from __future__ import annotations

from pathlib import Path

from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.lock import FolderLock
from seamseg_studio.engine.project.own_places import check_own
from seamseg_studio.engine.project.recovery import Recovery, rebuild
from seamseg_studio.engine.project.store import LOCK_NAME, Project


def recover_project(folder: Path | str, progress: Progress | None = None) -> Recovery:
    """Makes a new database from what a damaged one, its backups and the label files still tell.

    The damaged database is kept in a folder `damaged-DATE`; images whose history has gaps are brought to the last
    good step.

    Args:
        folder: The project.
        progress: Called with (images looked through, images) when the database is made; its answer counts for
            nothing, for half a recovery is of no use.

    Raises:
        ProjectError: Somebody has the project open, or nothing could be saved.
        SaveError: It could not be written.
    """
    folder = Path(folder).absolute()
    check_own(folder)
    lock = FolderLock(folder / LOCK_NAME)
    if not lock.acquire():
        raise ProjectError(
            f"{folder}: is open in a studio or cannot be written; close it there, or allow writing in it"
        )
    try:
        report = rebuild(folder)
    finally:
        lock.release()
    with Project.open(folder) as project:
        records = project.images()
        for place, record in enumerate(records):
            if progress is not None:
                progress(place, len(records))
            lost = project.salvage(record.id)
            if lost:
                report.shortened[record.name] = ", ".join(lost)
    return report
