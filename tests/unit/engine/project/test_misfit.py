"""The journal takes no change that was made for other labels than those it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from seamseg_studio.engine.project import ImageRecord, MisfitError, Project
from seamseg_studio.engine.project.labels import LabelStore
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

from .conftest import TAXONOMY, make_result
from .test_store import assert_same, edit, paint


@pytest.fixture
def panoptic_map(project: Project, record: ImageRecord) -> PanopticMap:
    project.store_prediction(record.id, make_result(), "starter")
    found = project.load_map(record.id)
    edit(project, record, found, 0)
    return found


def assert_refused(project: Project, record: ImageRecord, patch: Patch) -> None:
    before, history = project.load_map(record.id), project.history(record.id)
    with pytest.raises(MisfitError, match="made for other labels"):
        project.append(record.id, patch)
    assert project.history(record.id) == history
    assert_same(before, project.load_map(record.id))


@pytest.mark.parametrize("is_marked", [True, False])
def test_a_change_is_not_taken_twice(
    project: Project, record: ImageRecord, panoptic_map: PanopticMap, is_marked: bool
) -> None:
    patch = paint(panoptic_map, 10, category=0)  # road, which is there already: no id tells it from the first time
    project.append(record.id, patch)
    assert_refused(project, record, patch if is_marked else replace(patch, mark_before=0, mark_after=0))


def test_a_change_of_another_image_is_refused(project: Project, record: ImageRecord, panoptic_map: PanopticMap) -> None:
    other = project.images()[1]
    assert_refused(project, record, paint(project.load_map(other.id), 10))
    assert_refused(project, other, paint(panoptic_map, 10))


def test_a_change_of_labels_that_went_on_is_refused(
    project: Project, record: ImageRecord, panoptic_map: PanopticMap
) -> None:
    late = paint(panoptic_map, 11, category=0)
    edit(project, record, panoptic_map, 10)
    assert_refused(project, record, late)
    project.undo(record.id)
    assert_refused(project, record, paint(panoptic_map, 12, category=0))  # the map was not taken back with the journal


def test_labels_that_the_model_made_anew_end_changes_of_the_former(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(), "starter")
    former = project.load_map(record.id)
    mask, box = np.ones((8, 4), dtype=bool), Box(8, 2, 16, 6)  # where only the former labels show a car
    patch = edits.paint(former, mask, box, Segment(0), EditingPolicy(TAXONOMY))
    project.store_prediction(record.id, make_result(car_column=20), "better")
    assert_refused(project, record, patch)


def test_a_change_that_leaves_no_partition_is_refused(
    project: Project, record: ImageRecord, panoptic_map: PanopticMap
) -> None:
    patch = paint(panoptic_map, 10)
    new = max(patch.segments_after)
    without_record = Patch(patch.shape, patch.runs, {}, {}, "no record")
    assert_refused(project, record, without_record)
    assert_refused(project, record, Patch(patch.shape, patch.runs.reversed(), {}, {}, "the wrong way round"))
    gone = Patch(patch.shape, patch.runs, {new: None, 2: panoptic_map.segments[2]}, {**patch.segments_after, 2: None})
    assert_refused(project, record, gone)
    assert_refused(project, record, Patch((99, 99), patch.runs, patch.segments_before, patch.segments_after))
    far = replace(patch.runs, y=patch.runs.y + np.int32(1000))
    assert_refused(project, record, Patch(patch.shape, far, patch.segments_before, patch.segments_after))


def test_what_fits_is_taken_whatever_it_was_made_on(
    project: Project, record: ImageRecord, panoptic_map: PanopticMap, reopened: Callable[[], Project]
) -> None:
    patch = Patch.from_bytes(paint(panoptic_map, 10).to_bytes())
    project.append(record.id, patch)
    patch.apply(panoptic_map)
    project.compact(record.id, 0)
    edit(project, record, panoptic_map, 15)
    again = reopened()
    edit(again, record, panoptic_map, 20)  # of a map that the project never gave out
    assert_same(panoptic_map, again.load_map(record.id))


def test_a_change_of_the_map_at_hand_is_not_looked_at(
    project: Project, record: ImageRecord, panoptic_map: PanopticMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comparing costs as much as loading the image: it is done only where the two may differ."""
    reads = []
    load = LabelStore.load
    monkeypatch.setattr(LabelStore, "load", lambda self, image_id: reads.append(image_id) or load(self, image_id))
    for x in (5, 10):
        edit(project, record, panoptic_map, x)
    for _ in range(2):
        undone = project.undo(record.id)
        assert undone is not None
        undone.revert(panoptic_map)
    redone = project.redo(record.id)
    assert redone is not None
    redone.apply(panoptic_map)
    edit(project, record, panoptic_map, 15)
    project.compact(record.id, 1)
    edit(project, record, panoptic_map, 20)
    assert not reads
    assert_same(panoptic_map, project.load_map(record.id))
