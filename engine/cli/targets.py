"""What a command is asked to write, looked at before anything slow begins."""

from __future__ import annotations

import os
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
