"""The wheel holds what a user needs, under one name, and nothing loose at the top of site-packages."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = {"seamseg-studio", "seamseg-label", "seamseg-train", "seamseg-eval", "seamseg-convert", "seamseg-models"}


def packer() -> ModuleType:
    """The script that makes what is given to people."""
    spec = importlib.util.spec_from_file_location("dist_script", REPOSITORY / "scripts" / "dist.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory)


def build_wheel(tmp_path_factory: pytest.TempPathFactory, **variables: str) -> Path:
    """Builds the wheel of this checkout and returns its path."""
    # Built from a copy: setuptools leaves a build/ folder behind, which a second build would pick stale files from.
    source = packer().copy_of_the_checkout(tmp_path_factory.mktemp("source") / "tree")
    out = tmp_path_factory.mktemp("wheel")
    result = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, **variables},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = out.glob("*.whl")
    return path


def test_the_same_source_gives_the_same_wheel(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Byte for byte, whenever and wherever it is built, with the date that `SOURCE_DATE_EPOCH` says."""
    first, second = (build_wheel(tmp_path_factory, SOURCE_DATE_EPOCH="1700000000").read_bytes() for _ in range(2))
    assert first == second


def test_only_our_name_at_the_top(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"seamseg_studio"}


@pytest.mark.parametrize(
    "name",
    [
        "resources/configs/vistas_r50.ini",
        "resources/configs/cityscapes_r50.ini",
        "resources/taxonomies/street.json",
        "resources/starter/manifest.json",
        "resources/starter/model.safetensors",
        "resources/samples/ATTRIBUTION.tsv",
        "resources/samples/images/000000107438.jpg",
        "csrc/library.cpp",
        "csrc/cuda/nms.cu",
        "app/run.py",
        "engine/cli/label.py",
        "training/cli.py",
        "docs/tutorial.md",
        "docs/user-guide/tools.md",
        "docs/user-guide/window.jpg",
    ],
)
def test_holds(wheel: Path, name: str) -> None:
    assert f"seamseg_studio/{name}" in zipfile.ZipFile(wheel).namelist()


def test_icons_are_packaged(wheel: Path) -> None:
    icons = [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("seamseg_studio/resources/icons/")]
    assert any(name.endswith(".svg") for name in icons)


def test_no_namespace_init(wheel: Path) -> None:
    assert "seamseg_studio/__init__.py" not in zipfile.ZipFile(wheel).namelist()


def test_console_scripts(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    declared = {line.split(" = ")[0] for line in archive.read(entry_points).decode().splitlines() if " = " in line}
    assert declared == SCRIPTS


def test_installed_wheel_imports_itself_and_finds_its_data(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, without the checkout on the path, the package works from its own files."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import sys, importlib.resources as r\n"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import seamseg_studio.engine.scene.taxonomy as t, seamseg_studio.resources as res\n"
        f"assert t.__file__.startswith({str(tmp_path)!r}), t.__file__\n"
        "print(t.Taxonomy.load(r.files(res) / 'taxonomies' / 'street.json').name)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() != ""


def test_editable_install_sees_the_checkout() -> None:
    """The tests run on an editable install: the modules are the checkout's own files, so new files are seen at once."""
    code = "import seamseg_studio.engine.scene as s; print(s.__file__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", timeout=60)
    assert Path(result.stdout.strip()) == REPOSITORY / "engine" / "scene" / "__init__.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the native ops are not built there")
def test_a_wheel_with_native_ops_is_of_its_platform_and_compiles_nothing(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    wheel = build_wheel(tmp_path_factory, SEAMSEG_BUILD_OPS="cpu")
    python, abi, platform = wheel.stem.split("-")[-3:]
    assert (python, abi) == ("py3", "none")
    assert platform != "any"
    (tmp_path / "site").mkdir()
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import sys\n"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        f"sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import torch\n"
        "from seamseg_studio.engine.ops import native\n"
        "from seamseg_studio.engine.ops.nms import nms\n"
        "print(native.status(), native.status().library)\n"
        "print(nms(torch.tensor([[0.0, 0, 9, 9]] * 2), torch.tensor([0.5, 0.9]), 0.5).tolist())"
    )
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SEAMSEG_OPS", "CXX")}
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        env={**variables, "SEAMSEG_OPS_CACHE": str(tmp_path / "cache"), "CUDA_VISIBLE_DEVICES": ""},
    )
    assert result.returncode == 0, result.stderr
    said, answer = result.stdout.splitlines()
    prebuilt = tmp_path / "site" / "seamseg_studio" / "engine" / "ops" / "prebuilt"
    assert said.startswith(f"ops: compiled for the CPU (came with the package) {prebuilt}")
    assert answer == "[1]"
    assert not (tmp_path / "cache").exists()
