"""The lock that makes a second studio on one project read-only."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from seamseg_studio.engine.files import NO_LINK

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FolderLock:
    """An operating-system lock on a file; a killed process loses it at once, so it can never be stale."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Takes the lock; False if another project object holds it, here or elsewhere, or the folder is read-only."""
        assert self._descriptor is None
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | NO_LINK, 0o666)
        except OSError:
            return False
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                # flock belongs to the open file, so it also keeps two objects of one process apart
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Gives the lock back; nothing happens if it is not held. The file stays: removing it would be a race."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = None
