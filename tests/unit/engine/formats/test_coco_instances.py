"""COCO instances: things exactly, the rest counted; foreign files with overlaps and odd polygons."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hotcoco import COCO

from seamseg_studio.engine.formats.coco_instances import NO_STUFF, ORPHANS, SAME_ID
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.polygons import CROSSING, DEGENERATE, OUTSIDE
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.segments import NO_SCORE
from seamseg_studio.engine.formats.stacking import COVERED, HIDDEN
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_COCO = FORMATS["coco-instances"]


def test_things_survive_and_stuff_is_counted(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    maps = {f"im{n}": make_map(n) for n in range(3)}
    with _COCO.writer(tmp_path, taxonomy) as writer:
        for name, panoptic_map in maps.items():
            writer.write(name, Path(f"{name}.png"), panoptic_map)
    assert writer.losses.totals == {
        NO_STUFF: sum(taxonomy.is_stuff(s.category) for m in maps.values() for s in m.segments.values())
    }
    reader = _COCO.reader(tmp_path)
    assert [c.name for c in reader.taxonomy.categories] == ["car", "person/rider", "Ωmega"]
    for image in reader:
        original = maps[image.name]
        for old, segment in original.segments.items():
            if taxonomy.is_thing(segment.category):
                (new,) = np.unique(image.map.ids[original.ids == old])
                assert (image.map.ids == new).sum() == original.area(old)
                found = image.map.segments[int(new)]
                assert (found.category, found.is_crowd) == (segment.category - 3, segment.is_crowd)
    assert not reader.losses
    COCO(str(tmp_path / "instances.json"))


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A foreign file: two cars as polygons, the small one on the large one, and a crowd as plain run lengths."""
    document = {
        "images": [{"id": 7, "file_name": "sub/a.jpg", "width": 20, "height": 10}],
        "categories": [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[2, 2, 6, 2, 6, 6, 2, 6]], "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 3, "segmentation": [[0, 0, 12, 0, 12, 8, 0, 8]], "iscrowd": 0},
            {
                "id": 3, "image_id": 7, "category_id": 1, "iscrowd": 1,
                "segmentation": {"size": [10, 20], "counts": [100, 100]},
            },
        ],
    }  # fmt: skip
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(document))
    return path


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_smaller_instances_lie_on_larger_ones_and_crowds_below(index: Path) -> None:
    reader = _COCO.reader(index)
    (image,) = reader
    ids = image.map.ids
    assert image.name == "sub_a" or image.name.startswith("sub_a-")
    assert ids[4, 4] == 1
    assert ids[1, 1] == 2
    assert ids[5, 15] == 3
    assert ids[5, 11] == 2
    assert image.map.segments[3].is_crowd
    assert reader.taxonomy[image.map.segments[3].category].name == "person"
    assert reader.losses.count(COVERED) == 16 + 2 * 8


def test_odd_polygons_are_counted(index: Path) -> None:
    def change(document: Any) -> None:
        annotations = document["annotations"]
        annotations[0]["segmentation"] = [[2, 2, 6, 6, 6, 2, 2, 6], [1, 1, 2, 2]]
        annotations[1]["segmentation"] = [[-9, 0, 12, 0, 12, 8, -9, 8]]
        annotations.append({"id": 9, "image_id": 7, "category_id": 3, "segmentation": [[50, 50, 60, 50, 60, 60]]})

    _edit(index, change)
    reader = _COCO.reader(index)
    (image,) = reader
    assert len(image.map.segments) == 3
    assert {k: v for k, v in reader.losses.totals.items() if k != COVERED} == {
        CROSSING: 1, DEGENERATE: 1, OUTSIDE: 2, HIDDEN: 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["images"].append({**d["images"][0], "id": 8}), "two images are called 'sub/a.jpg'"),
        (lambda d: d["images"].append({**d["images"][0], "file_name": "b.jpg"}), "two images have the id 7"),
        (lambda d: d["images"].append({"id": 9}), "'file_name' of the image at place 1 is missing"),
        (lambda d: d["images"].append("b.jpg"), "'file_name' of the image at place 1 is missing"),
        (lambda d: d["images"].append({**d["images"][0], "id": [1]}), "are called|'id' of the image .* is a list"),
    ],
)
def test_a_bad_entry_of_the_index_is_named(index: Path, change: Callable[[Any], object], message: str) -> None:
    _edit(index, change)
    images = list(_COCO.reader(index))
    assert len(images) == 2
    with pytest.raises(FormatError, match=message):
        _ = images[1].labels
    if "the id" in message:  # nobody knows whose the annotations are
        with pytest.raises(FormatError, match=message):
            _ = images[0].labels
    else:
        assert len(images[0].labels.segments) == 3


def test_annotations_of_no_image_and_ids_used_twice_are_counted(index: Path) -> None:
    _edit(index, lambda d: [d["annotations"].append({"id": 1, "image_id": key}) for key in (8, None, [7], True)])
    _edit(index, lambda d: d["annotations"].append("nothing"))
    reader = _COCO.reader(index)
    (image,) = reader
    assert len(image.labels.segments) == 3
    assert reader.losses.count(ORPHANS) == 5
    assert reader.losses.count(SAME_ID) == 4


@pytest.mark.parametrize(
    ("score", "kept"), [(math.nan, None), (math.inf, None), (10**400, None), ("1", None), (1, 1.0)]
)
def test_scores_that_are_no_numbers_are_left_out_and_counted(index: Path, score: Any, kept: float | None) -> None:
    _edit(index, lambda d: d["annotations"][0].update(score=score))
    reader = _COCO.reader(index)
    (image,) = reader
    assert image.labels.segments[1].score == kept
    assert reader.losses.count(NO_SCORE) == (kept is None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["annotations"][0].update(category_id=99), "annotation 1 of image .* unknown category 99"),
        (lambda d: d["annotations"][2]["segmentation"].update(size=[20, 10]), "is damaged"),
        (lambda d: d["annotations"][2]["segmentation"].update(counts="\x01"), "is damaged"),
        (lambda d: d["annotations"][2]["segmentation"].pop("counts"), "is damaged"),
        (lambda d: d["images"][0].update(width=10**7, height=10**7), "the limit is"),
        (lambda d: d["images"][0].update(height=-4), "'height' of image|the limit is"),
        (lambda d: d["annotations"][0].pop("segmentation"), "'segmentation' of an annotation .* is missing"),
    ],
)
def test_damage_in_one_image_is_named(index: Path, change: Callable[[Any], object], message: str) -> None:
    _edit(index, change)
    (image,) = _COCO.reader(index)
    with pytest.raises(FormatError, match=message):
        _ = image.map
