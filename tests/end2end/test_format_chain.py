"""A dataset made of a project goes through three formats and comes back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from seamseg_studio.engine.cli.convert import main
from seamseg_studio.engine.formats.cityscapes_labels import standard_labels
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.project import GroupBy, Project, SplitRule, Status, export_corrections
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
_TAXONOMY = standard_labels().taxonomy


def _street_map(labels: PanopticMap, names: list[str]) -> PanopticMap:
    """The things of a sample photo that a street has, above "building" and "road"."""
    height, _ = labels.shape
    known = {category.name: index for index, category in enumerate(_TAXONOMY.categories) if _TAXONOMY.is_thing(index)}
    kept = {i: s for i, s in labels.segments.items() if names[s.category] in known}
    ids = np.where(np.isin(labels.ids, list(kept)), labels.ids, 0)
    segments = {i: Segment(known[names[s.category]], s.is_crowd) for i, s in kept.items()}
    building, road = max(labels.segments, default=0) + 1, max(labels.segments, default=0) + 2
    rows = np.arange(height)[:, None]
    ids = np.where((ids == 0) & (rows < height // 2), building, ids)
    ids = np.where((ids == 0) & (rows >= height // 2 + 8), road, ids)  # a strip of void between
    segments |= {building: Segment(_TAXONOMY.index_of("building")), road: Segment(_TAXONOMY.index_of("road"))}
    return PanopticMap.from_arrays(ids.astype(np.int32), segments)


def test_a_dataset_of_the_sample_photos_survives_the_chain(tmp_path: Path) -> None:
    truth = FORMATS["coco-instances"].reader(SAMPLES / "instances.json")
    names = [category.name for category in truth.taxonomy.categories]
    with Project.create(tmp_path / "samples.seamseg", _TAXONOMY) as project:
        records = {record.path.stem: record for record in project.add_images(sorted((SAMPLES / "images").iterdir()))}
        for image in truth:
            project.store_labels(records[image.name].id, _street_map(image.map, names), Status.ACCEPTED)
        corrections = {correction.name: correction for correction in project.corrections()}
        done = export_corrections(project, tmp_path / "0", rule=SplitRule(0.3, GroupBy.LOOK))
    assert (done.num_train, done.num_val, done.failures, done.losses) == (7, 3, (), ())
    told = json.loads((tmp_path / "0" / "split.json").read_text())["images"]
    for number, target in enumerate(("coco-panoptic", "cityscapes", "seamseg"), 1):
        argv = [str(tmp_path / str(number - 1)), str(tmp_path / str(number)), "--to", target]
        assert main([*argv, *(["--copy-images"] if target != "seamseg" else [])]) == 0
    first, last = FORMATS["seamseg"].reader(tmp_path / "0"), FORMATS["seamseg"].reader(tmp_path / "3")
    assert last.taxonomy.categories == first.taxonomy.categories
    assert len(first) == len(last) == 10
    for old, new in zip(first, last, strict=True):
        assert new.name == old.name
        assert new.split == old.split == told[old.name]["part"]
        np.testing.assert_array_equal(new.map.ids, old.map.ids)
        assert {i: (s.category, s.is_crowd) for i, s in new.map.segments.items()} == {
            i: (s.category, s.is_crowd) for i, s in old.map.segments.items()
        }
        correction = corrections[old.name]
        np.testing.assert_array_equal(old.map.category_map(), correction.map.category_map())
        np.testing.assert_array_equal(old.map.provenance, correction.map.provenance)
        np.testing.assert_array_equal(old.labels.weights, correction.weights)
    assert sum(len(image.map.segments) for image in last) > 40
