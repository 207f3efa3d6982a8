"""The compiled ops, loaded; tests that need them are skipped where they cannot be built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.ops import build, native

GPU = [pytest.param("cuda", marks=pytest.mark.gpu)] if torch.cuda.is_available() else []
MakeBoxes = Callable[..., Tensor]


@pytest.fixture(scope="session", autouse=True)
def compiled_ops() -> None:
    """Loads the compiled ops."""
    if native.status().kind == "reference":
        pytest.skip(f"the compiled ops cannot be had here: {native.status().reason}")


@pytest.fixture(scope="session", params=["cpu", *GPU])
def device(request: pytest.FixtureRequest) -> torch.device:
    """Each kind of device of this machine."""
    if request.param == "cuda" and native.status().kind != "cuda":
        pytest.skip(f"there are no GPU ops: {native.status().reason}")
    return torch.device(request.param)


@pytest.fixture(scope="session")
def make_boxes() -> MakeBoxes:
    """Makes random boxes on the CPU, a third of `extent` wide at most."""

    def make(num: int, seed: int, extent: float = 100.0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        centres = torch.rand(num, 2, generator=generator) * extent
        sizes = torch.rand(num, 2, generator=generator) * extent / 3 + 1
        return torch.cat([centres - sizes / 2, centres + sizes / 2], dim=1)

    return make


@pytest.fixture
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
def compiler(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A compiler that writes down its calls; it waits for as long as the file `wait` is there."""
    real = " ".join(build.find_tools("cpu").cxx)
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
