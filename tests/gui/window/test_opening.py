"""Opening folders, images and projects, well and badly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.engine.project import Project


@pytest.fixture
def messages(studio: Studio) -> list[Message]:
    heard: list[Message] = []
    studio.session.message_posted.connect(heard.append)
    return heard


def is_open(studio: Studio, name: str) -> bool:
    """Whether the image of this name is open. Opening may pass through an empty state, so tests wait for this."""
    return studio.session.document is not None and studio.session.document.record.name == name


def drop(window: MainWindow, *paths: Path) -> None:
    """Drops files on the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, action = window.rect().center(), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(place), action, data, left, none))


def test_folder_becomes_a_project_beside_it(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, settings: Settings
) -> None:
    drop(window, photos)
    qtbot.waitUntil(lambda: is_open(studio, "a.jpg"), timeout=20_000)
    project = studio.session.project
    assert project is not None
    assert project.folder == photos.with_name("street.seamseg")
    assert [record.name for record in studio.session.records] == ["a.jpg", "b.jpg", "c.jpg", "d.png"]
    assert studio.session.document is not None
    assert studio.session.document.record.name == "a.jpg"
    assert window.images.view.model().rowCount() == 4
    assert window.images.bar.summary.text() == "0 of 4 accepted"
    assert settings.recent_projects == [project.folder]
    assert "street" in window.windowTitle()


def test_image_opens_first_and_project_remembers_the_last(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot
) -> None:
    drop(window, photos / "c.jpg")
    qtbot.waitUntil(lambda: is_open(studio, "c.jpg"), timeout=20_000)
    assert len(studio.session.records) == 1
    drop(window, photos / "b.jpg", photos / "d.png")
    qtbot.waitUntil(lambda: is_open(studio, "b.jpg"), timeout=20_000)
    assert len(studio.session.records) == 3
    folder = studio.session.project.folder if studio.session.project else Path()
    studio.session.close_project()
    assert window.stack.currentWidget() is window.start_page
    assert [button.text().split()[0] for button in window.start_page.recent_buttons] == ["street"]
    qtbot.mouseClick(window.start_page.recent_buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: is_open(studio, "b.jpg"), timeout=20_000)
    assert studio.session.project is not None
    assert studio.session.project.folder == folder


@pytest.mark.parametrize("kind", ["text", "empty", "fake jpeg", "missing", "no project"])
def test_what_cannot_be_opened_is_said_in_the_window(
    window: MainWindow, studio: Studio, tmp_path: Path, qtbot: QtBot, messages: list[Message], kind: str
) -> None:
    path = tmp_path / "thing"
    match kind:
        case "text":
            path = tmp_path / "notes.txt"
            path.write_text("no image")
        case "empty":
            path.mkdir()
        case "fake jpeg":
            path.mkdir()
            (path / "x.jpg").write_text("not a picture")
        case "no project":
            path = tmp_path / "x.seamseg"
            path.mkdir()
    if kind == "no project":
        studio.session.open_project(path)
    else:
        drop(window, path)
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert messages[-1].text.count("\n") == 0
    assert "Traceback" not in messages[-1].text
    name = "x.jpg" if kind == "fake jpeg" else path.name
    assert name in messages[-1].text
    assert window.cards.isVisible()
    assert studio.session.document is None
    assert kind == "no project" or list(tmp_path.parent.glob("*.seamseg")) + list(tmp_path.glob("*.seamseg")) == []


def test_image_deleted_while_the_project_is_open(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, messages: list[Message]
) -> None:
    drop(window, photos)
    qtbot.waitUntil(lambda: is_open(studio, "a.jpg"), timeout=20_000)
    (photos / "b.jpg").unlink()
    studio.session.step(1)
    qtbot.waitUntil(lambda: any("b.jpg" in message.text for message in messages), timeout=20_000)
    assert messages[-1].level is Level.ERROR
    assert studio.session.document is not None
    assert studio.session.document.record.name == "a.jpg"
    assert studio.session.wanted_image == studio.session.document.record.id


def test_a_photo_replaced_by_another_size(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, messages: list[Message]
) -> None:
    drop(window, photos)

    def is_labelled(name: str) -> bool:
        document = studio.session.document
        return document is not None and document.record.name == name and len(document.map.segments) == 4

    qtbot.waitUntil(lambda: is_labelled("a.jpg"), timeout=20_000)
    studio.session.step(1)
    qtbot.waitUntil(lambda: is_labelled("b.jpg"), timeout=20_000)
    assert studio.session.document is not None
    studio.session.document.relabel([3], 3)
    studio.session.step(1)
    qtbot.waitUntil(lambda: is_labelled("c.jpg"), timeout=20_000)
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (80, 60), (200, 10, 10)).save(photos / name)
    studio.session.step(-1)  # a person worked on it: it stays as it is, and the next can still be opened
    qtbot.waitUntil(lambda: any("put the former file back" in message.text for message in messages), timeout=20_000)
    assert "b.jpg" in messages[-1].text
    first = studio.session.records[0]
    studio.session.open_image(first.id)
    qtbot.waitUntil(lambda: is_labelled("a.jpg"), timeout=20_000)
    assert studio.session.document is not None
    assert studio.session.document.map.shape == (60, 80)


def test_image_deleted_while_it_is_open_can_still_be_worked_on(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, messages: list[Message]
) -> None:
    drop(window, photos)

    def is_labelled() -> bool:
        return studio.session.document is not None and len(studio.session.document.map.segments) == 4

    qtbot.waitUntil(is_labelled, timeout=20_000)
    document = studio.session.document
    assert document is not None
    image_id = document.record.id
    (photos / "a.jpg").unlink()
    messages.clear()
    assert document.delete([next(iter(document.map.segments))])
    with qtbot.waitSignal(document.prediction_offered, timeout=20_000):
        studio.labelling.label_open_image()  # the pixels are in memory
    changed = document.map.ids.copy()
    assert [message.title for message in messages if message.level is Level.ERROR] == []
    studio.session.step(1)
    qtbot.waitUntil(
        lambda: studio.session.document is not None and studio.session.document.record.name == "b.jpg", timeout=20_000
    )
    studio.session.step(-1)
    qtbot.waitUntil(lambda: any("a.jpg" in message.text for message in messages), timeout=20_000)
    assert studio.session.document is not None
    assert studio.session.document.record.name == "b.jpg"
    project = studio.session.project
    assert project is not None
    assert np.array_equal(project.load_map(image_id).ids, changed), "the labels outlive the photo"


def test_second_studio_only_looks(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, messages: list[Message]
) -> None:
    with Project.create(photos.with_name("street.seamseg")) as other:
        other.add_images(sorted(photos.iterdir()))
        drop(window, photos)
        qtbot.waitUntil(lambda: is_open(studio, "a.jpg"), timeout=20_000)
        assert [message.level for message in messages] == [Level.WARNING]
        assert studio.session.project is not None
        assert studio.session.project.read_only
        qtbot.waitUntil(lambda: not window.actions_by_id["accept"].isEnabled(), timeout=20_000)
        assert "reading only" in window.actions_by_id["accept"].toolTip()
        studio.session.close_project()


def test_only_the_image_asked_for_last_is_shown(window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot) -> None:
    drop(window, photos)
    qtbot.waitUntil(lambda: is_open(studio, "a.jpg"), timeout=20_000)
    shown: list[str] = []
    studio.session.document_changed.connect(
        lambda: shown.append(studio.session.document.record.name if studio.session.document else "")
    )
    for _ in range(3):
        studio.session.step(1)
    qtbot.waitUntil(lambda: shown[-1:] == ["d.png"], timeout=20_000)
    assert set(shown) <= {"", "d.png"}


def test_filter_keeps_what_matches(window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot) -> None:
    drop(window, photos)
    qtbot.waitUntil(lambda: is_open(studio, "a.jpg"), timeout=20_000)
    window.images.filter.setFocus()
    qtbot.keyClicks(window.images.filter, "d.p")  # D is "next image" elsewhere, but text here
    model = window.images.view.model()
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["d.png"]
    assert studio.session.document is not None
    assert studio.session.document.record.name == "a.jpg"
    qtbot.keyClick(window.images.filter, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: studio.session.document is not None and studio.session.document.record.name == "d.png", timeout=20_000
    )
    qtbot.keyClick(window.images.filter, Qt.Key.Key_Escape)
    assert model.rowCount() == 4


def test_thumbnails_come_later(window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(studio.thumbnails.ready, timeout=20_000):
        drop(window, photos)
    qtbot.waitUntil(lambda: studio.thumbnails.get((photos / "a.jpg").resolve()) is not None, timeout=20_000)
    picture = studio.thumbnails.get((photos / "a.jpg").resolve())
    assert picture is not None
    assert (picture.width(), picture.height()) == (96, 64)
