"""The project as its users see it."""

from __future__ import annotations

import shutil
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.project import (
    ImageRecord,
    Project,
    ProjectError,
    ReadOnlyError,
    Status,
    open_or_create_beside,
)
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

from .conftest import HEIGHT, TAXONOMY, WIDTH, make_image, make_result

POLICY = EditingPolicy(TAXONOMY)
Reopen = Callable[[], Project]


def paint(panoptic_map: PanopticMap, x: int, category: int = 3) -> Patch:
    return edits.paint(
        panoptic_map, np.ones((4, 4), dtype=bool), Box(2, x, 6, x + 4), Segment(category), POLICY, f"paint at {x}"
    )


def edit(project: Project, record: ImageRecord, panoptic_map: PanopticMap, x: int) -> Patch:
    patch = paint(panoptic_map, x)
    patch.apply(panoptic_map)
    project.append(record.id, patch)
    return patch


def assert_same(one: PanopticMap, other: PanopticMap) -> None:
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.provenance, other.provenance)
    assert dict(one.segments) == dict(other.segments)
    other.check(TAXONOMY)


def test_a_new_image_is_void_and_hashed_only_when_opened(project: Project, record: ImageRecord) -> None:
    assert (record.height, record.width, record.status) == (HEIGHT, WIDTH, Status.NEW)
    assert not record.has_labels
    assert record.sha256 == ""
    panoptic_map = project.load_map(record.id)
    assert panoptic_map.area(0) == HEIGHT * WIDTH
    assert len(project.image(record.id).sha256) == 64


def test_adding_an_image_twice_gives_the_same_record(project: Project, record: ImageRecord) -> None:
    assert project.add_images([record.path, record.path]) == [record, record]
    assert len(project.images()) == 3


def test_adding_stops_when_asked(project: Project, tmp_path: Path) -> None:
    new = make_image(tmp_path / "more" / "a.png")
    assert project.add_images([new], progress=lambda done, total: False) == []
    assert len(project.images()) == 3


def test_edits_survive_a_restart(project: Project, record: ImageRecord, reopened: Reopen) -> None:
    project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    for x in (0, 10, 20):
        edit(project, record, panoptic_map, x)
    again = reopened()
    assert_same(panoptic_map, again.load_map(record.id))
    assert again.load_map(record.id).next_id() >= panoptic_map.next_id()
    assert again.image(record.id).num_edits == 3
    assert again.image(record.id).status is Status.IN_PROGRESS
    assert again.bundles() == ["starter"]
    assert again.taxonomy == TAXONOMY


def test_undo_and_redo_go_on_after_a_restart(project: Project, record: ImageRecord, reopened: Reopen) -> None:
    panoptic_map = project.load_map(record.id)
    states = [panoptic_map.copy()]
    for x in (0, 10, 20):
        edit(project, record, panoptic_map, x)
        states.append(panoptic_map.copy())
    assert project.undo(record.id) is not None
    again = reopened()
    assert_same(states[2], again.load_map(record.id))
    undone = again.undo(record.id)
    assert undone is not None
    assert undone.label == "paint at 10"
    assert_same(states[1], again.load_map(record.id))
    assert [entry.undone for entry in again.history(record.id)] == [False, True, True]
    for state in states[2:]:
        assert again.redo(record.id) is not None
        assert_same(state, again.load_map(record.id))
    assert again.redo(record.id) is None
    while again.undo(record.id) is not None:
        pass
    assert_same(states[0], again.load_map(record.id))
    assert again.image(record.id).num_edits == 0


def test_a_new_edit_after_undo_replaces_what_was_undone(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    edit(project, record, panoptic_map, 0)
    edit(project, record, panoptic_map, 10)
    undone = project.undo(record.id)
    assert undone is not None
    undone.revert(panoptic_map)
    edit(project, record, panoptic_map, 20)
    assert [entry.label for entry in project.history(record.id)] == ["paint at 0", "paint at 20"]
    assert project.redo(record.id) is None
    assert_same(panoptic_map, project.load_map(record.id))


@pytest.mark.parametrize("num_undone", [0, 1, 2, 3])
def test_a_checkpoint_never_hides_undo(
    project: Project, record: ImageRecord, num_undone: int, reopened: Reopen
) -> None:
    """The checkpoint is taken after three edits; then some are undone and the branch is left."""
    project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    states = [panoptic_map.copy()]
    for x in (0, 10, 20):
        edit(project, record, panoptic_map, x)
        states.append(panoptic_map.copy())
    project.checkpoint(record.id, panoptic_map)
    for _ in range(num_undone):
        undone = project.undo(record.id)
        assert undone is not None
        undone.revert(panoptic_map)
    assert_same(states[3 - num_undone], project.load_map(record.id))
    edit(project, record, panoptic_map, 27)
    again = reopened()
    assert_same(panoptic_map, again.load_map(record.id))
    again.checkpoint(record.id)
    assert_same(panoptic_map, again.load_map(record.id))
    for number in range(4 - num_undone):
        assert_same(panoptic_map, again.load_map(record.id))
        undone = again.undo(record.id)
        assert undone is not None, number
        undone.revert(panoptic_map)
    assert_same(states[0], panoptic_map)
    assert again.undo(record.id) is None


def test_only_the_newest_checkpoint_is_kept(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for x in (0, 10):
        edit(project, record, panoptic_map, x)
        project.checkpoint(record.id, panoptic_map)
    assert len(list((project.folder / "labels").iterdir())) == 4


def test_a_long_history_leaves_a_checkpoint_when_loaded(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    for step in range(70):
        edit(project, record, panoptic_map, step % 28)
    assert not list((project.folder / "labels").glob("*.json"))
    assert_same(panoptic_map, project.load_map(record.id))
    assert list((project.folder / "labels").glob("*.json"))
    assert_same(panoptic_map, project.load_map(record.id))


def test_a_prediction_becomes_the_map_of_an_untouched_image(project: Project, record: ImageRecord) -> None:
    assert project.store_prediction(record.id, make_result(4), "one")
    assert project.store_prediction(record.id, make_result(12), "two")
    np.testing.assert_array_equal(project.load_map(record.id).ids, make_result(12).ids)
    assert project.image(record.id).status is Status.PREDICTED
    assert len(list((project.folder / "labels").iterdir())) == 1
    loaded = project.load_prediction(record.id)
    assert loaded is not None
    np.testing.assert_array_equal(loaded.categories, [255, 1, 0, 2])
    np.testing.assert_allclose(loaded.scores, [1, 1, 0.9, 0.75])
    assert loaded.timings_ms == {"body": 1.5}
    assert project.load_map(record.id).segments[3].origin is Origin.MODEL


@pytest.mark.parametrize("work", ["edit", "undone edit", "accepted", "imported"])
def test_a_prediction_never_overwrites_human_work(project: Project, record: ImageRecord, work: str) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    panoptic_map = project.load_map(record.id)
    if work == "accepted":
        project.set_status(record.id, Status.ACCEPTED)
    elif work == "imported":
        panoptic_map = PanopticMap.from_arrays(make_result(20).ids, make_result(20).to_map().segments)
        assert project.store_labels(record.id, panoptic_map)
    else:
        patch = edit(project, record, panoptic_map, 20)
    if work == "undone edit":
        project.undo(record.id)
        patch.revert(panoptic_map)
    assert not project.store_prediction(record.id, make_result(12), "two")
    assert_same(panoptic_map, project.load_map(record.id))
    newest = project.load_prediction(record.id)
    assert newest is not None
    np.testing.assert_array_equal(newest.ids, make_result(12).ids)


def test_reset_to_the_prediction_is_one_step_that_can_be_undone(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    assert project.reset_to_prediction(record.id) is None
    edit(project, record, panoptic_map, 20)
    edited = panoptic_map.copy()
    patch = project.reset_to_prediction(record.id)
    assert patch is not None
    patch.apply(panoptic_map)
    assert_same(panoptic_map, project.load_map(record.id))
    np.testing.assert_array_equal(panoptic_map.category_map(), make_result().to_map().category_map())
    undone = project.undo(record.id)
    assert undone is not None
    undone.revert(panoptic_map)
    assert_same(edited, panoptic_map)


def test_a_prediction_of_another_size_is_refused(project: Project, record: ImageRecord, tmp_path: Path) -> None:
    from dataclasses import replace

    small = replace(make_result(), ids=np.zeros((3, 3), np.int32), second_choice=None)
    with pytest.raises(ProjectError, match="do not fit"):
        project.store_prediction(record.id, small, "one")


def test_editing_an_accepted_image_puts_it_back_in_progress(project: Project, record: ImageRecord) -> None:
    project.set_status(record.id, Status.ACCEPTED, "fine")
    assert project.image(record.id).note == "fine"
    edit(project, record, project.load_map(record.id), 0)
    assert project.image(record.id).status is Status.IN_PROGRESS
    project.set_status(record.id, Status.FLAGGED)
    assert project.image(record.id).note == "fine"
    project.undo(record.id)
    assert project.image(record.id).status is Status.FLAGGED


def test_the_second_studio_only_looks(project: Project, record: ImageRecord) -> None:
    panoptic_map = project.load_map(record.id)
    with Project.open(project.folder) as second:
        assert second.read_only
        edit(project, record, panoptic_map, 0)
        assert_same(panoptic_map, second.load_map(record.id))
        for change in (
            lambda: second.append(record.id, paint(panoptic_map, 10)),
            lambda: second.set_status(record.id, Status.ACCEPTED),
            lambda: second.store_prediction(record.id, make_result(), "x"),
            lambda: second.checkpoint(record.id),
        ):
            with pytest.raises(ReadOnlyError, match="read-only"):
                change()
    assert not project.read_only
    project.close()
    with Project.open(project.folder) as third:
        assert not third.read_only


def test_settings_and_taxonomy_are_kept(project: Project, record: ImageRecord, reopened: Reopen) -> None:
    project.set_setting("zoom", {"factor": 2.5})
    wider = Taxonomy("wider", (*TAXONOMY.categories, Category("dog", Kind.THING, (1, 2, 3))))
    edit(project, record, project.load_map(record.id), 0)
    project.set_taxonomy(wider)
    with pytest.raises(ProjectError, match="labels use the present categories"):
        project.set_taxonomy(Taxonomy("other", TAXONOMY.categories[1:]))
    again = reopened()
    assert again.setting("zoom") == {"factor": 2.5}
    assert again.setting("absent", 7) == 7
    assert again.taxonomy == wider


def test_moved_images_are_found_by_their_hash(project: Project, photos: Path, tmp_path: Path) -> None:
    assert project.hash_images() == 3
    assert project.hash_images() == 0
    elsewhere = tmp_path / "archive" / "deep"
    elsewhere.mkdir(parents=True)
    shutil.move(photos / "0.png", elsewhere / "renamed.png")
    make_image(elsewhere / "0.png", seed=7)  # the same name, another picture
    shutil.move(photos / "1.png", tmp_path / "gone.png")
    assert [record.name for record in project.missing_images()] == ["0.png", "1.png"]
    assert [record.path for record in project.relink(tmp_path / "archive")] == [elsewhere / "renamed.png"]
    assert [record.name for record in project.missing_images()] == ["1.png"]


def test_copies_of_one_photograph_are_all_found(project: Project, photos: Path, tmp_path: Path) -> None:
    shutil.copy(photos / "0.png", photos / "copy of 0.png")
    project.add_images([photos / "copy of 0.png"])
    project.hash_images()
    archive = tmp_path / "archive"
    archive.mkdir()
    for name in ("0.png", "copy of 0.png"):
        shutil.move(photos / name, archive / name)
    shutil.copy(archive / "0.png", archive / "a third.png")
    found = project.relink(archive)
    assert {record.name: record.path.name for record in found} == {n: n for n in ("0.png", "copy of 0.png")}
    assert not project.missing_images()


def test_a_project_that_is_moved_with_its_images_finds_them(project: Project, photos: Path, tmp_path: Path) -> None:
    project.close()
    home = tmp_path / "new home"
    home.mkdir()
    shutil.move(photos, home / "photos")
    shutil.move(project.folder, home / "street.seamseg")
    with Project.open(home / "street.seamseg") as moved:
        assert moved.missing_images() == []


def test_the_project_beside_a_folder_is_made_once(photos: Path) -> None:
    with open_or_create_beside(photos, TAXONOMY) as made:
        assert made.folder == photos.with_name("photos.seamseg")
        made.set_setting("key", 1)
    with open_or_create_beside(photos) as found:
        assert found.setting("key") == 1
        assert found.taxonomy == TAXONOMY


def test_bad_places_are_named(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(ProjectError, match="not empty"):
        Project.create(photos)
    with pytest.raises(ProjectError, match="no project here"):
        Project.open(photos)


def test_a_closed_project_says_so(project: Project) -> None:
    project.close()
    project.close()
    with pytest.raises(ProjectError, match="closed"):
        project.images()


def test_predictions_may_be_stored_while_another_image_is_edited(project: Project) -> None:
    first, *others = project.images()
    panoptic_map = project.load_map(first.id)
    errors: list[BaseException] = []

    def label() -> None:
        try:
            for _ in range(10):
                for record in others:
                    project.store_prediction(record.id, make_result(), "starter")
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    worker = threading.Thread(target=label)
    worker.start()
    for step in range(40):
        edit(project, first, panoptic_map, step % 28)
    worker.join()
    assert errors == []
    assert_same(panoptic_map, project.load_map(first.id))
    assert [record.status for record in project.images()] == [Status.IN_PROGRESS, Status.PREDICTED, Status.PREDICTED]


@pytest.mark.parametrize("keep", [0, 1, 3, 5, 9])
@pytest.mark.parametrize("checkpoint_after", [None, 2, 5])
@pytest.mark.parametrize("num_undone", [0, 2])
def test_compaction_drops_the_oldest_steps_only(
    project: Project, record: ImageRecord, reopened: Reopen, keep: int, checkpoint_after: int | None, num_undone: int
) -> None:
    project.store_prediction(record.id, make_result(), "starter")
    panoptic_map = project.load_map(record.id)
    states = [panoptic_map.copy()]
    for step in range(6):
        edit(project, record, panoptic_map, 4 * step)
        states.append(panoptic_map.copy())
        if step + 1 == checkpoint_after:
            project.checkpoint(record.id, panoptic_map)
    for _ in range(num_undone):
        project.undo(record.id)
    size = project.journal_bytes(record.id)
    num_done = 6 - num_undone
    num_dropped = max(0, num_done - keep)
    assert project.compact(record.id, keep) == num_dropped
    assert (project.journal_bytes() < size) == (num_dropped > 0)
    again = reopened()
    assert_same(states[num_done], again.load_map(record.id))
    assert again.image(record.id).num_edits == num_done
    for place in range(num_done + 1, 7):
        assert again.redo(record.id) is not None
        assert_same(states[place], again.load_map(record.id))
    for place in range(5, num_dropped - 1, -1):
        assert again.undo(record.id) is not None
        assert_same(states[place], again.load_map(record.id))
    assert again.undo(record.id) is None
    assert not again.store_prediction(record.id, make_result(12), "two") or num_dropped == 0
    assert again.salvage(record.id) == []


def test_ids_of_any_size_are_kept(project: Project, record: ImageRecord) -> None:
    ids = np.full((HEIGHT, WIDTH), 70_000, dtype=np.int32)
    ids[:3] = 16_777_215
    ids[5:7] = 255
    imported = PanopticMap(ids, {70_000: Segment(0), 16_777_215: Segment(3), 255: Segment(2, True, 0.125)})
    assert project.store_labels(record.id, imported)
    assert_same(imported, project.load_map(record.id))
    assert project.image(record.id).status is Status.IN_PROGRESS
    assert not project.store_labels(record.id, imported), "labels are not read in over others"


def test_images_up_to_32768_on_a_side_are_taken_by_their_header(tmp_path: Path) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def png(side: int) -> Path:
        path = tmp_path / f"{side}.png"
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
        return path

    with Project.create(tmp_path / "huge.seamseg") as project:
        (record,) = project.add_images([png(32768)])
        assert (record.height, record.width) == (32768, 32768)
        with pytest.raises(SeamsegError, match="32769"):
            project.add_images([png(32769)])


def test_more_segments_than_sixteen_bits_hold(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "photos" / "large.png"
    Image.fromarray(np.zeros((270, 260, 3), np.uint8)).save(path)
    (record,) = project.add_images([path])
    ids = np.arange(1, 70_201, dtype=np.int32).reshape(270, 260)
    things = PanopticMap(ids, dict.fromkeys(range(1, 70_201), Segment(2)))
    assert project.store_labels(record.id, things)
    panoptic_map = project.load_map(record.id)
    edit(project, record, panoptic_map, 27)
    project.checkpoint(record.id, panoptic_map)
    again = project.load_map(record.id)
    np.testing.assert_array_equal(again.ids, panoptic_map.ids)
    assert dict(again.segments) == dict(panoptic_map.segments)
    assert again.next_id() == 70_202
    assert project.statistics().num_segments[2] == 70_200 - 16


def test_a_replaced_picture_begins_anew_where_nobody_worked(project: Project, photos: Path) -> None:
    first, second, _ = project.images()
    for record in (first, second):
        project.store_prediction(record.id, make_result(), "model")
    panoptic_map = project.load_map(second.id)
    project.append(second.id, edits.relabel(panoptic_map, [3], 3, EditingPolicy(TAXONOMY)))
    for record in (first, second):
        Image.new("RGB", (50, 40)).save(record.path)
    now = project.take_new_file(first.id)
    assert (now.height, now.width, now.status, now.has_labels) == (40, 50, Status.NEW, False)
    assert project.load_map(first.id).shape == (40, 50)
    assert project.load_prediction(first.id) is None
    assert not list((project.folder / "labels").glob(f"{first.id:06d}*"))
    with pytest.raises(ProjectError, match=r"1\.png: is 50 x 40 pixels now.*32 x 24; put the former file back"):
        project.take_new_file(second.id)
    assert project.load_map(second.id).shape == (24, 32)


def test_a_prediction_of_a_replaced_picture_fits_at_once(project: Project, photos: Path) -> None:
    record = project.images()[0]
    Image.new("RGB", (50, 40)).save(record.path)
    larger = PanopticResult(
        np.ones((40, 50), np.int32), np.array([255, 1]), np.ones(2, np.float32), np.zeros(2, bool), None
    )
    assert project.store_prediction(record.id, larger, "model")
    assert project.image(record.id).width == 50
