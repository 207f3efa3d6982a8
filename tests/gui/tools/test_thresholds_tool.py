"""Moving the model's thresholds: what it would say is shown first, Enter takes it, Esc leaves the map alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import CAR_CATEGORY, MakeDocument
from engine_double import PendingAnswer
from hand import Hand
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import MaskSketch, SliderOption, Thresholds, Tool
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service.protocol import PredictOptions


class _Model:
    """Hears thresholds, and answers when told to."""

    def __init__(self) -> None:
        self.asked: list[PredictOptions] = []
        self.answers: list[PendingAnswer] = []

    def ask(self, options: PredictOptions) -> PendingAnswer:
        self.asked.append(options)
        self.answers.append(PendingAnswer())
        return self.answers[-1]

    def say(self, document: Document, number: int = -1) -> PanopticResult:
        """As the map is, with a car in the top left corner."""
        ids = document.map.ids.copy()
        ids[2:12, 3:23] = ids.max() + 1
        categories = np.full(ids.max() + 1, 255)
        for segment_id, segment in document.map.segments.items():
            categories[segment_id] = segment.category
        categories[-1] = CAR_CATEGORY
        scores = np.full(len(categories), 0.7, np.float32)
        result = PanopticResult(ids, categories, scores, np.zeros(len(categories), bool))
        self.answers[number].succeeded.emit(result, "model")
        return result


@pytest.fixture
def document(make_document: MakeDocument) -> Document:
    """As the model labelled it: no person has said anything."""
    human = make_document().map
    provenance = np.full(human.shape, Origin.MODEL.code, np.uint8)
    return make_document(PanopticMap(human.ids.copy(), human.segments, provenance))


@pytest.fixture
def model() -> _Model:
    return _Model()


@pytest.fixture
def tool(take: Callable[..., Tool], model: _Model) -> Thresholds:
    tool = take("thresholds")
    assert isinstance(tool, Thresholds)
    tool.ask = model.ask  # type: ignore[assignment]
    return tool


def _shown(tool: Thresholds, document: Document, qtbot: QtBot) -> tuple[MaskSketch, ...]:
    qtbot.waitUntil(lambda: not tool._previewer.busy)
    return tuple(shown for shown in tool.sketch(document) if isinstance(shown, MaskSketch))


def _values(tool: Thresholds, document: Document) -> dict[str, float]:
    return {option.key: option.value for option in tool.options(document) if isinstance(option, SliderOption)}


def test_the_sliders_ask_and_the_last_answer_counts(
    tool: Thresholds, model: _Model, document: Document, qtbot: QtBot
) -> None:
    tool.model_area = lambda: 600.0
    assert _values(tool, document) == {"score": 50.0, "overlap": 50.0, "area": 600.0}
    tool.set_option("score", 40.0, document)
    tool.set_option("score", 30.0, document)
    assert [options.score_threshold for options in model.asked] == [0.4, 0.3]
    assert model.asked[-1].min_stuff_area is None
    assert model.answers[0].cancelled
    model.say(document, 0)
    assert _shown(tool, document, qtbot) == ()
    model.say(document)
    (ghost,) = _shown(tool, document, qtbot)
    assert ghost.box == (2, 3, 12, 23)
    assert ghost.rgb == document.displayed_taxonomy[CAR_CATEGORY].color
    tool.set_option("area", 100.0, document)
    tool.set_option("overlap", 70.0, document)
    assert (model.asked[-1].min_stuff_area, model.asked[-1].overlap_threshold) == (100.0, 0.7)
    assert _values(tool, document) == {"score": 30.0, "overlap": 70.0, "area": 100.0}
    with pytest.raises(ValueError, match="no option"):
        tool.set_option("speed", 1.0, document)


def test_enter_takes_what_is_shown_as_one_step(
    tool: Thresholds, model: _Model, document: Document, hand: Hand, canvas: Canvas, qtbot: QtBot
) -> None:
    before = document.map.ids.copy()
    tool.set_option("score", 30.0, document)
    hand.key(Qt.Key.Key_Return)  # the answer is not there yet
    assert not document.can_undo
    model.say(document)
    assert _shown(tool, document, qtbot)
    assert np.array_equal(document.map.ids, before)
    hand.key(Qt.Key.Key_Return)
    made = document.segment_at(5, 5)
    assert document.map.segments[made].category == CAR_CATEGORY
    assert document.map.segments[made].origin == Origin.MODEL
    assert (document.map.ids != before).sum() == 200
    assert not tool.busy
    assert tool.sketch(document) == ()
    assert _values(tool, document)["score"] == 50.0
    assert document.undo()
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo


def test_escape_leaves_the_map_alone(
    tool: Thresholds, model: _Model, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    tool.set_option("score", 30.0, document)
    hand.key(Qt.Key.Key_Escape)
    assert model.answers[0].cancelled
    tool.set_option("score", 20.0, document)
    model.say(document)
    assert _shown(tool, document, qtbot)
    hand.key(Qt.Key.Key_Escape)
    assert tool.sketch(document) == ()
    assert not document.can_undo
    assert _values(tool, document)["score"] == 50.0


def test_a_failure_is_said(tool: Thresholds, model: _Model, document: Document, qtbot: QtBot) -> None:
    said: list[str] = []
    tool.hint_changed.connect(said.append)
    tool.set_option("score", 30.0, document)
    model.answers[0].failed.emit("the engine crashed")
    assert said[-1] == "the engine crashed"
    assert not tool.busy


def test_thresholds_that_change_nothing_say_so(
    tool: Thresholds, model: _Model, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    said: list[str] = []
    tool.hint_changed.connect(said.append)
    tool.set_option("score", 30.0, document)
    model.say(document)
    _shown(tool, document, qtbot)
    hand.key(Qt.Key.Key_Return)
    tool.set_option("score", 29.0, document)
    ids = document.map.ids
    categories = np.array([255, *(document.map.segments[i].category for i in sorted(document.map.segments))])
    same = np.searchsorted([0, *sorted(document.map.segments)], ids).astype(np.int32)
    size = len(categories)
    model.answers[-1].succeeded.emit(
        PanopticResult(same, categories, np.full(size, 0.9, np.float32), np.zeros(size, bool)), "model"
    )
    assert _shown(tool, document, qtbot) == ()
    assert said[-1] == "With these thresholds the model says what is there already"
