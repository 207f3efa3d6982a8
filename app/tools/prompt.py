"""Asking the model: a box or a click proposes a segment, which is shown before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.question import Question
from seamseg_studio.app.tools.area import box_between
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import (
    Button,
    CursorKind,
    CursorShape,
    MaskSketch,
    Modifier,
    Shown,
    Sketch,
    ToolEvent,
    ToolKey,
)
from seamseg_studio.app.tools.options import ChoiceOption, Option
from seamseg_studio.app.tools.policy_options import editable_option, set_policy_option
from seamseg_studio.app.tools.region import NOTHING_CHANGED
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.region_edits import RegionMode, apply_region
from seamseg_studio.engine.service.protocol import BoxPrompt, ClickPrompt, Line, PromptAnswer, StrokesPrompt

if TYPE_CHECKING:
    from seamseg_studio.app.jobs.engine_jobs import Answer
    from seamseg_studio.engine.service.protocol import Prompt

_SAME_PLACE_SCREEN_PX = 6.0  # a click so near to the one before asks for the next proposal
_NUM_CATEGORIES = 6  # offered to choose from
_WAITING = "The model is looking · Esc cancels"
_NOTHING = "The model finds nothing there; try a box around it"


class AskModel(Tool):
    """A drag is a box, a click is a place; Enter takes what is shown. Shift and Ctrl clicks refine it.

    Attributes:
        ask: Asks the model about the open image; set by the window.
    """

    name = "prompt"
    title = "Ask the model"
    icon = "prompt"
    shortcut = "O"
    hint = "Drag a box or click: the model proposes a segment · click again for the next one"
    keys = frozenset({ToolKey.FINISH, ToolKey.BACK})

    def __init__(self) -> None:
        super().__init__()
        self.ask: Callable[[Prompt], Answer | None] | None = None
        self._place: tuple[Document, CanvasPort] | None = None
        self._start: ToolEvent | None = None
        self._end = (0.0, 0.0)
        self._question = Question(self.hint_changed.emit)
        self._prompt: Prompt | None = None
        self._found: PromptAnswer | None = None
        self._shown: tuple[Mask, Box] | None = None
        self._first: PromptAnswer | None = None  # what the lines refine
        self._lines: tuple[tuple[Line, bool], ...] = ()

    @property
    def busy(self) -> bool:
        return self._start is not None or self._question.is_open or self._found is not None

    def options(self, document: Document | None) -> tuple[Option, ...]:
        if document is None:
            return ()
        options: list[Option] = []
        if self._found is not None and self._found.categories:
            choices = tuple(
                (str(score.category), f"{document.displayed_taxonomy[score.category].name} {score.probability:.0%}")
                for score in self._found.categories[:_NUM_CATEGORIES]
            )
            tip = "What it is, the likeliest first"
            options.append(ChoiceOption("category", "Category", str(self._found.category), choices, tip))
        return (*options, editable_option(document))

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "category" and self._found is not None:
            self._choose(int(str(value)))
        elif not set_policy_option(key, value, document):
            super().set_option(key, value, document)
        self.option_changed.emit(key)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT and self._start is None:
            self._start, self._end = event, (event.y, event.x)
            self._place = (document, canvas)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        self._end = (event.y, event.x)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        start, self._start = self._start, None
        if start is None or event.button is not Button.LEFT:
            return
        if event.is_drag and not start.modifiers & (Modifier.SHIFT | Modifier.CTRL):
            box = box_between((start.y, start.x), (event.y, event.x), document.map.shape)
            self._begin(BoxPrompt(box.y0, box.x0, box.y1, box.x1))
        elif self._found is not None and start.modifiers & (Modifier.SHIFT | Modifier.CTRL):
            points = ((start.y, start.x), (event.y, event.x)) if event.is_drag else ((start.y, start.x),)
            self._lines += ((Line(points, 3.0), Modifier.SHIFT in start.modifiers),)
            self._refine()
        else:
            self._begin(ClickPrompt(start.y, start.x, self._next_turn(start)))

    def key(self, key: ToolKey, document: Document, canvas: CanvasPort) -> None:
        if key is ToolKey.FINISH:
            self._accept(document)
        elif key is ToolKey.BACK and not self.step_back(document):
            self.cancel(document)

    def step_back(self, document: Document) -> bool:
        if not self._lines:
            return False
        self._lines = self._lines[:-1]
        if self._lines:
            self._refine()
        elif self._first is not None:
            self._question.drop()
            self._show(self._first)
        return True

    def cancel(self, document: Document) -> None:
        self._question.drop()
        self._start = self._found = self._shown = self._first = self._prompt = None
        self._lines = ()
        self.hint_changed.emit(self.hint)
        self.option_changed.emit("category")

    def cursor(self, document: Document | None) -> CursorShape:
        return CursorShape(CursorKind.CROSS)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        shown: list[Shown] = []
        if document is None:
            return ()
        if self._shown is not None and self._found is not None and self._found.category is not None:
            shown.append(MaskSketch(*self._shown, document.displayed_taxonomy[self._found.category].color))
        if self._start is not None and self._end != (self._start.y, self._start.x):
            box = box_between((self._start.y, self._start.x), self._end, document.map.shape)
            top, left, bottom, right = box.y0 - 0.5, box.x0 - 0.5, box.y1 - 0.5, box.x1 - 0.5
            shown.append(Sketch(((top, left), (top, right), (bottom, right), (bottom, left)), True))
        shown.extend(Sketch(line.points_yx, corners_yx=line.points_yx) for line, _ in self._lines)
        return tuple(shown)

    # Asking

    def _next_turn(self, event: ToolEvent) -> int:
        former, found = self._prompt, self._found
        if not isinstance(former, ClickPrompt) or found is None or self._lines:
            return 0
        near = max(abs(former.y - event.y), abs(former.x - event.x)) * event.scale <= _SAME_PLACE_SCREEN_PX
        return found.turn + 1 if near else 0

    def _begin(self, prompt: Prompt) -> None:
        self._lines, self._first = (), None
        self._prompt = prompt
        self._send(prompt)

    def _refine(self) -> None:
        if self._first is None:
            self._first = self._found
        assert self._first is not None
        positive = tuple(line for line, is_positive in self._lines if is_positive)
        negative = tuple(line for line, is_positive in self._lines if not is_positive)
        self._send(StrokesPrompt(positive, negative, self._first.mask, self._first.category))

    def _choose(self, category: int) -> None:
        """Takes another category for what is shown; a box is asked again, for its mask may be another."""
        assert self._found is not None
        ordered = sorted(self._found.categories, key=lambda score: score.category != category)
        self._show(replace(self._found, categories=tuple(ordered)))
        if isinstance(self._prompt, BoxPrompt) and not self._lines:
            former = self._prompt
            self._send(BoxPrompt(former.y0, former.x0, former.y1, former.x1, category))

    def _send(self, prompt: Prompt) -> None:
        self._question.drop()
        answer = self.ask(prompt) if self.ask is not None else None
        if answer is None:
            return
        self.hint_changed.emit(_WAITING)
        self._question.put(answer, self._on_found)

    def _on_found(self, found: PromptAnswer) -> None:
        if self._place is not None:
            self._show(found)

    def _show(self, found: PromptAnswer) -> None:
        assert self._place is not None
        document, canvas = self._place
        is_something = found.category is not None and not found.mask.box.is_empty
        self._found = found if is_something else None
        self._shown = (found.mask.pixels(), found.mask.box) if is_something else None
        self.hint_changed.emit(_told(document, found) if is_something else _NOTHING)
        self.option_changed.emit("category")
        canvas.refresh_cursor()

    def _accept(self, document: Document) -> None:
        found, shown = self._found, self._shown
        if found is None or shown is None or found.category is None or self._question.is_open:
            return
        name = document.taxonomy[found.category].name
        target = Segment(found.category, score=found.score, origin=Origin.HUMAN)
        make = partial(_made, document, *shown, target, f"ask the model: {name}")
        self.cancel(document)
        document.edit(make, num_pixels=shown[1].area, then=partial(_select_made, document))


def _told(document: Document, found: PromptAnswer) -> str:
    assert found.category is not None
    name = document.displayed_taxonomy[found.category].name
    text = f"{name} {found.categories[0].probability:.0%}"
    if found.num_turns > 1:
        which = QCoreApplication.translate("Tools", "{0} of {1}").format(found.turn + 1, found.num_turns)
        text = f"{text} · {which}"
    keys = QCoreApplication.translate("Tools", "Enter takes it, Esc not · Shift adds, Ctrl takes away")
    return f"{text} · {keys}"


def _made(document: Document, mask: Mask, box: Box, target: Segment, label: str, policy: EditingPolicy) -> Patch:
    patch = apply_region(document.map, mask, box, target, policy, RegionMode.ADD, document.second_choice, label)
    if patch.is_empty:
        raise EditError(NOTHING_CHANGED)
    return patch


def _select_made(document: Document, patch: Patch) -> None:
    made = [i for i, record in patch.segments_before.items() if record is None and i in document.map.segments]
    if made:
        document.set_selection(made)
