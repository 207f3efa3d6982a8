"""The editor of categories: labels follow, what is lost is said before, and it can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from gui_fake_engine import CAR, PERSON, ROAD
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from seamseg_studio.app.dialogs.categories import CategoriesDialog, Column
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Message
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def messages(studio: Studio) -> list[Message]:
    heard: list[Message] = []
    studio.session.message_posted.connect(heard.append)
    return heard


@pytest.fixture
def dialog(labelled: Document, window: MainWindow, qtbot: QtBot) -> CategoriesDialog:
    window.actions_by_id["edit_categories"].trigger()
    dialog = window.findChild(CategoriesDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def names(studio: Studio) -> list[str]:
    taxonomy = studio.session.taxonomy
    assert taxonomy is not None
    return [category.name for category in taxonomy.categories]


def reopened(studio: Studio, qtbot: QtBot) -> Document:
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    document = studio.session.document
    assert document is not None
    return document


def choose(dialog: CategoriesDialog, name: str) -> int:
    row = [line.name for line in dialog.draft.lines].index(name)
    dialog.table.setCurrentCell(row, Column.NAME)
    return row


def test_removing_asks_where_segments_go_and_can_be_taken_back(
    dialog: CategoriesDialog, studio: Studio, qtbot: QtBot, messages: list[Message]
) -> None:
    assert not dialog.go.isEnabled()
    row = choose(dialog, "person")
    assert dialog.table.item(row, Column.SEGMENTS).text() == "1"  # type: ignore[union-attr]
    qtbot.mouseClick(dialog.remove_button, LEFT)
    assert "Segments that become unlabelled: 1" in dialog.note.text()
    box = dialog.table.cellWidget(row, Column.BECOMES)
    assert isinstance(box, QComboBox)
    assert [box.itemText(place) for place in range(box.count())] == ["unlabelled", "road", "sky", "car"]
    box.setFocus()
    for _ in range(3):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert "unlabelled" not in dialog.note.text()
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: names(studio) == ["road", "sky", "car"], timeout=20_000)
    document = reopened(studio, qtbot)
    assert document.map.segments[PERSON].category == document.map.segments[CAR].category == 2
    qtbot.waitUntil(lambda: bool(messages) and messages[-1].key == "categories")
    messages[-1].choices[0].run()
    qtbot.waitUntil(lambda: names(studio) == ["road", "sky", "car", "person"], timeout=20_000)
    assert reopened(studio, qtbot).map.segments[PERSON].category == 3


def test_rename_recolour_reorder_and_add_by_hand(
    dialog: CategoriesDialog, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    window.categories.set_digit(7, 0)
    row = choose(dialog, "sky")
    dialog.table.setFocus()
    qtbot.keyClick(dialog.table, Qt.Key.Key_F2)
    field = dialog.table.findChild(QLineEdit)
    assert field is not None
    field.selectAll()
    qtbot.keyClicks(field, "heaven")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.draft.lines[row].name == "heaven")
    dialog.set_color(QColor(10, 20, 30))
    qtbot.mouseClick(dialog.up_button, LEFT)
    qtbot.mouseClick(dialog.add_button, LEFT)
    qtbot.mouseClick(dialog.kind_button, LEFT)
    assert dialog.note.text() == "No label changes."
    qtbot.mouseClick(dialog.go, LEFT)
    expected = ["heaven", "road", "new category", "car", "person"]
    qtbot.waitUntil(lambda: names(studio) == expected, timeout=20_000)
    document = reopened(studio, qtbot)
    assert document.map.segments[ROAD].category == 1
    assert document.taxonomy[0].color == (10, 20, 30)
    assert window.categories.category_of_digit(7) == 1  # a key stays with the category it was given to


def test_names_must_be_there_and_differ(dialog: CategoriesDialog) -> None:
    row = choose(dialog, "sky")
    dialog.table.item(row, Column.NAME).setText("road")  # type: ignore[union-attr]
    assert not dialog.go.isEnabled()
    assert "twice" in dialog.note.text()
    dialog.reject()


def test_import_and_export(dialog: CategoriesDialog, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    dialog.import_file(tmp_path / "bad.json")
    assert "not a usable taxonomy" in dialog.note.text()
    dialog.export_file(tmp_path / "out.json")
    assert Taxonomy.load(tmp_path / "out.json") == dialog.draft.taxonomy()
    other = Taxonomy("x", (Category("sky", Kind.STUFF, (7, 7, 7)), Category("bird", Kind.THING, (8, 8, 8))))
    other.save(tmp_path / "x.json")
    dialog.import_file(tmp_path / "x.json")
    assert [line.name for line in dialog.draft.lines if line.is_removed] == ["road", "car", "person"]
    assert dialog.go.isEnabled()
    dialog.reject()


def test_a_change_that_fails_says_so_and_leaves_all(
    dialog: CategoriesDialog, studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seamseg_studio.engine.project import ProjectError

    def refuse(*_: object) -> None:
        raise ProjectError("the disk is full; free some space")

    monkeypatch.setattr(studio.session.project, "change_taxonomy", refuse)
    choose(dialog, "car")
    qtbot.mouseClick(dialog.kind_button, LEFT)
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: dialog.note.text() == "the disk is full; free some space", timeout=20_000)
    assert dialog.isVisible()
    assert reopened(studio, qtbot).map.segments[CAR].category == 2
    dialog.reject()
