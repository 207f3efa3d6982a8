"""The gesture that brush and eraser share: a stroke of round dabs, or a drag that changes the brush's width."""

from __future__ import annotations

from typing import ClassVar

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import brush_size
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.brush_size import SizeDrag
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, Modifier, ToolEvent
from seamseg_studio.app.tools.options import Option, SliderOption, ToggleOption
from seamseg_studio.app.tools.policy_options import editable_option, fill_option, set_policy_option


class PaintingTool(Tool):
    """A round tool whose left drag is a stroke. Ctrl inverts it, Alt + drag changes its width."""

    erases: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self.width_px = 64.0
        self.by_pressure = True
        self._size_drag: SizeDrag | None = None
        self._is_stroking = False

    @property
    def busy(self) -> bool:
        return self._is_stroking or self._size_drag is not None

    def options(self, document: Document | None) -> tuple[Option, ...]:
        options: list[Option] = [
            SliderOption(
                "width", "Size", self.width_px, brush_size.MIN_PX, 2000.0, "px", True, "Width: [ and ], or Alt + drag"
            )
        ]
        if document is not None:
            options.append(editable_option(document, "Erase from" if self.erases else "Paint over"))
            options.append(fill_option(document))
        options.append(ToggleOption("pressure", "Pen pressure", self.by_pressure, "A pen's pressure sets the width"))
        return tuple(options)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "width" and isinstance(value, int | float):
            self.width_px = brush_size.clipped(float(value))
        elif key == "pressure":
            self.by_pressure = bool(value)
        elif not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def step_size(self, steps: int) -> None:
        self.width_px = brush_size.stepped(self.width_px, steps)
        self.option_changed.emit("width")

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT or self.busy:
            return
        if Modifier.ALT in event.modifiers:
            self._size_drag = SizeDrag((event.y, event.x), self.width_px)
        else:
            # The rubber end of a pen erases with any painting tool, as a pencil's does.
            erase = event.is_eraser or self.erases ^ (Modifier.CTRL in event.modifiers)
            self._is_stroking = document.begin_stroke(erase=erase)
            if self._is_stroking:
                document.stroke_to(event.y, event.x, self._radius(event))

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self._size_drag is not None:
            self.width_px = self._size_drag.width(event.x, event.scale)
            self.option_changed.emit("width")
        elif self._is_stroking:
            if document.stroke_active:
                document.stroke_to(event.y, event.x, self._radius(event))
            else:  # somebody else ended it: an undo, another image
                self._is_stroking = False

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT:
            return
        self.finish(document)

    def cancel(self, document: Document) -> None:
        if self._size_drag is not None:
            self.width_px, self._size_drag = self._size_drag.start_px, None
            self.option_changed.emit("width")
        if self._is_stroking:
            self._is_stroking = False
            document.cancel_stroke()

    def finish(self, document: Document) -> None:
        self._size_drag = None
        if self._is_stroking:
            self._is_stroking = False
            document.finish_stroke()

    def cursor(self, document: Document | None) -> CursorShape:
        anchor = self._size_drag.start_yx if self._size_drag is not None else None
        rgb = None
        if document is not None and not self.erases:
            rgb = document.displayed_taxonomy[document.current_category].color
        return CursorShape(CursorKind.DISK, self.width_px / 2, rgb, anchor)

    def _radius(self, event: ToolEvent) -> float:
        return brush_size.pressed_radius(self.width_px, event.pressure, by_pressure=self.by_pressure)
