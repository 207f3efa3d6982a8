"""Building and keeping the library, with a tiny source in place of the real one: every way in which it goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from seamseg_studio.engine.ops import build, native_cache
from seamseg_studio.engine.ops.build import BuildError, InterruptedBuildError, MissingToolError, Target

from .tiny_build import is_running, num_calls, other_process, wait_for

CPU = Target("cpu")
pytestmark = pytest.mark.usefixtures("cache")


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


def test_a_failure_is_of_one_compiler_and_ends_after_a_day(
    tmp_path: Path, cache: Path, compiler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = compiler.read_text()
    compiler.write_text("#!/bin/sh\necho 'error: none of yours' >&2\nexit 1\n")
    with pytest.raises(BuildError, match="none of yours"):
        native_cache.cached_or_built(CPU)
    (failure,) = cache.glob("*.failed")
    with monkeypatch.context() as patch:
        patch.delenv("CXX")
        assert native_cache.cached_or_built(CPU).library.is_file()
    shutil.rmtree(cache / CPU.key)
    compiler.write_text(good)
    for age_s, is_kept in ((native_cache.FAILURE_KEPT_S - 60, True), (native_cache.FAILURE_KEPT_S + 60, False)):
        os.utime(failure, (time.time() - age_s,) * 2)
        if is_kept:
            with pytest.raises(BuildError, match="remembered"):
                native_cache.cached_or_built(CPU)
    assert native_cache.cached_or_built(CPU).library.is_file()


def test_a_compiler_killed_for_memory_is_tried_again_after_an_hour(cache: Path, compiler: Path) -> None:
    good = compiler.read_text()
    compiler.write_text("#!/bin/sh\necho 'fatal error: Killed signal terminated program cc1plus' >&2\nexit 1\n")
    with pytest.raises(InterruptedBuildError):
        native_cache.cached_or_built(CPU)
    compiler.write_text(good)
    with pytest.raises(BuildError, match="remembered"):
        native_cache.cached_or_built(CPU)
    (failure,) = cache.glob("*.failed")
    os.utime(failure, (time.time() - native_cache.INTERRUPTION_KEPT_S - 60,) * 2)
    assert native_cache.cached_or_built(CPU).library.is_file()


def test_the_key_names_all_that_a_library_depends_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {CPU.key, Target("cuda", ("9.0",)).key, Target("cuda", ("8.0", "9.0")).key}
    for owner, name, values in (
        (build, "torch_version", ("2.11.0", "2.11.0+cu128", "2.11.0+cu130", "2.12.0")),
        (build.platform, "machine", ("x86_64", "aarch64")),
        (build.platform, "system", ("Darwin",)),
        (build, "sources_digest", ("a", "b")),
    ):
        for value in values:
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, lambda value=value: value)
                keys.add(CPU.key)
    assert len(keys) >= 3 + 4 + 1 + 1 + 2
    with monkeypatch.context() as patch:
        patch.setattr(build, "torch_cuda", lambda: "12.8")
        one = Target("cuda", ("9.0",)).key
        patch.setattr(build, "torch_cuda", lambda: "13.0")
        assert Target("cuda", ("9.0",)).key != one


def test_the_first_process_of_a_machine_builds(cache: Path, compiler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    built: list[native_cache.Build] = []

    def first_comes(seconds: float) -> None:
        assert not num_calls(compiler)
        with monkeypatch.context() as patch:
            patch.setenv("LOCAL_RANK", "0")
            built.append(native_cache.cached_or_built(CPU))

    monkeypatch.setattr(native_cache, "_pause", first_comes)
    assert native_cache.cached_or_built(CPU) == built[0]
    assert len(built) == 1


def test_a_later_process_does_not_wait_for_one_that_builds(
    cache: Path, compiler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    monkeypatch.setenv("LOCAL_RANK", "3")
    waits: list[float] = []
    monkeypatch.setattr(native_cache, "_pause", waits.append)
    with native_cache.locked(cache / f"{CPU.key}.lock", 0.0):
        native_cache._wait_for_first_rank(cache / CPU.key)
    assert waits == []


def test_everybody_may_read_a_build() -> None:
    folder = native_cache.cached_or_built(CPU).library.parent
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_no_compiler_may_fuse_a_product_with_a_sum(kind: build.Kind) -> None:
    # It rounds once instead of twice; thresholds then fall differently from those of PyTorch.
    said = build.ninja_file(Target(kind, ("9.0",)), build.Tools(("c++",), "ninja", "/opt/cuda/bin/nvcc"))
    assert "-ffp-contract=off" in said
    assert ("-fmad=false" in said) == (kind == "cuda")


def test_a_compiler_may_have_arguments_and_nvcc_uses_it(compiler: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", f"{compiler} -DSEAMSEG_EXTRA='a b'")
    assert native_cache.cached_or_built(CPU).library.is_file()
    assert num_calls(compiler) == 2
    said = build.ninja_file(
        Target("cuda", ("9.0",)), build.Tools(("/usr/bin/ccache", "g++-13", "-m64"), "ninja", "/opt/cuda/bin/nvcc")
    )
    assert said.count("/opt/cuda/bin/nvcc -ccbin g++-13 -Xcompiler -m64") == 2  # compiling and linking
    assert "command = /usr/bin/ccache g++-13 -m64 $cflags" in said
    monkeypatch.setenv("CXX", "g++ 'unbalanced")
    with pytest.raises(BuildError, match=r"CXX=.* cannot be read"):
        build.find_tools("cpu")


def test_paths_may_have_blanks_and_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: Path) -> None:
    odd = tmp_path / "my $HOME & 'libs': x"
    torch = odd / "torch"
    (torch / "include").mkdir(parents=True)
    (torch / "include" / "only_here.h").touch()
    (tmp_path / "csrc").rename(odd / "csrc")
    (odd / "csrc" / "library.cpp").write_text("#include <only_here.h>\nint x;\n")
    (torch / "lib").symlink_to(build._torch_folder() / "lib")
    compiler.rename(odd / "c ++")
    monkeypatch.setenv("CXX", str(odd / "c ++"))
    monkeypatch.setenv("SEAMSEG_OPS_CACHE", str(odd / "cache"))
    monkeypatch.setattr(build, "SOURCES", odd / "csrc")
    monkeypatch.setattr(build, "_torch_folder", lambda: torch)
    assert native_cache.cached_or_built(CPU).library.is_file()


def test_no_compiler_no_ninja_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(MissingToolError, match=r"no C\+\+ compiler"):
            native_cache.cached_or_built(CPU)
    with monkeypatch.context() as patch:
        patch.setenv("CXX", "no-such-compiler")
        with pytest.raises(BuildError, match="CXX=no-such-compiler names is not there"):
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
