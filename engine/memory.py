"""Giving memory back to the system."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Protocol


class _Trim(Protocol):
    def __call__(self, pad: int) -> int: ...


def give_back() -> bool:
    """Returns freed memory to the system where the C library keeps it for later; whether there was some.

    Thousands of freed tiles lie between what is still used, which glibc does not look for by itself
    (https://man7.org/linux/man-pages/man3/malloc_trim.3.html). Other libraries do.
    """
    trim = _trim()
    return trim is not None and bool(trim(0))


@cache
def _trim() -> _Trim | None:
    if not sys.platform.startswith("linux"):
        return None
    trim: _Trim | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim
