"""What `mkdocs` cannot know by itself: the pages of the API, one a package, and the installed names of its modules.

A hook of mkdocs.yml; `make docs` runs it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "training", "app")
_NAMES = ROOT / "build" / "typing" / "seamseg_studio"


def on_startup(command: str, dirty: bool) -> None:
    """Links the root folders to their installed names; before the settings are read, as the reader of docstrings
    leaves out folders that are not there yet.
    """
    _NAMES.mkdir(parents=True, exist_ok=True)
    for package in (*PACKAGES, "resources"):
        link = _NAMES / package
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(ROOT / package, _NAMES), target_is_directory=True)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the API and unlisted pages into the navigation."""
    assert config.nav is not None
    pages: list[dict[str, Any]] = [{name: page_of(name)} for name, _ in packages()]
    more: list[dict[str, Any]] = [{"More": unlisted()}] if unlisted() else []
    config.nav = [*config.nav, *more, {"API": pages}]
    return config


def unlisted() -> list[str]:
    """Pages that mkdocs.yml does not place: they are shown all the same, after the others."""
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
    return [name for name in found if not re.search(rf"\b{re.escape(name)}$", listed, re.M)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for each package, made of the docstrings of its modules."""
    from mkdocs.structure.files import File

    for name, folder in packages():
        files.append(File.generated(config, page_of(name), content=page(name, folder)))
    return files


def packages() -> Iterator[tuple[str, Path]]:
    """Every package below the root folders: its name there ("engine.scene") and its folder."""
    for root in PACKAGES:
        for init in sorted((ROOT / root).rglob("__init__.py")):
            yield ".".join(init.parent.relative_to(ROOT).parts), init.parent


def page_of(name: str) -> str:
    """The path of the page of a package."""
    return f"api/{name}.md"


def page(name: str, folder: Path) -> str:
    """The Markdown of a package's page: what it is for, then its modules."""
    lines = [f"# seamseg_studio.{name}", "", summary(folder / "__init__.py"), ""]
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py" and not path.name.startswith("_"):
            lines += [f"::: seamseg_studio.{name}.{path.stem}", ""]
    return "\n".join(lines)


def summary(path: Path) -> str:
    """The docstring of a module."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
