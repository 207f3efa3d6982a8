"""Selecting segments by clicks."""

from __future__ import annotations

from collections.abc import Set

from seamseg_studio.app.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, Modifier, ToolEvent
from seamseg_studio.engine.scene.taxonomy import VOID


def clicked_selection(selection: Set[int], clicked: int, *, extend: bool) -> frozenset[int]:
    """The selection after a click on segment `clicked`: it alone, or with `extend` added or taken away.

    A click on void, or outside the image, clears the selection; with `extend` it changes nothing.
    """
    if clicked == VOID:
        return frozenset(selection) if extend else frozenset()
    return frozenset(selection) ^ {clicked} if extend else frozenset({clicked})


class Select(Tool):
    """Click a segment to select it; Shift adds or takes away; void clears."""

    name = "select"
    title = "Select"
    icon = "select"
    shortcut = "V"
    hint = "Click a segment · Shift adds or takes away · click void to clear"

    def __init__(self) -> None:
        super().__init__()
        self._pressed: int | None = None

    @property
    def busy(self) -> bool:
        return self._pressed is not None

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT:
            self._pressed = document.segment_at(*event.pixel)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        pressed, self._pressed = self._pressed, None
        # A drag that began here is no click: nothing is selected by accident.
        if pressed is None or event.button is not Button.LEFT or event.is_drag:
            return
        extend = Modifier.SHIFT in event.modifiers or Modifier.CTRL in event.modifiers
        document.set_selection(clicked_selection(document.selection, pressed, extend=extend))

    def cancel(self, document: Document) -> None:
        self._pressed = None
