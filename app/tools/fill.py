"""The fill tool: a click gives a connected part, or the holes of a segment, to a segment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, MaskSketch, Shown, ToolEvent
from seamseg_studio.app.tools.options import ChoiceOption, Option
from seamseg_studio.app.tools.policy_options import editable_option, set_policy_option
from seamseg_studio.app.tools.region import NOTHING_CHANGED
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.picking import holes_of, part_at
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
        self._hovered: tuple[int, int] | None = None
        self._shown: _Part | None = None
        self._place: tuple[Document, CanvasPort] | None = None
        self._worker: Background[_Part] = Background("fill", self._on_worker_ready, self)

    @property
    def busy(self) -> bool:
        return self._pressed is not None

    def options(self, document: Document | None) -> tuple[Option, ...]:
        titles = ((Filled.PART.value, "The part clicked"), (Filled.HOLES.value, "Holes"))
        option = ChoiceOption("filled", "What", self.filled.value, titles, "What a click fills")
        return (option,) if document is None else (option, editable_option(document))

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "filled":
            self.filled = Filled(str(value))
            self._forget()
        elif not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        y, x = event.pixel
        height, width = document.map.shape
        if event.button is Button.LEFT and 0 <= y < height and 0 <= x < width:
            self._pressed = (y, x)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        """Shows what a click would fill; it is found beside the window's thread."""
        y, x = event.pixel
        height, width = document.map.shape
        self._place = (document, canvas)
        self._hovered = (y, x) if 0 <= y < height and 0 <= x < width else None
        if self._hovered is None:
            self._forget()
        elif self._shown is None or not self._shown.is_at(self._hovered, document):
            self._shown = None
            self._worker.request(partial(_part, document, self._hovered, self.filled))

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None or event.button is not Button.LEFT or event.is_drag:
            return
        clicked = document.segment_at(*pressed)
        self._forget()
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

    def finish(self, document: Document) -> None:
        self.cancel(document)
        self._forget()
        self._place = None

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        part = self._shown
        if document is None or part is None or self._hovered is None or not part.is_at(self._hovered, document):
            return ()
        category = document.current_category
        if self.filled is Filled.HOLES:
            segment = document.map.segments.get(part.segment_id)
            category = category if segment is None else segment.category
        return (MaskSketch(part.mask, part.box, document.displayed_taxonomy[category].color),)

    def _forget(self) -> None:
        self._worker.drop()
        self._shown = None

    def _on_worker_ready(self, part: _Part) -> None:
        if self._place is not None and part.document is self._place[0]:
            self._shown = part
            self._place[1].refresh_cursor()


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What a click would fill."""

    document: Document
    segment_id: int
    filled: Filled
    mask: Mask
    box: Box

    def is_at(self, pixel: tuple[int, int], document: Document) -> bool:
        """Whether a click at a pixel of the document would still fill this."""
        if document is not self.document or document.segment_at(*pixel) != self.segment_id:
            return False
        y, x = pixel[0] - self.box.y0, pixel[1] - self.box.x0
        inside = 0 <= y < self.box.height and 0 <= x < self.box.width
        return self.filled is Filled.HOLES or (inside and bool(self.mask[y, x]))


def _part(document: Document, pixel: tuple[int, int], filled: Filled) -> _Part:
    panoptic_map, segment_id = document.map, document.segment_at(*pixel)
    if filled is Filled.PART:
        found = part_at(panoptic_map, pixel)
    elif segment_id == VOID:
        found = np.zeros((0, 0), dtype=np.bool_), EMPTY_BOX
    else:
        found = holes_of(panoptic_map, segment_id)
    return _Part(document, segment_id, filled, *found)


def _make(
    document: Document, seed_yx: tuple[int, int], target: int | Segment, label: str, policy: EditingPolicy
) -> Patch:
    patch = flood_fill(document.map, seed_yx, target, policy, label)
    if patch.is_empty:
        raise EditError(NOTHING_CHANGED)
    return patch
