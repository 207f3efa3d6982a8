"""A folder of many images: the first are seen at once, the rest join while a person works."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from seamseg_studio.app.jobs import opening
from seamseg_studio.app.jobs.job import JobBoard, JobCancelled, JobContext
from seamseg_studio.app.jobs.opening import Added, add_waiting, open_folder
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Message
from seamseg_studio.engine.project import ImageRecord, Project

NAMES = [f"{number:02d}.png" for number in range(20)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty pictures, of which two are seen first and two are added at a time; the first is damaged."""
    monkeypatch.setattr(opening, "_SEE_FIRST", 2)
    monkeypatch.setattr(opening, "_ADD_AT_ONCE", 2)
    folder = tmp_path / "street"
    folder.mkdir()
    for name in NAMES:
        Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(folder / name)
    (folder / NAMES[0]).write_bytes(b"no picture")
    return folder


def context(told: list[Added]) -> JobContext:
    def keep(part: object) -> None:
        assert isinstance(part, Added)
        told.append(part)

    return JobContext(lambda _: None, keep)


def names(records: list[ImageRecord]) -> list[str]:
    return [record.name for record in records]


def test_first_images_are_there_before_the_rest(folder: Path) -> None:
    told: list[Added] = []
    opened = open_folder(folder, context(told))
    with opened.project as project:
        assert names(opened.records) == ["01.png"]
        assert len(opened.problems) == 1
        assert [path.name for path in opened.waiting] == NAMES[2:]
        (folder / NAMES[10]).write_bytes(b"no picture either")
        add_waiting(project, opened.waiting, context(told))
        parts = [len(part.records) for part in told]
        assert parts == [2, 4, 9, 2], "told ever less often"
        assert sum((part.problems for part in told), ())[0].startswith(str(folder / NAMES[10]))
        new = [record for part in told for record in part.records]
        assert opened.records + new == project.images()
        assert names(new) == [name for name in NAMES[2:] if name != NAMES[10]]


def test_images_that_cannot_be_read_do_not_hide_those_that_can(folder: Path) -> None:
    for name in NAMES[:5]:
        (folder / name).write_bytes(b"no picture")
    opened = open_folder(folder, context([]))
    with opened.project:
        assert names(opened.records) == ["05.png"]
        assert len(opened.problems) == 5


def test_a_folder_that_may_not_be_read_is_named_and_the_others_are_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / NAMES[0]).unlink()
    (folder / "closed").mkdir()
    scan = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    opened = open_folder(folder, context([]))
    with opened.project:
        assert names(opened.records) == ["01.png", "02.png"]
        assert opened.problems == (f"{folder / 'closed'}: cannot be read (Permission denied); change its permissions",)


def test_known_folder_waits_for_nothing(folder: Path) -> None:
    (folder / NAMES[0]).unlink()
    opened = open_folder(folder, context([]))
    with opened.project as project:
        add_waiting(project, opened.waiting, context([]))
    again = open_folder(folder, context([]))
    with again.project:
        assert names(again.records) == NAMES[1:]
        assert again.waiting == ()


def test_what_was_added_before_a_cancel_is_told(folder: Path) -> None:
    told: list[Added] = []
    opened = open_folder(folder, context([]))
    num_reports = 0

    def count(_: object) -> None:
        nonlocal num_reports
        num_reports += 1
        if num_reports == 3:
            stopping.stop()

    stopping = JobContext(count, told.append)  # type: ignore[arg-type]
    with opened.project as project:
        with pytest.raises(JobCancelled):
            add_waiting(project, opened.waiting, stopping)
        assert opened.records + [record for part in told for record in part.records] == project.images()
        assert len(project.images()) == 7


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Lets only the first images in until it is set."""
    gate = threading.Event()
    add = Project.add_images

    def adding(project: Project, paths: list[Path]) -> list[ImageRecord]:
        assert paths[0].name <= NAMES[3] or gate.wait(20)
        return add(project, paths)

    monkeypatch.setattr(Project, "add_images", adding)
    yield gate
    gate.set()


def test_list_grows_while_a_person_looks(
    window: MainWindow, studio: Studio, qtbot: QtBot, folder: Path, gate: threading.Event
) -> None:
    (folder / NAMES[0]).unlink()
    studio.session.open_paths([folder])
    qtbot.waitUntil(lambda: studio.session.document is not None and len(studio.session.records) == 4)
    assert len(studio.board.jobs) >= 1, "the status bar shows that images are being added"
    studio.session.open_image(studio.session.records[3].id)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == NAMES[4])
    studio.session.flag("look again")
    gate.set()
    model = window.images.view.model()
    qtbot.waitUntil(lambda: model.rowCount() == len(NAMES) - 1)
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == NAMES[1:]
    assert studio.session.records[3].status == "flagged", "what a person did meanwhile stays"
    assert window.images.view.currentIndex().data() == NAMES[4]
    studio.session.step(1)
    qtbot.waitUntil(lambda: studio.session.document is not None and studio.session.document.record.name == NAMES[5])


def test_closed_project_is_added_to_no_more(
    qtbot: QtBot, settings: Settings, folder: Path, gate: threading.Event
) -> None:
    board = JobBoard()
    session = Session(board, settings)
    heard: list[Message] = []
    session.open_paths([folder])
    qtbot.waitUntil(lambda: len(session.records) == 3)
    session.message_posted.connect(heard.append)
    session.close_project()
    gate.set()
    qtbot.waitUntil(lambda: not session.is_closing and board.jobs == ())
    assert list(session.records) == []
    assert heard == []
    board.close()
    session.close_now()
