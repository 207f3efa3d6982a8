"""Names from strangers that are markup: nothing in the window obeys them, as Qt would read the files they name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QAbstractItemModel
from PySide6.QtGui import QAction, Qt, QTextDocument
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot

from seamseg_studio.app.actions.table import ACTIONS
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.app.words.plain_text import PlainLabel, plain_tip
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

APP = Path(__file__).resolve().parents[3] / "app"
EVIL = "<img src='probe'>"
TAXONOMY = Taxonomy(
    EVIL, (Category(f"{EVIL}road", Kind.STUFF, (9, 9, 9)), Category(f"{EVIL}car", Kind.THING, (99, 9, 9)))
)


@pytest.fixture
def document(window: MainWindow, studio: Studio, tmp_path: Path, qtbot: QtBot) -> Document:
    """An image, in a folder and a project, whose names and categories are markup; one car is painted."""
    photos = tmp_path / EVIL
    photos.mkdir()
    for name in "ab":
        Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(photos / f"{EVIL}{name}.png")
    folder = tmp_path / f"{EVIL}.seamseg"
    with Project.create(folder, TAXONOMY) as project:
        project.add_images(sorted(photos.iterdir()))
    studio.session.open_project(folder)
    qtbot.waitUntil(lambda: studio.session.document is not None)
    document = studio.session.document
    assert document is not None
    document.set_current_category(1)
    assert document.begin_stroke()
    document.stroke_to(30, 30, 9)
    assert document.finish_stroke()
    return document


def obeyed(text: object) -> bool:
    return isinstance(text, str) and "<img" in text and Qt.mightBeRichText(text)


def tips(model: QAbstractItemModel) -> Iterator[object]:
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        yield index.data(Qt.ItemDataRole.ToolTipRole)
        yield index.data(Qt.ItemDataRole.WhatsThisRole)
        for child in range(model.rowCount(index)):
            yield model.index(child, 0, index).data(Qt.ItemDataRole.ToolTipRole)


def all_that_is_obeyed() -> set[str]:
    """Every text of any widget that Qt would take for rich text, with a tag of a stranger's in it."""
    found: set[str] = set()
    for widget in QApplication.allWidgets():
        texts: list[object] = [widget.toolTip(), widget.whatsThis(), widget.statusTip()]
        if isinstance(widget, QLabel) and widget.textFormat() != Qt.TextFormat.PlainText:
            texts.append(widget.text())
        for action in (*widget.actions(), *widget.findChildren(QAction)):
            texts += [action.toolTip(), action.whatsThis(), action.statusTip()]
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            texts += tips(widget.model())
        found |= {f"{type(widget).__name__}: {text}" for text in texts if obeyed(text)}
    return found


def test_no_text_of_the_window_is_markup(document: Document, window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    undo = window.actions_by_id["undo"]
    qtbot.waitUntil(lambda: EVIL in undo.text())  # as it is: menus obey no markup
    for name in window.docks:
        window.show_panel(name)
    document.set_selection(document.map.segments)
    studio.session.message_posted.emit(Message(f"Changes of {EVIL} are not on disk yet", EVIL, Level.ERROR))
    window.actions_by_id.refresh()
    assert all_that_is_obeyed() == set()
    for spec in ACTIONS:
        if spec.text.endswith("…") and window.actions_by_id[spec.id].isEnabled():
            window.actions_by_id[spec.id].trigger()
            assert all_that_is_obeyed() == set(), spec.id
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, QDialog):
                    dialog.reject()


def test_markup_in_a_tip_loads_nothing(qtbot: QtBot) -> None:
    loaded: list[str] = []

    class Document(QTextDocument):
        def loadResource(self, kind: int, name: object) -> object:
            loaded.append(str(name))
            return None

    for text, is_loaded in ((f"a{EVIL}\nb & c", True), (plain_tip(f"a{EVIL}\nb & c"), False)):
        loaded.clear()
        document = Document()
        document.setHtml(text)
        document.size()
        assert bool(loaded) == is_loaded
    assert document.toPlainText() == f"a{EVIL}\nb & c"


def test_labels_are_plain(qtbot: QtBot) -> None:
    label = PlainLabel(EVIL)
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == EVIL
    others = [
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "QLabel"
    ]
    assert others == []
