"""That a project folder is one: nothing of it lies elsewhere, behind a link that a stranger put there."""

from __future__ import annotations

from pathlib import Path

from seamseg_studio.engine.project.errors import ProjectError

OWN_NAMES = (
    *("labels", "journal", "models", "exports", "backups"),
    *("project.db", "project.db-wal", "project.db-shm", "project.db-journal"),
)
"""What the program writes into, and removes old files from."""


def check_own(folder: Path) -> None:
    """Refuses a project of which a part is a link.

    Raises:
        ProjectError: A part is one; the message says which.
    """
    for name in OWN_NAMES:
        if (folder / name).is_symlink():
            raise ProjectError(
                f"{folder}: {name} in it is a link, through which files elsewhere would be changed; put what it leads "
                "to in its place, or do not use this project"
            )
