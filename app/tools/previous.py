"""Copying segments from the image before: in a sequence most things stand where they stood."""

from __future__ import annotations

from functools import partial

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, MaskSketch, Shown, ToolEvent
from seamseg_studio.app.tools.options import Option
from seamseg_studio.app.tools.policy_options import editable_option, set_policy_option
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import VOID
from seamseg_studio.engine.scene.transfer import CopiedSegment, copied, paste

_NONE = "There is no labelled image before this one in the project"
_Read = tuple[Document, PanopticMap | None]


class Previous(Tool):
    """Shows the segment of the image before under the pointer; a click copies it to the same place here."""

    name = "previous"
    title = "Copy from the image before"
    icon = "copy_previous"
    shortcut = "J"
    hint = "Point at where a segment was in the image before; click to copy it to the same place here"

    def __init__(self) -> None:
        super().__init__()
        self._map: PanopticMap | None = None
        self._owner: Document | None = None  # whose predecessor `_map` is
        self._canvas: CanvasPort | None = None
        self._shown: tuple[int, MaskSketch] | None = None
        self._pressed = VOID
        self._reader: Background[tuple[Document, PanopticMap | None]] = Background(
            "previous", self._on_reader_ready, self
        )

    @property
    def busy(self) -> bool:
        return self._pressed != VOID

    def options(self, document: Document | None) -> tuple[Option, ...]:
        return () if document is None else (editable_option(document),)

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT:
            self._pressed = self._under(event.pixel, document, canvas)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        segment_id = self._under(event.pixel, document, canvas)
        if self._map is None or segment_id == VOID:
            self._shown = None
        elif self._shown is None or self._shown[0] != segment_id:
            color = document.displayed_taxonomy[self._map.segments[segment_id].category].color
            mask, box = self._map.mask(segment_id)
            seen = box.clipped(document.map.shape)
            mask = mask[seen.moved(-box.y0, -box.x0).slices]
            self._shown = (segment_id, MaskSketch(mask, seen, color))

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        pressed, self._pressed = self._pressed, VOID
        if pressed == VOID or event.button is not Button.LEFT or event.is_drag or self._map is None:
            return
        segments = copied(self._map, [pressed])
        name = document.taxonomy[segments[0].record.category].name
        make = partial(_make, document, segments, f"copy {name} from the image before")
        document.edit(make, num_pixels=segments[0].box.area)

    def cancel(self, document: Document) -> None:
        self._pressed = VOID

    def finish(self, document: Document) -> None:
        self._pressed = VOID
        self._map = self._owner = self._shown = None
        self._reader.drop()

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        return () if document is None or self._shown is None or self._owner is not document else (self._shown[1],)

    def _under(self, pixel: tuple[int, int], document: Document, canvas: CanvasPort) -> int:
        """The segment of the image before at a pixel; void while its map is being read."""
        self._canvas = canvas
        if self._owner is not document:
            self._owner, self._map, self._shown = document, None, None
            self.hint_changed.emit("Reading the image before …")
            self._reader.request(partial(_read, document))
        if self._map is None or not (0 <= pixel[0] < self._map.shape[0] and 0 <= pixel[1] < self._map.shape[1]):
            return VOID
        return int(self._map.ids[pixel])

    def _on_reader_ready(self, read: _Read) -> None:
        document, panoptic_map = read
        if document is not self._owner:
            return
        self._map = panoptic_map
        self.hint_changed.emit(self.hint if panoptic_map is not None else _NONE)
        if self._canvas is not None:
            self._canvas.refresh_cursor()


def map_before(project: Project, image_id: int) -> PanopticMap | None:
    """The map of the last labelled image before `image_id` in the order of the project; None if there is none."""
    before = None
    for record in project.images():
        if record.id == image_id:
            break
        if record.has_labels:
            before = record.id
    return None if before is None else project.load_map(before)


def _read(document: Document) -> _Read:
    try:
        return document, map_before(document.project, document.record.id)
    except (SeamsegError, OSError):
        return document, None


def _make(document: Document, segments: tuple[CopiedSegment, ...], label: str, policy: EditingPolicy) -> Patch:
    return paste(document.map, segments, policy, label)
