"""The rules that machines keep: style, types, and who may import whom."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "engine", "training", "resources")


def run(*command: str) -> None:
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"


def test_ruff_check() -> None:
    run(sys.executable, "-m", "ruff", "check", ".")


def test_ruff_format() -> None:
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


@pytest.fixture(scope="module")
def typing_tree() -> None:
    """mypy reads folders, not import hooks: links give the root folders their installed names."""
    tree = REPOSITORY / "build" / "typing" / "seamseg_studio"
    tree.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        link = tree / package
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(REPOSITORY / package, tree), target_is_directory=True)


@pytest.mark.usefixtures("typing_tree")
def test_types() -> None:
    run(sys.executable, "-m", "mypy", *(word for package in PACKAGES for word in ("-p", f"seamseg_studio.{package}")))


@pytest.mark.usefixtures("typing_tree")
def test_nothing_is_called_that_windows_lacks() -> None:
    """What only some systems have stands behind `sys.platform` or `hasattr`; mypy knows which that is."""
    cache = ["--cache-dir", str(REPOSITORY / ".mypy_cache" / "win32")]
    packages = [word for package in PACKAGES for word in ("-p", f"seamseg_studio.{package}")]
    run(sys.executable, "-m", "mypy", "--platform", "win32", *cache, *packages)


def test_import_contracts() -> None:
    run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


def test_no_file_is_a_god_file() -> None:
    """No room over 400 lines (tests may list many cases, but not endlessly: 600)."""
    too_long = {}
    for package in (*PACKAGES, "benchmarks", "scripts", "tests"):
        limit = 600 if package == "tests" else 400
        for path in (REPOSITORY / package).rglob("*.py"):
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > limit:
                too_long[str(path.relative_to(REPOSITORY))] = lines
    assert too_long == {}


def test_torch_load_is_always_safe() -> None:
    """A checkpoint from a stranger must never be unpickled freely."""
    unsafe = []
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for match in re.finditer(r"(?<!safetensors\.)torch\.load\(", text):
                call = text[match.start() : match.start() + 300]
                if "weights_only=True" not in call:
                    unsafe.append(f"{path.relative_to(REPOSITORY)}: {call.splitlines()[0]}")
    assert unsafe == []


def test_window_starts_without_torch() -> None:
    """The window's process never imports torch; it lives in the engine's process."""
    code = "import sys, seamseg_studio.app.run; print(sorted(m for m in sys.modules if m.split('.')[0] == 'torch'))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
