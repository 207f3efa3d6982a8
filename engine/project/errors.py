"""Errors of the project store; every message names the file and the remedy."""

from __future__ import annotations

import shlex
from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError

SALVAGE = "open this image in the studio and choose 'Open what can be read'"
RECOVER_MODULE = "seamseg_studio.engine.cli.recover"  # the command, which is on a higher floor


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


class MisfitError(ProjectError):
    """A change was made for other labels than the image has in the journal, so it was not saved."""

    def __init__(self, folder: Path, cause: BaseException) -> None:
        super().__init__(
            f"{folder}: a change was not saved because it was made for other labels ({cause}); open the image anew"
        )


class NewerProjectError(ProjectError):
    """The project was written by a later version of the program."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            f"{path}: was made by a newer version of this program (format {version}, this one knows {known}); "
            "update the program to open it"
        )


class DamagedError(ProjectError):
    """What a project keeps of one image is damaged; `Project.salvage` brings back what is whole."""

    def __init__(self, path: Path, reason: object, remedy: str = SALVAGE) -> None:
        super().__init__(f"{path}: is damaged ({reason}); {remedy}")
        self.path = path


class DamagedDatabaseError(DamagedError):
    """The database of a project is damaged; `recover_project` makes a new one of what is left."""

    def __init__(self, path: Path, reason: object) -> None:
        remedy = (
            "open the project in the studio and choose 'Recover what can be read', or run"
            f" python -m {RECOVER_MODULE} {shlex.quote(str(path.parent))}"
        )
        super().__init__(path, reason, remedy)


class RetiredCategoryError(ProjectError):
    """A step of the history shows a category that the project has no more."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(
            f"{folder}: this step shows {name!r}, which is no category of the project any more; take the change of the"
            " categories back to go on"
        )
