"""YOLO segmentation: instances exactly, the rest counted, and data.yaml in the forms people write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.polygons import HOLES, PARTS
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.yolo import CROWD, NO_STUFF, read_names
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_YOLO = FORMATS["yolo"]


def test_instances_survive_and_the_rest_is_counted(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]
) -> None:
    ids = np.zeros((60, 90), np.int32)
    ids[40:] = 1
    ids[10:30, 10:30] = 2
    ids[15:20, 15:20] = 0
    ids[5:9, 50:55] = ids[5:9, 60:65] = 3
    ids[30:40, 70:80] = 4
    segments = {1: Segment(0), 2: Segment(3), 3: Segment(4), 4: Segment(5, is_crowd=True)}
    with _YOLO.writer(tmp_path / "o", taxonomy) as writer:
        writer.write("a", make_photo("a.jpg"), PanopticMap(ids, segments), split="val")
    assert writer.losses.totals == {NO_STUFF: 1, CROWD: 1, HOLES: 1, PARTS: 1}
    assert "COCO" not in "".join(writer.losses.summary())
    reader = _YOLO.reader(tmp_path / "o")
    assert [c.name for c in reader.taxonomy.categories] == ["car", "person/rider", "Ωmega"]
    (image,) = reader
    assert image.split == "val"
    expected = np.zeros_like(ids)
    expected[10:30, 10:30], expected[5:9, 50:55], expected[5:9, 60:65] = 1, 2, 3
    np.testing.assert_array_equal(image.map.ids, expected)
    assert [image.map.segments[i].category for i in (1, 2, 3)] == [0, 1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "path: .\nnames:\n  0: car\n  1: 'traffic light'\n  2: \"a, b\"\nnc: 3\n",
        "names: [car, 'traffic light', \"a, b\"]\n",
        "nc: 3\nnames:\n- car\n- traffic light\n- 'a, b'\ntrain: x\n",
        "names: {0: car, 1: traffic light, 2: 'a, b'}\n",
        "names:\n  # all of them\n  - car\n\n  - traffic light\n  - a, b\n",
    ],
)
def test_names_are_read_in_all_forms(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    assert read_names(tmp_path / "data.yaml") == {0: "car", 1: "traffic light", 2: "a, b"}


@pytest.mark.parametrize(("text", "message"), [("nc: 3\n", "has no 'names'"), ("names:\nnc: 3\n", "lists nothing")])
def test_missing_names_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(FormatError, match=message):
        _YOLO.reader(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7 0 0 1 0 1 1", "line 1 has the unknown category 7"),
        ("0.5 0 0 1 0 1 1", "unknown category 0.5"),
        ("x 0 0 1 0 1 1", "line 1 is not a list of numbers"),
    ],
)
def test_damaged_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "data.yaml").write_text("names: [car]\n")
    for part in ("labels", "images"):
        (tmp_path / part / "train").mkdir(parents=True)
    (tmp_path / "labels/train/a.txt").write_text(line)
    (image,) = _YOLO.reader(tmp_path)
    with pytest.raises(FormatError, match="its photograph is not in images"):
        _ = image.map
    Image.new("RGB", (20, 10)).save(tmp_path / "images/train/a.png")
    (image,) = _YOLO.reader(tmp_path, split="train")
    with pytest.raises(FormatError, match=message):
        _ = image.map
    with pytest.raises(FormatError, match="has no split 'val'"):
        _YOLO.reader(tmp_path, split="val")
