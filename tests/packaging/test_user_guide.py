"""The user guide shows pictures that exist, is light, and names keys that are true."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
MAX_BYTES = 3_000_000


def test_pictures_of_the_guide_exist_and_are_light() -> None:
    pages = [DOCS / "user-guide.md", *sorted((DOCS / "user-guide").glob("*.md"))]
    named = [
        page.parent / name
        for page in pages
        for name in re.findall(r"!?\[[^\]]+\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in name
    ]
    assert len(named) > 25
    assert [path for path in named if not path.is_file()] == []
    assert sum(path.stat().st_size for path in (DOCS / "user-guide").rglob("*") if path.is_file()) < MAX_BYTES


def test_every_picture_has_words() -> None:
    text = (DOCS / "user-guide.md").read_text(encoding="utf-8")
    assert "![](" not in text


# Keys of gestures, which are no actions: held, or meant for the tool in hand.
GESTURES = {
    "Space",
    "Esc",
    "Enter",
    "Shift",
    "Ctrl",
    "Alt",
    "Backspace",
    "[",
    "]",
    "H",
    "/",
    "Delete",
    "Tab",
    "F6",
    "Ctrl+Z",
}


def test_every_key_of_the_guide_does_something() -> None:
    from seamseg_studio.app.actions.table import ACTIONS

    known = GESTURES | {key for spec in ACTIONS for key in spec.keys}
    # The page of all shortcuts is made from the table, with the keys of other programs beside it.
    pages = [DOCS / "user-guide.md", *(path for path in (DOCS / "user-guide").glob("*.md") if path.stem != "shortcuts")]
    named = {
        (page.name, key)
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
        for key in re.findall(r"`((?:Ctrl\+|Shift\+|Alt\+)*(?:[A-Z0-9,/+\-\[\]]|F\d+|[A-Z][a-z]+))`", line)
    }
    assert len(named) > 40
    assert {(page, key) for page, key in named if key not in known} == set()


def test_the_keys_of_the_first_table_are_those_of_its_actions() -> None:
    from seamseg_studio.app.actions.table import ACTIONS

    keys = {spec.id: spec.keys for spec in ACTIONS}
    text = (DOCS / "user-guide").joinpath("canvas.md").read_text(encoding="utf-8")
    rows = {line.split("|")[2]: line.split("|")[1] for line in text.splitlines() if line.startswith("| `")}
    row = next(shown for what, shown in rows.items() if "category's name" in what)
    assert row.strip(" `") in keys["names"]


def test_the_table_of_actions_is_current() -> None:
    from seamseg_studio.app.actions.table import ACTIONS

    listed = set(re.findall(r"does_what_it_says\[(\w+)\]", (DOCS / "actions.md").read_text(encoding="utf-8")))
    known = {spec.id for spec in ACTIONS}
    assert len(known) > 90
    assert listed - known == set(), "run: python scripts/actions_table.py"
    assert len(known - listed) <= 5, "run: python scripts/actions_table.py"
