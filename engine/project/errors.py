"""Errors of the project store; every message names the file and the remedy."""

from __future__ import annotations

from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError


class ProjectError(SeamsegError):
    """Base of the errors of `engine.project`."""


class ReadOnlyError(ProjectError):
    """The project was opened read-only, so nothing can be changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: this project is open read-only; close the other studio that has it, or allow writing in it"
        )


class SaveError(ProjectError):
    """Something could not be written; what was on disk before is unchanged."""

    def __init__(self, path: Path, cause: BaseException) -> None:
        super().__init__(f"{path}: could not be saved ({cause}); make space or allow writing there, then save again")


class NewerProjectError(ProjectError):
    """The project was written by a later version of the program."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            f"{path}: was made by a newer version of this program (format {version}, this one knows {known}); "
            "update the program to open it"
        )


class DamagedError(ProjectError):
    """A file of the project is damaged."""

    def __init__(self, path: Path, reason: object, remedy: str = "restore it from a backup") -> None:
        super().__init__(f"{path}: is damaged ({reason}); {remedy}")
        self.path = path


class RetiredCategoryError(ProjectError):
    """A step of the history shows a category that the project has no more."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(
            f"{folder}: this step shows {name!r}, which is no category of the project any more; take the change of the"
            " categories back to go on"
        )
