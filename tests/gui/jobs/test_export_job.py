"""Exports at another size, in other categories, in parts; what is lost is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from canvas_street import CAR, TAXONOMY, street
from PIL import Image

from seamseg_studio.app.jobs.export_job import TOO_SMALL, ExportOrder, export, shrunk
from seamseg_studio.app.jobs.job import JobContext
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.project import Project, ProjectError
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


def test_parts_keep_near_duplicates_together(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pictures = [np.kron(rng.integers(0, 255, (6, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8) for _ in range(4)]
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"scene {number}.png")
        Image.fromarray(np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8)).save(tmp_path / f"twin {number}.png")
    with Project.create(tmp_path / "p.seamseg", TAXONOMY) as project:
        for record in project.add_images(sorted(tmp_path.glob("*.png"))):
            project.store_labels(record.id, street((96, 128)))
        report = export(project, ExportOrder("yolo", tmp_path / "out", validation_percent=25), CONTEXT)
        with pytest.raises(ProjectError, match="one folder"):
            export(project, ExportOrder("yolo", tmp_path / "b", validation_percent=25, group_by="folder"), CONTEXT)
    assert report.num_written == 8
    part_of = {path.stem: path.parent.name for path in (tmp_path / "out" / "images").rglob("*.png")}
    assert sorted(part_of.values()) == ["train"] * 6 + ["val"] * 2
    for number in range(4):
        assert part_of[f"scene {number}"] == part_of[f"twin {number}"]


def test_a_folder_that_cannot_be_made_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SeamsegError, match=r"file.*choose another folder"):
        export(project, ExportOrder("yolo", tmp_path / "file" / "out"), CONTEXT)
    project.close()


def test_shrunk_labels_are_a_partition() -> None:
    panoptic_map, image = shrunk(street(), np.zeros((300, 400, 3), np.uint8), 0.37)
    panoptic_map.check()
    assert panoptic_map.shape == image.shape[:2] == (111, 148)
    assert CAR in panoptic_map.segments
