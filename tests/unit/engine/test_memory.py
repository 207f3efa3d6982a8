"""Freed memory goes back to the system."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seamseg_studio.engine.memory import give_back


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(
    sys.platform != "linux" or not os.confstr("CS_GNU_LIBC_VERSION"), reason="the C library of other systems decides"
)
def test_gaps_between_what_is_used_go_back() -> None:
    blocks = [bytearray(60_000) for _ in range(2000)]
    for block in blocks:
        block[::4096] = b"x" * len(block[::4096])
    kept = blocks[::20]
    blocks.clear()
    before = resident_mib()
    give_back()
    assert before - resident_mib() > 50
    assert len(kept) == 100
