"""A build ends with the program that wants it, however that ends, and holds nobody up afterwards."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from seamseg_studio.engine.ops import build, build_process, native_cache
from seamseg_studio.engine.ops.build import BuildError, InterruptedBuildError, Target

from .tiny_build import is_running, num_calls, other_process, wait_for

CPU = Target("cpu")

# A short command: it uses an op, which starts a build, and is over when it is told to.
COMMAND = """
import sys
from pathlib import Path
from seamseg_studio.engine.ops import build, native
build.SOURCES = Path(sys.argv[1])
native.prepare()
while not (Path(sys.argv[1]).parent / "calls").exists():
    pass
"""
# A program that forks while it builds, and is killed: its child is still there.
FORKING = (
    COMMAND
    + """
import os, signal, time
child = os.fork()
if child == 0:
    signal.pause()
print(child, flush=True)
signal.pause()
"""
)
# A program that forks while it builds; the child needs the ops too.
CHILD = (
    COMMAND
    + """
import os
native._register = lambda library: None
child = os.fork()
if child == 0:
    (Path(sys.argv[1]).parent / "wait").unlink()
    print(native.status().kind, native.status().library is not None, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(native.status().kind, flush=True)
"""
)


def calls_of(compiler: Path) -> list[int]:
    return [int(line) for line in compiler.with_name("calls").read_text().split()]


def test_a_program_that_ends_stops_its_build_and_the_next_one_goes_on(
    tmp_path: Path, cache: Path, compiler: Path
) -> None:
    (tmp_path / "wait").touch()
    process = other_process(tmp_path, COMMAND)
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, said) == (0, "")
    for pid in calls_of(compiler):
        wait_for(lambda pid=pid: not is_running(pid))
    assert not list(cache.glob("*.failed"))
    assert not list(cache.glob(".*.part"))
    assert len(list(cache.glob(".*.unfinished"))) == 1
    (tmp_path / "wait").unlink()
    native_cache.cached_or_built(CPU)
    assert not list(cache.glob(".*.unfinished"))


def test_what_was_compiled_is_not_compiled_again(
    tmp_path: Path, cache: Path, compiler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "csrc" / "cpu" / "second.cpp").write_text("int second;\n")
    real = build_process.run

    def stop_before_link(command: list[str], log: Path, timeout_s: float) -> int | None:
        assert real([*command, "csrc_library.o"], log, timeout_s) == 0
        return None

    with monkeypatch.context() as patch:
        patch.setattr(build_process, "run", stop_before_link)
        with pytest.raises(InterruptedBuildError):
            native_cache.build_into(CPU, cache / CPU.key)
    assert num_calls(compiler) == 1
    native_cache.build_into(CPU, cache / CPU.key)
    assert num_calls(compiler) == 3  # the other source, and the link


def test_a_killed_program_takes_its_build_with_it(tmp_path: Path, cache: Path, compiler: Path) -> None:
    (tmp_path / "wait").touch()
    process = other_process(tmp_path)
    wait_for(lambda: num_calls(compiler))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    for pid in calls_of(compiler):
        wait_for(lambda pid=pid: not is_running(pid))
    (tmp_path / "wait").unlink()
    native_cache.cached_or_built(CPU)
    assert not list(cache.glob(".*.part"))


def test_a_forked_child_holds_no_lock_and_no_build(tmp_path: Path, cache: Path, compiler: Path) -> None:
    (tmp_path / "wait").touch()
    process = other_process(tmp_path, FORKING)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        process.send_signal(signal.SIGKILL)
        process.wait()
        for pid in calls_of(compiler):
            wait_for(lambda pid=pid: not is_running(pid))
        assert is_running(child)
        (lock,) = cache.glob("*.lock")
        with native_cache.locked(lock, 0.0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


def test_a_forked_child_waits_for_a_library_of_its_own(tmp_path: Path, compiler: Path) -> None:
    (tmp_path / "wait").touch()
    process = other_process(tmp_path, CHILD)
    said, _ = process.communicate(timeout=120)
    assert said.split("\n") == ["cpu True", "cpu", ""]
    assert num_calls(compiler) == 2  # one source, one link


def test_a_child_that_leaves_the_lock_leaves_that_of_its_parent(cache: Path) -> None:
    cache.mkdir()
    with native_cache.locked(cache / "x.lock", 1.0):
        child = os.fork()
        if child == 0:
            os._exit(len(native_cache._held))
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(BuildError, match="another process"), native_cache.locked(cache / "x.lock", 0.0):
            pass


def test_ctrl_c_does_not_reach_the_compiler(tmp_path: Path, compiler: Path) -> None:
    script = compiler.read_text().replace('echo "$$"', 'cut -d" " -f6 /proc/$$/stat')
    compiler.write_text(script)
    native_cache.cached_or_built(CPU)
    assert os.getsid(0) not in calls_of(compiler)


def test_who_waits_for_another_build_ends_at_once_with_the_program(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    monkeypatch.setattr(build_process, "_over", threading.Event())
    build_process.stop_all()
    with (
        native_cache.locked(cache / "x.lock", 1.0),
        pytest.raises(InterruptedBuildError),
        native_cache.locked(cache / "x.lock", 900.0),
    ):
        pass
    with pytest.raises(InterruptedBuildError):
        build.compile_library(CPU, cache)
