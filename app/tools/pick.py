"""The picker: takes the category under the pointer to paint with."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, ToolEvent
from seamseg_studio.app.tools.options import Option, ToggleOption
from seamseg_studio.engine.scene.taxonomy import VOID


class Pick(Tool):
    """Click a segment to paint with its category from now on."""

    name = "pick"
    title = "Pick category"
    icon = "pick"
    shortcut = "I"
    hint = "Click a segment to paint with its category"

    def __init__(self) -> None:
        super().__init__()
        self.selects = False

    def options(self, document: Document | None) -> tuple[Option, ...]:
        tip = "Of a thing, the brush then goes on with the instance clicked instead of beginning a new one"
        return (ToggleOption("selects", "Select it too", self.selects, tip),)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key != "selects":
            super().set_option(key, value, document)
        self.selects = bool(value)
        self.option_changed.emit(key)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        segment_id = document.segment_at(*event.pixel)
        if event.button is not Button.LEFT:
            return
        if segment_id == VOID:
            self.hint_changed.emit("There is no segment here")
            return
        category = document.map.segments[segment_id].category
        document.set_current_category(category)
        if self.selects:
            document.set_selection({segment_id})
        told = QCoreApplication.translate("Tools", "Painting {0} now")
        self.hint_changed.emit(told.format(document.taxonomy[category].name))

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)
