"""What attacks need: a place that must stay empty, and a program whose memory is limited."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_LIMITED = """
import sys
sys.path.insert(0, {root!r})
from tests.torture.fuzz import limit_memory
{before}
limit_memory({extra_mib})
{code}
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that an attack tries to make, change or remove: a person's own."""
    path = tmp_path / "home" / "precious.json"
    path.parent.mkdir()
    path.write_text("mine")
    return path


@pytest.fixture
def run_limited() -> Callable[..., str]:
    """Runs Python code in a process that may take so many MiB more than when it begins; returns what it prints."""

    def run(code: str, extra_mib: int, before: str = "") -> str:
        program = _LIMITED.format(root=str(REPOSITORY), before=before, extra_mib=extra_mib, code=code)
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=REPOSITORY, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run
