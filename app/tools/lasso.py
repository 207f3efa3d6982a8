"""The lasso: a region drawn freehand."""

from __future__ import annotations

import math

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort
from seamseg_studio.app.tools.events import Button, Shown, Sketch, ToolEvent
from seamseg_studio.app.tools.region import RegionTool, target_rgb
from seamseg_studio.engine.scene.geometry import polygon_mask
from seamseg_studio.engine.scene.outline_draft import OutlineDraft

_STEP_PX = 1.5  # on the screen: corners nearer than that show nothing


def traced(draft: OutlineDraft, event: ToolEvent) -> OutlineDraft:
    """A freehand line after the pointer moved."""
    point = (event.y, event.x)
    if len(draft) and math.dist(draft.points_yx[-1], point) * event.scale < _STEP_PX:
        return draft
    return draft.with_corner(point)


class Lasso(RegionTool):
    """Drag around a region; the release closes it."""

    name = "lasso"
    title = "Lasso"
    icon = "lasso"
    shortcut = "Q"
    hint = "Drag around a region · Shift adds to the selected segment, Ctrl subtracts · Esc cancels"

    def __init__(self) -> None:
        super().__init__()
        self._draft = OutlineDraft()

    @property
    def busy(self) -> bool:
        return len(self._draft) > 0

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT and not self.busy:
            self._begin(event.modifiers)
            self._draft = traced(self._draft, event)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self.busy:
            self._draft = traced(self._draft, event)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT or not self.busy:
            return
        if event.is_drag:
            self._draft = traced(self._draft, event)
            self.finish(document)
        else:
            self.cancel(document)  # a click draws nothing by accident

    def cancel(self, document: Document) -> None:
        self._draft = OutlineDraft()

    def finish(self, document: Document) -> None:
        draft, self._draft = self._draft, OutlineDraft()
        if draft.encloses:
            self._commit(document, *polygon_mask(draft.points_yx, document.map.shape))

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        if document is None or not self.busy:
            return ()
        return (Sketch(self._draft.points_yx, True, fill_rgb=target_rgb(document, self._mode_now)),)
