"""Answers of the model for an open image: written elsewhere, and never over what a person does meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gui_fake_engine import HEIGHT, TAXONOMY, WIDTH, answer
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.job import JobContext
from seamseg_studio.engine.project import ImageRecord, Project, ProjectError
from seamseg_studio.engine.scene import edits

CAR_CATEGORY = 2


class Later:
    """A background whose work is done when told, and whose outcome is told when told."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []
        self.outcomes: list[Callable[[], object]] = []

    def __call__(
        self,
        function: Callable[[JobContext], Any],
        *,
        on_done: Callable[[Any], object],
        on_failed: Callable[[str], object],
    ) -> None:
        def work() -> None:
            try:
                result = function(JobContext(lambda _: None))
            except ProjectError as error:
                self.outcomes.append(lambda text=str(error): on_failed(text))  # type: ignore[misc]
            else:
                self.outcomes.append(lambda: on_done(result))

        self.work.append(work)

    def do(self) -> None:
        """Does the work in another thread, as the program does."""
        thread = threading.Thread(target=self.work.pop(0))
        thread.start()
        thread.join()

    def tell(self) -> None:
        self.outcomes.pop(0)()


@pytest.fixture
def project(photos: Path) -> Iterator[Project]:
    with Project.create(photos.with_name("street.seamseg"), TAXONOMY) as project:
        project.add_images(sorted(photos.iterdir()))
        yield project


@pytest.fixture
def record(project: Project) -> ImageRecord:
    return project.images()[0]


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def document(project: Project, record: ImageRecord, later: Later, qtbot: QtBot) -> Document:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Document(project, record, image, project.load_map(record.id), run=later)


def paint(document: Document) -> np.ndarray:
    document.set_current_category(CAR_CATEGORY)
    assert document.begin_stroke()
    document.stroke_to(10, 10, 5)
    document.stroke_to(10, 60, 5)
    assert document.finish_stroke()
    return document.map.ids.copy()


def test_answer_becomes_the_map_when_it_is_written(
    document: Document, later: Later, project: Project, record: ImageRecord, qtbot: QtBot
) -> None:
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    assert len(document.map.segments) == 0, "nothing is shown that is not on disk"
    later.do()
    with qtbot.waitSignals([document.map_replaced, document.prediction_stored]):
        later.tell()
    assert np.array_equal(document.map.ids, project.load_map(record.id).ids)
    assert len(document.map.segments) == 4
    assert document.prediction is not None


def test_a_stroke_before_the_answer_counts_wins(
    document: Document, later: Later, project: Project, record: ImageRecord, qtbot: QtBot
) -> None:
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    painted = paint(document)
    later.do()
    with qtbot.waitSignal(document.prediction_offered):
        later.tell()
    assert np.array_equal(document.map.ids, painted)
    assert np.array_equal(project.load_map(record.id).ids, painted)
    stored = project.load_prediction(record.id)
    assert stored is not None, "the answer is kept beside"


def test_even_a_stroke_that_only_began_wins(document: Document, later: Later, qtbot: QtBot) -> None:
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    document.set_current_category(CAR_CATEGORY)
    assert document.begin_stroke()
    document.stroke_to(10, 10, 5)
    later.do()  # is refused although the journal is still empty
    with qtbot.waitSignal(document.prediction_offered):
        later.tell()
    assert document.stroke_active
    assert document.finish_stroke()
    assert len(document.map.segments) == 1


def test_a_stroke_right_after_is_painted_on_the_answer(
    document: Document, later: Later, project: Project, record: ImageRecord, qtbot: QtBot
) -> None:
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    later.do()  # it counts on disk, but the window has not heard of it
    with qtbot.waitSignal(document.map_replaced):
        painted = paint(document)
    assert len(document.map.segments) == 5
    with qtbot.assertNotEmitted(document.map_replaced):
        later.tell()
    assert np.array_equal(document.map.ids, painted)
    assert np.array_equal(project.load_map(record.id).ids, painted)


def test_undo_while_an_answer_is_written(
    document: Document, later: Later, project: Project, record: ImageRecord, qtbot: QtBot
) -> None:
    painted = paint(document)
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    assert document.undo()
    later.do()
    with qtbot.waitSignal(document.prediction_offered):
        later.tell()
    assert not document.map.ids.any()
    assert document.redo()
    assert np.array_equal(document.map.ids, painted)
    assert np.array_equal(project.load_map(record.id).ids, painted)


def test_answer_that_cannot_be_written_changes_nothing(
    document: Document, later: Later, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise ProjectError("the disk is full; make room")

    monkeypatch.setattr(project, "store_prediction", refuse)
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    later.do()
    with qtbot.waitSignal(document.edit_failed) as failed:
        later.tell()
    assert "the disk is full" in failed.args[0]
    assert not document.map.ids.any()


def test_answer_waits_for_changes_that_wait_for_the_disk(
    document: Document, later: Later, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise ProjectError("the disk is full; make room")

    with monkeypatch.context() as patched:
        patched.setattr(project, "append", refuse)
        painted = paint(document)
        assert document.num_unsaved == 1
        document.receive_prediction(answer(HEIGHT, WIDTH), "test")
        assert later.work == [], "the project would take the image for untouched"
    assert document.save()
    later.do()
    with qtbot.waitSignal(document.prediction_offered):
        later.tell()
    assert np.array_equal(document.map.ids, painted)


def test_answer_that_comes_while_an_edit_is_worked_out_waits_for_it(
    document: Document, later: Later, qtbot: QtBot
) -> None:
    painted = paint(document)
    deleted = document.edit(
        lambda policy: edits.delete(document.map, list(document.map.segments), policy), num_pixels=10**9
    )
    assert deleted
    assert document.working
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    assert later.work == []
    qtbot.waitUntil(lambda: len(later.work) == 1)
    assert not np.array_equal(document.map.ids, painted)
    later.do()
    with qtbot.waitSignal(document.prediction_offered):
        later.tell()


def test_way_back_comes_before_what_is_painted_meanwhile(
    document: Document, later: Later, project: Project, record: ImageRecord
) -> None:
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    later.do()
    later.tell()
    paint(document)
    assert document.apply_prediction()
    document.set_selection(())
    paint(document)
    labels = [entry.label for entry in project.history(record.id)]
    assert labels == ["paint car", "back to the prediction", "paint car"]
    assert np.array_equal(project.load_map(record.id).ids, document.map.ids)
