"""The document: one gesture, one step; nothing lost when the disk refuses; human work over predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gui_fake_engine import CAR, HEIGHT, PERSON, ROAD, SKY, TAXONOMY, WIDTH, answer
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.project import ImageRecord, Project, ProjectError
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import Editable, FillPolicy

ROAD_CATEGORY, SKY_CATEGORY, CAR_CATEGORY, PERSON_CATEGORY = range(4)


@pytest.fixture
def project(photos: Path) -> Iterator[Project]:
    with Project.create(photos.with_name("street.seamseg"), TAXONOMY) as project:
        project.add_images(sorted(photos.iterdir()))
        yield project


@pytest.fixture
def record(project: Project) -> ImageRecord:
    return project.images()[0]


@pytest.fixture
def document(project: Project, record: ImageRecord, qtbot: QtBot) -> Document:
    project.store_prediction(record.id, answer(HEIGHT, WIDTH), "test")
    return opened(project, record)


def opened(project: Project, record: ImageRecord) -> Document:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Document(project, record, image, project.load_map(record.id), project.load_prediction(record.id))


def stroke(document: Document, *points: tuple[int, int], radius: float = 4, erase: bool = False) -> bool:
    assert document.begin_stroke(erase=erase)
    for y, x in points:
        document.stroke_to(y, x, radius)
    return document.finish_stroke()


def test_each_gesture_is_one_step_on_disk(document: Document, project: Project, record: ImageRecord) -> None:
    document.set_current_category(CAR_CATEGORY)
    assert stroke(document, (5, 5), (5, 40), (20, 60))
    assert document.relabel([PERSON], CAR_CATEGORY)
    assert document.delete([CAR])
    assert len(project.history(record.id)) == 3
    assert np.array_equal(project.load_map(record.id).ids, document.map.ids)
    document.map.check(TAXONOMY)
    before = document.map.ids.copy()
    for _ in range(3):
        assert document.undo()
    assert not document.undo()
    assert np.array_equal(document.map.ids, answer(HEIGHT, WIDTH).ids)
    for _ in range(3):
        assert document.redo()
    assert np.array_equal(document.map.ids, before)


def test_brush_extends_the_selected_instance_or_begins_one(document: Document) -> None:
    document.set_current_category(CAR_CATEGORY)
    document.set_selection({CAR})
    stroke(document, (10, 10))
    assert document.map.ids[10, 10] == CAR
    document.set_selection(())
    stroke(document, (10, 100))
    new = int(document.map.ids[10, 100])
    assert new not in {ROAD, SKY, CAR, PERSON}
    assert document.selection == {new}  # the next stroke goes on with it
    document.set_current_category(ROAD_CATEGORY)
    stroke(document, (30, 30))
    assert document.map.ids[30, 30] == ROAD


@pytest.mark.parametrize(
    ("fill", "expected"), [(FillPolicy.VOID, 0), (FillPolicy.AROUND, SKY), (FillPolicy.SECOND_CHOICE, ROAD)]
)
def test_eraser_leaves_what_the_policy_says(document: Document, fill: FillPolicy, expected: int) -> None:
    document.change_policy(fill=fill)
    # Inside the sky the stuff around is the sky itself, so the erased spot is a car in it.
    document.set_current_category(CAR_CATEGORY)
    stroke(document, (12, 12))
    spot = int(document.map.ids[12, 12])
    stroke(document, (12, 12), radius=2, erase=True)
    assert document.map.ids[12, 12] == expected
    assert spot in document.map.segments  # its rim is still there


def test_policy_and_locks_hold_for_the_brush(document: Document) -> None:
    document.set_current_category(ROAD_CATEGORY)
    document.set_locked([CAR], True)
    area = document.map.area(CAR)
    stroke(document, (HEIGHT // 2 + 5, WIDTH // 4), radius=10)
    assert document.map.area(CAR) == area
    document.change_policy(editable=Editable.VOID_ONLY)
    before = document.map.ids.copy()
    stroke(document, (10, 10))
    assert np.array_equal(document.map.ids, before)


def test_prediction_waits_for_the_end_of_a_stroke_and_is_then_offered(
    project: Project, record: ImageRecord, qtbot: QtBot
) -> None:
    document = opened(project, record)
    document.set_current_category(CAR_CATEGORY)
    document.begin_stroke()
    document.stroke_to(10, 10, 5)
    document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    painted = document.map.ids.copy()
    with qtbot.waitSignal(document.prediction_offered):
        document.finish_stroke()
    assert np.array_equal(document.map.ids, painted)
    document.apply_prediction()
    assert np.array_equal(document.map.category_map(), answer(HEIGHT, WIDTH).to_map().category_map())
    document.undo()
    assert np.array_equal(document.map.ids, painted)


def test_first_prediction_becomes_the_map(project: Project, record: ImageRecord, qtbot: QtBot) -> None:
    document = opened(project, record)
    with qtbot.waitSignal(document.map_replaced):
        document.receive_prediction(answer(HEIGHT, WIDTH), "test")
    assert len(document.map.segments) == 4
    assert not document.can_undo


class Disk:
    """Refuses to append while full."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = True
        append = project.append

        def refusing(image_id: int, patch: Patch) -> int:
            if self.is_full:
                raise ProjectError("the disk is full; make room")
            return append(image_id, patch)

        monkeypatch.setattr(project, "append", refusing)


def test_full_disk_keeps_the_work_and_tries_again(
    document: Document, project: Project, record: ImageRecord, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(project, monkeypatch)
    failures: list[str] = []
    document.save_failed.connect(failures.append)
    document.relabel([CAR], PERSON_CATEGORY)
    document.delete([PERSON])
    assert len(failures) == 1  # said once, not at every stroke
    assert "the disk is full" in failures[0]
    assert document.num_unsaved == 2
    assert PERSON not in document.map.segments
    assert project.history(record.id) == []
    assert document.undo()
    assert PERSON in document.map.segments
    assert document.redo()
    disk.is_full = False
    with qtbot.waitSignal(document.saved_changed, timeout=10_000):
        pass
    assert document.num_unsaved == 0
    assert np.array_equal(project.load_map(record.id).ids, document.map.ids)


def test_closing_says_whether_all_is_on_disk(
    document: Document, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(project, monkeypatch)
    document.relabel([CAR], PERSON_CATEGORY)
    assert not document.close()
    disk.is_full = False
    assert document.close()


def test_read_only_project_refuses_in_words(project: Project, document: Document, record: ImageRecord) -> None:
    with Project.open(project.folder, read_only=True) as looking:
        other = opened(looking, record)
        failures: list[str] = []
        other.edit_failed.connect(failures.append)
        before = other.map.ids.copy()
        assert not other.relabel([CAR], PERSON_CATEGORY)
        assert not other.begin_stroke()
        assert not other.undo()
        assert np.array_equal(other.map.ids, before)
        assert len(failures) == 3


def test_merge_and_selection_follow_the_map(document: Document) -> None:
    document.relabel([PERSON], CAR_CATEGORY)
    document.set_selection({CAR, PERSON})
    assert document.merge([CAR, PERSON])
    assert len(document.map.segments) == 3
    assert document.selection == frozenset(i for i in (CAR, PERSON) if i in document.map.segments)
    assert document.describe([ROAD]) == "road"
    assert document.describe([ROAD, SKY]) == "2 segments"


def test_a_patch_that_does_not_fit_changes_nothing(document: Document, qtbot: QtBot) -> None:
    patch = edits.relabel(document.map, [CAR], PERSON_CATEGORY, document.policy)
    assert document.delete([CAR])
    before = document.map.ids.copy()
    with qtbot.waitSignal(document.edit_failed):
        assert not document.commit(patch)
    assert np.array_equal(document.map.ids, before)
    assert document.undo_label == "delete car"


def test_a_map_that_lost_step_with_the_journal_is_read_anew(
    document: Document, project: Project, record: ImageRecord, qtbot: QtBot
) -> None:
    document.set_current_category(CAR_CATEGORY)
    new = document.map.next_id()
    assert stroke(document, (5, 5), (5, 40))
    patch = edits.delete(document.map, [new], document.policy)
    patch.apply(document.map)  # behind the document's back
    document.set_selection({PERSON})
    with qtbot.waitSignal(document.map_replaced):
        assert document.undo()
    assert np.array_equal(document.map.ids, project.load_map(record.id).ids)
    assert new not in document.map.segments
    assert document.selection == frozenset()


def test_an_edit_in_mid_stroke_comes_after_the_stroke(
    document: Document, project: Project, record: ImageRecord
) -> None:
    document.set_current_category(CAR_CATEGORY)
    assert document.begin_stroke()
    document.stroke_to(5, 5, 4)
    assert document.relabel([PERSON], CAR_CATEGORY)
    assert [entry.label for entry in project.history(record.id)] == ["paint car", "relabel as car"]
    assert np.array_equal(project.load_map(record.id).ids, document.map.ids)


def test_the_second_choice_is_the_models(document: Document) -> None:
    document.change_policy(fill=FillPolicy.SECOND_CHOICE)
    y, x = HEIGHT // 2 + 5, WIDTH // 4  # in the car, whose second choice is sky
    assert document.prediction is not None
    assert document.prediction.second_choice is not None
    assert document.prediction.second_choice[y, x] == SKY_CATEGORY
    assert stroke(document, (y, x), erase=True)
    assert document.map.ids[y, x] == SKY
