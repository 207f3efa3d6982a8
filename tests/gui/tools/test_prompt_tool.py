"""Asking the model: what it proposes is shown first, Enter takes it as one step, Esc leaves the map alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import CAR_CATEGORY, SHAPE, SKY_CATEGORY
from engine_double import PendingAnswer
from hand import Hand
from PySide6.QtCore import Qt

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import AskModel, MaskSketch, Tool
from seamseg_studio.engine.service.protocol import (
    BoxPrompt,
    CategoryScore,
    ClickPrompt,
    PackedMask,
    Prompt,
    PromptAnswer,
    StrokesPrompt,
)

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
RANKING = (CategoryScore(CAR_CATEGORY, 0.8), CategoryScore(SKY_CATEGORY, 0.2))


class _Model:
    """Hears prompts, and answers when told to."""

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []
        self.answers: list[PendingAnswer] = []

    def ask(self, prompt: Prompt) -> PendingAnswer:
        self.prompts.append(prompt)
        self.answers.append(PendingAnswer())
        return self.answers[-1]

    def say(self, y0: int, x0: int, height: int, width: int, **more: int) -> None:
        mask = PackedMask.of(np.ones((height, width), bool), y0, x0)
        self.answers[-1].succeeded.emit(PromptAnswer(mask, RANKING, 0.9, **more), "model")


@pytest.fixture
def model() -> _Model:
    return _Model()


@pytest.fixture
def tool(take: Callable[..., Tool], model: _Model) -> AskModel:
    tool = take("prompt")
    assert isinstance(tool, AskModel)
    tool.ask = model.ask  # type: ignore[assignment]
    return tool


def _ghost(tool: AskModel, document: Document) -> MaskSketch | None:
    return next((shown for shown in tool.sketch(document) if isinstance(shown, MaskSketch)), None)


def test_a_box_is_asked_shown_and_taken_by_enter_as_one_step(
    tool: AskModel, model: _Model, document: Document, hand: Hand
) -> None:
    before = document.map.ids.copy()
    hand.drag((20, 30), (60, 90))
    assert model.prompts == [BoxPrompt(20, 30, 61, 91)]
    assert _ghost(tool, document) is None
    model.say(25, 35, 10, 20)
    ghost = _ghost(tool, document)
    assert ghost is not None
    assert ghost.box == (25, 35, 35, 55)
    assert np.array_equal(document.map.ids, before)
    hand.key(Qt.Key.Key_Return)
    assert not tool.busy
    made = document.segment_at(30, 40)
    assert document.map.segments[made].category == CAR_CATEGORY
    assert document.selection == {made}
    assert (document.map.ids != before).sum() == 200
    assert document.undo()
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo


def test_escape_leaves_the_map_alone(tool: AskModel, model: _Model, document: Document, hand: Hand) -> None:
    hand.click(40, 40)
    hand.key(Qt.Key.Key_Escape)
    assert model.answers[0].cancelled
    hand.click(40, 40)
    model.say(0, 0, 50, 50)
    assert _ghost(tool, document) is not None
    hand.key(Qt.Key.Key_Escape)
    assert _ghost(tool, document) is None
    assert not tool.busy
    assert not document.can_undo


def test_clicks_at_one_place_ask_for_the_next_proposal(tool: AskModel, model: _Model, hand: Hand) -> None:
    hand.click(40, 40)
    model.say(0, 0, 50, 50, turn=0, num_turns=3)
    hand.click(40, 40)
    model.say(0, 0, 40, 40, turn=1, num_turns=3)
    hand.click(150, 100)
    turns = [prompt.turn for prompt in model.prompts if isinstance(prompt, ClickPrompt)]
    assert turns == [0, 1, 0]


def test_shift_and_ctrl_clicks_refine_what_is_shown_and_backspace_takes_them_back(
    tool: AskModel, model: _Model, document: Document, hand: Hand
) -> None:
    hand.click(40, 40)
    model.say(0, 0, 50, 50)
    hand.click(60, 60, keys=SHIFT)
    model.say(0, 0, 70, 70)
    hand.click(10, 10, keys=CTRL)
    last = model.prompts[-1]
    assert isinstance(last, StrokesPrompt)
    assert last.start is not None
    assert last.start.box == (0, 0, 50, 50)
    assert (len(last.positive), len(last.negative), last.category) == (1, 1, CAR_CATEGORY)
    hand.key(Qt.Key.Key_Backspace)
    hand.key(Qt.Key.Key_Backspace)
    ghost = _ghost(tool, document)
    assert ghost is not None
    assert ghost.box == (0, 0, 50, 50)
    hand.key(Qt.Key.Key_Backspace)
    assert not tool.busy


def test_another_category_of_the_ranking_may_be_chosen(
    tool: AskModel, model: _Model, document: Document, hand: Hand
) -> None:
    hand.drag((20, 30), (60, 90))
    model.say(25, 35, 10, 20)
    option = tool.options(document)[0]
    assert [value for value, _ in option.choices] == [str(CAR_CATEGORY), str(SKY_CATEGORY)]  # type: ignore[union-attr]
    tool.set_option("category", str(SKY_CATEGORY), document)
    last = model.prompts[-1]
    assert isinstance(last, BoxPrompt)
    assert last.category == SKY_CATEGORY
    ghost = _ghost(tool, document)
    assert ghost is not None
    assert ghost.rgb == document.taxonomy[SKY_CATEGORY].color


def test_a_question_that_went_with_its_engine_is_no_longer_waited_for(
    tool: AskModel, model: _Model, document: Document, hand: Hand
) -> None:
    hand.drag((20, 30), (60, 90))
    assert tool.busy
    model.answers[-1].ended.emit()
    assert not tool._question.is_open
    hand.drag((20, 30), (60, 90))
    model.say(25, 35, 10, 20)
    model.answers[-1].ended.emit()
    assert _ghost(tool, document) is not None


def test_what_went_wrong_and_nothing_found_are_said(
    tool: AskModel, model: _Model, document: Document, hand: Hand, canvas: Canvas
) -> None:
    hints: list[str] = []
    tool.hint_changed.connect(hints.append)
    hand.click(40, 40)
    model.answers[-1].failed.emit("the engine is stopped")
    assert hints[-1] == "the engine is stopped"
    hand.click(40, 40)
    model.answers[-1].succeeded.emit(PromptAnswer(PackedMask.of(np.zeros((1, 1), bool)), (), 0.0), "model")
    assert "finds nothing" in hints[-1]
    hand.key(Qt.Key.Key_Return)
    assert not document.can_undo
    assert document.map.shape == SHAPE


def test_a_late_answer_to_an_older_question_is_not_shown(
    tool: AskModel, model: _Model, document: Document, hand: Hand
) -> None:
    hand.click(40, 40)
    old = model.answers[0]
    hand.click(150, 100)
    assert old.cancelled
    mask = PackedMask.of(np.ones((5, 5), bool))
    old.succeeded.emit(PromptAnswer(mask, RANKING, 0.9), "model")
    assert _ghost(tool, document) is None
