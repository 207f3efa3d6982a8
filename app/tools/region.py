"""What all tools share that draw a region: what it does to the map, and how it is committed as one undo step."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import Tool
from seamseg_studio.app.tools.events import CursorKind, CursorShape, Modifier
from seamseg_studio.app.tools.options import ChoiceOption, Option
from seamseg_studio.app.tools.policy_options import editable_option, fill_option, set_policy_option
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.region_edits import RegionMode, apply_region

NOTHING_CHANGED = (
    "Nothing changed there: it is so already, is locked, or lies outside what may be painted over and the work area."
)
SUBTRACTED_RGB = (30, 30, 34)  # what is taken away has no colour of its own yet


class DrawMode(StrEnum):
    """What a drawn region becomes."""

    NEW = "new"  # a new instance; stuff joins the segment of its category
    ADD = "add"
    SUBTRACT = "subtract"
    REPLACE = "replace"


_TITLES = {
    DrawMode.NEW: "New",
    DrawMode.ADD: "Add",
    DrawMode.SUBTRACT: "Subtract",
    DrawMode.REPLACE: "Replace",
}
_REGION_MODES = {
    DrawMode.NEW: RegionMode.ADD,
    DrawMode.ADD: RegionMode.ADD,
    DrawMode.SUBTRACT: RegionMode.SUBTRACT,
    DrawMode.REPLACE: RegionMode.REPLACE,
}


def mode_held(mode: DrawMode, modifiers: Modifier) -> DrawMode:
    """The mode of a gesture that begins with these keys held: Shift adds, Ctrl subtracts."""
    if Modifier.SHIFT in modifiers:
        return DrawMode.ADD
    return DrawMode.SUBTRACT if Modifier.CTRL in modifiers else mode


def target_of(document: Document, mode: DrawMode) -> int | Segment | None:
    """The segment that a region is drawn for now; None if that would have to be selected first."""
    only = next(iter(document.selection)) if len(document.selection) == 1 else None
    if mode is DrawMode.NEW:
        return Segment(document.current_category, origin=Origin.HUMAN)
    if mode is DrawMode.ADD:
        return document.paint_target() if only is None else only
    return only


def target_rgb(document: Document, mode: DrawMode) -> tuple[int, int, int]:
    """The colour that a region would get."""
    if mode is DrawMode.SUBTRACT:
        return SUBTRACTED_RGB
    target = target_of(document, mode)
    record = document.map.segments.get(target) if isinstance(target, int) else target
    return document.displayed_taxonomy[document.current_category if record is None else record.category].color


def commit_region(document: Document, mask: Mask, box: Box, mode: DrawMode, name: str) -> bool:
    """Commits a region as one undo step; whether it did, or soon will. A new instance is then selected."""
    target = target_of(document, mode)
    verb = _TITLES[mode].lower()
    record = document.map.segments.get(target) if isinstance(target, int) else target
    subject = document.taxonomy[record.category].name if record is not None else ""
    make = partial(_make, document, mask, box, target, mode, f"{name}: {verb} {subject}".rstrip())
    reach = box.area
    if mode is DrawMode.REPLACE and isinstance(target, int):
        reach = box.union(document.map.bbox(target)).area
    return document.edit(make, num_pixels=reach, then=partial(_select_new, document))


class RegionTool(Tool):
    """A tool that draws a region and then commits it."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = DrawMode.NEW
        self._mode_now = DrawMode.NEW  # of the gesture under way

    def options(self, document: Document | None) -> tuple[Option, ...]:
        options: list[Option] = [
            ChoiceOption(
                "mode",
                "Region",
                self.mode.value,
                tuple((mode.value, title) for mode, title in _TITLES.items()),
                "What the region becomes. Holding Shift adds to the selected segment, Ctrl subtracts",
            ),
            *self.own_options(),
        ]
        if document is not None:
            options += [editable_option(document), fill_option(document)]
        return tuple(options)

    def own_options(self) -> tuple[Option, ...]:
        """The options that only this tool has."""
        return ()

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "mode":
            self.mode = DrawMode(str(value))
        elif not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def _begin(self, modifiers: Modifier) -> None:
        self._mode_now = mode_held(self.mode, modifiers)

    def _commit(self, document: Document, mask: Mask, box: Box) -> bool:
        return commit_region(document, mask, box, self._mode_now, self.title.lower())


def _make(
    document: Document,
    mask: Mask,
    box: Box,
    target: int | Segment | None,
    mode: DrawMode,
    label: str,
    policy: EditingPolicy,
) -> Patch:
    patch = apply_region(document.map, mask, box, target, policy, _REGION_MODES[mode], document.second_choice, label)
    if patch.is_empty:
        raise EditError(NOTHING_CHANGED)
    return patch


def _select_new(document: Document, patch: Patch) -> None:
    new = [i for i, record in patch.segments_before.items() if record is None]
    things = [
        i for i in new if i in document.map.segments and document.taxonomy.is_thing(document.map.segments[i].category)
    ]
    if things:
        document.set_selection(things)
