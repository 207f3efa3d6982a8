"""The actions about tools and segments, in the order of their menu."""

from __future__ import annotations

from collections.abc import Callable

from seamseg_studio.app.actions.action_spec import CHANGE, DOCUMENT, EDIT, ONE, SELECTED, WRITE, ActionSpec
from seamseg_studio.app.actions.commands import Commands
from seamseg_studio.app.actions.segment_commands import STEP_PX

TOOLS: tuple[tuple[str, str, str, str], ...] = (
    ("select", "&Select", "V", "select"),
    ("brush", "&Brush", "B", "brush"),
    ("eraser", "&Eraser", "E", "eraser"),
    ("prompt", "Ask the m&odel", "O", "prompt"),
    ("thresholds", "Mo&del thresholds", "Shift+O", "thresholds"),
    ("polygon", "&Polygon", "P", "polygon"),
    ("lasso", "&Lasso", "Q", "lasso"),
    ("scissors", "S&mart scissors", "S", "scissors"),
    ("superpixels", "S&uperpixel brush", "U", "superpixels"),
    ("wand", "Magic &wand", "W", "wand"),
    ("fill", "&Fill", "G", "fill"),
    ("split", "Spli&t", "Alt+M", "split"),
    ("refine", "&Grow and smooth", "T", "refine"),
    ("previous", "Copy from the image bef&ore", "J", "copy_previous"),
    ("pick", "Pick &category", "I", "pick"),
    ("area", "Work &area", "C", "area"),
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
    ActionSpec(
        "give_category",
        "Segment",
        "Gi&ve a category at the pointer…",
        lambda c: c.window.show_category_popup(),
        ("X",),
        "tag",
        DOCUMENT,
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
    ActionSpec("merge", "Segment", "&Merge", Commands.merge, ("M",), "merge", (*WRITE, "several")),
    ActionSpec("lock", "Segment", "&Lock or unlock", Commands.toggle_lock, ("L",), "lock", CHANGE),
    ActionSpec("crowd", "Segment", "Cro&wd or not", lambda c: c.segment.toggle_crowd(), ("K",), "crowd", CHANGE),
    ActionSpec(
        "protect_category",
        "Segment",
        "Lock or unlock the c&urrent category",
        Commands.toggle_category_protected,
        ("Shift+L",),
        needs=EDIT,
        checked=Commands.is_category_protected,
    ),
    ActionSpec("hide", "Segment", "&Hide or show", Commands.toggle_hidden, ("Shift+H",), "eye_off", SELECTED),
    ActionSpec("show_all", "Segment", "Show &all", Commands.show_all, ("Ctrl+Shift+H",), "eye", ("hidden",)),
    ActionSpec(
        "fill_holes",
        "Segment/Shape",
        "Fill &holes",
        lambda c: c.segment.fill_holes(),
        ("Shift+G",),
        "holes",
        CHANGE,
    ),
    ActionSpec(
        "split_components",
        "Segment/Shape",
        "Split into unconnected &parts",
        lambda c: c.segment.split_components(),
        ("Shift+M",),
        "parts",
        CHANGE,
    ),
    ActionSpec(
        "convert",
        "Segment/Shape",
        "&Convert to the current category",
        lambda c: c.segment.convert(),
        ("Y",),
        "instances",
        CHANGE,
    ),
    ActionSpec(
        "grow",
        "Segment/Shape",
        "&Grow by a pixel",
        lambda c: c.segment.grow(STEP_PX),
        ("+", "="),
        "grow",
        ONE,
        gap=True,
        repeats=True,
    ),
    ActionSpec(
        "shrink",
        "Segment/Shape",
        "&Shrink by a pixel",
        lambda c: c.segment.grow(-STEP_PX),
        ("-",),
        "shrink",
        ONE,
        repeats=True,
    ),
    ActionSpec(
        "smooth",
        "Segment/Shape",
        "S&mooth the borders",
        lambda c: c.segment.smooth(),
        ("Shift+S",),
        "smooth",
        CHANGE,
    ),
    ActionSpec("copy", "Segment", "C&opy", lambda c: c.segment.copy(), ("Ctrl+C",), "copy", SELECTED, gap=True),
    ActionSpec(
        "paste",
        "Segment",
        "&Paste at the same place",
        lambda c: c.segment.paste(),
        ("Ctrl+V",),
        "paste",
        (*WRITE, "copied"),
    ),
    ActionSpec(
        "clear_area",
        "Segment",
        "Work on the whole &image",
        lambda c: c.segment.clear_area(),
        ("Shift+C",),
        "area",
        (*DOCUMENT, "area"),
    ),
)
