"""The session without any widget."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gui_fake_engine import HEIGHT, OTHER_TAXONOMY, TAXONOMY, WIDTH, answer
from pytestqt.qtbot import QtBot

from seamseg_studio.app.jobs.job import JobBoard
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.words.messages import Message
from seamseg_studio.engine.project import Project


@pytest.fixture
def session(qtbot: QtBot, settings: Settings) -> Iterator[Session]:
    board = JobBoard()
    session = Session(board, settings)
    yield session
    board.close()
    session.close_now()


@pytest.fixture
def project_folder(photos: Path) -> Path:
    """A project of the four photos; the first two have labels."""
    folder = photos.with_name("street.seamseg")
    with Project.create(folder, TAXONOMY) as project:
        for record in project.add_images(sorted(photos.iterdir()))[:2]:
            project.store_prediction(record.id, answer(HEIGHT, WIDTH), "test")
    return folder


def opened(session: Session, qtbot: QtBot, path: Path, *more: Path) -> None:
    with qtbot.waitSignal(session.document_changed, timeout=20_000):
        session.open_paths([path, *more])


def name(session: Session) -> str:
    return session.document.record.name if session.document is not None else ""


def step(session: Session, qtbot: QtBot, offset: int) -> str:
    with qtbot.waitSignal(session.document_changed, timeout=20_000):
        session.step(offset)
    return name(session)


def test_steps_stop_at_the_ends(session: Session, qtbot: QtBot, project_folder: Path) -> None:
    opened(session, qtbot, project_folder)
    assert name(session) == "a.jpg"
    session.step(-1)
    assert session.wanted_image == session.records[0].id
    assert [step(session, qtbot, 1) for _ in range(3)] == ["b.jpg", "c.jpg", "d.png"]
    session.step(1)
    assert name(session) == "d.png"


def test_database_file_is_the_project_too(session: Session, qtbot: QtBot, project_folder: Path) -> None:
    opened(session, qtbot, project_folder / "project.db")
    assert session.project is not None
    assert session.project.folder == project_folder


def test_project_with_more_images(session: Session, qtbot: QtBot, project_folder: Path, photos: Path) -> None:
    new = photos / "e.png"
    (photos / "d.png").rename(new)
    opened(session, qtbot, project_folder, new)
    assert [record.name for record in session.records] == ["a.jpg", "b.jpg", "c.jpg", "d.png", "e.png"]
    assert name(session) == "e.png"


def test_accepting_goes_on_to_the_next_unaccepted_and_round(
    session: Session, qtbot: QtBot, project_folder: Path
) -> None:
    messages: list[Message] = []
    session.message_posted.connect(messages.append)
    opened(session, qtbot, project_folder)
    step(session, qtbot, 1)
    order = []
    for _ in range(3):
        with qtbot.waitSignal(session.document_changed, timeout=20_000):
            session.accept()
        order.append(name(session))
    assert order == ["c.jpg", "d.png", "a.jpg"]
    session.accept()
    assert messages[-1].title == "All images are accepted"
    assert session.num_with_status("accepted") == 4


def test_flag_comes_and_goes(session: Session, qtbot: QtBot, project_folder: Path) -> None:
    opened(session, qtbot, project_folder)
    session.toggle_flag("blurred")
    assert (session.records[0].status, session.records[0].note) == ("flagged", "blurred")
    session.toggle_flag()
    assert session.records[0].status == "predicted"


def test_acceptance_can_be_taken_back(session: Session, qtbot: QtBot, project_folder: Path) -> None:
    opened(session, qtbot, project_folder)
    with qtbot.waitSignal(session.document_changed, timeout=20_000):
        session.accept()
    step(session, qtbot, -1)
    assert session.records[0].status == "accepted"
    session.take_back_acceptance()
    assert session.records[0].status == "predicted"
    assert session.num_with_status("accepted") == 0


def test_last_image_is_remembered(session: Session, qtbot: QtBot, project_folder: Path) -> None:
    opened(session, qtbot, project_folder)
    step(session, qtbot, 1)
    step(session, qtbot, 1)
    session.close_project()
    assert session.document is None
    assert list(session.records) == []
    opened(session, qtbot, project_folder)
    assert name(session) == "c.jpg"


def test_new_categories_make_the_document_anew(session: Session, qtbot: QtBot, photos: Path) -> None:
    opened(session, qtbot, photos)
    before = session.document
    assert before is not None
    image = before.image
    wanted = []
    session.document_changed.connect(lambda: wanted.append(session.wanted_image))
    session.set_taxonomy(OTHER_TAXONOMY)
    assert wanted == [session.records[0].id], "something is about to come: no start page in between"
    qtbot.waitUntil(lambda: session.document is not None)
    assert session.document is not before
    assert session.document is not None
    assert session.document.taxonomy == OTHER_TAXONOMY
    assert session.document.image is image


def test_new_categories_do_not_lead_back_from_the_image_asked_for(session: Session, qtbot: QtBot, photos: Path) -> None:
    opened(session, qtbot, photos)
    session.step(1)
    session.set_taxonomy(OTHER_TAXONOMY)
    qtbot.waitUntil(lambda: session.document is not None)
    assert session.document is not None
    assert (name(session), session.document.taxonomy) == ("b.jpg", OTHER_TAXONOMY)


def test_last_wish_wins_when_two_projects_are_opened(
    session: Session, qtbot: QtBot, project_folder: Path, photos: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (photos / "d.png").rename(other / "z.png")
    session.open_paths([project_folder])
    session.open_paths([other])
    qtbot.waitUntil(lambda: name(session) == "z.png")
    assert not session.is_opening

    def is_let_go_of() -> bool:
        with Project.open(project_folder) as project:
            return not project.read_only

    qtbot.waitUntil(is_let_go_of)


def test_forgotten_when_gone(session: Session, qtbot: QtBot, settings: Settings, tmp_path: Path) -> None:
    settings.add_recent_project(tmp_path / "gone.seamseg")
    messages: list[Message] = []
    session.message_posted.connect(messages.append)
    session.open_project(tmp_path / "gone.seamseg")
    qtbot.waitUntil(lambda: bool(messages), timeout=20_000)
    assert settings.recent_projects == []
