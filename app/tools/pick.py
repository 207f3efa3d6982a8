"""The picker: takes the category under the pointer to paint with."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from seamseg_studio.app.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, ToolEvent
from seamseg_studio.engine.scene.taxonomy import VOID


class Pick(Tool):
    """Click a segment to paint with its category from now on."""

    name = "pick"
    title = "Pick category"
    icon = "pick"
    shortcut = "I"
    hint = "Click a segment to paint with its category"

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        segment_id = document.segment_at(*event.pixel)
        if event.button is not Button.LEFT:
            return
        if segment_id == VOID:
            self.hint_changed.emit("There is no segment here")
            return
        category = document.map.segments[segment_id].category
        document.set_current_category(category)
        told = QCoreApplication.translate("Tools", "Painting {0} now")
        self.hint_changed.emit(told.format(document.taxonomy[category].name))

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)
