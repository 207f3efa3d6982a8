"""What people hand to the panels and dialogs by mistake, and disks that refuse: a sentence, and nothing is lost."""

from __future__ import annotations

import os
from errno import ENOSPC
from pathlib import Path

import pytest
from gui_fake_engine import CAR
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.export_job import ExportOrder
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.engine.project import SaveError


@pytest.fixture
def messages(studio: Studio) -> list[Message]:
    heard: list[Message] = []
    studio.session.message_posted.connect(heard.append)
    return heard


def drop(window: MainWindow, *urls: QUrl) -> bool:
    """Drags onto the window and lets go there; whether the window took it."""
    data = QMimeData()
    data.setUrls(list(urls))
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(window, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, buttons, keys))
    return True


def test_a_text_file_dropped_on_a_project_changes_nothing(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot, tmp_path: Path, messages: list[Message]
) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    assert drop(window, QUrl.fromLocalFile(str(tmp_path / "notes.txt")))
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert "notes.txt" in messages[-1].text
    assert studio.session.document is labelled
    assert len(studio.session.records) == 4


def test_files_dropped_on_a_text_field_are_the_windows(window: MainWindow) -> None:
    # A field that takes drops gets the file's address as its text, and the window nothing.
    fields = window.findChildren(QLineEdit)
    assert fields
    assert [field.accessibleName() for field in fields if field.acceptDrops()] == []


def test_what_is_no_file_is_not_taken(window: MainWindow) -> None:
    assert not drop(window, QUrl("https://example.org/photo.jpg"))
    assert not drop(window)


def test_a_folder_that_may_not_be_read_is_named(
    window: MainWindow,
    studio: Studio,
    photos: Path,
    qtbot: QtBot,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scan = os.scandir

    def refuse(path: object = ".") -> object:
        if Path(os.fspath(path)) == photos:  # type: ignore[call-overload]
            raise PermissionError(13, "Permission denied", str(photos))
        return scan(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refuse)
    drop(window, QUrl.fromLocalFile(str(photos)))
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert messages[-1].text == f"{photos}: cannot be read (Permission denied); change its permissions"
    assert studio.session.project is None
    assert not photos.with_name("street.seamseg").exists()


def full(*_: object, **__: object) -> None:
    raise SaveError(Path("street.seamseg"), OSError(ENOSPC, "No space left on device"))


def test_accepting_on_a_full_disk_says_so_and_stays(
    labelled: Document,
    window: MainWindow,
    studio: Studio,
    qtbot: QtBot,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studio.session.project, "set_status", full)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert studio.session.document is labelled
    assert studio.session.num_with_status("accepted") == 0
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert studio.session.num_with_status("flagged") == 0


def test_a_key_for_a_category_on_a_full_disk_works_till_the_end(
    labelled: Document, window: MainWindow, studio: Studio, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio.session.project, "set_setting", full)
    window.categories.set_digit(1, 3)
    assert window.categories.category_of_digit(1) == 3
    assert messages[-1].level is Level.ERROR


def test_an_export_that_fills_the_disk_ends_with_one_sentence(
    labelled: Document,
    studio: Studio,
    qtbot: QtBot,
    tmp_path: Path,
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_space(*_: object, **__: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("seamseg_studio.engine.formats.raw.Writer.write", no_space)
    studio.export(ExportOrder("npz", tmp_path / "out"))
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert "the disk is full" in messages[-1].text
    assert messages[-1].text.count("\n") == 0


def test_a_recent_project_that_is_gone_is_forgotten(
    window: MainWindow, studio: Studio, qtbot: QtBot, tmp_path: Path, messages: list[Message]
) -> None:
    gone = tmp_path / "gone.seamseg"
    studio.settings.add_recent_project(gone)
    window.start_page.set_recent(studio.settings.recent_projects)
    qtbot.mouseClick(window.start_page.recent_buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert "gone.seamseg" in messages[-1].text
    assert gone not in studio.settings.recent_projects


def test_leaving_an_image_in_the_middle_of_a_search_keeps_the_selection_whole(
    labelled: Document, window: MainWindow, studio: Studio, qtbot: QtBot
) -> None:
    labelled.set_selection({CAR})
    window.categories.start_search()
    qtbot.keyClicks(window.categories.search, "per")
    studio.session.step(1)
    qtbot.waitUntil(lambda: studio.session.document not in (None, labelled), timeout=20_000)
    qtbot.keyClick(window.categories.search, Qt.Key.Key_Return)
    document = studio.session.document
    assert document is not None
    assert document.selection == frozenset()
    assert labelled.map.segments[CAR].category == 2
