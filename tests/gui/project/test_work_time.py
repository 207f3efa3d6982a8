"""The clock runs while a person works, stands still while nobody does, and is kept in the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.project.work_time import IDLE_S, WorkTimer
from seamseg_studio.app.studio import Studio


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def _no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The studio's own timer never ticks: only the test's counts."""
    monkeypatch.setattr("seamseg_studio.app.project.work_time._TICK_MS", 10**8)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timer(studio: Studio, labelled: Document, clock: Clock) -> WorkTimer:
    timer = WorkTimer(studio.session, studio, clock=clock)
    timer._on_session_document_changed()
    return timer


def work(timer: WorkTimer, clock: Clock, seconds: int, *, is_there: bool = True) -> None:
    for _ in range(seconds):
        clock.now_s += 1
        if is_there:
            timer.touch()
        timer.tick()


def test_time_is_counted_and_stored(
    timer: WorkTimer, clock: Clock, labelled: Document, studio: Studio, qtbot: QtBot
) -> None:
    project = studio.session.project
    assert project is not None
    work(timer, clock, 29)
    assert project.image(labelled.record.id).seconds == 0
    work(timer, clock, 3)
    assert timer.seconds == pytest.approx(32)
    qtbot.waitUntil(lambda: project.image(labelled.record.id).seconds == pytest.approx(30))
    studio.session.close_project()
    assert timer.seconds == 0


def test_nobody_there_and_a_sleeping_machine_do_not_count(timer: WorkTimer, clock: Clock) -> None:
    work(timer, clock, 10)
    work(timer, clock, 300, is_there=False)
    assert timer.seconds == pytest.approx(10 + IDLE_S)
    clock.now_s += 3600
    timer.touch()
    timer.tick()
    assert timer.seconds == pytest.approx(12 + IDLE_S)


def test_time_left_is_the_median_of_the_accepted(
    timer: WorkTimer, clock: Clock, window: MainWindow, studio: Studio, qtbot: QtBot, labelled: Document
) -> None:
    assert timer.seconds_left is None
    work(timer, clock, 40)
    timer.store()
    project = studio.session.project
    assert project is not None
    qtbot.waitUntil(lambda: project.image(labelled.record.id).seconds == pytest.approx(40))
    studio.session.accept()
    assert timer.seconds_left == pytest.approx(3 * 40)
    window.status.show_time(65, timer.seconds_left)
    assert window.status.time.text() == "1:05 · about 2 min 0 s left"


def test_edits_are_signs_of_life(timer: WorkTimer, clock: Clock, labelled: Document) -> None:
    clock.now_s += IDLE_S + 5
    timer.tick()
    assert timer.seconds == 0
    labelled.set_selection(labelled.map.segments)
    clock.now_s += 1
    timer.tick()
    assert timer.seconds == 1


def test_flag_with_a_note_by_keyboard(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, photos: Path
) -> None:
    from seamseg_studio.app.dialogs.flag import FlagDialog

    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    dialog = window.findChild(FlagDialog)
    assert dialog is not None
    qtbot.keyClicks(dialog.note, "van or lorry?")
    qtbot.keyClick(dialog.note, Qt.Key.Key_Return)
    record = studio.session.record(labelled.record.id)
    assert record is not None
    assert (record.status, record.note) == ("flagged", "van or lorry?")
    qtbot.keyClicks(window.images.filter, "lorry")
    assert window.images.view.model().rowCount() == 1
    window.focus_canvas()
    qtbot.keyClick(window, Qt.Key.Key_F)
    record = studio.session.record(labelled.record.id)
    assert record is not None
    assert (record.status, record.note) == ("predicted", "")


def test_time_that_the_disk_refuses_is_kept(
    timer: WorkTimer, clock: Clock, labelled: Document, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seamseg_studio.engine.project import ProjectError

    project = studio.session.project
    assert project is not None
    tries: list[float] = []

    def refuse(_: int, seconds: float) -> None:
        tries.append(seconds)
        raise ProjectError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(project, "add_time", refuse)
        work(timer, clock, 31)
        qtbot.waitUntil(lambda: bool(tries) and timer._new_s >= 30)
    timer.store()
    qtbot.waitUntil(lambda: project.image(labelled.record.id).seconds == pytest.approx(31))
    assert timer.seconds == pytest.approx(31)
