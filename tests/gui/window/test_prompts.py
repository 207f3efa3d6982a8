"""Asking the model about one place of the open image, in the project's own words."""

from __future__ import annotations

from typing import Any

import pytest
from gui_fake_engine import CAR, HEIGHT, OTHER_TAXONOMY, PERSON, ROAD, TAXONOMY, WIDTH
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.taxonomy_match import answer_in_words_of, prompt_in_words_of
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.service.protocol import (
    BoxPrompt,
    CategoryScore,
    ClickPrompt,
    Line,
    PackedMask,
    PredictOptions,
    Prompt,
    PromptAnswer,
    StrokesPrompt,
)


def _ask(studio: Studio, qtbot: QtBot, prompt: Prompt) -> Any:
    answer = studio.labelling.prompt(prompt)
    assert answer is not None
    with qtbot.waitSignal(answer.succeeded, timeout=20_000) as heard:
        pass
    return heard.args[0]


def test_a_box_and_clicks_are_answered_for_the_open_image(labelled: Document, studio: Studio, qtbot: QtBot) -> None:
    box = _ask(studio, qtbot, BoxPrompt(10, 20, 40, 60))
    assert (box.mask.box, box.category) == ((10, 20, 40, 60), CAR - 1)
    y, x = HEIGHT - 5, WIDTH // 2
    assert _ask(studio, qtbot, ClickPrompt(y, x)).category == ROAD - 1
    again = _ask(studio, qtbot, ClickPrompt(y, x, 1))
    assert (again.category, again.turn, again.num_turns) == (CAR - 1, 1, 2)
    line = Line(((float(y), float(x)),))
    strokes = _ask(studio, qtbot, StrokesPrompt((), (line,), start=_ask(studio, qtbot, ClickPrompt(y, x)).mask))
    assert strokes.mask.pixels()[y - strokes.mask.y0, x - strokes.mask.x0] == 0


def test_a_prompt_that_asks_for_nothing_is_answered_by_a_sentence(
    labelled: Document, studio: Studio, qtbot: QtBot
) -> None:
    answer = studio.labelling.prompt(BoxPrompt(10, 20, 10, 60))
    assert answer is not None
    with qtbot.waitSignal(answer.failed, timeout=20_000) as heard:
        pass
    assert "no area" in heard.args[0]


def test_without_an_open_image_nothing_is_asked(studio: Studio) -> None:
    assert studio.labelling.prompt(ClickPrompt(1, 1)) is None


ANSWER = PromptAnswer(
    PackedMask(0, 0, 1, 1, b""), (CategoryScore(CAR - 1, 0.5), CategoryScore(ROAD - 1, 0.3), CategoryScore(1, 0.2)), 0.9
)


def test_answers_are_translated_and_what_the_project_lacks_is_left_out() -> None:
    translated = answer_in_words_of(OTHER_TAXONOMY, ANSWER, TAXONOMY)
    assert translated.categories == (CategoryScore(0, 0.3),)
    assert translated.mask == ANSWER.mask
    nothing = answer_in_words_of(OTHER_TAXONOMY, PromptAnswer(ANSWER.mask, ANSWER.categories[:1], 0.9), TAXONOMY)
    assert nothing.category is None
    assert nothing.mask.box.is_empty


@pytest.mark.parametrize(("category", "expected"), [(0, 0), (1, None), (None, None)])
def test_categories_asked_for_are_translated(category: int | None, expected: int | None) -> None:
    prompt = BoxPrompt(0, 0, 5, 5, category)
    translated = prompt_in_words_of(TAXONOMY, prompt, OTHER_TAXONOMY)
    assert translated == BoxPrompt(0, 0, 5, 5, expected)
    click = ClickPrompt(PERSON, 0)
    assert prompt_in_words_of(TAXONOMY, click, OTHER_TAXONOMY) is click


def test_the_sliders_of_the_thresholds_fuse_again_without_the_network(
    labelled: Document, studio: Studio, qtbot: QtBot
) -> None:
    answer = studio.labelling.fuse_again(PredictOptions(score_threshold=0.7))
    assert answer is not None
    with qtbot.waitSignal(answer.succeeded, timeout=20_000) as heard:
        pass
    assert PERSON not in heard.args[0].ids  # scores 0.6
    assert CAR in heard.args[0].ids
    assert studio.labelling.min_stuff_area() == 1024.0
