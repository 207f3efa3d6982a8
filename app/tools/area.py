"""The work area: edits of every tool are kept to a region of the image."""

from __future__ import annotations

import math

from seamseg_studio.app.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, Shown, Sketch, ToolEvent
from seamseg_studio.engine.scene.geometry import Box


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
        document.change_policy(region=None if region is None or region.is_empty else region)

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
