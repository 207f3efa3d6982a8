"""Opening and closing images: a preview first, nothing lost when the disk refuses, nothing slow in the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gui_fake_engine import CAR, HEIGHT, TAXONOMY, WIDTH, answer
from PIL import Image
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs import image_loading
from seamseg_studio.app.jobs.job import JobBoard
from seamseg_studio.app.project import documents
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.engine.project import JournalEntry, Project, ProjectError
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

CAR_CATEGORY = 2


@pytest.fixture
def session(qtbot: QtBot, settings: Settings) -> Iterator[Session]:
    board = JobBoard()
    session = Session(board, settings)
    yield session
    board.close()
    session.close_now()


@pytest.fixture
def messages(session: Session) -> list[Message]:
    heard: list[Message] = []
    session.message_posted.connect(heard.append)
    return heard


@pytest.fixture
def folder(photos: Path) -> Path:
    folder = photos.with_name("street.seamseg")
    with Project.create(folder, TAXONOMY) as project:
        for record in project.add_images(sorted(photos.iterdir())):
            project.store_prediction(record.id, answer(HEIGHT, WIDTH), "test")
    return folder


class Disk:
    """Refuses to journal while full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        append = Project.append

        def appending(project: Project, image_id: int, patch: Patch) -> int:
            if self.is_full:
                raise ProjectError("the disk is full; make room")
            return append(project, image_id, patch)

        monkeypatch.setattr(Project, "append", appending)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def open_project(session: Session, qtbot: QtBot, folder: Path) -> Document:
    session.open_paths([folder])
    qtbot.waitUntil(lambda: session.document is not None, timeout=20_000)
    assert session.document is not None
    return session.document


def go_to(session: Session, qtbot: QtBot, name: str) -> Document:
    record = next(record for record in session.records if record.name == name)
    session.open_image(record.id)
    qtbot.waitUntil(lambda: session.document is not None and session.document.record.id == record.id, timeout=20_000)
    assert session.document is not None
    return session.document


def paint(document: Document) -> np.ndarray:
    document.set_current_category(CAR_CATEGORY)
    assert document.begin_stroke()
    document.stroke_to(10, 10, 5)
    assert document.finish_stroke()
    return document.map.ids.copy()


def test_changes_that_the_disk_refuses_outlive_their_document(
    session: Session, qtbot: QtBot, folder: Path, disk: Disk, messages: list[Message]
) -> None:
    document = open_project(session, qtbot, folder)
    image_id = document.record.id
    disk.is_full = True
    painted = paint(document)
    assert (messages[-1].level, messages[-1].key) == (Level.ERROR, "unsaved")
    assert document.record.name in messages[-1].title
    go_to(session, qtbot, "b.jpg")
    assert session.num_unsaved == 1
    # Who comes back finds the work, not what is on disk.
    assert go_to(session, qtbot, "a.jpg") is document
    assert np.array_equal(document.map.ids, painted)
    go_to(session, qtbot, "c.jpg")
    project = session.project
    assert project is not None
    session.close_project()
    assert session.is_closing
    assert project.history(image_id) == []
    disk.is_full = False
    qtbot.waitUntil(lambda: not session.is_closing, timeout=20_000)  # it is tried again and again
    assert session.num_unsaved == 0
    assert messages[-1].title == "Saved after all"
    with Project.open(folder) as again:
        assert not again.read_only
        assert np.array_equal(again.load_map(image_id).ids, painted)


def test_answer_for_an_image_with_refused_changes_does_not_become_its_map(
    session: Session, qtbot: QtBot, folder: Path, disk: Disk
) -> None:
    document = open_project(session, qtbot, folder)
    disk.is_full = True
    painted = paint(document)
    go_to(session, qtbot, "b.jpg")
    assert session.document_of(document.record.id) is document
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    disk.is_full = False
    assert session.save_all()
    assert session.num_unsaved == 0
    assert np.array_equal(go_to(session, qtbot, "a.jpg").map.ids, painted)


def test_closing_writes_the_labels_as_a_file_elsewhere(
    session: Session, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    checkpoint = Project.checkpoint

    def recorded(*arguments: object) -> None:
        threads.append(threading.current_thread())
        checkpoint(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Project, "checkpoint", recorded)
    document = open_project(session, qtbot, folder)
    painted = paint(document)
    image_id = document.record.id
    go_to(session, qtbot, "b.jpg")
    go_to(session, qtbot, "c.jpg")  # nothing was changed in b.jpg
    again = go_to(session, qtbot, "a.jpg")
    assert [thread is threading.main_thread() for thread in threads] == [False]
    assert np.array_equal(again.map.ids, painted)
    assert again.undo()
    assert np.array_equal(again.map.ids, answer(HEIGHT, WIDTH).ids)
    session.close_project()
    qtbot.waitUntil(lambda: not session.is_closing, timeout=20_000)
    with Project.open(folder) as project:
        assert np.array_equal(project.load_map(image_id).ids, answer(HEIGHT, WIDTH).ids)
        assert len(project.history(image_id)) == 1


def test_the_history_is_read_with_the_labels_elsewhere(
    session: Session, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(folder) as project:
        image_id = project.images()[0].id
        for category in (3, 2):
            panoptic_map = project.load_map(image_id)
            project.append(image_id, edits.relabel(panoptic_map, {CAR}, category, EditingPolicy(TAXONOMY)))
        project.undo(image_id)
    threads: list[threading.Thread] = []
    history = Project.history

    def recorded(project: Project, image_id: int) -> list[JournalEntry]:
        threads.append(threading.current_thread())
        return history(project, image_id)

    monkeypatch.setattr(Project, "history", recorded)
    document = open_project(session, qtbot, folder)
    labels, num_done = document.history
    assert (len(labels), num_done) == (2, 1)
    assert document.undo_label
    assert document.redo_label
    paint(document)
    assert document.history[1] == 2
    assert [thread is threading.main_thread() for thread in threads] == [False]


def test_end_of_the_program_writes_what_is_due(qtbot: QtBot, settings: Settings, folder: Path) -> None:
    board = JobBoard()
    session = Session(board, settings)
    document = open_project(session, qtbot, folder)
    painted = paint(document)
    image_id = document.record.id
    files = set((folder / "labels").iterdir())
    board.close()
    session.close_now()
    assert set((folder / "labels").iterdir()) - files != set()
    with Project.open(folder) as project:
        assert not project.read_only
        assert np.array_equal(project.load_map(image_id).ids, painted)


def test_coming_back_before_the_next_image_is_read_keeps_the_document(
    session: Session, qtbot: QtBot, folder: Path
) -> None:
    document = open_project(session, qtbot, folder)
    session.step(1)
    session.step(-1)
    painted = paint(document)
    assert session.document is document
    go_to(session, qtbot, "c.jpg")
    assert np.array_equal(go_to(session, qtbot, "a.jpg").map.ids, painted)


def test_open_project_is_not_opened_twice(session: Session, qtbot: QtBot, folder: Path, photos: Path) -> None:
    document = open_project(session, qtbot, folder)
    project = session.project
    session.open_paths([folder])
    assert not session.is_opening
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8)).save(photos / "new.png")
    session.open_paths([photos])
    qtbot.waitUntil(lambda: len(session.records) == 5, timeout=20_000)
    assert session.project is project
    assert document.project is project
    assert project is not None
    assert not project.read_only


def test_closed_project_opens_for_writing_at_once(session: Session, qtbot: QtBot, folder: Path) -> None:
    paint(open_project(session, qtbot, folder))
    session.close_project()
    assert session.is_closing
    open_project(session, qtbot, folder)
    assert session.project is not None
    assert not session.project.read_only


@pytest.fixture
def previews(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is shown, a preview with a question mark; every photo gets one."""
    monkeypatch.setattr(image_loading, "PREVIEW_FROM_PIXELS", 1)
    monkeypatch.setattr(image_loading, "PREVIEW_SIDE_PX", 48)
    shown: list[str] = []

    def note() -> None:
        document, preview = session.document, session.preview
        assert document is None or preview is None
        if preview is not None:
            assert preview.pixels.shape == (32, 48, 3)
            shown.append(preview.record.name + "?")
        elif document is not None:
            shown.append(document.record.name)

    session.document_changed.connect(note)
    return shown


def test_large_photo_is_shown_small_first(session: Session, qtbot: QtBot, folder: Path, previews: list[str]) -> None:
    session.open_paths([folder])
    qtbot.waitUntil(lambda: session.document is not None, timeout=20_000)
    go_to(session, qtbot, "b.jpg")
    go_to(session, qtbot, "d.png")  # whose decoder knows no short cut
    assert previews == ["a.jpg?", "a.jpg", "b.jpg?", "b.jpg", "d.png"]


def test_document_is_closed_before_a_preview_takes_its_place(
    session: Session, qtbot: QtBot, folder: Path, previews: list[str]
) -> None:
    session.open_paths([folder])
    qtbot.waitUntil(lambda: session.document is not None, timeout=20_000)
    document = session.document
    assert document is not None
    document.set_current_category(CAR_CATEGORY)
    assert document.begin_stroke()
    document.stroke_to(10, 10, 5)
    with qtbot.waitSignal(document.closing, timeout=20_000):
        session.step(1)
    assert not document.stroke_active
    assert document.can_undo
    assert session.project is not None
    assert len(session.project.history(document.record.id)) == 1
    qtbot.waitUntil(lambda: session.document is not None, timeout=20_000)


def test_labels_of_the_last_image_are_written_when_the_next_is_there(
    session: Session, qtbot: QtBot, folder: Path, previews: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    checkpoint = Project.checkpoint
    may_read = threading.Event()
    load_map = Project.load_map

    def recorded(*arguments: object) -> None:
        written.append(previews[-1])
        checkpoint(*arguments)  # type: ignore[arg-type]

    def loading(project: Project, image_id: int) -> PanopticMap:
        assert may_read.wait(20)
        return load_map(project, image_id)

    monkeypatch.setattr(Project, "checkpoint", recorded)
    session.open_paths([folder])
    qtbot.waitUntil(lambda: session.document is not None, timeout=20_000)
    document = session.document
    assert document is not None
    paint(document)
    monkeypatch.setattr(Project, "load_map", loading)
    session.step(1)
    qtbot.waitUntil(lambda: previews[-1] == "b.jpg?", timeout=20_000)
    assert document.image.size == 0, "the photo of a closed image must not stay beside the next"
    assert written == []
    may_read.set()
    qtbot.waitUntil(lambda: written == ["b.jpg"], timeout=20_000)


def test_memory_of_a_large_image_is_given_back_elsewhere(
    session: Session, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    monkeypatch.setattr(documents, "give_back", lambda: threads.append(threading.current_thread()))
    open_project(session, qtbot, folder)
    go_to(session, qtbot, "b.jpg")
    monkeypatch.setattr(documents, "LARGE_PIXELS", 1)
    go_to(session, qtbot, "c.jpg")
    qtbot.waitUntil(lambda: len(threads) == 1)
    assert threads[0] is not threading.main_thread()


def test_end_of_the_program_while_an_image_is_read_writes_the_last_one(
    qtbot: QtBot, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_loading, "PREVIEW_FROM_PIXELS", 1)
    board = JobBoard()
    session = Session(board, settings)
    paint(open_project(session, qtbot, folder))
    files = set((folder / "labels").iterdir())
    with qtbot.waitSignal(session.document_changed, timeout=20_000):
        session.step(1)
    assert session.preview is not None
    board.close()
    session.close_now()
    assert set((folder / "labels").iterdir()) - files != set()


def test_photo_that_breaks_off_leads_back(
    session: Session,
    qtbot: QtBot,
    folder: Path,
    previews: list[str],
    messages: list[Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from seamseg_studio.engine.formats import image_file

    session.open_paths([folder])
    qtbot.waitUntil(lambda: session.document is not None, timeout=20_000)
    read = image_file.read_image

    def reading(path: Path, max_pixels: int) -> np.ndarray:
        if path.name == "b.jpg":
            raise image_file.ImageError(f"{path}: damaged or cut off; get the file again from its source")
        return read(path, max_pixels)

    monkeypatch.setattr(image_file, "read_image", reading)
    session.step(1)
    qtbot.waitUntil(lambda: previews[2:] == ["b.jpg?", "a.jpg?", "a.jpg"], timeout=20_000)
    assert "b.jpg" in messages[-1].text
    assert session.wanted_image == session.records[0].id
