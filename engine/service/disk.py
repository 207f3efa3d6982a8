"""Tells trouble with the files of one image from trouble with the disk, which every further image would meet, too."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

_NETWORK = ("EDQUOT", "ESTALE", "ENOTCONN", "ECONNRESET", "EHOSTDOWN")  # not on every system
_OF_THE_DISK = {
    *(errno.ENOSPC, errno.EROFS, errno.EIO, errno.EFBIG, errno.ENODEV, errno.ENXIO, errno.ENOMEM),
    *(errno.EMFILE, errno.ENFILE),
    *(getattr(errno, name) for name in _NETWORK if hasattr(errno, name)),
}
# A name that is too long, or a file that may not be replaced, is about one image; so many images in a row that cannot
# be written are about the folder.
_MAX_IN_A_ROW = 5


class DiskWatch:
    """Watches how writing goes; thread-safe."""

    def __init__(self) -> None:
        self._num_in_a_row = 0
        self._lock = threading.Lock()

    def note_success(self) -> None:
        """The labels of an image are written."""
        with self._lock:
            self._num_in_a_row = 0

    def is_broken(self, error: OSError) -> bool:
        """Whether no more images should be tried after this error of one."""
        with self._lock:
            self._num_in_a_row += 1
            return error.errno in _OF_THE_DISK or self._num_in_a_row >= _MAX_IN_A_ROW


def sentence_of(error: OSError, image: Path) -> str:
    """Says that the labels of an image could not be written, and why."""
    reason = error.strerror or str(error) or type(error).__name__
    name = error.filename2 or error.filename
    place = f"{name}: " if name and Path(str(name)) != image else ""
    return f"{image}: its labels could not be written ({place}{reason}); look at that file and run again with --resume"
