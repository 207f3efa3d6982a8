"""The actions about tools and segments, in the order of their menu."""

from __future__ import annotations

from collections.abc import Callable

from seamseg_studio.app.action_spec import CHANGE, DOCUMENT, EDIT, SELECTED, ActionSpec
from seamseg_studio.app.commands import Commands

TOOLS: tuple[tuple[str, str, str, str], ...] = (
    ("select", "&Select", "V", "select"),
    ("brush", "&Brush", "B", "brush"),
    ("eraser", "&Eraser", "E", "eraser"),
    ("polygon", "&Polygon", "P", "polygon"),
    ("lasso", "&Lasso", "Q", "lasso"),
)
"""Name, title, key and icon of every tool as the tool itself says them: asking it would load the canvas."""


def _tool_is(name: str) -> Callable[[Commands], bool]:
    return lambda c: c.window.tool_name == name


SEGMENT_ACTIONS: tuple[ActionSpec, ...] = (
    *(
        ActionSpec(
            f"tool_{name}",
            "Segment/Tools",
            text,
            lambda c, name=name: c.use_tool(name),  # type: ignore[misc]
            (key,),
            icon,
            ("canvas",),
            checked=_tool_is(name),
            group="tool",
        )
        for name, text, key, icon in TOOLS
    ),
    ActionSpec(
        "size_larger",
        "Segment/Tools",
        "&Larger brush",
        lambda c: c.step_size(1),
        ("]",),
        needs=("canvas",),
        gap=True,
        repeats=True,
    ),
    ActionSpec(
        "size_smaller",
        "Segment/Tools",
        "S&maller brush",
        lambda c: c.step_size(-1),
        ("[",),
        needs=("canvas",),
        repeats=True,
    ),
    ActionSpec(
        "search_category",
        "Segment",
        "&Search a category",
        Commands.search_category,
        ("/",),
        "search",
        ("project",),
    ),
    *(
        ActionSpec(
            f"category_{digit}",
            "Segment/Give category",
            "Category of key %1".replace("%1", str(digit)),
            lambda c, digit=digit: c.use_digit(digit),  # type: ignore[misc]
            (str(digit),),
            needs=DOCUMENT,
        )
        for digit in range(1, 10)
    ),
    ActionSpec(
        "delete",
        "Segment",
        "&Delete",
        Commands.delete,
        ("Del", "Backspace"),
        "delete",
        CHANGE,
        gap=True,
    ),
    ActionSpec("merge", "Segment", "&Merge", Commands.merge, ("M",), "merge", (*EDIT, "several")),
    ActionSpec("lock", "Segment", "&Lock or unlock", Commands.toggle_lock, ("L",), "lock", CHANGE),
    ActionSpec("hide", "Segment", "&Hide or show", Commands.toggle_hidden, ("Shift+H",), "eye_off", SELECTED),
    ActionSpec("show_all", "Segment", "Show &all", Commands.show_all, ("Ctrl+Shift+H",), "eye", ("hidden",)),
)
