"""Keys that come at once, work that the disk refuses when the window closes, and the ground that follows the theme."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import Hand
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.look.theme import DARK, LIGHT, ThemeChoice
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.project import Project, ProjectError

CTRL = Qt.KeyboardModifier.ControlModifier


def test_undo_right_after_a_stroke_is_never_ignored(
    labelled: Document, window: MainWindow, press: Callable[..., None], qtbot: QtBot
) -> None:
    assert window.canvas is not None
    window.actions_by_id["tool_brush"].trigger()
    hand = Hand(window.canvas, qtbot)
    window.focus_canvas()
    before = labelled.map.ids.copy()
    for _ in range(3):  # no event is handled between the release of the button and the key
        hand.drag((10, 10), (10, 60))
        painted = labelled.map.ids.copy()
        assert not np.array_equal(painted, before)
        press(Qt.Key.Key_Z, CTRL)
        assert np.array_equal(labelled.map.ids, before)
        press(Qt.Key.Key_Y, CTRL)
        assert np.array_equal(labelled.map.ids, painted)
        press(Qt.Key.Key_Z, CTRL)


def test_undo_in_the_first_stroke_takes_it_back(
    labelled: Document, window: MainWindow, press: Callable[..., None], qtbot: QtBot
) -> None:
    assert window.canvas is not None
    window.actions_by_id["tool_brush"].trigger()
    hand = Hand(window.canvas, qtbot)
    window.focus_canvas()
    before = labelled.map.ids.copy()
    hand.press(10, 10)
    hand.move(10, 60)
    press(Qt.Key.Key_Z, CTRL)
    assert np.array_equal(labelled.map.ids, before)
    assert not window.actions_by_id["undo"].isEnabled()
    hand.release(10, 60)


def ground(window: MainWindow) -> QColor:
    assert window.canvas is not None
    return window.canvas.grab().toImage().pixelColor(QPointF(2, 2).toPoint())


def test_ground_of_the_canvas_follows_the_theme(labelled: Document, window: MainWindow, studio: Studio) -> None:
    for choice, tones in ((ThemeChoice.LIGHT, LIGHT), (ThemeChoice.DARK, DARK), (ThemeChoice.LIGHT, LIGHT)):
        studio.theme.set_choice(choice)
        assert ground(window) == QColor(tones.canvas)
        bar = window.canvas._bar if window.canvas is not None else None
        assert bar is not None
        shown = bar.grab().toImage().pixelColor(bar.width() // 2, 3)
        assert abs(shown.lightness() - QColor(tones.window).lightness()) < 20


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Makes the disk full, or lets it be written again."""
    append = Project.append

    def refuse(*_: object) -> int:
        raise ProjectError("the disk is full; make room")

    def set_full(is_full: bool) -> None:
        monkeypatch.setattr(Project, "append", refuse if is_full else append)

    return set_full


@pytest.mark.parametrize("answer", ["wait", "lose", "stay"])
def test_window_with_unsaved_changes_asks_before_it_closes(
    labelled: Document, window: MainWindow, qtbot: QtBot, full_disk: Callable[[bool], None], answer: str
) -> None:
    full_disk(True)
    assert labelled.delete([labelled.segment_at(1, 1)])
    assert "kept in memory" in window.status.saved.text()
    window.close()
    assert window.isVisible()
    card = next(card for card in window.cards.cards if card.message.key == "closing")
    assert card.message.title.endswith("1")
    qtbot.mouseClick(card.buttons[("wait", "lose", "stay").index(answer)], Qt.MouseButton.LeftButton)
    if answer == "wait":
        assert window.isVisible()
        full_disk(False)
        qtbot.waitUntil(lambda: not window.isVisible(), timeout=20_000)
        assert labelled.num_unsaved == 0
    else:
        assert window.isVisible() is (answer == "stay")
        assert labelled.num_unsaved == 1


def test_window_closes_when_the_last_try_succeeds(
    labelled: Document, window: MainWindow, full_disk: Callable[[bool], None]
) -> None:
    full_disk(True)
    assert labelled.delete([labelled.segment_at(1, 1)])
    full_disk(False)
    window.close()
    assert not window.isVisible()
    assert labelled.num_unsaved == 0


SLOW = ("load_map", "load_prediction", "store_prediction", "checkpoint", "add_images", "close")


def test_nothing_slow_is_done_on_the_windows_thread(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[bool]] = {name: set() for name in SLOW}

    def watch(name: str) -> None:
        method = getattr(Project, name)

        def watched(*arguments: object, **options: object) -> object:
            seen[name].add(threading.current_thread() is threading.main_thread())
            return method(*arguments, **options)

        monkeypatch.setattr(Project, name, watched)

    for name in SLOW:
        watch(name)
    studio.session.open_paths([photos])

    def is_labelled() -> bool:
        document = studio.session.document
        return document is not None and len(document.map.segments) == 4

    qtbot.waitUntil(is_labelled, timeout=20_000)
    document = studio.session.document
    assert document is not None
    document.delete([document.segment_at(1, 1)])
    studio.labelling.label_open_image()
    qtbot.waitSignal(document.prediction_offered, timeout=20_000).wait()
    studio.labelling.label_all()
    qtbot.waitUntil(lambda: not studio.labelling.unlabelled(), timeout=20_000)
    studio.session.accept()
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "b.jpg")
    studio.session.close_project()
    qtbot.waitUntil(lambda: not studio.session.is_closing, timeout=20_000)
    assert seen == {name: {False} for name in SLOW}
