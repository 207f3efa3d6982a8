"""What a process holds of the system's memory beside what it uses."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """Gives freed memory back to the system, where the C library would keep it (glibc); takes milliseconds.

    Images, labels and answers of the engine come and go in blocks of megabytes on several threads; the gaps they leave
    behind are reused, but a window that is open for a day holds all that it ever needed at once.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)
