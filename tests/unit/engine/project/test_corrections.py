"""What counts as vouched for, and what a project knows about itself."""

from __future__ import annotations

import numpy as np
import pytest

from seamseg_studio.engine.project import ImageRecord, Project, Status
from seamseg_studio.engine.project.corrections import SURROUNDINGS_PX, vouched_part
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy

from .conftest import HEIGHT, TAXONOMY, WIDTH, make_image, make_result
from .test_store import edit

POLICY = EditingPolicy(TAXONOMY)
ROAD, SKY, CAR, PERSON = range(4)


def models_map() -> PanopticMap:
    """Sky (1) over road (2) with two cars (3, 4) far apart, all from the model. 60 x 120."""
    ids = np.ones((60, 120), dtype=np.int32)
    ids[30:] = 2
    ids[25:35, 10:20] = 3
    ids[25:35, 90:100] = 4
    categories = {1: SKY, 2: ROAD, 3: CAR, 4: CAR}
    return PanopticMap(ids, {i: Segment(c, origin=Origin.MODEL) for i, c in categories.items()})


def test_the_model_alone_vouches_for_nothing() -> None:
    assert vouched_part(models_map(), TAXONOMY).segments == {}


def test_a_corrected_thing_counts_whole_with_the_stuff_around_it() -> None:
    panoptic_map = models_map()
    edits.paint(panoptic_map, np.ones((2, 2), bool), Box(24, 12, 26, 14), 3, POLICY).apply(panoptic_map)
    part = vouched_part(panoptic_map, TAXONOMY)
    part.check(TAXONOMY)
    assert part.area(3) == panoptic_map.area(3)
    assert part.area(4) == 0
    assert part.ids[24 - SURROUNDINGS_PX, 13] == 1
    assert part.ids[24 - SURROUNDINGS_PX - 1, 13] == 0
    assert part.ids[50, 60] == 0


def test_a_category_that_a_human_gave_counts_for_all_pixels() -> None:
    panoptic_map = models_map()
    edits.relabel(panoptic_map, [4], PERSON, POLICY).apply(panoptic_map)
    part = vouched_part(panoptic_map, TAXONOMY)
    assert part.area(4) == 100
    assert part.area(3) == 0


def test_only_vouched_images_are_corrections(project: Project, record: ImageRecord) -> None:
    first, second, third = project.images()
    for image in (first, second, third):
        project.store_prediction(image.id, make_result(), "starter")
    assert list(project.corrections()) == []
    project.set_status(first.id, Status.ACCEPTED)
    edit(project, second, project.load_map(second.id), 20)
    edit(project, third, project.load_map(third.id), 20)
    project.set_status(third.id, Status.FLAGGED)
    found = {correction.image_path: correction for correction in project.corrections()}
    assert set(found) == {first.path, second.path}
    assert found[first.path].vouched_share == pytest.approx(1 - 4 / (HEIGHT * WIDTH))
    assert found[first.path].status is Status.ACCEPTED
    assert found[first.path].name == "0"
    assert 16 / (HEIGHT * WIDTH) < found[second.path].vouched_share < 1
    found[second.path].map.check(TAXONOMY)


def test_corrections_of_equal_file_names_have_names_of_their_own(project: Project, record: ImageRecord) -> None:
    twin = project.add_images([make_image(record.path.parent / "deeper" / record.path.name)])[0]
    for image in (record, twin):
        project.store_prediction(image.id, make_result(), "starter")
        project.set_status(image.id, Status.ACCEPTED)
    names = [correction.name for correction in project.corrections()]
    assert len(set(names)) == 2


def test_statistics_count_images_segments_and_pixels(project: Project, record: ImageRecord) -> None:
    for image in project.images()[:2]:
        project.store_prediction(image.id, make_result(), "starter")
    before = project.statistics()
    assert before.num_images == 3
    assert before.by_status[Status.PREDICTED] == 2
    assert before.by_status[Status.ACCEPTED] == 0
    assert before.num_segments == {ROAD: 2, SKY: 2, CAR: 2}
    assert before.num_pixels[CAR] == 128
    panoptic_map = project.load_map(record.id)
    edit(project, record, panoptic_map, 20)
    assert project.statistics().num_uncounted == 1
    assert project.statistics().num_edits == 1
    project.checkpoint(record.id, panoptic_map)
    after = project.statistics()
    assert after.num_uncounted == 0
    assert after.num_segments[PERSON] == 1
    assert after.num_pixels[PERSON] == 16
