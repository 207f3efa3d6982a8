"""What every test gets: a home of its own, an offscreen Qt, and failure on leaked threads or processes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Native thread pools size themselves at import; two threads keep parallel test processes from trampling each other.
os.environ.setdefault("OMP_NUM_THREADS", "2")

REPOSITORY = Path(__file__).resolve().parents[1]
# The native ops are built once per checkout, below the git-ignored build folder, and serve every process of the tests.
os.environ.setdefault("SEAMSEG_OPS_CACHE", str(REPOSITORY / "build" / "ops"))
FIXTURES = Path(__file__).resolve().parent / "fixtures"
SAMPLES = REPOSITORY / "resources" / "samples" / "images"

# Threads that libraries keep for the life of the process, by the start of their names.
KEPT_THREADS = ("pytest_timeout", "ThreadPoolExecutor-tqdm", "tqdm_monitor", "subproc_worker_timer", "pydevd", "Dummy")


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Points every settings, data and cache folder at a temporary place: no test touches a person's files."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    for variable, name in (
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_STATE_HOME", "state"),
    ):
        (home / name).mkdir()
        patch.setenv(variable, str(home / name))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _native_ops(_own_home: None) -> None:
    """Builds the native ops if they are not there; looking takes milliseconds and imports no torch.

    Where they cannot be built, the tests run on plain PyTorch.
    """
    from seamseg_studio.engine.ops import native_cache
    from seamseg_studio.engine.ops.build import BuildError, Target

    with suppress(BuildError, OSError):
        native_cache.cached_or_built(Target("cpu"))


def _children() -> set[int]:
    """Process ids of this process' living children (Linux; elsewhere nothing is checked)."""
    if sys.platform != "linux":
        return set()
    children: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        try:
            text = (task / "children").read_text()
        except OSError:
            continue
        children.update(int(pid) for pid in text.split())
    return children


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


@pytest.fixture(autouse=True)
def _no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread, a child process or a shared-memory block behind."""
    threads_before = set(threading.enumerate())
    children_before = _children()
    shared_before = _shared_memory()
    yield
    leaked_threads = [
        thread
        for thread in threading.enumerate()
        if thread not in threads_before and thread.is_alive() and not thread.name.startswith(KEPT_THREADS)
    ]
    for thread in leaked_threads:
        thread.join(timeout=5)  # one that is already on its way out is no leak
    assert [thread.name for thread in leaked_threads if thread.is_alive()] == [], "the test left threads running"
    leaked_children = {pid: _command_line(pid) for pid in _children() - children_before}
    # multiprocessing's resource tracker serves all later tests of the process
    leaked_children = {pid: line for pid, line in leaked_children.items() if line and "resource_tracker" not in line}
    assert leaked_children == {}, "the test left processes running"
    assert _shared_memory() - shared_before == set(), "the test left shared memory behind"


def _shared_memory() -> set[str]:
    """Our own shared-memory blocks (another test process beside this one may hold some of its own)."""
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return set()
    return {path.name for path in folder.glob(f"seamseg-{os.getpid()}-*")}
