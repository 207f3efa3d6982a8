"""Building and keeping the library, with a tiny source in place of the real one: every way in which it goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seamseg_studio.engine.ops import build, native_cache
from seamseg_studio.engine.ops.build import BuildError, MissingToolError, Target

CPU = Target("cpu")
REPOSITORY = Path(__file__).resolve().parents[2]

# What another process runs: the same tiny source, the same cache, one build.
BUILDER = """
import sys
from pathlib import Path
from seamseg_studio.engine.ops import build, native_cache
build.SOURCES = Path(sys.argv[1])
print(native_cache.cached_or_built(build.Target("cpu")).library)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a source that compiles in no time."""
    source = tmp_path / "csrc"
    (source / "cpu").mkdir(parents=True)
    (source / "library.cpp").write_text('extern "C" int seamseg_answer() { return 42; }\n')
    monkeypatch.setattr(build, "SOURCES", source)
    monkeypatch.setenv("SEAMSEG_OPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A compiler that writes down its calls; it waits for as long as the file `wait` is there."""
    real = build.find_tools("cpu").cxx
    script = tmp_path / "compiler"
    script.write_text(
        f'#!/bin/sh\necho "$$" >> {tmp_path}/calls\n'
        f"while [ -e {tmp_path}/wait ]; do sleep 0.02; done\n"
        f'exec {real} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    yield script
    (tmp_path / "wait").unlink(missing_ok=True)


def num_calls(compiler: Path) -> int:
    path = compiler.with_name("calls")
    return len(path.read_text().splitlines()) if path.exists() else 0


def other_process(tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(tmp_path / "csrc")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=REPOSITORY,
    )


def wait_for(condition: object, seconds: float = 60.0) -> None:
    """Waits until a callable gives something true."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        os.sched_yield()


def test_a_build_is_found_again(compiler: Path) -> None:
    first = native_cache.cached_or_built(CPU)
    assert first.library.is_file()
    calls = num_calls(compiler)
    assert calls > 0
    assert native_cache.cached_or_built(CPU) == first
    assert native_cache.cached(CPU) == first
    assert num_calls(compiler) == calls


def test_a_changed_source_is_another_build(tmp_path: Path) -> None:
    first = native_cache.cached_or_built(CPU)
    (tmp_path / "csrc" / "library.cpp").write_text('extern "C" int seamseg_answer() { return 43; }\n')
    assert native_cache.cached(CPU) is None
    assert native_cache.cached_or_built(CPU).library != first.library


@pytest.mark.parametrize("damage", ["library", "manifest", "no manifest", "no library", "cut"])
def test_a_damaged_build_is_built_anew(damage: str) -> None:
    built = native_cache.cached_or_built(CPU)
    manifest = built.library.parent / native_cache.MANIFEST
    content = built.library.read_bytes()
    match damage:
        case "library":
            built.library.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "cut":
            built.library.write_bytes(content[: len(content) // 2])
        case "manifest":
            manifest.write_text('{"kind": 3}')
        case "no manifest":
            manifest.unlink()
        case "no library":
            built.library.unlink()
    assert native_cache.cached(CPU) is None
    assert native_cache.cached_or_built(CPU).library.read_bytes()[:4] == content[:4]
    assert native_cache.cached(CPU) is not None


def test_a_killed_build_leaves_the_next_one_free(tmp_path: Path, cache: Path, compiler: Path) -> None:
    (tmp_path / "wait").touch()
    process = other_process(tmp_path)
    wait_for(lambda: num_calls(compiler))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(cache.glob(".*.part"))
    (tmp_path / "wait").unlink()
    built = native_cache.cached_or_built(CPU)
    assert native_cache.cached(CPU) == built


def test_what_killed_builds_left_is_swept_when_old(cache: Path) -> None:
    for name in (".old.part", ".new.part"):
        (cache / name).mkdir(parents=True)
    os.utime(cache / ".old.part", (0, 0))
    native_cache.cached_or_built(CPU)
    assert not (cache / ".old.part").exists()
    assert (cache / ".new.part").exists()


def test_two_processes_at_once_build_once(tmp_path: Path, compiler: Path) -> None:
    (tmp_path / "wait").touch()
    processes = [other_process(tmp_path) for _ in range(2)]
    wait_for(lambda: num_calls(compiler))
    (tmp_path / "wait").unlink()
    said = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert said[0] == said[1]
    assert num_calls(compiler) == 2  # one source, one link


def test_a_build_that_takes_too_long_is_stopped_with_all_its_processes(tmp_path: Path, compiler: Path) -> None:
    (tmp_path / "wait").touch()
    with pytest.raises(BuildError, match="took longer than 1 s and was stopped"):
        native_cache.cached_or_built(CPU, timeout_s=1.0)
    for line in compiler.with_name("calls").read_text().split():
        wait_for(lambda pid=int(line): not is_running(pid))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_failure_is_told_and_remembered_until_forgotten(tmp_path: Path, compiler: Path) -> None:
    source = tmp_path / "csrc" / "library.cpp"
    whole = source.read_text()
    source.write_text("int broken(\n")
    with pytest.raises(BuildError, match=r"do not compile: .*error"):
        native_cache.cached_or_built(CPU)
    calls = num_calls(compiler)
    with pytest.raises(BuildError, match="remembered; delete"):
        native_cache.cached_or_built(CPU)
    assert num_calls(compiler) == calls
    native_cache.forget_failures()
    with pytest.raises(BuildError, match="do not compile"):
        native_cache.cached_or_built(CPU)
    source.write_text(whole)
    native_cache.cached_or_built(CPU)


def test_no_compiler_no_ninja_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(MissingToolError, match=r"no C\+\+ compiler"):
            native_cache.cached_or_built(CPU)
    with monkeypatch.context() as patch:
        patch.setenv("CXX", "no-such-compiler")
        with pytest.raises(MissingToolError, match="CXX=no-such-compiler"):
            native_cache.cached_or_built(CPU)
    with monkeypatch.context() as patch:
        patch.setattr(build, "SOURCES", tmp_path / "nowhere")
        with pytest.raises(MissingToolError, match="source of the native ops is not at"):
            native_cache.cached_or_built(CPU)
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_an_error_and_one_that_is_whole_still_serves(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = native_cache.cached_or_built(CPU)

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        for name in ("mkdir", "write_text", "chmod", "replace"):
            patch.setattr(Path, name, refuse)
        patch.setattr(os, "open", refuse)
        assert native_cache.cached_or_built(CPU) == built
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEAMSEG_OPS_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="file"):
        native_cache.cached_or_built(CPU)


def test_a_lock_held_elsewhere_is_waited_for_so_long(cache: Path) -> None:
    cache.mkdir()
    with (
        native_cache.locked(cache / "x.lock", 1.0),
        pytest.raises(BuildError, match="another process has been building"),
        native_cache.locked(cache / "x.lock", 0.0),
    ):
        pass
    with native_cache.locked(cache / "x.lock", 0.0):
        pass


def test_ahead_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["--into", str(tmp_path / "prebuilt")]) == 0
    assert str(tmp_path / "prebuilt") in capsys.readouterr().out
    monkeypatch.setattr(native_cache, "PREBUILT", tmp_path / "prebuilt")
    found = native_cache.prebuilt(CPU)
    assert found is not None
    assert native_cache.prebuilt(Target("cuda", ("9.0",))) is None
    (tmp_path / "csrc" / "library.cpp").write_text("int other;\n")
    assert native_cache.prebuilt(CPU) is None
    (tmp_path / "csrc" / "library.cpp").write_text("int broken(\n")
    assert build.main(["--into", str(tmp_path / "broken")]) == 1
    assert "do not compile" in capsys.readouterr().err


def test_a_library_for_gpus_serves_only_the_gpus_it_was_built_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native_cache.build_into(CPU, tmp_path / "prebuilt")
    manifest = tmp_path / "prebuilt" / native_cache.MANIFEST
    text = manifest.read_text().replace('"kind": "cpu"', '"kind": "cuda"').replace('"cuda": ""', '"cuda": "13.0"')
    manifest.write_text(text.replace('"capabilities": []', '"capabilities": ["8.0", "9.0"]'))
    monkeypatch.setattr(native_cache, "PREBUILT", tmp_path / "prebuilt")
    monkeypatch.setattr(build, "torch_cuda", lambda: "13.1")
    assert native_cache.prebuilt(Target("cuda", ("9.0",))) is not None
    assert native_cache.prebuilt(Target("cuda", ("9.0", "12.0"))) is None
    assert native_cache.prebuilt(CPU) is None
    monkeypatch.setattr(build, "torch_cuda", lambda: "12.8")
    assert native_cache.prebuilt(Target("cuda", ("9.0",))) is None
