"""The split tool: a line across a segment, scribbles on its parts, or what the model doubts make several of it."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, Shown, Sketch, ToolEvent, ToolKey
from seamseg_studio.app.tools.lasso import traced
from seamseg_studio.app.tools.options import ChoiceOption, Option
from seamseg_studio.engine.scene.immersion import split_by_doubt
from seamseg_studio.engine.scene.outline_draft import OutlineDraft
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.picking import segment_along
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.shape_edits import split_by_line, split_by_seeds
from seamseg_studio.engine.scene.taxonomy import VOID


class SplitBy(StrEnum):
    """What divides a segment."""

    LINE = "line"
    SCRIBBLES = "scribbles"
    MODEL = "model"


class Split(Tool):
    """A line across a segment, scribbles on its parts and Enter, or a click that lets the model divide it."""

    name = "split"
    title = "Split"
    icon = "split"
    shortcut = "Alt+M"
    hint = (
        "Drag a line right across a segment · with Scribbles, drag over each part, then Enter"
        " · with The model, click a segment · Backspace takes one back · Esc cancels"
    )
    keys = frozenset({ToolKey.FINISH, ToolKey.BACK})

    def __init__(self) -> None:
        super().__init__()
        self.by = SplitBy.LINE
        self._line = OutlineDraft()
        self._scribbles: list[OutlineDraft] = []

    @property
    def busy(self) -> bool:
        return len(self._line) > 0 or bool(self._scribbles)

    def options(self, document: Document | None) -> tuple[Option, ...]:
        titles = (
            (SplitBy.LINE.value, "A line"),
            (SplitBy.SCRIBBLES.value, "Scribbles"),
            (SplitBy.MODEL.value, "The model"),
        )
        tip = (
            "A line cuts where it is drawn; scribbles let the edges of the picture decide where the border runs;"
            " the model divides where it is unsure"
        )
        return (ChoiceOption("by", "Split by", self.by.value, titles, tip),)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key != "by":
            super().set_option(key, value, document)
        self.by = SplitBy(str(value))
        self._line, self._scribbles = OutlineDraft(), []
        self.option_changed.emit(key)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT and not len(self._line):
            self._line = traced(self._line, event)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if len(self._line):
            self._line = traced(self._line, event)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT or not len(self._line):
            return
        line, self._line = traced(self._line, event), OutlineDraft()
        if self.by is SplitBy.MODEL:
            self._split_by_model(document, event)
        elif not event.is_drag:
            return  # a click is no line
        elif self.by is SplitBy.SCRIBBLES:
            self._scribbles.append(line)
        else:
            self._split(document, [line])

    def key(self, key: ToolKey, document: Document, canvas: CanvasPort) -> None:
        if key is ToolKey.BACK:
            self._scribbles = self._scribbles[:-1]
        elif len(self._scribbles) < 2:
            self.hint_changed.emit("Scribble on two parts of the segment at least, then press Enter")
        else:
            scribbles, self._scribbles = self._scribbles, []
            self._split(document, scribbles)

    def cancel(self, document: Document) -> None:
        self._line, self._scribbles = OutlineDraft(), []

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        return tuple(Sketch(line.points_yx) for line in (*self._scribbles, self._line) if len(line))

    def _split_by_model(self, document: Document, event: ToolEvent) -> None:
        segment_id = document.segment_at(*event.pixel)
        uncertainty = document.prediction.uncertainty if document.prediction is not None else None
        if segment_id == VOID:
            self.hint_changed.emit("There is no segment here")
        elif uncertainty is None:
            self.hint_changed.emit("Label this image again to know where the model is unsure of it")
        else:
            label = f"split {document.describe([segment_id])}"
            make = partial(_make_by_doubt, document, segment_id, uncertainty, label)
            document.edit(make, num_pixels=document.map.bbox(segment_id).area, then=partial(_select, document))

    def _split(self, document: Document, lines: list[OutlineDraft]) -> None:
        points = [point for line in lines for point in line.points_yx]
        segment_id = segment_along(document.map, points, document.selection)
        if segment_id == VOID:
            self.hint_changed.emit("There is no segment under the line")
            return
        make = partial(_make, document, segment_id, lines, f"split {document.describe([segment_id])}")
        document.edit(make, num_pixels=document.map.bbox(segment_id).area, then=partial(_select, document))


def _make(document: Document, segment_id: int, lines: list[OutlineDraft], label: str, policy: EditingPolicy) -> Patch:
    if len(lines) == 1:
        return split_by_line(document.map, segment_id, lines[0].points_yx, policy, label)
    seeds = [line.points_yx for line in lines]
    return split_by_seeds(document.map, segment_id, seeds, document.image, policy, label)


def _make_by_doubt(
    document: Document, segment_id: int, uncertainty: NDArray[np.uint8], label: str, policy: EditingPolicy
) -> Patch:
    return split_by_doubt(document.map, segment_id, uncertainty, policy, label)


def _select(document: Document, patch: Patch) -> None:
    """Selects the parts, so that the next key gives them a category or deletes one."""
    document.set_selection(patch.touched_ids)
