"""No word of a dialog is cut off, in a language of long words and with large text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.languages import speak


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    translators = speak(qapp, "de")
    yield
    for translator in translators:
        qapp.removeTranslator(translator)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("action", ["export", "train", "flag_note", "load_model"])
@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_every_word_has_room(
    action: str, scale: float, labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    studio.change_preferences(font_scale=scale)
    window.actions_by_id.refresh()
    window.actions_by_id[action].trigger()
    dialog = next(found for found in window.findChildren(QDialog) if found.isVisible())
    qtbot.waitExposed(dialog)
    QApplication.processEvents()
    cut = [
        widget.text()
        for kind in (QLabel, QPushButton, QCheckBox)
        for widget in dialog.findChildren(kind)
        if widget.isVisible() and not (isinstance(widget, QLabel) and widget.wordWrap())
        if widget.width() < widget.sizeHint().width()
    ]
    assert cut == []
    dialog.reject()
