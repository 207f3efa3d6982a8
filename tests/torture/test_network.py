"""The program asks no server and opens no port: every address that any of its processes uses is a local one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WATCH = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        with open({log!r}, "a") as file:
            file.write(f"{{event}} {{arguments[-1] if event[7:] in ('connect', 'bind', 'sendto') else arguments!r}}\\n")

sys.addaudithook(watch)
"""


def watched(tmp_path: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Runs Python with every process of it watched; returns what addresses were used."""
    log, site = tmp_path / "addresses", tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WATCH.format(log=str(log)))
    home = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("DATA", "CONFIG", "CACHE")}
    folders = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **home, "PYTHONPATH": folders, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    return done, log.read_text().splitlines() if log.exists() else []


@pytest.mark.skipif(sys.platform == "win32", reason="the engine's address is a pipe's there, which is no socket")
def test_opening_and_labelling_a_photo_uses_the_engines_own_address_only(tmp_path: Path) -> None:
    done, addresses = watched(tmp_path, "-m", "seamseg_studio.app.run", "--self-test")
    assert done.returncode == 0, done.stderr[-2000:]
    assert addresses, "nothing was watched"
    assert [line for line in addresses if "seamseg-" not in line or "(" in line] == []


def test_what_leaves_the_machine_would_be_seen(tmp_path: Path) -> None:
    code = "import socket; s = socket.socket(); s.settimeout(0.1); s.connect_ex(('127.0.0.1', 9))"
    _, addresses = watched(tmp_path, "-c", code)
    assert addresses == ["socket.connect ('127.0.0.1', 9)"]
