"""What a project remembers of an image besides its labels: how it was taken, how long it took, how it was seen."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from seamseg_studio.engine.project import ImageRecord, Project, ReadOnlyError, Status, schema
from seamseg_studio.engine.project.exif import read_exif

from .conftest import TAXONOMY, make_image, make_result


def make_photo(path: Path) -> Path:
    """A JPEG that says how and where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Lumen "
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.DateTimeOriginal] = "2024:05:01 12:30:00"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = IFDRational(1, 250)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FNumber] = IFDRational(0, 0)
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 12.0, 0.0)
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(path, exif=exif)
    return path


def test_exif_is_read_when_work_begins(project: Project, tmp_path: Path) -> None:
    (record,) = project.add_images([make_photo(tmp_path / "photo.jpg")])
    assert (record.height, record.width) == (30, 20), "upright"
    assert project.exif(record.id) == {}
    project.load_map(record.id)
    assert project.exif(record.id) == {
        "make": "Lumen",
        "orientation": 6.0,
        "taken": "2024:05:01 12:30:00",
        "exposure_s": pytest.approx(0.004),
    }


@pytest.mark.parametrize("content", [b"", b"no image", b"\xff\xd8\xff\xe1\x00\x20Exif\0\0MM\0*\0\0\0\x08\xff\xff"])
def test_damaged_exif_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    assert read_exif(tmp_path / "x.jpg") == {}


def test_the_stages_of_a_prediction_are_kept(project: Project, record: ImageRecord) -> None:
    assert project.timings(record.id) == {}
    project.store_prediction(record.id, make_result(), "starter")
    assert project.timings(record.id) == {"body": 1.5}


def test_the_uncertainty_of_the_newest_prediction_is_kept(project: Project, record: ImageRecord) -> None:
    assert project.image(record.id).uncertainty is None
    result = make_result()
    project.store_prediction(record.id, result, "starter")
    by_pixel = np.where(result.ids == 0, 0, result.scores[result.ids])
    assert project.image(record.id).uncertainty == pytest.approx(1 - by_pixel.mean())
    assert project.images_showing(2) == {record.id}
    assert project.images_showing(1) == {record.id}
    project.change_taxonomy(TAXONOMY, {0: 0, 1: 1, 2: None, 3: 3})
    assert project.images_showing(2) == set()


def test_time_adds_up_by_image(project: Project, record: ImageRecord, reopened: Callable[[], Project]) -> None:
    first, second, third = project.images()
    for image, seconds in ((first, 10.0), (first, 2.5), (second, 40.0), (third, 3.0)):
        project.add_time(image.id, seconds)
    for image in (first, second):
        project.set_status(image.id, Status.ACCEPTED)
    again = reopened()
    assert again.image(record.id).seconds == 12.5
    numbers = again.statistics()
    assert (numbers.seconds, numbers.num_timed, numbers.median_seconds) == (55.5, 3, 12.5)
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="cannot have been worked"):
            again.add_time(record.id, wrong)


def test_a_project_without_times_has_none(project: Project) -> None:
    numbers = project.statistics()
    assert (numbers.seconds, numbers.num_timed, numbers.median_seconds) == (0.0, 0, 0.0)


def test_each_image_is_seen_again_as_it_was(
    project: Project, record: ImageRecord, reopened: Callable[[], Project]
) -> None:
    project.set_view(record.id, {"scale": 0.5, "center": [100, 20]})
    project.set_view(record.id, {"scale": 2.0, "center": [7, 20], "selected": [3]})
    again = reopened()
    assert again.view(record.id) == {"scale": 2.0, "center": [7, 20], "selected": [3]}
    assert again.view(2) == {}
    with Project.open(again.folder) as second:
        assert second.view(record.id)["scale"] == 2.0
        with pytest.raises(ReadOnlyError):
            second.set_view(record.id, {})


def test_a_project_of_the_first_format_is_brought_forward(tmp_path: Path) -> None:
    """Labels, history and categories of a format-1 project are the same afterwards, and a backup is kept."""
    image = make_image(tmp_path / "photos" / "a.png")
    with Project.create(tmp_path / "old.seamseg", TAXONOMY) as project:
        (record,) = project.add_images([image])
        project.store_prediction(record.id, make_result(), "starter")
        expected = project.load_map(record.id)
    path = tmp_path / "old.seamseg" / "project.db"
    _to_format_1(path)
    with Project.open(path.parent) as project:
        assert project.taxonomy == TAXONOMY
        np.testing.assert_array_equal(project.load_map(record.id).ids, expected.ids)
        assert project.statistics().num_pixels == {0: 352, 1: 348, 2: 64}
        project.add_time(record.id, 3)
        project.set_view(record.id, {"scale": 1})
    (backup,) = (path.parent / "backups").iterdir()
    connection = sqlite3.connect(backup)
    assert schema.version_of(connection) == 1
    connection.close()


def _to_format_1(path: Path) -> None:
    """Takes away what later formats have brought."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP TABLE views; DROP TABLE taxonomy_steps; DROP INDEX images_progress; DROP TABLE category_totals;"
        " DROP TRIGGER category_counts_insert; DROP TRIGGER category_counts_delete;"
        " ALTER TABLE taxonomies DROP COLUMN kind; ALTER TABLE images DROP COLUMN exif;"
        " ALTER TABLE images DROP COLUMN look; ALTER TABLE images DROP COLUMN timings;"
        " ALTER TABLE images DROP COLUMN seconds; ALTER TABLE images DROP COLUMN uncertainty;"
        " ALTER TABLE images DROP COLUMN root_is_model; ALTER TABLE images DROP COLUMN disagreement;"
        " PRAGMA user_version = 1;"
    )
    connection.close()
