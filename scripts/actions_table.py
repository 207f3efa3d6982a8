"""Writes docs/actions.md: every action, its keys, and the test that triggers it by key or menu."""

from __future__ import annotations

import sys
from pathlib import Path

from seamseg_studio.app.actions import ACTIONS, MENU_TEXTS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "actions.md"
HEAD = """# Actions and their tests

Every action of the window (`app/actions.py`), made by `python scripts/actions_table.py`. Each is triggered as a person
does, by its key or else by its menu entry, in `tests/gui/window/test_actions.py`; `test_every_action_has_a_case` there
fails for one that is forgotten. The keys are those of the preset *Seamseg Studio*.

| menu | command | keys | test |
|---|---|---|---|
"""


def plain(text: str) -> str:
    return text.replace("&", "").rstrip("…")


def page() -> str:
    """The whole page."""
    rows = []
    for spec in ACTIONS:
        menu = " › ".join(plain(MENU_TEXTS[part]) for part in spec.menu.split("/"))
        keys = " ".join(f"`{key}`" for key in spec.keys)
        rows.append(f"| {menu} | {plain(spec.text)} | {keys} | `test_action_does_what_it_says[{spec.id}]` |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
    sys.exit(0)
