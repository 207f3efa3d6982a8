"""Categories move, join, go and come back, and the labels of every image go with them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.project import (
    ImageRecord,
    Project,
    ProjectError,
    SaveError,
    Status,
    recover_project,
)
from seamseg_studio.engine.project.category_keys import KeyedTaxonomy
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

from .conftest import TAXONOMY, forget_copies, make_result
from .test_store import edit

ROAD, SKY, CAR, PERSON = range(4)
DOG = Category("dog", Kind.THING, (9, 9, 200))
TURNED = Taxonomy("turned", (TAXONOMY[SKY], TAXONOMY[ROAD], TAXONOMY[PERSON], DOG, TAXONOMY[CAR]))
TURN = {ROAD: 1, SKY: 0, CAR: 4, PERSON: 2}
NO_CARS = Taxonomy("no cars", (TAXONOMY[ROAD], TAXONOMY[SKY], TAXONOMY[PERSON]))
WITHOUT_CARS = {ROAD: 0, SKY: 1, CAR: None, PERSON: 2}
CARS_ARE_ROAD = {ROAD: 0, SKY: 1, CAR: 0, PERSON: 2}
CARS_ARE_PEOPLE = {ROAD: 0, SKY: 1, CAR: 2, PERSON: 2}


def names_map(project: Project, image_id: int) -> np.ndarray:
    """The name of the category of each pixel, 'void' where there is none."""
    names = np.array([*(category.name for category in project.taxonomy.categories), "void"])
    categories = project.load_map(image_id).category_map().astype(int)
    return names[np.where(categories == 255, len(names) - 1, categories)]


@pytest.fixture
def labelled(project: Project) -> Project:
    """Image 1: a prediction with two edits, a checkpoint between; image 2: a prediction; image 3: accepted."""
    for image in project.images():
        project.store_prediction(image.id, make_result(), "starter")
    first, _, third = project.images()
    panoptic_map = project.load_map(first.id)
    edit(project, first, panoptic_map, 0)
    project.checkpoint(first.id, panoptic_map)
    edit(project, first, panoptic_map, 20)
    project.set_status(third.id, Status.ACCEPTED)
    return project


def test_moving_and_renaming_touches_no_label(
    labelled: Project, record: ImageRecord, reopened: Callable[[], Project]
) -> None:
    before = {image.id: names_map(labelled, image.id) for image in labelled.images()}
    files = {path: path.stat().st_mtime_ns for path in (labelled.folder / "labels").iterdir()}
    report = labelled.change_taxonomy(TURNED, TURN)
    assert report.num_images == 0
    assert {path: path.stat().st_mtime_ns for path in (labelled.folder / "labels").iterdir()} == files
    project = reopened()
    assert project.taxonomy == TURNED
    for image in project.images():
        np.testing.assert_array_equal(names_map(project, image.id), before[image.id])
    assert [image.status for image in project.images()] == [Status.IN_PROGRESS, Status.PREDICTED, Status.ACCEPTED]
    prediction = project.load_prediction(2)
    assert prediction is not None
    assert prediction.categories.tolist() == [255, 0, 1, 4]
    assert project.statistics().num_pixels[4] == 3 * 64
    # Work goes on in the new places, and history reaches behind the change.
    panoptic_map = project.load_map(record.id)
    edit(project, record, panoptic_map, 27)
    assert (names_map(project, record.id)[2:6, 27:31] == "dog").all()
    for _ in range(3):
        undone = project.undo(record.id)
        assert undone is not None
        undone.revert(panoptic_map)
    np.testing.assert_array_equal(panoptic_map.ids, make_result().ids)
    panoptic_map.check(TURNED)
    assert project.reset_to_prediction(record.id) is None


def test_a_category_that_goes_leaves_void_and_can_come_back(labelled: Project, record: ImageRecord) -> None:
    before = {image.id: labelled.load_map(image.id) for image in labelled.images()}
    impact = labelled.preview_taxonomy(NO_CARS, WITHOUT_CARS)
    assert impact.num_pixels == {CAR: 3 * 64}
    assert impact.num_images + impact.num_uncounted == 3
    report = labelled.change_taxonomy(NO_CARS, WITHOUT_CARS)
    assert report.num_images == 3
    assert report.backup is not None
    assert report.backup.is_file()
    statuses = [Status.IN_PROGRESS, Status.PREDICTED, Status.ACCEPTED]
    assert [image.status for image in labelled.images()] == statuses
    for image in labelled.images():
        found = labelled.load_map(image.id)
        found.check(NO_CARS)
        was_car = before[image.id].category_map() == CAR
        assert (found.ids[was_car] == 0).all()
        np.testing.assert_array_equal(found.ids[~was_car], before[image.id].ids[~was_car])
    assert sum(labelled.statistics().num_pixels.values()) < 3 * before[1].box.area - 3 * 64
    assert labelled.store_prediction(2, to_no_cars(), "starter"), "the second image is still the model's alone"
    assert not labelled.store_prediction(1, to_no_cars(), "starter")
    back = labelled.take_back_taxonomy()
    assert back.kept == ["1.png"], "the model has labelled this one since"
    assert labelled.taxonomy == TAXONOMY
    for image_id in (1, 3):
        assert_equal(before[image_id], labelled.load_map(image_id))
    assert labelled.image(record.id).num_edits == 2
    assert labelled.undo(record.id) is not None
    assert [version.taxonomy.name for version in labelled.taxonomy_history()] == ["test", "no cars", "test"]
    with pytest.raises(ProjectError, match="no change of the categories"):
        labelled.take_back_taxonomy()


def to_no_cars() -> object:
    result = make_result()
    ids = np.where(result.ids == 3, 2, result.ids).astype(np.int32)
    return replace(
        result, ids=ids, categories=np.array([255, 1, 0]), scores=result.scores[:3], is_crowd=result.is_crowd[:3]
    )


def assert_equal(one: PanopticMap, other: PanopticMap) -> None:
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.provenance, other.provenance)
    assert dict(one.segments) == dict(other.segments)
    other.check(TAXONOMY)


@pytest.mark.parametrize("moves", [CARS_ARE_ROAD, CARS_ARE_PEOPLE])
def test_a_category_joins_another(labelled: Project, moves: dict[int, int], reopened: Callable[[], Project]) -> None:
    before = {image.id: labelled.load_map(image.id) for image in labelled.images()}
    labelled.change_taxonomy(NO_CARS, moves)
    project = reopened()
    table = np.array([moves[i] for i in range(4)])
    for image in project.images():
        found = project.load_map(image.id)
        found.check(NO_CARS)
        known = before[image.id].ids > 0
        expected = table[before[image.id].category_map()[known]]
        np.testing.assert_array_equal(found.category_map()[known], expected)
        np.testing.assert_array_equal(found.ids > 0, known)
    project.take_back_taxonomy()
    for image in project.images():
        assert_equal(before[image.id], project.load_map(image.id))


def test_things_that_become_stuff_are_joined(labelled: Project, record: ImageRecord) -> None:
    panoptic_map = labelled.load_map(record.id)
    assert len(panoptic_map.ids_of_category(PERSON)) == 2
    crowd = Category("people", Kind.STUFF, (1, 2, 3))
    labelled.change_taxonomy(
        Taxonomy("crowds", (TAXONOMY[ROAD], TAXONOMY[SKY], crowd, TAXONOMY[CAR])),
        {ROAD: 0, SKY: 1, CAR: 3, PERSON: 2},
    )
    found = labelled.load_map(record.id)
    found.check(labelled.taxonomy)
    assert found.area(found.ids_of_category(2)[0]) == 32
    undone = labelled.undo(record.id)
    assert undone is not None
    undone.revert(found)
    assert len(found.ids_of_category(2)) == 1, "stuff stays one segment where undo leads to a time of things"


def test_new_categories_that_are_in_use_keep_a_change(labelled: Project, record: ImageRecord) -> None:
    labelled.change_taxonomy(TURNED, TURN)
    edit(labelled, record, labelled.load_map(record.id), 12)  # category 3 is the dog now
    with pytest.raises(ProjectError, match="'dog', new since the change"):
        labelled.take_back_taxonomy()
    labelled.undo(record.id)
    labelled.take_back_taxonomy()
    assert labelled.taxonomy == TAXONOMY


def test_a_key_is_never_given_twice(labelled: Project) -> None:
    labelled.change_taxonomy(NO_CARS, WITHOUT_CARS)
    wider = Taxonomy("wider", (*NO_CARS.categories, DOG))
    labelled.set_taxonomy(wider)
    keys = labelled._taxonomies.current.keys
    assert keys == (0, 1, 3, 4)
    with pytest.raises(ProjectError, match="change them together with the labels"):
        labelled.set_taxonomy(NO_CARS)


@pytest.mark.parametrize("moment", ["first", "second"])
def test_a_change_that_ends_early_never_happened(labelled: Project, moment: str) -> None:
    before = {image.id: labelled.load_map(image.id) for image in labelled.images()}
    files = set((labelled.folder / "labels").iterdir())
    with pytest.raises(ProjectError, match="cancelled"):
        labelled.change_taxonomy(NO_CARS, WITHOUT_CARS, lambda done, total: done < (moment == "second"))
    assert labelled.taxonomy == TAXONOMY
    assert set((labelled.folder / "labels").iterdir()) == files
    for image_id, expected in before.items():
        assert_equal(expected, labelled.load_map(image_id))
    assert len(labelled.taxonomy_history()) == 1


def test_a_full_disk_leaves_the_categories_as_they_were(labelled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {image.id: labelled.load_map(image.id) for image in labelled.images()}

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(SaveError, match="No space left"):
            labelled.change_taxonomy(NO_CARS, WITHOUT_CARS)
    assert labelled.taxonomy == TAXONOMY
    for image_id, expected in before.items():
        assert_equal(expected, labelled.load_map(image_id))
    assert labelled.change_taxonomy(NO_CARS, WITHOUT_CARS).num_images == 3


def test_moves_that_make_no_sense_are_refused(labelled: Project) -> None:
    with pytest.raises(ValueError, match="the moves name"):
        labelled.change_taxonomy(NO_CARS, {0: 0})
    with pytest.raises(ValueError, match="moves to 7"):
        labelled.change_taxonomy(NO_CARS, {0: 0, 1: 1, 2: 7, 3: 2})


def test_a_prediction_for_former_categories_is_refused(labelled: Project) -> None:
    labelled.change_taxonomy(TURNED, TURN)
    with pytest.raises(ProjectError, match="changed while the model was at work"):
        labelled.store_prediction(2, make_result(), "starter", TAXONOMY)


def test_labels_of_unknown_categories_are_refused(project: Project) -> None:
    odd = make_result()
    odd.categories[3] = 40
    with pytest.raises(ProjectError, match="category number 40"):
        project.store_labels(1, odd.to_map())


def test_a_lost_database_gives_the_changed_categories_back(labelled: Project, record: ImageRecord) -> None:
    labelled.change_taxonomy(TURNED, TURN)
    panoptic_map = labelled.load_map(record.id)
    edit(labelled, record, panoptic_map, 12)
    labelled.checkpoint(record.id)
    expected = names_map(labelled, record.id)
    labelled.close()
    forget_copies(labelled.folder)
    (labelled.folder / "project.db").write_bytes(b"gone")
    report = recover_project(labelled.folder)
    assert report.from_label_files == [record.name], "the backup knows this image, the label file knows it better"
    with Project.open(labelled.folder) as project:
        assert project.taxonomy.categories == TURNED.categories
        np.testing.assert_array_equal(names_map(project, record.id), expected)


def test_label_files_of_different_times_bring_all_their_categories(labelled: Project) -> None:
    labelled.checkpoint(1)  # shows cars, and is the last that we hear of this image
    for suffix in (".json", ".runs", ".png", ".provenance.png"):
        (labelled.folder / f"kept{suffix}").write_bytes((labelled.folder / "labels" / f"000001.2{suffix}").read_bytes())
    labelled.change_taxonomy(NO_CARS, WITHOUT_CARS)
    labelled.close()
    for path in (labelled.folder / "labels").glob("000001.*"):
        path.unlink()
    shutil.rmtree(labelled.folder / "backups")
    for suffix in (".json", ".runs", ".png", ".provenance.png"):
        (labelled.folder / f"kept{suffix}").rename(labelled.folder / "labels" / f"000001.2{suffix}")
    (labelled.folder / "project.db").write_bytes(b"gone")
    forget_copies(labelled.folder)
    recover_project(labelled.folder)
    with Project.open(labelled.folder) as project:
        assert [category.name for category in project.taxonomy.categories] == ["road", "sky", "person", "car"]
        assert (names_map(project, 1) == "car").any()
        assert not (names_map(project, 2) == "car").any()


def test_keys_that_are_not_distinct_are_no_taxonomy() -> None:
    content = KeyedTaxonomy(TAXONOMY, (0, 1, 2, 2)).to_json()
    with pytest.raises(ValueError, match="not distinct"):
        KeyedTaxonomy.from_json(content)


def test_a_reader_learns_that_the_categories_changed(labelled: Project, record: ImageRecord) -> None:
    with Project.open(labelled.folder) as second:
        assert second.read_only
        labelled.change_taxonomy(TURNED, TURN)
        np.testing.assert_array_equal(names_map(second, record.id), names_map(labelled, record.id))
        edit(labelled, record, labelled.load_map(record.id), 12)  # a dog, which the reader does not know
        with pytest.raises(ProjectError, match="another studio has changed"):
            second.load_map(record.id)


@pytest.mark.parametrize("seed", [*range(11), 21])
def test_any_chain_of_changes_keeps_every_pixel_where_it_belongs(
    labelled: Project, reopened: Callable[[], Project], seed: int
) -> None:
    """A plain model of the labels, names by pixel, goes through the same changes."""
    rng = random.Random(seed)
    project = labelled
    images = [image.id for image in project.images()]
    model = {image_id: names_map(project, image_id) for image_id in images}
    for step in range(12):
        match rng.choice(["change", "change", "edit", "undo", "checkpoint", "predict", "reopen", "back"]):
            case "change":
                taxonomy, moves = random_change(project.taxonomy, rng, step)
                went = {
                    old.name: "void" if moves[i] is None else taxonomy[moves[i]].name
                    for i, old in enumerate(project.taxonomy.categories)
                }
                project.change_taxonomy(taxonomy, moves)
                for image_id, names in model.items():
                    model[image_id] = np.vectorize({**went, "void": "void"}.get)(names)
            case "edit":
                image = project.image(rng.choice(images))
                panoptic_map, x = project.load_map(image.id), rng.randrange(28)
                category = rng.randrange(len(project.taxonomy))
                mask, policy = np.ones((4, 4), bool), EditingPolicy(project.taxonomy)
                patch = edits.paint(panoptic_map, mask, Box(2, x, 6, x + 4), Segment(category), policy)
                project.append(image.id, patch)
                model[image.id] = model[image.id].astype(object)
                model[image.id][2:6, x : x + 4] = project.taxonomy[category].name
            case "undo":
                image_id = rng.choice(images)
                project.undo(image_id)
                model[image_id] = names_map(project, image_id)
            case "checkpoint":
                project.checkpoint(rng.choice(images))
            case "predict":
                result = replace(make_result(), categories=np.array([255, 1, 0, rng.randrange(len(project.taxonomy))]))
                if len(project.taxonomy) > 1 and project.store_prediction(2, result, "starter", project.taxonomy):
                    model[2] = names_map(project, 2)
            case "reopen":
                project = reopened()
            case _:
                with suppress(ProjectError):
                    project.take_back_taxonomy()
                    model = {image_id: names_map(project, image_id) for image_id in images}
        for image_id, names in model.items():
            found = project.load_map(image_id)
            found.check(project.taxonomy, merged_stuff=False)
            np.testing.assert_array_equal(names_map(project, image_id).astype(object), names.astype(object))
            assert project.load_prediction(image_id) is not None
        totals = project._database.rows("SELECT * FROM category_totals WHERE num_segments <> 0 ORDER BY category")
        sums = project._database.rows(
            "SELECT category, sum(num_segments), sum(num_pixels) FROM category_counts GROUP BY 1 ORDER BY 1"
        )
        assert [tuple(row) for row in totals] == [tuple(row) for row in sums]


def random_change(old: Taxonomy, rng: random.Random, step: int) -> tuple[Taxonomy, dict[int, int | None]]:
    """Some categories stay in another order, some go, some change their kind, one may be new."""
    stay = [category for category in old.categories if rng.random() < 0.8] or [old[0]]
    rng.shuffle(stay)
    new = [
        replace(category, kind=Kind.STUFF) if rng.random() < 0.2 else category
        for category in [*stay, Category(f"new {step}", rng.choice(list(Kind)), (1, 2, 3))]
    ]
    new.sort(key=lambda category: category.kind is Kind.THING)
    taxonomy = Taxonomy(f"step {step}", tuple(new))
    places: dict[str, int] = {category.name: index for index, category in enumerate(new)}
    targets: list[int | None] = [None, *range(len(new))]
    return taxonomy, {i: places.get(c.name, rng.choice(targets)) for i, c in enumerate(old.categories)}
