"""What a command is asked to write, looked at before anything slow begins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from seamseg_studio.engine.errors import InputError


def check_folder(folder: Path, option: str) -> None:
    """Checks that a folder exists and may be written, or may be made.

    Args:
        folder: Where files will go.
        option: What the person named it with, for the message.

    Raises:
        InputError: A file stands in its place, or the place may not be written.
    """
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise InputError(f"{there}: is a file, not a folder; choose another {option}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{there}: may not be written; choose another {option}")


def check_file(path: Path, option: str) -> None:
    """Checks that a file may be written; its folder must exist already.

    Args:
        path: The file to come.
        option: What the person named it with, for the message.

    Raises:
        InputError: It is a folder, or its folder is missing or may not be written.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file with {option}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder; make it, or choose another {option}")
    check_folder(path.parent, option)


class Workplace:
    """The folder that a run works in: made if missing, and as it was before if the run did nothing."""

    def __init__(self, folder: Path, files: Sequence[str]) -> None:
        """Makes the folder.

        Args:
            folder: Where the run works.
            files: Names of the files that the run itself will begin or change there.

        Raises:
            OSError: It cannot be made.
        """
        self._made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        self._former = {folder / name: _content(folder / name) for name in files}
        folder.mkdir(parents=True, exist_ok=True)

    def take_back(self) -> None:
        """Puts everything back: the run has done nothing. Folders that hold something by now stay."""
        for path, content in self._former.items():
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
