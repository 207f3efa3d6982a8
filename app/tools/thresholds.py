"""The model's thresholds: what it would say with others is shown as they are moved, and taken or left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.jobs.question import Question
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import CursorKind, CursorShape, MaskSketch, Shown, ToolKey
from seamseg_studio.app.tools.options import Option, SliderOption
from seamseg_studio.app.tools.region import NOTHING_CHANGED
from seamseg_studio.engine.scene.errors import EditError, SceneError
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.proposal import adopt_proposal, changes_by_category
from seamseg_studio.engine.service.protocol import PredictOptions

if TYPE_CHECKING:
    from seamseg_studio.app.jobs.engine_jobs import Answer

_VOID_RGB = (40, 40, 44)
_LABEL = "other thresholds"
_WAITING = "The model is fusing again · Esc cancels"
_NOTHING = "With these thresholds the model says what is there already"
_Preview = tuple[Document, tuple[MaskSketch, ...], int]


class Thresholds(Tool):
    """Sliders; Enter takes what is shown, as one step, and Esc leaves the map alone. What people did stays.

    Attributes:
        ask: Asks the model for the open image with other thresholds; set by the window.
        model_area: The least area of stuff that the model's own maps have; set by the window.
    """

    name = "thresholds"
    title = "Model thresholds"
    icon = "thresholds"
    shortcut = "Shift+O"
    hint = "Move the sliders: what the model would say instead is shown; your own work stays"
    keys = frozenset({ToolKey.FINISH})

    def __init__(self) -> None:
        super().__init__()
        self.ask: Callable[[PredictOptions], Answer | None] | None = None
        self.model_area: Callable[[], float] = lambda: 4096.0
        self._values = {"score": 50.0, "overlap": 50.0}
        self._area: float | None = None  # until it is moved the model's own
        self._document: Document | None = None
        self._question = Question(self.hint_changed.emit)
        self._found: PanopticResult | None = None
        self._shown: tuple[MaskSketch, ...] = ()
        self._previewer: Background[_Preview] = Background("thresholds", self._on_previewer_ready, self)

    @property
    def busy(self) -> bool:
        return self._question.is_open or self._found is not None

    def options(self, document: Document | None) -> tuple[Option, ...]:
        score = "Instances that score below it are left out"
        overlap = "Instances of which a larger share is covered by others are left out"
        area = "Smaller areas of stuff stay unlabelled, in pixels of what the model sees"
        return (
            SliderOption("score", "Score", self._values["score"], 5, 95, "%", tip=score),
            SliderOption("overlap", "Overlap", self._values["overlap"], 5, 95, "%", tip=overlap),
            SliderOption(
                "area", "Least stuff", self._area or max(self.model_area(), 1.0), 1, 65536, "px", True, tip=area
            ),
        )

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        number = float(str(value))
        if key == "area":
            self._area = number
        elif key in self._values:
            self._values[key] = number
        else:
            super().set_option(key, value, document)
        if document is not None:
            self._send(document)
        self.option_changed.emit(key)

    def key(self, key: ToolKey, document: Document, canvas: CanvasPort) -> None:
        if key is ToolKey.FINISH and self._found is not None and not self._question.is_open:
            found = self._found
            self.cancel(document)
            document.edit(partial(_make, document, found), num_pixels=found.ids.size)

    def cancel(self, document: Document) -> None:
        self._question.drop()
        self._previewer.drop()
        self._found, self._shown, self._document = None, (), None
        self._values, self._area = {"score": 50.0, "overlap": 50.0}, None
        self.hint_changed.emit(self.hint)
        self.option_changed.emit("score")

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.ARROW)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        return self._shown if document is not None and document is self._document else ()

    def _send(self, document: Document) -> None:
        """Asks for the map at the thresholds of the sliders; what was asked before counts no more."""
        self._question.drop()
        self._document = document
        options = PredictOptions(
            score_threshold=self._values["score"] / 100,
            overlap_threshold=self._values["overlap"] / 100,
            min_stuff_area=self._area,
            with_second_choice=False,
        )
        answer = self.ask(options) if self.ask is not None else None
        if answer is None:
            return
        self.hint_changed.emit(_WAITING)
        self._question.put(answer, self._on_found)

    def _on_found(self, found: PanopticResult) -> None:
        if self._document is None:
            return
        self._found = found
        self._previewer.request(partial(_preview, self._document, found, self._document.effective_policy))

    def _on_previewer_ready(self, preview: _Preview) -> None:
        document, shown, num_pixels = preview
        if document is not self._document:
            return
        self._shown = shown
        share = num_pixels / document.map.ids.size
        self.hint_changed.emit(
            f"{share:.1%} of the pixels would change · Enter takes it, Esc not" if shown else _NOTHING
        )
        self.option_changed.emit("score")


def _make(document: Document, found: PanopticResult, policy: EditingPolicy) -> Patch:
    patch = adopt_proposal(document.map, found, policy, _LABEL)
    if patch.is_empty:
        raise EditError(NOTHING_CHANGED)
    return patch


def _preview(document: Document, found: PanopticResult, policy: EditingPolicy) -> _Preview:
    """What would change, in the colours that it would get."""
    try:
        patch = adopt_proposal(document.map, found, policy, _LABEL)
        changes = changes_by_category(document.map, patch)
    except SceneError:
        return document, (), 0
    colors = document.displayed_taxonomy
    shown = tuple(
        MaskSketch(mask, box, _VOID_RGB if category is None else colors[category].color)
        for category, mask, box in changes
    )
    return document, shown, patch.num_pixels
