"""Categories that a person chose for a project, as opposed to those that came with the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.engine.project import Project

_SETTING = "own_categories"


def has_own_categories(project: Project) -> bool:
    """Whether a person chose them, so that those of a model do not replace them."""
    return bool(project.setting(_SETTING, False))


def mark_own_categories(project: Project) -> None:
    """Remembers that a person chose them.

    Raises:
        SeamsegError: It could not be written.
    """
    project.set_setting(_SETTING, True)


def take_categories_of(project: Project, path: str) -> str:
    """Gives a new project the categories in a file; an empty path leaves those it has.

    Returns:
        Why not, as a sentence; empty if it was done.
    """
    from seamseg_studio.engine.scene.taxonomy import Taxonomy  # only now: it brings numpy

    if not path:
        return ""

    try:
        project.set_taxonomy(Taxonomy.load(Path(path).expanduser()))
        mark_own_categories(project)
    except SeamsegError as error:
        return str(error)
    except OSError as error:
        return f"{path}: {error.strerror}; choose another file in the preferences"
    return ""
