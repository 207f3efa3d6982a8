"""Edits that look at many pixels are worked out beside the window's thread, and nobody writes the map meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import CAR, CAR_CATEGORY, ROAD, SKY, TAXONOMY, street
from memory_project import MemoryProject, record_of
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import AT_ONCE_PX, Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

SHAPE = (1200, 1600)


@pytest.fixture
def document(qapp: object) -> Document:
    panoptic_map = street(SHAPE)
    image = np.zeros((*SHAPE, 3), np.uint8)
    return Document(MemoryProject(TAXONOMY), record_of(SHAPE), image, panoptic_map)  # type: ignore[arg-type]


@pytest.fixture
def held() -> threading.Event:
    return threading.Event()


def slow_delete(document: Document, held: threading.Event, where: list[threading.Thread]) -> Callable[..., Patch]:
    def make(policy: EditingPolicy) -> Patch:
        where.append(threading.current_thread())
        assert held.wait(20)
        return edits.delete(document.map, [CAR], policy)

    return make


def test_a_large_edit_runs_beside_and_is_one_step(document: Document, qtbot: QtBot) -> None:
    assert document.num_pixels_around([SKY]) > AT_ONCE_PX
    before = document.map.ids.copy()
    with qtbot.waitSignals([document.working_changed, document.working_changed], timeout=20_000):
        assert document.delete([SKY])
        assert document.working
        assert np.array_equal(document.map.ids, before)
    assert not document.working
    assert SKY not in document.map.segments
    assert document.undo_label == "delete sky"
    assert document.undo()
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo


def test_the_window_goes_on_while_it_is_worked_out(document: Document, held: threading.Event, qtbot: QtBot) -> None:
    where: list[threading.Thread] = []
    document.edit(slow_delete(document, held, where), num_pixels=AT_ONCE_PX + 1)
    qtbot.waitUntil(lambda: bool(where))
    assert where[0] is not threading.main_thread()
    assert document.working
    document.set_selection({CAR})  # looking and selecting need no waiting
    assert CAR in document.map.segments
    held.set()
    qtbot.waitUntil(lambda: not document.working)
    assert CAR not in document.map.segments
    assert document.selection == frozenset()


def test_undo_drops_what_is_being_worked_out(document: Document, held: threading.Event, qtbot: QtBot) -> None:
    before = document.map.ids.copy()
    document.relabel([ROAD], 1)
    qtbot.waitUntil(lambda: not document.working)
    relabelled = document.map.ids.copy()
    document.edit(slow_delete(document, held, []), num_pixels=AT_ONCE_PX + 1)
    assert document.undo()  # at once: it waits for nobody
    assert not document.working
    held.set()
    assert np.array_equal(document.map.ids, relabelled)
    assert document.undo_label.startswith("relabel")
    assert document.undo()
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo


@pytest.mark.parametrize("other", ["stroke", "relabel", "prediction", "close"])
def test_who_wants_to_write_waits_for_it(other: str, document: Document, held: threading.Event, qtbot: QtBot) -> None:
    held.set()
    document.edit(slow_delete(document, held, []), num_pixels=AT_ONCE_PX + 1)
    if other == "stroke":
        document.set_current_category(CAR_CATEGORY)
        assert document.begin_stroke()
        document.stroke_to(10, 10, 4)
        document.finish_stroke()
        assert document.undo()
    elif other == "relabel":
        assert document.relabel([ROAD], 1)
        qtbot.waitUntil(lambda: not document.working)
        assert document.undo()
    elif other == "close":
        assert document.close()
    else:
        document.set_locked([ROAD], True)
        document.undo()
    assert not document.working
    assert CAR not in document.map.segments
    assert document.undo_label.startswith("delete")
    document.map.check(TAXONOMY)


def test_a_large_edit_that_cannot_be_made_says_why(document: Document, qtbot: QtBot) -> None:
    document.set_locked([SKY], True)
    with qtbot.waitSignal(document.edit_failed) as failed:
        document.delete([SKY])
    assert "locked" in failed.args[0]
    qtbot.waitUntil(lambda: not document.working)


def test_only_the_newest_request_counts(qapp: object, qtbot: QtBot, held: threading.Event) -> None:
    taken: list[int] = []
    computed: list[int] = []

    def compute(number: int) -> int:
        if number == 0:
            held.wait(20)
        computed.append(number)
        return number

    background: Background[int] = Background("test", taken.append)
    for number in range(5):
        background.request(lambda number=number: compute(number))  # type: ignore[misc]
    held.set()
    qtbot.waitUntil(lambda: 4 in taken)
    assert computed == [0, 4]
    assert taken == [0, 4]
    assert not background.busy


def test_what_was_dropped_is_not_taken(qapp: object, held: threading.Event) -> None:
    taken: list[int] = []
    background: Background[int] = Background("test", taken.append)
    background.request(lambda: (held.wait(20) and 1) or 0)
    background.request(lambda: 2)
    background.drop()
    held.set()
    background.finish()
    assert taken == []


def test_what_was_dropped_stays_dropped_when_something_else_is_asked_for(qapp: object, held: threading.Event) -> None:
    taken: list[int] = []
    background: Background[int] = Background("test", taken.append)
    background.request(lambda: 1 if held.wait(20) else 0)
    background.drop()
    assert not background.busy
    background.request(lambda: 2)
    assert background.busy
    held.set()
    background.finish()
    assert taken == [2]


def test_a_failure_is_raised_where_it_is_waited_for(qapp: object) -> None:
    def fail() -> int:
        raise EditError("no")

    background: Background[int] = Background("test", lambda _: None)
    background.request(fail)
    with pytest.raises(EditError, match="no"):
        background.finish()
    assert not background.busy
