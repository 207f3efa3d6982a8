"""Helpers of the tests that build: a tiny source, a compiler that can be made to wait, other processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# What another process runs: the same tiny source, the same cache, one build.
BUILDER = """
import sys
from pathlib import Path
from seamseg_studio.engine.ops import build, native_cache
build.SOURCES = Path(sys.argv[1])
print(native_cache.cached_or_built(build.Target("cpu")).library)
"""


def num_calls(compiler: Path) -> int:
    """Returns how often the compiler was called."""
    path = compiler.with_name("calls")
    return len(path.read_text().splitlines()) if path.exists() else 0


def other_process(tmp_path: Path, code: str = BUILDER) -> subprocess.Popen[str]:
    """Starts a process that builds, or does what `code` says."""
    return subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "csrc")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=REPOSITORY,
    )


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits until `condition` gives something true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        os.sched_yield()


def is_running(pid: int) -> bool:
    """Returns whether there is such a process and it is not over."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
