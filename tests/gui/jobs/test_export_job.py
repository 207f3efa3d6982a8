"""Exports at another size, in other categories, in parts; what is lost is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from canvas_street import CAR, TAXONOMY, street
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seamseg_studio.app.jobs.export_job import TOO_SMALL, ExportOrder, export, shrunk, split_of
from seamseg_studio.app.jobs.job import JobContext
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment

CONTEXT = JobContext(lambda _: None)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    panoptic_map = street()
    ids = panoptic_map.ids.copy()
    ids[0, 0] = 9  # one pixel: gone at half the size
    one_more = PanopticMap(ids, {**panoptic_map.segments, 9: Segment(2)})
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((*ids.shape, 3), 90, np.uint8)).save(path)
    project = Project.create(tmp_path / "p.seamseg", TAXONOMY)
    (record,) = project.add_images([path])
    project.store_labels(record.id, one_more)
    return project


def test_smaller_with_its_photograph(project: Project, tmp_path: Path) -> None:
    order = ExportOrder("coco-panoptic", tmp_path / "out", max_side_px=200)
    report = export(project, order, CONTEXT)
    project.close()
    assert (report.num_written, report.problems) == (1, ())
    assert len(report.losses) == 1
    assert f"1 {TOO_SMALL}" in report.losses[0]
    entry = json.loads((tmp_path / "out" / "panoptic.json").read_text())["images"][0]
    assert (entry["height"], entry["width"]) == (150, 200)
    photos = [path for path in (tmp_path / "out" / "images").rglob("*") if path.is_file()]
    assert [Image.open(path).size for path in photos] == [(200, 150)]


def test_in_other_categories(project: Project, tmp_path: Path) -> None:
    road, _, car = TAXONOMY.to_json()["categories"]  # type: ignore[misc]
    target = {"name": "less", "categories": [road, car], "map": {"sky": None}}
    (tmp_path / "map.json").write_text(json.dumps(target))
    order = ExportOrder("coco-panoptic", tmp_path / "out", mapping=tmp_path / "map.json")
    report = export(project, order, CONTEXT)
    project.close()
    written = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert [category["name"] for category in written["categories"]] == ["road", "car"]
    assert len(written["annotations"][0]["segments_info"]) == 4
    assert any("unmapped" in loss for loss in report.losses)


def test_in_parts(project: Project, tmp_path: Path) -> None:
    report = export(project, ExportOrder("yolo", tmp_path / "out", validation_percent=90), CONTEXT)
    project.close()
    assert report.num_written == 1
    part = split_of("photo", 90)
    assert [path.parent.name for path in (tmp_path / "out" / "images").rglob("*.png")] == [part]


@given(st.text(min_size=1, max_size=20), st.integers(1, 90), st.integers(0, 9))
def test_the_part_of_an_image_is_its_own(name: str, percent: int, more: int) -> None:
    part = split_of(name, percent)
    assert part in ("train", "val")
    assert split_of(name, 0) == ""
    if part == "val":  # more validation never takes an image out of it
        assert split_of(name, percent + more) == "val"


def test_parts_have_about_the_asked_for_size() -> None:
    parts = [split_of(f"image {number}", 20) for number in range(2000)]
    assert 0.16 < parts.count("val") / len(parts) < 0.24


def test_shrunk_labels_are_a_partition() -> None:
    panoptic_map, image = shrunk(street(), np.zeros((300, 400, 3), np.uint8), 0.37)
    panoptic_map.check()
    assert panoptic_map.shape == image.shape[:2] == (111, 148)
    assert CAR in panoptic_map.segments
