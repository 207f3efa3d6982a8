"""The short version of the fuzzers: all that was a finding once, and a few new inputs, the same ones every time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_nothing_that_is_kept_is_a_finding(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.torture.fuzz", "all", "--inputs", "10"]
    done = subprocess.run(
        [*command, "--corpus", str(tmp_path)], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert done.stdout, done.stderr[-3000:]
    found = {name: entry["findings"] for name, entry in json.loads(done.stdout).items() if entry["findings"]}
    assert found == {}
