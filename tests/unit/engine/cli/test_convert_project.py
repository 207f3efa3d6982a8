"""`seamseg-convert` reads projects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.cli.convert import main
from seamseg_studio.engine.formats.registry import find_format
from seamseg_studio.engine.project import Project, Status
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy("test", (Category("road", Kind.STUFF, (9, 9, 9)), Category("car", Kind.THING, (0, 0, 142))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photographs in two folders, two of them accepted, and one with a prediction only."""
    ids = np.ones((20, 30), np.int32)
    ids[5:9, 5:9] = 2
    with Project.create(tmp_path / "p.seamseg", TAXONOMY) as project:
        for number, name in enumerate(("a/1.png", "a/2.png", "b/1.png")):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 255, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
            (record,) = project.add_images([path])
            if number:
                project.store_labels(record.id, PanopticMap(ids.copy(), {1: Segment(0), 2: Segment(1)}))
                project.set_status(record.id, Status.ACCEPTED)
        return project.folder


def test_a_project_becomes_a_dataset_with_parts(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([str(folder), str(out), "--to", "seamseg", "--val-share", "0.5", "--group-by", "folder"]) == 0
    parts = {part: [i.name for i in find_format("seamseg").reader(out, split=part)] for part in ("train", "val")}
    assert sorted(len(names) for names in parts.values()) == [1, 1]


def test_a_part_alone_and_no_parts(folder: Path, tmp_path: Path) -> None:
    options = ["--to", "coco-panoptic", "--val-share", "0.5", "--split", "val"]
    assert main([str(folder), str(tmp_path / "val"), *options]) == 0
    assert len(find_format("coco-panoptic").reader(tmp_path / "val")) == 1
    assert main([str(folder), str(tmp_path / "all"), "--to", "npz", "--from", "project"]) == 0
    assert len(list((tmp_path / "all").rglob("*.npz"))) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--split", "val"], "--val-share"),
        (["--images", "."], "a project knows its images"),
        (["--val-share", "1.5"], "cannot be kept for validation"),
        (["--val-share", "0.5", "--split", "test"], "no part 'test'"),
    ],
)
def test_bad_options_are_named(
    folder: Path, tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), str(tmp_path / "out"), "--to", "seamseg", *options]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["--val-share", "0.5"], ["--all-labels"]])
def test_what_only_projects_have_is_refused_for_datasets(
    options: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, out = tmp_path / "set", tmp_path / "again"
    assert main([str(folder), str(dataset), "--to", "seamseg"]) == 0
    assert main([str(dataset), str(out), "--to", "coco-panoptic", *options]) == 2
    assert f"{options[0]} is for projects" in capsys.readouterr().err
    assert not out.exists()


def test_an_empty_or_missing_project_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Project.create(tmp_path / "e.seamseg", TAXONOMY).close()
    assert main([str(tmp_path / "e.seamseg"), str(tmp_path / "out"), "--to", "seamseg"]) == 2
    assert "no corrected or accepted images" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), str(tmp_path / "out"), "--to", "seamseg", "--from", "project"]) == 2
    assert "no project here" in capsys.readouterr().err
