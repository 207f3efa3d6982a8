"""What follows from a correction is shown first: Enter takes it as one step, Esc leaves it, and people's work stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from gui_fake_engine import CAR, OTHER_TAXONOMY, PERSON, ROAD, SKY, TAXONOMY
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.assistance.neighbours import LABEL
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.taxonomy_match import consequences_in_words_of, part_in_words_of
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart, Statement
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin
from seamseg_studio.engine.scene.panoptic_result import PanopticResult

Press = Callable[..., None]


def _delete(document: Document, segment_id: int) -> None:
    document.set_selection({segment_id})
    document.delete_selection()


def _settle(studio: Studio, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not studio.neighbours.is_asking)


@pytest.fixture
def offered(labelled: Document, studio: Studio, qtbot: QtBot) -> Document:
    """The person is deleted, and a car in its place is offered."""
    _delete(labelled, PERSON)
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is not None
    return labelled


def test_enter_takes_what_is_shown_as_one_step_and_undo_takes_it_back(
    offered: Document, window: MainWindow, studio: Studio, press: Press, qtbot: QtBot
) -> None:
    corrected = offered.map.copy()
    proposal = studio.neighbours.proposal
    assert proposal is not None
    (ghost,) = proposal.shown
    assert ghost.rgb == offered.displayed_taxonomy[CAR - 1].color
    assert window.status.hint.text() == "Around it the model would now say: car · Enter takes it, Esc not"
    assert np.array_equal(offered.map.ids, corrected.ids)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not offered.working)
    made = offered.segment_at(*(np.argwhere(ghost.mask)[0] + [ghost.box.y0, ghost.box.x0]))
    record = offered.map.segments[made]
    assert (record.category, record.origin, record.score) == (CAR - 1, Origin.HUMAN, pytest.approx(0.7))
    changed = offered.map.ids != corrected.ids
    assert np.array_equal(changed[ghost.box.slices], ghost.mask)
    assert changed.sum() == ghost.mask.sum()
    assert offered.undo_label == LABEL
    assert studio.neighbours.proposal is None
    assert "Around it" not in window.status.hint.text()
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is None  # what was taken brings no more
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(offered.map.ids, corrected.ids)
    assert np.array_equal(offered.map.provenance, corrected.provenance)
    assert studio.session.document is offered  # Enter did not accept the image as well


def test_escape_leaves_the_map_alone_and_enter_then_accepts_the_image(
    offered: Document, window: MainWindow, studio: Studio, press: Press, qtbot: QtBot
) -> None:
    corrected = offered.map.copy()
    press(Qt.Key.Key_Escape)
    assert studio.neighbours.proposal is None
    assert window.canvas is not None
    assert window.status.hint.text() == window.canvas.active_tool.hint
    assert np.array_equal(offered.map.ids, corrected.ids)
    record_id = offered.record.id
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.session.record(record_id).status == "accepted")  # type: ignore[union-attr]
    assert np.array_equal(offered.map.ids, corrected.ids)


def test_the_next_change_and_undo_make_it_outdated(offered: Document, studio: Studio, qtbot: QtBot) -> None:
    offered.begin_stroke(erase=False)
    assert studio.neighbours.proposal is None
    offered.stroke_to(5, 5, 3)
    offered.finish_stroke()
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is None
    offered.undo()
    offered.undo()
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is None
    assert offered.redo()
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is None  # it was shown before


def test_what_a_person_has_drawn_stays(labelled: Document, studio: Studio, press: Press, qtbot: QtBot) -> None:
    box = labelled.map.bbox(PERSON)
    labelled.set_current_category(ROAD - 1)
    labelled.begin_stroke(erase=False)
    labelled.stroke_to(box.y0 - 3, box.x0, 3)
    labelled.stroke_to(box.y0 - 3, box.x1, 3)
    labelled.finish_stroke()
    drawn = (labelled.map.provenance == Origin.HUMAN.code) & (labelled.map.ids == ROAD)
    assert drawn.any()
    _delete(labelled, PERSON)
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is not None
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: labelled.undo_label == LABEL)
    assert (labelled.map.ids[drawn] == ROAD).all()


def test_nothing_is_asked_if_so_preferred_or_while_a_gesture_is_under_way(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    studio.change_preferences(offers_neighbours=False)
    _delete(labelled, PERSON)
    assert not studio.neighbours.is_asking
    studio.change_preferences(offers_neighbours=True)
    labelled.undo()
    window.use_tool("polygon")
    canvas = window.canvas
    assert canvas is not None
    _delete(labelled, PERSON)
    qtbot.mouseClick(canvas._need_stage().viewport(), Qt.MouseButton.LeftButton)
    assert canvas.active_tool.busy
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is None
    canvas.active_tool.cancel(labelled)


def test_a_model_with_other_categories_is_understood() -> None:
    ids = np.array([[1, 2], [3, 4]], np.int32)
    said = Statement(ids, ids == 1, {1: 0, 2: 1, 3: 2, 4: 3})
    part = CorrectedPart(Box(0, 0, 2, 2), said, said, frozenset(), frozenset())
    translated = part_in_words_of(OTHER_TAXONOMY, part, TAXONOMY)
    assert translated.before.categories == translated.after.categories == {1: 0, 2: 255, 3: 255, 4: 255}
    result = PanopticResult(ids - 1, np.array([255, 0, 1, 1]), np.ones(4, np.float32), np.zeros(4, bool))
    found = Consequences(part.box, result, ids > 1, np.array([0, 0, 3, 0]))
    again = consequences_in_words_of(TAXONOMY, found, OTHER_TAXONOMY)  # knows no tram
    assert again.result.categories.tolist() == [255, ROAD - 1, 255, 255]
    assert again.is_new.tolist() == [[False, True], [False, False]]


def test_sky_is_where_it_was(labelled: Document, studio: Studio, qtbot: QtBot) -> None:
    _delete(labelled, SKY)  # the model has nothing to say about it
    _settle(studio, qtbot)
    assert studio.neighbours.proposal is None
