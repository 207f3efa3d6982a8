"""Empty lists say what will be in them, and a narrow window keeps every menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtGui import QStandardItem, QStandardItemModel
from pytestqt.qtbot import QtBot

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.panels.fields import RowList
from seamseg_studio.app.studio import Studio


def ink(view: RowList) -> int:
    """How many pixels differ from the ground of the list."""
    picture = view.grab(QRect(0, 0, view.width(), 60)).toImage()
    ground = picture.pixel(1, 1)
    return sum(picture.pixel(x, y) != ground for x in range(picture.width()) for y in range(picture.height()))


def test_an_empty_list_says_what_will_be_there(qtbot: QtBot) -> None:
    view = RowList("things")
    qtbot.addWidget(view)
    view.resize(240, 120)
    view.setModel(QStandardItemModel())
    blank = ink(view)
    view.empty_text = "nothing yet"
    assert ink(view) > blank + 50
    model = QStandardItemModel()
    model.appendRow(QStandardItem(""))
    view.setModel(model)
    view.empty_text = ""
    without = ink(view)
    view.empty_text = "nothing yet"
    assert ink(view) == without


def test_every_panel_of_rows_has_words_for_emptiness(window: MainWindow) -> None:
    for panel in (window.categories, window.segments, window.images, window.history):
        assert panel.view.empty_text


def test_the_row_in_use_stays_in_sight(qtbot: QtBot) -> None:
    view = RowList("things")
    qtbot.addWidget(view)
    model = QStandardItemModel()
    for number in range(60):
        model.appendRow(QStandardItem(str(number)))
    view.setModel(model)
    view.resize(200, 400)
    view.show()
    view.setCurrentIndex(model.index(18, 0))
    view.resize(200, 100)
    assert view.viewport().rect().contains(view.visualRect(view.currentIndex()))


def test_a_narrow_window_shortens_the_chips_and_keeps_the_menus(window: MainWindow, qtbot: QtBot) -> None:
    chips, bar = window.chips, window.menuBar()
    chips._name(chips.project, "Project  a-street-in-the-south", "a-street-in-the-south")
    chips.project.setVisible(True)
    window.resize(1900, 700)
    qtbot.waitUntil(lambda: chips.project.text() == "Project  a-street-in-the-south")
    menus_px = bar.sizeHint().width() - chips.sizeHint().width()
    window.resize(max(window.minimumSizeHint().width(), menus_px + 330), 700)
    qtbot.waitUntil(lambda: not chips.project.text().startswith("Project"))
    assert bar.sizeHint().width() <= bar.width()


def test_the_start_page_has_no_hint_of_a_tool(window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot) -> None:
    window.load_canvas()
    assert not window.status.hint.isVisible()
    studio.session.open_paths([photos])
    qtbot.waitUntil(lambda: studio.session.document is not None)
    assert window.status.hint.isVisible()
    studio.session.close_project()
    qtbot.waitUntil(lambda: not window.status.hint.isVisible())
