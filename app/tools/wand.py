"""The magic wand: a press chooses a place, a drag how unlike it pixels may be."""

from __future__ import annotations

from functools import partial

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.tools.base import CanvasPort
from seamseg_studio.app.tools.events import Button, MaskSketch, Shown, ToolEvent
from seamseg_studio.app.tools.options import ChoiceOption, Option, SliderOption, ToggleOption
from seamseg_studio.app.tools.region import RegionTool, target_rgb
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.wand import like_colored

MAX_TOLERANCE = 128
_SCREEN_PX_PER_LEVEL = 2.0
_REACHES_PX = (128, 512, 1024, 2048, 8192)


class Wand(RegionTool):
    """Gives the pixels of a like colour around a place to a segment. They are found beside the window's thread."""

    name = "wand"
    title = "Magic wand"
    icon = "wand"
    shortcut = "W"
    hint = "Press on a colour, drag right or left for more or less of it · Shift adds, Ctrl subtracts · Esc cancels"

    def __init__(self) -> None:
        super().__init__()
        self.tolerance = 16
        self.reach_px = 1024
        self.fills_holes = True
        self._start: ToolEvent | None = None
        self._start_tolerance = self.tolerance
        self._is_released = False
        self._found: tuple[Mask, Box] | None = None
        self._place: tuple[Document, CanvasPort] | None = None
        self._search: Background[tuple[Mask, Box]] = Background("wand", self._on_search_ready, self)

    @property
    def busy(self) -> bool:
        return self._start is not None

    def own_options(self) -> tuple[Option, ...]:
        return (
            SliderOption(
                "tolerance",
                "Tolerance",
                self.tolerance,
                0,
                MAX_TOLERANCE,
                tip="How far a colour may be from the one pressed on, in levels; a drag changes it",
            ),
            ChoiceOption(
                "reach",
                "Reach",
                str(self.reach_px),
                tuple((str(reach), f"{reach} px") for reach in sorted({*_REACHES_PX, self.reach_px})),
                "How far from the place is looked, in rows and columns",
                is_folded=True,
            ),
            ToggleOption("holes", "Fill holes", self.fills_holes, "Enclosed specks of another colour belong to it too"),
        )

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "tolerance" and isinstance(value, int | float):
            self.tolerance = round(min(max(value, 0), MAX_TOLERANCE))
        elif key == "reach":
            self.reach_px = max(1, int(str(value)))
        elif key == "holes":
            self.fills_holes = bool(value)
        else:
            super().set_option(key, value, document)
            return
        self.option_changed.emit(key)

    def step_size(self, steps: int) -> None:
        self.set_option("tolerance", self.tolerance + 2 * steps, None)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        y, x = event.pixel
        height, width = document.map.shape
        if event.button is not Button.LEFT or self.busy or not (0 <= y < height and 0 <= x < width):
            return
        self._begin(event.modifiers)
        self._start, self._start_tolerance = event, self.tolerance
        self._is_released = False
        self._place = (document, canvas)
        self._look()

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self._start is None or self._is_released or not event.is_drag:
            return
        way_px = (event.x - self._start.x) * event.scale
        before = self.tolerance
        self.set_option("tolerance", self._start_tolerance + way_px / _SCREEN_PX_PER_LEVEL, document)
        if self.tolerance != before:
            self._look()

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT and self.busy:
            self._is_released = True
            self._commit_found()

    def cancel(self, document: Document) -> None:
        if self.busy:
            self._end()
            self.set_option("tolerance", self._start_tolerance, document)

    def finish(self, document: Document) -> None:
        if self.busy:
            self._is_released = True
            self._search.finish()
            self._commit_found()

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        if document is None or self._found is None:
            return ()
        return (MaskSketch(*self._found, target_rgb(document, self._mode_now)),)

    def _look(self) -> None:
        assert self._start is not None
        assert self._place is not None
        document = self._place[0]
        self._search.request(
            partial(
                like_colored,
                document.image,
                self._start.pixel,
                self.tolerance,
                self.reach_px,
                document.policy.region,
                fills_holes=self.fills_holes,
            )
        )

    def _on_search_ready(self, found: tuple[Mask, Box]) -> None:
        assert self._place is not None
        self._found = found
        self._commit_found()
        self._place[1].refresh_cursor()

    def _commit_found(self) -> None:
        if self._found is None or not self._is_released or self._search.busy or self._place is None:
            return
        found, document = self._found, self._place[0]
        self._end()
        self._commit(document, *found)

    def _end(self) -> None:
        self._search.drop()
        self._start = self._found = None
        self._is_released = False
