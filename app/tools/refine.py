"""The refine tool: a drag on a segment grows, shrinks or smooths it by as much as the drag says."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from PySide6.QtCore import QCoreApplication

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, MaskSketch, Modifier, Shown, ToolEvent
from seamseg_studio.app.tools.options import ChoiceOption, Option, SliderOption
from seamseg_studio.app.tools.policy_options import editable_option, fill_option, set_policy_option
from seamseg_studio.engine.scene.errors import SceneError
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.preview import changed_pixels
from seamseg_studio.engine.scene.shape_edits import grow, shrink, smooth
from seamseg_studio.engine.scene.taxonomy import VOID

MAX_RADIUS_PX = 64
_SCREEN_PX_PER_PX = 6.0


class Refining(StrEnum):
    """What happens to a border."""

    GROW = "grow"
    SMOOTH = "smooth"


class Refine(Tool):
    """Drag on a segment: right grows it and left shrinks it, or its borders become smooth with all neighbours."""

    name = "refine"
    title = "Grow and smooth"
    icon = "refine"
    shortcut = "T"
    hint = "Drag on a segment: right grows, left shrinks · a click uses the amount above, Ctrl inverts · Esc cancels"

    def __init__(self) -> None:
        super().__init__()
        self.refining = Refining.GROW
        self.amount_px = 3
        self._start: ToolEvent | None = None
        self._segment_id = VOID
        self._radius_px = 0
        self._place: tuple[Document, CanvasPort] | None = None
        self._preview: tuple[Mask, Box] | None = None
        self._worker: Background[tuple[Mask, Box] | None] = Background("refine", self._on_worker_ready, self)

    @property
    def busy(self) -> bool:
        return self._start is not None

    def options(self, document: Document | None) -> tuple[Option, ...]:
        titles = ((Refining.GROW.value, "Grow or shrink"), (Refining.SMOOTH.value, "Smooth"))
        options: list[Option] = [
            ChoiceOption("refining", "Border", self.refining.value, titles, "What a click or a drag does"),
            SliderOption("amount", "Amount", self.amount_px, 1, MAX_RADIUS_PX, "px", True, "Of a click: [ and ]"),
        ]
        if document is not None:
            options += [editable_option(document), fill_option(document)]
        return tuple(options)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "refining":
            self.refining = Refining(str(value))
        elif key == "amount" and isinstance(value, int | float):
            self.amount_px = round(min(max(value, 1), MAX_RADIUS_PX))
        elif not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def step_size(self, steps: int) -> None:
        self.set_option("amount", self.amount_px + steps, None)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        segment_id = document.segment_at(*event.pixel)
        if event.button is not Button.LEFT or self.busy or segment_id == VOID:
            return
        self._start, self._segment_id = event, segment_id
        self._radius_px = -self.amount_px if Modifier.CTRL in event.modifiers else self.amount_px
        self._place = (document, canvas)
        document.history_changed.connect(self._on_document_history_changed)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self._start is None or not event.is_drag:
            return
        way_px = (event.x - self._start.x) * event.scale / _SCREEN_PX_PER_PX
        radius = round(min(max(way_px, -MAX_RADIUS_PX), MAX_RADIUS_PX))
        if radius != self._radius_px:
            self._radius_px = radius
            self.hint_changed.emit(self._told())
            policy = document.effective_policy
            self._worker.request(partial(_previewed, partial(self._maker(document), policy)))

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT and self.busy:
            self._commit(document)

    def cancel(self, document: Document) -> None:
        if not self.busy:
            return
        document.history_changed.disconnect(self._on_document_history_changed)
        self._worker.drop()
        self._start = self._preview = None
        self.hint_changed.emit(self.hint)

    def finish(self, document: Document) -> None:
        if self.busy:
            self._commit(document)

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        segment = document.map.segments.get(self._segment_id) if document is not None else None
        if document is None or self._preview is None or segment is None:
            return ()
        return (MaskSketch(*self._preview, document.displayed_taxonomy[segment.category].color),)

    def _told(self) -> str:
        if self.refining is Refining.SMOOTH:
            text = QCoreApplication.translate("Tools", "Smooth by {0} px")
        elif self._radius_px >= 0:
            text = QCoreApplication.translate("Tools", "Grow by {0} px")
        else:
            text = QCoreApplication.translate("Tools", "Shrink by {0} px")
        return text.format(abs(self._radius_px))

    def _maker(self, document: Document) -> partial[Patch]:
        return partial(refined, document, self._segment_id, self.refining, self._radius_px)

    def _commit(self, document: Document) -> None:
        make, reach = self._maker(document), document.map.bbox(self._segment_id)
        radius = self._radius_px
        self.cancel(document)
        if radius and self._segment_id in document.map.segments:
            document.edit(make, num_pixels=reach.grown(abs(radius), document.map.shape).area)

    def _on_document_history_changed(self) -> None:
        """The map is another now, by undo or a prediction: what was shown would not be what is done."""
        if self._place is not None:
            self.cancel(self._place[0])

    def _on_worker_ready(self, preview: tuple[Mask, Box] | None) -> None:
        if self._place is not None and self.busy:
            self._preview = preview
            self._place[1].refresh_cursor()


def refined(document: Document, segment_id: int, refining: Refining, radius_px: int, policy: EditingPolicy) -> Patch:
    """The patch that grows (below 0: shrinks) or smooths a segment."""
    panoptic_map, name = document.map, document.describe([segment_id])
    if refining is Refining.SMOOTH:
        return smooth(panoptic_map, [segment_id], max(abs(radius_px), 1), policy, f"smooth {name}")
    if radius_px >= 0:
        return grow(panoptic_map, segment_id, radius_px, policy, f"grow {name}")
    return shrink(panoptic_map, segment_id, -radius_px, policy, document.second_choice, f"shrink {name}")


def _previewed(make: partial[Patch]) -> tuple[Mask, Box] | None:
    try:
        return changed_pixels(make())
    except SceneError:
        return None  # the release says why
