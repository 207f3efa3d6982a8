"""The versions to develop with are written down, are versions that the package asks for, and their files are known."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
PINNED = REPOSITORY / "scripts" / "pinned.txt"
HASHES = REPOSITORY / "scripts" / "hashes.txt"


def pinned_versions() -> dict[str, str]:
    lines = PINNED.read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pinned.items()}


def test_every_dependency_is_pinned_to_a_version_that_it_may_have() -> None:
    pinned = pinned_versions()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["test"])]
    wrong = [
        str(requirement)
        for requirement in wanted
        if pinned.get(canonicalize_name(requirement.name), "missing") not in requirement.specifier
    ]
    assert wrong == []


def test_every_pinned_version_but_torch_has_the_checksums_of_its_files() -> None:
    text = HASHES.read_text(encoding="utf-8")
    found = {
        canonicalize_name(name): (version, len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", rest)))
        for name, version, rest in re.findall(r"^([\w.-]+)==(\S+) \\\n((?: {4}--hash=\S+(?: \\)?\n)+)", text, re.M)
    }
    wanted = pinned_versions()
    del wanted["torch"]
    assert {name: version for name, (version, _) in found.items()} == wanted
    assert min(number for _, number in found.values()) >= 1


def test_no_place_to_fetch_from_is_written_down() -> None:
    lines = [line for path in (PINNED, HASHES) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = [line for line in lines if re.search(r"://|--(extra-)?index|--find|@", line)]
    assert wrong == []


def test_set_up_takes_the_torch_that_is_pinned() -> None:
    script = (REPOSITORY / "scripts" / "bootstrap.sh").read_text(encoding="utf-8")
    assert f"torch_version={pinned_versions()['torch']}\n" in script
