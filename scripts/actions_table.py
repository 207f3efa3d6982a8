"""Writes docs/user-guide/shortcuts.md, every command with its keys, and docs/actions.md, with the test of each."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from seamseg_studio.app.actions.keymap import PRESETS, Keys, Preset
from seamseg_studio.app.actions.table import ACTIONS, MENU_TEXTS

DOCS = Path(__file__).resolve().parents[1] / "docs"
TESTS_PAGE, KEYS_PAGE = DOCS / "actions.md", DOCS / "user-guide" / "shortcuts.md"
TESTS_HEAD = """# Actions and their tests

Every action of the window (`app/actions/table.py`), made by `python scripts/actions_table.py`. Each is triggered as a
person does, by its key or else by its menu entry, in `tests/gui/window/test_actions.py`;
`test_every_action_has_a_case` there fails for one that is forgotten. The keys are those of the preset *Seamseg Studio*.

| menu | command | keys | test |
|---|---|---|---|
"""
KEYS_HEAD = """# Keyboard shortcuts

Every command of the menus. **Help › Keyboard shortcuts** shows and changes the keys, with those of labelme, CVAT or
Photoshop to begin with (the last columns: where they differ); `Ctrl+Shift+P` finds commands by name. Bare keys never
act while you type. (Made by `python scripts/actions_table.py`.)
"""
OTHERS = (Preset.LABELME, Preset.CVAT, Preset.PHOTOSHOP)
COLUMNS = "| command | keys | labelme | CVAT | Photoshop |\n|---|---|---|---|---|\n"
GESTURES = """
## While you work on the image

| key | does |
|---|---|
| `Space`, middle button | drag to look around, with any tool, in the middle of a stroke too |
| wheel | zoom at the pointer; with `Shift` sideways |
| `H` held | the image alone |
| `[` `]`, `Alt` + drag | size of the brush or the superpixels |
| `Ctrl` with the brush | erase; with the eraser: paint |
| `Shift`, `Ctrl` at the start of a region | add to the selected segment, subtract from it |
| `Enter`, double click | ends a polygon or scissors; takes what the model proposed |
| `Backspace` | takes the last corner back |
| `Esc` | ends the gesture without a trace |
| arrows, `Shift` + arrows | move the pointer without a mouse, by more or by one pixel |
| `,` and `.` | click there; press, and let go |
"""


def shown(keys: Keys) -> str:
    return " ".join(f"`{key}`" for key in keys) or "none"


def plain(text: str) -> str:
    return text.replace("&", "").rstrip("…")


def menu_path(menu: str) -> str:
    return " › ".join(plain(MENU_TEXTS[part]) for part in menu.split("/"))


def tests_page() -> str:
    """Every action with its test."""
    rows = []
    for spec in ACTIONS:
        keys = " ".join(f"`{key}`" for key in spec.keys)
        case = f"`test_action_does_what_it_says[{spec.id}]`"
        rows.append(f"| {menu_path(spec.menu)} | {plain(spec.text)} | {keys} | {case} |")
    return TESTS_HEAD + "\n".join(rows) + "\n"


def keys_page() -> str:
    """Every command with its keys, a table for each menu."""
    parts = [KEYS_HEAD]
    for menu, specs in groupby(ACTIONS, key=lambda spec: spec.menu.split("/")[0]):
        parts.append(f"\n## {menu_path(menu)}\n\n{COLUMNS}")
        for spec in specs:
            submenu = spec.menu.partition("/")[2]
            where = f"{menu_path(submenu)} › " if submenu else ""
            others = [PRESETS[preset].get(spec.id) for preset in OTHERS]
            keys = [shown(spec.keys) if spec.keys else "", *("" if own is None else shown(own) for own in others)]
            parts.append(f"| {where}{plain(spec.text)} | {' | '.join(keys)} |\n")
    return "".join(parts) + GESTURES


if __name__ == "__main__":
    for path, text in ((TESTS_PAGE, tests_page()), (KEYS_PAGE, keys_page())):
        path.write_text(text, encoding="utf-8")
        print(path)
    sys.exit(0)
