"""Selecting segments by clicks and by a lasso."""

from __future__ import annotations

import math
from collections.abc import Set

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, Modifier, Shown, Sketch, ToolEvent
from seamseg_studio.app.tools.lasso import traced
from seamseg_studio.app.tools.options import Option, ToggleOption
from seamseg_studio.engine.scene.outline_draft import OutlineDraft
from seamseg_studio.engine.scene.picking import next_under, segments_inside, segments_under
from seamseg_studio.engine.scene.taxonomy import VOID

_SAME_PLACE_PX = 4.0  # on the screen


def clicked_selection(selection: Set[int], clicked: int, *, extend: bool) -> frozenset[int]:
    """The selection after a click on segment `clicked`: it alone, or with `extend` added or taken away.

    A click on void, or outside the image, clears the selection; with `extend` it changes nothing.
    """
    if clicked == VOID:
        return frozenset(selection) if extend else frozenset()
    return frozenset(selection) ^ {clicked} if extend else frozenset({clicked})


class Select(Tool):
    """Click a segment to select it, again for what else may be meant there; drag around several."""

    name = "select"
    title = "Select"
    icon = "select"
    shortcut = "V"
    hint = "Click a segment, again for the next one there · drag around several · Shift or Ctrl adds or takes away"

    def __init__(self) -> None:
        super().__init__()
        self._pressed: int | None = None
        self._line = OutlineDraft()
        self._last_click: tuple[float, float] | None = None
        self.extends = False

    def options(self, document: Document | None) -> tuple[Option, ...]:
        tip = "Every click adds a segment or takes it away, as with Shift held"
        return (ToggleOption("extends", "Add to the selection", self.extends, tip),)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key != "extends":
            super().set_option(key, value, document)
        self.extends = bool(value)
        self.option_changed.emit(key)

    @property
    def busy(self) -> bool:
        return self._pressed is not None

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT:
            self._pressed = document.segment_at(*event.pixel)
            self._line = traced(OutlineDraft(), event)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self._pressed is not None:
            self._line = traced(self._line, event)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        pressed, line = self._pressed, traced(self._line, event)
        self.cancel(document)
        if pressed is None or event.button is not Button.LEFT:
            return
        extend = self.extends or Modifier.SHIFT in event.modifiers or Modifier.CTRL in event.modifiers
        if event.is_drag:
            self._last_click = None
            inside = segments_inside(document.map, line.points_yx)
            if inside:  # a drag that meets no segment was none: nothing is lost by accident
                document.set_selection(document.selection | inside if extend else inside)
            return
        place = (event.y, event.x)
        is_again = self._last_click is not None and math.dist(place, self._last_click) * event.scale <= _SAME_PLACE_PX
        self._last_click = place
        if is_again and not extend and document.selection and pressed != VOID:
            pressed = next_under(segments_under(document.map, event.pixel, document.prediction), document.selection)
        document.set_selection(clicked_selection(document.selection, pressed, extend=extend))

    def cancel(self, document: Document) -> None:
        self._pressed = None
        self._line = OutlineDraft()

    def finish(self, document: Document) -> None:
        self.cancel(document)
        self._last_click = None

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        return (Sketch(self._line.points_yx, True),) if len(self._line) > 2 else ()
