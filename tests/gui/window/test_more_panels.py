"""Log, properties and navigator: shown when asked for, and kept up with the image."""

from __future__ import annotations

import itertools

from gui_fake_engine import CAR, HEIGHT, PERSON, WIDTH
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message


def test_log_keeps_what_was_said(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    studio.session.post(Message("One", "first\nsecond"))
    studio.session.post(Message("Two", level=Level.ERROR))
    lines = window.log.text.toPlainText().splitlines()
    assert [line[10:] for line in lines] == ["One: first · second", "error: Two"]
    window.show_panel("log")
    qtbot.mouseClick(window.log.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().splitlines() == lines
    qtbot.mouseClick(window.log.clear_button, Qt.MouseButton.LeftButton)
    assert window.log.text.toPlainText() == ""


def shown(window: MainWindow) -> dict[str, str]:
    labels = [label.text() for label in window.properties._body.findChildren(QLabel)]
    return dict(itertools.pairwise(labels))


def test_properties_of_image_and_selection(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    assert window.properties._form.rowCount() <= 1  # nothing is read while nobody looks
    window.show_panel("properties")
    facts = dict(window.properties.facts())
    assert facts["Size"] == f"{WIDTH} × {HEIGHT}"
    assert facts["Segments"] == "4"
    assert "Selection" not in facts
    labelled.set_selection({CAR})
    qtbot.waitUntil(lambda: "car (thing)" in shown(window).values())
    facts = dict(window.properties.facts())
    assert facts["Area"].startswith(f"{labelled.map.area(CAR):,} pixels (")
    assert (facts["Said by"], facts["Score"]) == ("the model", "0.95")
    labelled.set_selection({CAR, PERSON})
    assert dict(window.properties.facts())["Categories"] == "car, person"
    labelled.set_locked([CAR], True)
    labelled.set_selection({CAR})
    assert dict(window.properties.facts())["Marks"] == "locked"


def test_navigator_shows_the_image_and_leads_there(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    window.show_panel("navigator")
    navigator, canvas = window.navigator, window.canvas
    assert canvas is not None
    qtbot.waitUntil(lambda: not navigator.map._picture.isNull())
    size = navigator.map.size()
    assert abs(size.width() / size.height() - WIDTH / HEIGHT) < 0.1
    for _ in range(8):
        canvas.zoom_in()
    seen = navigator.map._seen
    qtbot.mouseClick(navigator.map, Qt.MouseButton.LeftButton, pos=QPoint(size.width() - 2, size.height() - 2))
    assert navigator.map._seen.center().x() > seen.center().x()
    assert navigator.map._seen.center().y() > seen.center().y()
    before = navigator.map._picture.copy()
    labelled.delete([CAR])
    qtbot.waitUntil(lambda: navigator.map._picture != before)


def test_every_panel_can_be_shown_moved_and_put_back(labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    assert set(window.docks) >= {"categories", "segments", "images", "history", "properties", "navigator", "log"}
    for dock in window.docks.values():
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        dock.show()
    state = window.saveState()
    window.reset_layout()
    hidden = {name for name, dock in window.docks.items() if dock.isHidden()}
    assert hidden >= {"history", "properties", "navigator", "training", "log"}
    assert window.dockWidgetArea(window.docks["images"]) is Qt.DockWidgetArea.RightDockWidgetArea
    assert window.restoreState(state)
    assert window.dockWidgetArea(window.docks["images"]) is Qt.DockWidgetArea.LeftDockWidgetArea


def test_panels_are_reached_and_used_by_keyboard_alone(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    def focus() -> QWidget:
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    window.focus_canvas()
    start = focus()
    reached = []
    for _ in range(3):
        qtbot.keyClick(focus(), Qt.Key.Key_F6)
        reached.append(focus())
    assert reached == [window.categories.view, window.segments.view, window.images.view]
    qtbot.keyClick(focus(), Qt.Key.Key_F6)
    assert focus() is start
    qtbot.keyClick(focus(), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(focus(), Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == "b.jpg")
