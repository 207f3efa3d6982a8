"""The versions to develop with are written down, and are versions that the package asks for."""

from __future__ import annotations

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_dependency_is_pinned_to_a_version_that_it_may_have() -> None:
    lines = (REPOSITORY / "scripts" / "pinned.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["test"])]
    wrong = [
        str(requirement)
        for requirement in wanted
        if canonicalize_name(requirement.name) != "setuptools"
        and pinned.get(canonicalize_name(requirement.name), "missing") not in requirement.specifier
    ]
    assert wrong == []
