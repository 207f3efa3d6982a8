"""Opening the door again to a project whose database is damaged."""

from __future__ import annotations

from pathlib import Path

from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.lock import FolderLock
from seamseg_studio.engine.project.recovery import Recovery, rebuild
from seamseg_studio.engine.project.store import LOCK_NAME, Project


def recover_project(folder: Path | str) -> Recovery:
    """Makes a new database from what a damaged one, its backups and the label files still tell.

    The damaged database is kept in a folder `damaged-DATE`; images whose history has gaps are brought to the last
    good step.

    Raises:
        ProjectError: Somebody has the project open, or nothing could be saved.
        SaveError: It could not be written.
    """
    folder = Path(folder).absolute()
    lock = FolderLock(folder / LOCK_NAME)
    if not lock.acquire():
        raise ProjectError(f"{folder}: is open in a studio or cannot be written; close it there first")
    try:
        report = rebuild(folder)
    finally:
        lock.release()
    with Project.open(folder) as project:
        for record in project.images():
            lost = project.salvage(record.id)
            if lost:
                report.shortened[record.name] = ", ".join(lost)
    return report
