"""The GPU sources compile wherever there is a compiler for them, without a warning."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from seamseg_studio.engine.ops import build

NVCC = shutil.which("nvcc")
SOURCES = sorted((build.SOURCES / "cuda").glob("*.cu"))


def test_headers_are_no_translation_units() -> None:
    assert {path.suffix for path in build.source_files("cuda")} == {".cpp", ".cu"}
    assert {path.parent.name for path in build.source_files("cpu")} == {"csrc", "cpu"}


def test_every_op_has_a_gpu_source() -> None:
    names = {path.stem for path in SOURCES}
    assert names == {path.stem for path in (build.SOURCES / "cpu").glob("*.cpp")}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(NVCC is None, reason="there is no nvcc")
def test_every_gpu_source_compiles(tmp_path: Path) -> None:
    torch = find_spec("torch")
    assert torch is not None
    assert torch.origin is not None
    assert NVCC is not None
    include = Path(torch.origin).parent / "include"

    def compile_one(source: Path) -> subprocess.CompletedProcess[str]:
        command = [
            str(NVCC), "-arch=sm_90", "-std=c++20", "-fmad=false", "-DUSE_CUDA",
            f"-DTORCH_TARGET_VERSION={build.TORCH_TARGET}", "-isystem", str(include),
            "-Werror", "all-warnings", "-c", str(source), "-o", str(tmp_path / f"{source.stem}.o"),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=800)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compile_one, SOURCES))
    assert [result.stderr for result in results if result.returncode] == []
