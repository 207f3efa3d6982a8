"""What is packed besides the wheel: the program without Python, the desktop's files, the citation."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import pytest

from seamseg_studio.engine.project.schema import APPLICATION_ID

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = REPOSITORY / "packages"
LINUX = PACKAGES / "linux"


@pytest.fixture(scope="module")
def launch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launch", PACKAGES / "launch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def project() -> dict[str, object]:
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]


def test_every_command_is_in_the_program(launch: ModuleType) -> None:
    declared = project()
    scripts = {**declared["scripts"], **declared["gui-scripts"]}  # type: ignore[dict-item]
    assert {name: target.partition(":")[0] for name, target in scripts.items()} == launch.COMMANDS


@pytest.mark.parametrize(
    ("program", "arguments", "module", "rest"),
    [
        ("/opt/s/seamseg-studio", ["photos"], "seamseg_studio.app.run", ["photos"]),
        ("/opt/s/seamseg-label", ["a", "-m", "b"], "seamseg_studio.engine.cli.label", ["a", "-m", "b"]),
        ("s.exe", ["-P", "-m", "seamseg_studio.engine.service.worker"], "seamseg_studio.engine.service.worker", []),
        ("seamseg-studio", ["-m", "seamseg_studio.training.cli", "-m"], "seamseg_studio.training.cli", ["-m"]),
        ("seamseg-studio", ["-m", "http.server"], "seamseg_studio.app.run", ["-m", "http.server"]),
    ],
)
def test_the_program_is_its_own_interpreter(
    launch: ModuleType, program: str, arguments: list[str], module: str, rest: list[str]
) -> None:
    assert launch.module_of(program, arguments) == (module, rest)


def test_modules_that_are_started_by_name_are_ours(launch: ModuleType) -> None:
    """Who starts a process by `-m` names a module that the program would take for one of its own."""
    named = set()
    for path in [*(REPOSITORY / "app").rglob("*.py"), *(REPOSITORY / "engine" / "service").glob("*.py")]:
        named |= set(re.findall(r'"-m",\s*"([\w.]+)"', path.read_text(encoding="utf-8")))
    assert named
    assert {name for name in named if not name.startswith(launch.OURS)} == set()


def test_project_files_are_known_by_their_number() -> None:
    space = {"m": "http://www.freedesktop.org/standards/shared-mime-info"}
    kind = ElementTree.parse(LINUX / "seamseg-studio.xml").getroot().find("m:mime-type", space)
    assert kind is not None
    number = kind.find("m:magic/m:match/m:match", space)
    assert number is not None
    assert int(number.get("value", "0"), 16) == APPLICATION_ID
    entry = (LINUX / "seamseg-studio.desktop").read_text(encoding="utf-8")
    assert f"{kind.get('type')};" in entry


@pytest.mark.skipif(sys.platform != "linux", reason="the desktop's files are those of Linux")
def test_the_desktop_entry_comes_and_goes(tmp_path: Path) -> None:
    folder, data = tmp_path / "a place" / "studio", tmp_path / "data"
    folder.mkdir(parents=True)
    for path in LINUX.iterdir():
        shutil.copy2(path, folder)
    shutil.copy2(REPOSITORY / "resources" / "icons" / "studio.svg", folder / "seamseg-studio.svg")
    command = [str(folder / "install.sh")]
    environment = {"PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(data), "HOME": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    assert run().returncode == 1  # there is no program in the folder
    (folder / "seamseg-studio").write_text("#!/bin/sh\n")
    os.chmod(folder / "seamseg-studio", 0o755)
    assert run().returncode == 0
    entry = (data / "applications" / "seamseg-studio.desktop").read_text(encoding="utf-8")
    assert f'Exec="{folder}/seamseg-studio" %F' in entry
    assert (data / "mime" / "packages" / "seamseg-studio.xml").is_file()
    assert run("remove").returncode == 0
    assert not (data / "applications" / "seamseg-studio.desktop").exists()


def test_versions_agree() -> None:
    number = str(project()["version"])
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {number}\n" in citation
    assert re.search(rf"^## {re.escape(number)}\b", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
