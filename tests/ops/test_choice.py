"""Which implementation answers: never waits, falls back, and says so once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.ops import native, native_cache
from seamseg_studio.engine.ops.build import BuildError, InterruptedBuildError, MissingToolError, Target
from seamseg_studio.engine.ops.native_cache import Build
from seamseg_studio.engine.ops.nms import nms

CACHED = native_cache.cached
BOXES, SCORES = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 9], [20, 20, 30, 30]]), torch.tensor([0.5, 0.9, 0.1])


@pytest.fixture(autouse=True)
def _undecided(compiled_ops: None) -> Iterator[None]:
    """Nothing is decided yet, and nothing lies in the cache; afterwards all is as before."""
    # Not by the test's own monkeypatch, which ends later and would put back what it found here.
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SEAMSEG_OPS", raising=False)
        patch.setattr(native, "_status", None)
        patch.setattr(native, "_builder", None)
        patch.setattr(native.build, "targets", lambda: [Target("cpu")])
        patch.setattr(native_cache, "cached", lambda target: None)
        yield
        if native._builder is not None:
            native._builder.join()


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(target: Target) -> Build:
        raise error

    monkeypatch.setattr(native_cache, "cached_or_built", refuse)


def test_pytorch_answers_while_the_library_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    library = native._registered
    assert library is not None

    def slow(target: Target) -> Build:
        assert go_on.wait(60)
        return Build(library, "cpu", "", "", "", (), 7.4)

    monkeypatch.setattr(native_cache, "cached_or_built", slow)
    assert nms(BOXES, SCORES, 0.5).tolist() == [1, 2]
    assert not native.usable(BOXES)
    native.prepare()
    assert threading.active_count() < 20
    go_on.set()
    assert str(native.status()) == "ops: compiled for the CPU (built in 7 s)"
    assert native.usable(BOXES)
    assert nms(BOXES, SCORES, 0.5).tolist() == [1, 2]


def test_a_cached_library_is_in_use_from_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    library = native._registered
    assert library is not None
    monkeypatch.setattr(native_cache, "cached", lambda target: Build(library, "cpu", "", "", "", (), 7.4))
    assert native.usable(BOXES)
    assert native._builder is None
    assert native.status().reason == "built before"


def test_a_broken_compiler_is_told_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    fail_with(monkeypatch, BuildError("the native ops do not compile: error: no"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            native.status()
            assert nms(BOXES, SCORES, 0.5).tolist() == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "ops: plain PyTorch (the native ops do not compile: error: no)"
    ]


@pytest.mark.parametrize("error", [OSError("disk full"), RuntimeError("undefined symbol"), ValueError("surprise")])
def test_whatever_goes_wrong_pytorch_answers(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    fail_with(monkeypatch, error)
    assert native.status().kind == "reference"
    assert str(error) in native.status().reason
    assert nms(BOXES, SCORES, 0.5).tolist() == [1, 2]


def test_no_compiler_is_no_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    fail_with(monkeypatch, MissingToolError("there is no C++ compiler"))
    with caplog.at_level(logging.WARNING):
        assert str(native.status()) == "ops: plain PyTorch (there is no C++ compiler)"
    assert not caplog.records


def test_without_gpu_ops_the_cpu_ops_serve_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    library = native._registered
    assert library is not None
    monkeypatch.setattr(native.build, "targets", lambda: [Target("cuda", ("9.0",)), Target("cpu")])

    def only_cpu(target: Target) -> Build:
        if target.kind == "cuda":
            raise MissingToolError("there is no nvcc to build the GPU ops with")
        return Build(library, "cpu", "", "", "", (), 7.0)

    monkeypatch.setattr(native_cache, "cached_or_built", only_cpu)
    assert str(native.status()) == (
        "ops: compiled for the CPU (built in 7 s; no GPU ops: there is no nvcc to build the GPU ops with)"
    )


def test_a_broken_build_is_told_whatever_else_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(native.build, "targets", lambda: [Target("cuda", ("9.0",)), Target("cpu")])

    def refuse(target: Target) -> Build:
        raise BuildError("nvcc is broken") if target.kind == "cuda" else MissingToolError("there is no C++ compiler")

    monkeypatch.setattr(native_cache, "cached_or_built", refuse)
    with caplog.at_level(logging.WARNING):
        native.status()
    assert [record.getMessage() for record in caplog.records] == [
        "ops: plain PyTorch (nvcc is broken; there is no C++ compiler)"
    ]


def test_a_build_that_ends_with_the_program_is_no_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()
    monkeypatch.setattr(native.build_process, "_over", over)

    def stop(target: Target) -> Build:
        assert over.wait(60)
        raise InterruptedBuildError("interrupted")

    monkeypatch.setattr(native_cache, "cached_or_built", stop)
    with caplog.at_level(logging.WARNING):
        native.prepare()
        native._stop()
        assert native.status().kind == "reference"
    assert not caplog.records


def test_a_whole_library_that_does_not_load_is_built_anew_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_cache, "cached", CACHED)
    monkeypatch.setenv("SEAMSEG_OPS_CACHE", str(tmp_path))
    monkeypatch.setattr(native.build, "targets", lambda: [Target("cpu")])
    loads: list[str] = []
    good = b"good"

    def write(folder: Path, content: bytes) -> Build:
        folder.mkdir(exist_ok=True)
        (folder / "ops.so").write_bytes(content)
        manifest = Build(Path("ops.so"), "cpu", hashlib.sha256(content).hexdigest(), "", "", (), 1.0)
        (folder / native_cache.MANIFEST).write_text(json.dumps({**asdict(manifest), "library": "ops.so"}))
        found = native_cache.read_build(folder)
        assert found is not None
        return found

    def load(library: Path) -> None:
        loads.append(library.read_text())
        if library.read_bytes() != good:
            raise OSError("wrong ELF class")

    monkeypatch.setattr(native, "_register", load)
    key = Target("cpu").key
    for content, expected_kind, expected_loads in ((good, "cpu", ["bad", "good"]), (b"bad", "reference", ["bad"] * 2)):
        loads.clear()
        native_cache.forget_failures()
        write(tmp_path / key, b"bad")
        monkeypatch.setattr(native_cache, "build_into", lambda target, folder, _, c=content: write(folder, c))
        for times in (1, 2):
            monkeypatch.setattr(native, "_status", None)
            monkeypatch.setattr(native, "_builder", None)
            assert native.status().kind == expected_kind
            if times == 1:
                assert loads == expected_loads
    assert loads == ["bad"] * 2  # what failed twice is not built, nor loaded, a third time
    assert "wrong ELF class (remembered" in native.status().reason


def test_a_fork_forgets_the_builder_and_keeps_what_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(target: Target) -> Build:
        assert go_on.wait(60)
        raise MissingToolError("no")

    monkeypatch.setattr(native_cache, "cached_or_built", slow)
    native.prepare()
    child = os.fork()
    if child == 0:
        go_on.set()
        os._exit(0 if native._builder is None and native.status().reason == "no" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert native._builder is not None
    go_on.set()
    native.status()
    child = os.fork()
    if child == 0:
        os._exit(0 if native._status is not None else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_tensors_on_several_kinds_of_device_are_not_for_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_status", native.Status("cuda", ""))
    assert native.usable(BOXES, SCORES)
    assert not native.usable(BOXES, SCORES.to("meta"))
    assert not native.usable(BOXES.to("meta"), SCORES)


def test_the_variable_forces_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAMSEG_OPS", "reference")
    assert not native.usable(BOXES)
    assert str(native.status()) == "ops: plain PyTorch (SEAMSEG_OPS=reference)"


def test_an_unknown_value_of_the_variable_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SEAMSEG_OPS", "fast")
    fail_with(monkeypatch, MissingToolError("no"))
    native.status()
    assert "must be auto, cpu or reference, got 'fast'" in caplog.text


def test_importing_builds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, threading\n"
        f"os.environ['SEAMSEG_OPS_CACHE'] = {str(tmp_path / 'cache')!r}\n"
        "import seamseg_studio.engine.inference.predictor, seamseg_studio.engine.ops.boxes\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert not (tmp_path / "cache").exists()
