"""The work area: edits of every tool are kept to a region of the image."""

from __future__ import annotations

import math
from enum import StrEnum

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, Shown, Sketch, ToolEvent
from seamseg_studio.app.tools.options import ChoiceOption, Option
from seamseg_studio.engine.scene.geometry import Box


class Extent(StrEnum):
    """What edits may change."""

    WHOLE = "whole"
    DRAWN = "drawn"


def box_between(first: tuple[float, float], second: tuple[float, float], shape: tuple[int, int]) -> Box:
    """The pixels of an image of `shape` that a rectangle with these corners touches."""
    (ay, ax), (by, bx) = first, second
    return Box(
        math.floor(min(ay, by) + 0.5),
        math.floor(min(ax, bx) + 0.5),
        math.floor(max(ay, by) + 0.5) + 1,
        math.floor(max(ax, bx) + 0.5) + 1,
    ).clipped(shape)


class Area(Tool):
    """Drag a rectangle; until it is cleared no tool changes anything outside."""

    name = "area"
    title = "Work area"
    icon = "area"
    shortcut = "C"
    hint = "Drag a rectangle: nothing outside can change · click to work on the whole image again · Esc cancels"

    def __init__(self) -> None:
        super().__init__()
        self._start: tuple[float, float] | None = None
        self._end = (0.0, 0.0)
        self._drawn: Box | None = None  # last, in the image that is open

    def options(self, document: Document | None) -> tuple[Option, ...]:
        if document is None:
            return ()
        extent = Extent.DRAWN if document.policy.region is not None else Extent.WHOLE
        titles = ((Extent.WHOLE.value, "The whole image"), (Extent.DRAWN.value, "As drawn"))
        return (ChoiceOption("extent", "May change", extent.value, titles, "What the tools may change"),)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key != "extent" or document is None:
            super().set_option(key, value, document)
        elif Extent(str(value)) is Extent.WHOLE:
            self._drawn = document.policy.region or self._drawn
            document.change_policy(region=None)
        elif document.policy.region is None:
            region = None if self._drawn is None else self._drawn.clipped(document.map.shape)
            if region is None or region.is_empty:
                self.hint_changed.emit("Drag a rectangle first")
            else:
                document.change_policy(region=region)
        self.option_changed.emit(key)

    @property
    def busy(self) -> bool:
        return self._start is not None

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT:
            self._start = self._end = (event.y, event.x)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        self._end = (event.y, event.x)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        start, self._start = self._start, None
        if start is None or event.button is not Button.LEFT:
            return
        region = box_between(start, (event.y, event.x), document.map.shape) if event.is_drag else None
        self._drawn = document.policy.region or self._drawn
        document.change_policy(region=None if region is None or region.is_empty else region)
        self.option_changed.emit("extent")

    def cancel(self, document: Document) -> None:
        self._start = None

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        if document is None or self._start is None:
            return ()
        box = box_between(self._start, self._end, document.map.shape)
        top, left, bottom, right = box.y0 - 0.5, box.x0 - 0.5, box.y1 - 0.5, box.x1 - 0.5
        return (Sketch(((top, left), (top, right), (bottom, right), (bottom, left)), True),)
