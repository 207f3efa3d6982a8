"""No change of the categories stands in the way of undo, however long ago it was."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from seamseg_studio.engine.project import ImageRecord, Project
from seamseg_studio.engine.project.labels import LabelStore
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

from .conftest import make_result
from .test_store import edit
from .test_taxonomy_change import CAR, CARS_ARE_PEOPLE, CARS_ARE_ROAD, NO_CARS, PERSON, WITHOUT_CARS, random_change

DOGS = Taxonomy("dogs", (*NO_CARS.categories, Category("dog", Kind.THING, (9, 9, 200))))


def paint(project: Project, record: ImageRecord, panoptic_map: PanopticMap, x: int, category: int) -> None:
    policy = EditingPolicy(project.taxonomy)
    mask = np.ones((4, 4), dtype=bool)
    patch = edits.paint(panoptic_map, mask, Box(2, x, 6, x + 4), Segment(category), policy, f"paint at {x}")
    patch.apply(panoptic_map)
    project.append(record.id, patch)


def assert_shown(project: Project, image_id: int, panoptic_map: PanopticMap) -> None:
    """The map that was followed step by step is the one that the project gives."""
    found = project.load_map(image_id)
    np.testing.assert_array_equal(found.ids, panoptic_map.ids)
    np.testing.assert_array_equal(found.provenance, panoptic_map.provenance)
    assert dict(found.segments) == dict(panoptic_map.segments)
    panoptic_map.check(project.taxonomy)


@pytest.mark.parametrize("moves", [WITHOUT_CARS, CARS_ARE_PEOPLE, CARS_ARE_ROAD])
@pytest.mark.parametrize("is_predicted", [False, True])
def test_the_whole_history_can_be_undone_and_made_again(
    project: Project, record: ImageRecord, moves: dict[int, int | None], is_predicted: bool
) -> None:
    """Two changes ago a category went or joined another; the history is from before."""
    if is_predicted:
        project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    for x, category in ((0, CAR), (8, PERSON), (14, 0), (20, CAR), (22, 0)):
        paint(project, record, panoptic_map, x, category)
    project.checkpoint(record.id, panoptic_map)
    project.change_taxonomy(NO_CARS, moves)
    project.change_taxonomy(DOGS, {0: 0, 1: 1, 2: 2})
    panoptic_map = project.load_map(record.id)
    paint(project, record, panoptic_map, 25, 3)
    last = project.load_map(record.id)
    undone = 0
    while (patch := project.undo(record.id)) is not None:
        patch.revert(panoptic_map)
        assert_shown(project, record.id, panoptic_map)
        undone += 1
    assert undone == project.image(record.id).num_edits + len(project.history(record.id))
    while (patch := project.redo(record.id)) is not None:
        patch.apply(panoptic_map)
        assert_shown(project, record.id, panoptic_map)
    assert_shown(project, record.id, last)


def test_work_goes_on_from_a_state_before_the_change(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for x, category in ((0, CAR), (8, CAR), (20, PERSON)):
        paint(project, record, panoptic_map, x, category)
    project.change_taxonomy(NO_CARS, WITHOUT_CARS)
    panoptic_map = project.load_map(record.id)
    for _ in range(2):
        patch = project.undo(record.id)
        assert patch is not None
        patch.revert(panoptic_map)
    assert list(panoptic_map.segments) == [], "the cars are void, the person is undone"
    paint(project, record, panoptic_map, 1, PERSON - 1)
    assert_shown(project, record.id, panoptic_map)
    project.checkpoint(record.id, panoptic_map)
    assert_shown(project, record.id, panoptic_map)
    labels = [entry.label for entry in project.history(record.id)]
    assert labels == ["paint at 0", "paint at 8", "categories changed", "paint at 1"]
    while (patch := project.undo(record.id)) is not None:
        patch.revert(panoptic_map)
        assert_shown(project, record.id, panoptic_map)


def test_a_change_that_was_undone_in_an_image_is_taken_back_elsewhere(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for x in (0, 8):
        paint(project, record, panoptic_map, x, CAR)
    project.change_taxonomy(NO_CARS, WITHOUT_CARS)
    assert project.undo(record.id) is not None
    report = project.take_back_taxonomy()
    assert report.kept == []
    assert_shown(project, record.id, panoptic_map)


def test_a_prediction_has_what_joined(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(), "starter")
    edit(project, record, project.load_map(record.id), 20)
    project.change_taxonomy(NO_CARS, CARS_ARE_PEOPLE)
    prediction = project.load_prediction(record.id)
    assert prediction is not None
    assert prediction.categories.tolist() == [255, 1, 0, 2]
    project.change_taxonomy(Taxonomy("one", NO_CARS.categories[:1]), {0: 0, 1: 0, 2: None})
    prediction = project.load_prediction(record.id)
    assert prediction is not None
    shown = prediction.to_map()
    shown.check(project.taxonomy)
    assert list(shown.segments) == [1], "road and sky are one segment, the car is gone"


def test_undo_reads_no_map_where_no_category_ended(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    panoptic_map = project.load_map(record.id)
    for x in (0, 8, 16):
        edit(project, record, panoptic_map, x)
    project.change_taxonomy(DOGS, {0: 0, 1: 1, 2: 2, 3: 3})
    reads = []
    load = LabelStore.load_by_key
    monkeypatch.setattr(LabelStore, "load_by_key", lambda self, image_id: reads.append(1) or load(self, image_id))
    for step in (project.undo, project.undo, project.redo):
        assert step(record.id) is not None
    assert not reads


def test_work_after_a_category_ended_reads_no_map(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(project, record, project.load_map(record.id), 0, CAR)
    project.change_taxonomy(NO_CARS, WITHOUT_CARS)
    panoptic_map = project.load_map(record.id)
    reads = []
    load = LabelStore.load_by_key
    monkeypatch.setattr(LabelStore, "load_by_key", lambda self, image_id: reads.append(1) or load(self, image_id))
    for x in (4, 12, 20):
        paint(project, record, panoptic_map, x, 0)
    for _ in range(3):
        patch = project.undo(record.id)
        assert patch is not None
        patch.revert(panoptic_map)
    patch = project.redo(record.id)
    assert patch is not None
    patch.apply(panoptic_map)
    paint(project, record, panoptic_map, 24, 1)
    assert not reads
    monkeypatch.undo()
    assert_shown(project, record.id, panoptic_map)


@pytest.mark.parametrize("seed", range(8))
def test_any_way_through_history_and_changes_is_shown_as_it_is(
    project: Project, reopened: Callable[[], Project], seed: int
) -> None:
    rng = random.Random(seed)
    project.store_prediction(1, make_result(), "starter")
    maps = {image_id: project.load_map(image_id) for image_id in (1, 2)}
    for step in range(30):
        image_id = rng.choice((1, 2))
        match rng.choice(["paint"] * 4 + ["undo"] * 4 + ["redo"] * 2 + ["change", "checkpoint", "reopen", "compact"]):
            case "paint":
                category = rng.randrange(len(project.taxonomy))
                paint(project, project.image(image_id), maps[image_id], rng.randrange(28), category)
            case "undo":
                if (patch := project.undo(image_id)) is not None:
                    patch.revert(maps[image_id])
            case "redo":
                if (patch := project.redo(image_id)) is not None:
                    patch.apply(maps[image_id])
            case "change":
                project.change_taxonomy(*random_change(project.taxonomy, rng, step))
                maps = {other: project.load_map(other) for other in maps}
            case "checkpoint":
                project.checkpoint(image_id, maps[image_id])
            case "reopen":
                project = reopened()
                maps = {other: project.load_map(other) for other in maps}
            case "compact":
                project.compact(image_id, rng.randrange(8))
        for other, panoptic_map in maps.items():
            assert_shown(project, other, panoptic_map)
