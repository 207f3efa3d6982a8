"""How much two models differ on an image is kept with it: through older databases, damage, and a recovery."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.project import DamagedError, ImageRecord, Project, ProjectError, recover_project, schema
from seamseg_studio.engine.project import predictions as predictions_module
from seamseg_studio.engine.project.journal_copy import read_frames
from seamseg_studio.engine.project.prediction_file import read_prediction, write_prediction
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

from .conftest import HEIGHT, TAXONOMY, WIDTH, forget_copies, make_result
from .test_store import edit

MOVED = 2 * 8 * 8 / (HEIGHT * WIDTH)  # the car stands elsewhere: where it was and where it is now


def prediction_of(project: Project, image_id: int) -> Path:
    """The file of the newest prediction of an image."""
    row = project._database.row("SELECT prediction FROM images WHERE id = ?", image_id)
    assert row is not None
    return project.folder / "labels" / str(row["prediction"])


def by_two(project: Project, image_id: int) -> float | None:
    """Labels an image with two models and returns how much they differ."""
    project.store_prediction(image_id, make_result(4), "one")
    project.store_prediction(image_id, make_result(14), "two")
    return project.image(image_id).disagreement


def test_the_share_on_which_two_models_differ_is_kept(
    project: Project, record: ImageRecord, reopened: Callable[[], Project]
) -> None:
    assert record.disagreement is None
    project.store_prediction(record.id, make_result(4), "one")
    assert project.image(record.id).disagreement is None, "there is nothing to compare it with"
    project.store_prediction(record.id, make_result(14), "two")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)
    project.store_prediction(record.id, make_result(14), "one")
    assert project.image(record.id).disagreement == 0, "of the newest two"
    project.store_prediction(record.id, make_result(4), "two")
    assert [image.disagreement for image in reopened().images()] == [pytest.approx(MOVED), None, None]


def test_the_same_model_once_more_is_no_second_opinion(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    project.store_prediction(record.id, make_result(14), "one")
    assert project.image(record.id).disagreement is None
    by_two(project, record.id)
    project.store_prediction(record.id, make_result(22), "two")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)


def by(fingerprint: str, offset: int = 4) -> PanopticResult:
    """What the model of a fingerprint says."""
    return replace(make_result(offset), fingerprint=fingerprint)


def test_two_models_of_one_name_are_two(project: Project, record: ImageRecord, reopened: Callable[[], Project]) -> None:
    project.store_prediction(record.id, by("1a"), "street")
    project.store_prediction(record.id, by("2b", 14), "street")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)
    again = reopened()
    again.store_prediction(record.id, by("2b", 4), "street")
    assert again.image(record.id).disagreement == pytest.approx(MOVED), "the same model once more"
    again.store_prediction(record.id, by("1a", 4), "street")
    assert again.image(record.id).disagreement == 0, "the other one again"
    kept = again.load_prediction(record.id)
    assert kept is not None
    assert kept.fingerprint == "1a"


def test_a_model_that_was_given_another_name_is_the_same(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, by("1a"), "street")
    project.store_prediction(record.id, by("1a", 14), "road")
    assert project.image(record.id).disagreement is None


@pytest.mark.parametrize(("former", "newer"), [("", "1a"), ("1a", ""), ("", "")])
def test_where_a_fingerprint_is_missing_the_name_tells(
    project: Project, record: ImageRecord, former: str, newer: str
) -> None:
    project.store_prediction(record.id, by(former), "street")
    project.store_prediction(record.id, by(newer, 14), "street")
    assert project.image(record.id).disagreement is None
    project.store_prediction(record.id, by(former, 4), "road")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)


def test_a_prediction_of_an_older_program_names_no_fingerprint(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, by("1a"), "street")
    path = prediction_of(project, record.id)
    with zipfile.ZipFile(path) as archive:
        members = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for info, data in members.items():
            content = json.loads(data) if info.filename == "prediction.json" else None
            if content is not None:
                del content["fingerprint"]
            archive.writestr(info, data if content is None else json.dumps(content))
    assert read_prediction(path)[0].fingerprint == ""
    project.store_prediction(record.id, by("2b", 14), "street")
    assert project.image(record.id).disagreement is None, "as the older program would have said"
    project.store_prediction(record.id, by("1a", 4), "street")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)


def test_a_prediction_beside_the_work_of_a_person_is_compared_with_the_one_before(
    project: Project, record: ImageRecord
) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    edit(project, record, project.load_map(record.id), 20)
    assert not project.store_prediction(record.id, make_result(14), "two")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)


def test_other_instances_of_the_same_categories_are_no_difference(project: Project, record: ImageRecord) -> None:
    result = make_result()
    project.store_prediction(record.id, result, "one")
    order = np.array([0, 3, 1, 2])
    other = replace(result, ids=order[result.ids].astype(np.int32), categories=np.array([255, 0, 2, 1]))
    project.store_prediction(record.id, other, "two")
    assert project.image(record.id).disagreement == 0


def test_the_former_one_is_seen_in_the_present_categories(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(), "one")
    turned = Taxonomy(
        "turned",
        (
            *TAXONOMY.categories[:2],
            TAXONOMY.categories[3],
            TAXONOMY.categories[2],
            Category("bus", Kind.THING, (1, 2, 3)),
        ),
    )
    project.change_taxonomy(turned, {0: 0, 1: 1, 2: 3, 3: 2})
    project.store_prediction(record.id, replace(make_result(), categories=np.array([255, 1, 0, 3])), "two")
    assert project.image(record.id).disagreement == 0


@pytest.mark.parametrize("content", [None, b"", b"gone", "cut", "other size", "wild ids", "wild keys"])
def test_a_former_prediction_that_cannot_be_read_gives_no_figure(
    project: Project, record: ImageRecord, content: bytes | str | None
) -> None:
    by_two(project, record.id)
    path = prediction_of(project, record.id)
    result, keys = read_prediction(path)
    assert keys is not None
    if content is None:
        path.unlink()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif content == "other size":
        small = PanopticResult(result.ids[:9, :9], result.categories, result.scores, result.is_crowd)
        write_prediction(path, small, "two", keys)
    elif content == "wild ids":
        write_prediction(path, replace(result, ids=result.ids + np.int32(9)), "two", keys)
    else:
        write_prediction(path, result, "two", [*range(300)])
    assert project.store_prediction(record.id, make_result(4), "three"), "it is stored all the same"
    assert project.image(record.id).disagreement is None
    assert project.load_prediction(record.id) is not None
    project.store_prediction(record.id, make_result(14), "four")
    assert project.image(record.id).disagreement == pytest.approx(MOVED)


def test_of_a_former_prediction_only_the_labels_are_read(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    path = prediction_of(project, record.id)
    result = read_prediction(path)[0]
    labels = read_prediction(path, labels_only=True)[0]
    assert result.second_choice is not None
    assert labels.second_choice is None
    np.testing.assert_array_equal(labels.ids, result.ids)


def test_of_a_large_image_equally_distant_pixels_are_compared(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, ...]] = []

    def watched(first: PanopticResult, second: PanopticResult) -> tuple[float, object]:
        compared.extend([first.shape, second.shape])
        return 0.25, None

    monkeypatch.setattr(predictions_module, "_COMPARED_PIXELS", HEIGHT * WIDTH // 4)
    assert by_two(project, record.id) == pytest.approx(MOVED)
    monkeypatch.setattr(predictions_module, "disagreement", watched)
    assert by_two(project, record.id) == 0.25
    assert set(compared) == {(HEIGHT // 2, WIDTH // 2)}


def test_a_prediction_that_was_stored_meanwhile_leaves_no_figure_of_another_pair(
    project: Project, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    write = project._labels._write_prediction

    def write_after_another(image_id: int, result: PanopticResult, bundle: str) -> str:
        monkeypatch.setattr(project._labels, "_write_prediction", write)
        project.store_prediction(image_id, make_result(4), "three")
        return write(image_id, result, bundle)

    monkeypatch.setattr(project._labels, "_write_prediction", write_after_another)
    project.store_prediction(record.id, make_result(14), "two")
    assert project.image(record.id).disagreement is None


def test_a_figure_goes_with_the_prediction_it_is_of(project: Project, record: ImageRecord) -> None:
    by_two(project, record.id)
    prediction_of(project, record.id).write_bytes(b"gone")
    with pytest.raises(DamagedError):
        project.load_map(record.id)
    project.salvage(record.id)
    assert project.image(record.id).disagreement is None
    project.store_prediction(record.id, make_result(4), "three")
    assert project.image(record.id).disagreement is None


def to_format_2(folder: Path) -> None:
    """Takes away what format 3 has brought, from the second home of the journal too."""
    with closing(sqlite3.connect(folder / "project.db")) as connection, connection:
        connection.execute("ALTER TABLE images DROP COLUMN disagreement")
        connection.execute("PRAGMA user_version = 2")
    for path in (folder / "journal").glob("*.steps"):
        frames = [
            replace(frame, row={name: value for name, value in frame.row.items() if name != "disagreement"})
            for frame in read_frames(path)
        ]
        path.write_bytes(b"".join(frame.to_bytes() for frame in frames))


def test_a_project_of_before_is_brought_forward(project: Project, record: ImageRecord) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    other = project.images()[1]
    edit(project, other, project.load_map(other.id), 3)
    history = project.history(other.id)
    project.close()
    to_format_2(project.folder)
    with pytest.raises(ProjectError, match="older format; open it once"):
        Project.open(project.folder, read_only=True)
    with Project.open(project.folder) as newer:
        assert [image.disagreement for image in newer.images()] == [None, None, None]
        assert newer.history(other.id) == history
        newer.store_prediction(record.id, make_result(14), "two")
        assert newer.image(record.id).disagreement == pytest.approx(MOVED)
    (backup,) = (project.folder / "backups").iterdir()
    assert "format-2" in backup.name
    with closing(sqlite3.connect(backup)) as copy:
        assert schema.version_of(copy) == 2
    with Project.open(project.folder, read_only=True) as reader:
        assert reader.image(record.id).disagreement == pytest.approx(MOVED)
    assert not list((project.folder / "journal").glob("*.former*")), "its second home is still its own"


@pytest.mark.parametrize("lost", ["the database", "the second home"])
def test_a_recovery_brings_the_figure_back(project: Project, record: ImageRecord, lost: str) -> None:
    by_two(project, record.id)
    edit(project, record, project.load_map(record.id), 20)
    project.close()
    if lost == "the database":
        (project.folder / "project.db").write_bytes(b"gone")
    else:
        forget_copies(project.folder)
    assert recover_project(project.folder).shortened == {}
    with Project.open(project.folder) as recovered:
        assert [image.disagreement for image in recovered.images()] == [pytest.approx(MOVED), None, None]


@pytest.mark.parametrize("source", ["database", "second home", "backup"])
def test_a_project_of_before_is_recovered(project: Project, record: ImageRecord, source: str) -> None:
    project.store_prediction(record.id, make_result(4), "one")
    edit(project, record, project.load_map(record.id), 20)
    history = project.history(record.id)
    project.close()
    to_format_2(project.folder)
    path = project.folder / "project.db"
    if source == "backup":
        Project.open(project.folder).close()  # leaves one of the older format
        assert list((project.folder / "backups").glob("*format-2*.db"))
    if source != "database":
        path.write_bytes(b"gone")
    if source != "second home":
        shutil.rmtree(project.folder / "journal")
    assert recover_project(project.folder).shortened == {}
    with Project.open(project.folder) as recovered:
        assert recovered.history(record.id) == history
        assert recovered.image(record.id).disagreement is None
        recovered.store_prediction(record.id, make_result(14), "two")
        assert recovered.image(record.id).disagreement == pytest.approx(MOVED)


def test_a_figure_that_is_no_number_is_damage_and_dropped_by_a_recovery(project: Project, record: ImageRecord) -> None:
    by_two(project, record.id)
    project.close()
    with closing(sqlite3.connect(project.folder / "project.db")) as connection, connection:
        connection.execute("UPDATE images SET disagreement = 'much'")
    with pytest.raises(DamagedError, match="'images' holds what no program of ours writes"):
        Project.open(project.folder)
    recover_project(project.folder)
    with Project.open(project.folder) as recovered:
        assert recovered.image(record.id).disagreement is None
        assert recovered.load_prediction(record.id) is not None
