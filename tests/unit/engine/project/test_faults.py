"""Every write, fsync, rename and opening of a file may fail, SQLite's too, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seamseg_studio.engine.project import Project

from .faulty import FAST, OPERATIONS

HERE = Path(__file__).parent


@pytest.fixture
def failing_disk(tmp_path: Path) -> Path:
    """The library that makes calls of the system fail."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler and LD_PRELOAD")
    library = tmp_path / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, HERE / "faults.c", "-ldl"], check=True)
    return library


def test_a_disk_that_fails_at_any_call_loses_nothing(project: Project, failing_disk: Path) -> None:
    project.close()
    found = subprocess.run(
        [sys.executable, HERE / "faulty.py", project.folder, "fast"],
        env={**os.environ, "LD_PRELOAD": str(failing_disk)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    table: dict[str, dict[str, tuple[int, int]]] = json.loads(found.stdout)
    assert set(table) == set(OPERATIONS)
    for name, by_kind in table.items():
        assert set(by_kind) == set(FAST)
        for kind in ("write: half of it", "fsync: I/O error"):
            faults, errors = by_kind[kind]
            assert faults, f"{name} never met {kind}, so this shows nothing"
            assert errors, f"{name} never told of {kind}"
    for name in ("checkpoint", "store labels", "store a prediction", "compact", "change the categories"):
        assert table[name]["rename: no access"][1], name
