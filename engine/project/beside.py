"""The project that belongs to a folder of images."""

from __future__ import annotations

from pathlib import Path

from seamseg_studio.engine.project.store import DATABASE_NAME, SUFFIX, Project
from seamseg_studio.engine.scene.taxonomy import Taxonomy


def open_or_create_beside(folder: Path | str, taxonomy: Taxonomy | None = None) -> Project:
    """Opens the project beside a folder of images (`photos` -> `photos.seamseg`), made now if there is none.

    Raises:
        ProjectError: It can neither be opened nor made.
    """
    folder = Path(folder).resolve()
    beside = folder.with_name(folder.name + SUFFIX)
    if (beside / DATABASE_NAME).is_file():
        return Project.open(beside)
    return Project.create(beside, taxonomy)
