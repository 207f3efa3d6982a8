"""The fill tool: a click gives a connected part, or the holes of a segment, to a segment."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from seamseg_studio.app.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, ToolEvent
from seamseg_studio.app.tools.options import ChoiceOption, Option
from seamseg_studio.app.tools.policy_options import editable_option, set_policy_option
from seamseg_studio.app.tools.region import NOTHING_CHANGED
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.shape_edits import flood_fill
from seamseg_studio.engine.scene.taxonomy import VOID


class Filled(StrEnum):
    """What a click fills."""

    PART = "part"
    HOLES = "holes"


class Fill(Tool):
    """Click a part to give it the current category, or a segment to close its holes."""

    name = "fill"
    title = "Fill"
    icon = "fill"
    shortcut = "G"
    hint = "Click a part to give it to the current category · with Holes, click a segment to give it what it encloses"

    def __init__(self) -> None:
        super().__init__()
        self.filled = Filled.PART
        self._pressed: tuple[int, int] | None = None

    @property
    def busy(self) -> bool:
        return self._pressed is not None

    def options(self, document: Document | None) -> tuple[Option, ...]:
        titles = ((Filled.PART.value, "The part clicked"), (Filled.HOLES.value, "Holes"))
        option = ChoiceOption("filled", "Fill", self.filled.value, titles, "What a click fills")
        return (option,) if document is None else (option, editable_option(document))

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "filled":
            self.filled = Filled(str(value))
        elif not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        y, x = event.pixel
        height, width = document.map.shape
        if event.button is Button.LEFT and 0 <= y < height and 0 <= x < width:
            self._pressed = (y, x)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None or event.button is not Button.LEFT or event.is_drag:
            return
        clicked = document.segment_at(*pressed)
        if self.filled is Filled.HOLES:
            if clicked == VOID:
                self.hint_changed.emit("Click a segment: void has no holes to fill")
            else:
                document.fill_holes([clicked])
            return
        name = document.taxonomy[document.current_category].name
        make = partial(_make, document, pressed, document.paint_target(), f"fill with {name}")
        document.edit(make, num_pixels=document.map.bbox(clicked).area)

    def cancel(self, document: Document) -> None:
        self._pressed = None

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)


def _make(
    document: Document, seed_yx: tuple[int, int], target: int | Segment, label: str, policy: EditingPolicy
) -> Patch:
    patch = flood_fill(document.map, seed_yx, target, policy, label)
    if patch.is_empty:
        raise EditError(NOTHING_CHANGED)
    return patch
