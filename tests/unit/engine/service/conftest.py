"""Clients with a real child process that runs a fake model."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seamseg_studio.engine.service.client import EngineClient

sys.path.insert(0, str(Path(__file__).parent))  # the worker imports the same module by the same name


@pytest.fixture(autouse=True)
def _fake_engine_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
    monkeypatch.setenv("FAKE_ENGINE_ONCE", str(tmp_path / "once"))


@pytest.fixture
def make_client() -> Iterator[Callable[..., EngineClient]]:
    """Makes started clients that are closed in the end."""
    clients = []

    def make(**options: Any) -> EngineClient:
        client = EngineClient(**{"factory": "fake_engine:load", **options})
        clients.append(client)
        client.start()
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., EngineClient]) -> EngineClient:
    """A client with its model loaded."""
    client = make_client()
    client.wait_until_loaded()
    return client


def num_blocks(pid: int | None = None) -> int:
    """Blocks of shared pixels that a process (this one if None) maps or has handles on; Linux only."""
    process = Path("/proc", str(pid or os.getpid()))
    mapped = {line.split()[4] for line in (process / "maps").read_text().splitlines() if "memfd:seamseg" in line}
    held = set()
    for handle in (process / "fd").iterdir():
        try:
            if "memfd:seamseg" in str(handle.readlink()):
                held.add(str(handle.stat().st_ino))
        except FileNotFoundError:
            continue
    return len(mapped | held)


@pytest.fixture
def count_blocks() -> Callable[[int | None], int]:
    """The function `num_blocks`."""
    return num_blocks


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object]], None]:
    """Waits until a condition holds, at most twenty seconds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            threading.Event().wait(0.005)

    return wait
