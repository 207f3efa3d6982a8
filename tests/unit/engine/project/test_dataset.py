"""Corrections leave the project as a dataset that can be trained on."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.formats.registry import find_format
from seamseg_studio.engine.project import (
    GroupBy,
    ImageRecord,
    Project,
    ProjectError,
    ProjectReader,
    SaveError,
    SplitRule,
    Status,
    export_corrections,
)
from seamseg_studio.engine.project.corrections import SEEN_WEIGHT
from seamseg_studio.engine.project.dataset import BY_NAME

from .conftest import make_image, make_result
from .test_store import edit

BY_LOOK = SplitRule(0.3, GroupBy.LOOK)


@pytest.fixture
def corrected(project: Project) -> Project:
    """Two accepted images, one with an edit, one that only the model labelled."""
    extra = project.add_images([make_image(project.images()[0].path.with_name("only model.png"), 9)])
    for record in project.images():
        project.store_prediction(record.id, make_result(), "starter")
    first, second, third, _ = (*project.images()[:3], extra)
    project.set_status(first.id, Status.ACCEPTED)
    project.set_status(second.id, Status.ACCEPTED)
    edit(project, third, project.load_map(third.id), 20)
    return project


def test_corrections_are_written_as_a_seamseg_dataset(corrected: Project, tmp_path: Path) -> None:
    expected = {correction.name: correction for correction in corrected.corrections()}
    done = export_corrections(corrected, tmp_path / "set", rule=BY_LOOK)
    assert (done.num_train, done.num_val, done.num_groups, done.failures) == (2, 1, 3, ())
    found = {}
    for part in ("train", "val"):
        for image in find_format("seamseg").reader(tmp_path / "set", split=part):
            found[image.name] = part
            correction = expected[image.name]
            known = correction.map.ids > 0
            np.testing.assert_array_equal(image.map.ids > 0, known)
            np.testing.assert_array_equal(image.map.category_map(), correction.map.category_map())
            np.testing.assert_array_equal(image.map.provenance, correction.map.provenance)
            np.testing.assert_array_equal(image.labels.weights, correction.weights)
            assert [s.origin for _, s in sorted(image.map.segments.items())] == [
                s.origin for _, s in sorted(correction.map.segments.items())
            ]
    assert found.keys() == expected.keys()
    told = json.loads((tmp_path / "set" / "split.json").read_text())
    assert {name: entry["part"] for name, entry in told["images"].items()} == found
    again = export_corrections(corrected, tmp_path / "again", rule=BY_LOOK)
    assert again == done
    assert (tmp_path / "again" / "split.json").read_text() == (tmp_path / "set" / "split.json").read_text()


def test_a_photograph_that_nobody_has_seen_is_told_of(corrected: Project, tmp_path: Path) -> None:
    gone = corrected.images()[0]
    gone.path.unlink()
    done = export_corrections(corrected, tmp_path / "set", rule=BY_LOOK, format_name="voc")
    assert not done.failures
    assert any(f"1 {BY_NAME} in 1 image ({gone.path.stem})" in line for line in done.losses)
    whole = export_corrections(corrected, tmp_path / "whole", rule=SplitRule(0.0, GroupBy.LOOK), format_name="voc")
    assert not any(BY_NAME in line for line in whole.losses), "one part cannot leak"


def test_the_reader_gives_corrections_or_all_labels(corrected: Project) -> None:
    assert len(ProjectReader(corrected)) == 3
    whole = ProjectReader(corrected, only_vouched=False)
    assert len(whole) == 4
    for image, record in zip(whole, corrected.images(), strict=True):
        assert image.split == ""
        np.testing.assert_array_equal(image.labels.ids, corrected.load_map(record.id).ids)
    part = ProjectReader(corrected, rule=BY_LOOK, part="val")
    assert [image.split for image in part] == ["val"]
    with pytest.raises(ProjectError, match="no part 'test'"):
        ProjectReader(corrected, rule=BY_LOOK, part="test")


def test_weights_say_who_vouched(corrected: Project, record: ImageRecord) -> None:
    for correction in corrected.corrections():
        assert correction.weights.shape == correction.map.shape
        np.testing.assert_array_equal(correction.weights > 0, correction.map.ids > 0)
        if correction.status is Status.ACCEPTED:
            assert set(np.unique(correction.weights)) == {0.0, 1.0}
        else:
            assert correction.weights[3, 21] == 1.0, "painted"
            assert correction.weights[3, 12] == SEEN_WEIGHT, "sky within reach of what was painted"
            assert correction.image_id == 3


def test_an_image_that_the_model_alone_labelled_counts_once_accepted(corrected: Project) -> None:
    last = corrected.images()[-1]
    assert last.id not in {correction.image_id for correction in corrected.corrections()}
    corrected.set_status(last.id, Status.ACCEPTED)
    assert last.id in {correction.image_id for correction in corrected.corrections()}


def test_nothing_to_export_says_so(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="correct or accept one first"):
        export_corrections(project, tmp_path / "set")


def test_one_sequence_cannot_be_divided(corrected: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="belong to one sequence"):
        export_corrections(corrected, tmp_path / "set")
    assert not (tmp_path / "set").exists()
    assert export_corrections(corrected, tmp_path / "set", rule=SplitRule(0.0)).num_val == 0


def test_a_full_disk_is_told_in_one_sentence(
    corrected: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SaveError, match="No space left"):
        export_corrections(corrected, tmp_path / "set", rule=BY_LOOK)


def test_an_export_can_be_stopped(corrected: Project, tmp_path: Path) -> None:
    folder = corrected.images()[0].path.parent
    for record in corrected.add_images([make_image(folder / f"more {n}.png", 100 + n) for n in range(20)]):
        corrected.store_prediction(record.id, make_result(), "starter")
        corrected.set_status(record.id, Status.ACCEPTED)
    export_corrections(corrected, tmp_path / "set", rule=BY_LOOK, progress=lambda done, total: False)
    assert 0 < len(find_format("seamseg").reader(tmp_path / "set")) < 20
    assert threading.active_count() == 1
