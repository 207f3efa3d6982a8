"""Which implementation answers: never waits, falls back, and says so once."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.ops import native, native_cache
from seamseg_studio.engine.ops.build import BuildError, MissingToolError, Target
from seamseg_studio.engine.ops.native_cache import Build
from seamseg_studio.engine.ops.nms import nms

BOXES, SCORES = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 9], [20, 20, 30, 30]]), torch.tensor([0.5, 0.9, 0.1])


@pytest.fixture(autouse=True)
def _undecided(compiled_ops: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is decided yet, and nothing lies in the cache; afterwards all is as before."""
    monkeypatch.delenv("SEAMSEG_OPS", raising=False)
    with monkeypatch.context() as patch:
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
