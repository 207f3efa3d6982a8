"""The documentation is whole: pages have their place, links lead somewhere, what is made from the code is current."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))
READ_ON_THEIR_OWN = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def script(name: str) -> ModuleType:
    """A module of `scripts`, which are no package."""
    spec = importlib.util.spec_from_file_location(f"{name}_script", REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def anchors(path: Path) -> set[str]:
    """What headings are called in links, as the site and the window make it."""
    from seamseg_studio.app.help.guide import anchor_of

    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL), re.M
    )
    return {anchor_of(heading) for heading in headings}


def test_every_page_is_in_the_navigation() -> None:
    named = re.findall(r"([\w/-]+\.md)$", (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    shown = [*named, *script("docs_pages").unlisted()]
    assert sorted(shown) == sorted(path.relative_to(DOCS).as_posix() for path in PAGES)


@pytest.mark.parametrize("path", [*PAGES, *READ_ON_THEIR_OWN], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_pages_link_to_nothing_outside_the_site() -> None:
    outside = {
        (path.name, link)
        for path in PAGES
        for link in LINK.findall(without_code(path.read_text(encoding="utf-8")))
        if "://" not in link and DOCS not in (path.parent / link.partition("#")[0]).resolve().parents and link[0] != "#"
    }
    assert outside == set()


def test_the_picture_of_the_architecture_is_that_of_the_contracts() -> None:
    drawn = script("architecture").draw()
    assert (DOCS / "images" / "architecture.svg").read_text(encoding="utf-8") == drawn, "run: scripts/architecture.py"


def test_the_picture_shows_every_floor() -> None:
    picture = (DOCS / "images" / "architecture.svg").read_text(encoding="utf-8")
    shown = set(re.findall(r'font-weight="bold">([\w.]+)</text>', picture))
    floors = {f"engine.{path.parent.name}" for path in (REPOSITORY / "engine").glob("*/__init__.py")}
    assert shown == floors | {"app", "training", "resources"}


def test_the_tables_of_actions_are_current() -> None:
    tables = script("actions_table")
    assert tables.KEYS_PAGE.read_text(encoding="utf-8") == tables.keys_page(), "run: python scripts/actions_table.py"
    assert tables.TESTS_PAGE.read_text(encoding="utf-8") == tables.tests_page(), "run: python scripts/actions_table.py"


def test_the_api_has_a_page_for_each_package() -> None:
    hook = script("docs_pages")
    pages = {name: hook.page(name, folder) for name, folder in hook.packages()}
    assert "::: seamseg_studio.engine.scene.panoptic_map" in pages["engine.scene"]
    assert pages["app.tools"].startswith("# seamseg_studio.app.tools\n\nThe tools for working")


def test_every_row_of_what_was_measured_is_whole() -> None:
    """Test, load, faults, result, date and command: without one of them nobody can make the row again."""
    lines = (DOCS / "reliability.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    heads = [row for row in rows if row[0] == "test"]
    assert len(heads) > 5
    assert all(row == ["test", "load", "faults", "result", "date", "command"] for row in heads)
    wrong = [
        row
        for row in rows
        if row[0] != "test"
        and set(row) != {"---"}
        and not (len(row) == 6 and all(row) and re.fullmatch(r"\d+ \w+ 20\d\d", row[4]) and "`" in row[5])
    ]
    assert wrong == []
