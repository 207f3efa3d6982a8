"""YOLO segmentation: instances exactly, the rest counted, and data.yaml in the forms people write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.detection import detect_format
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


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        (("train", "val"), ['"train": images/train', '"val": images/val']),
        (("training", "validation"), ['"train": images/train', '"val": images/val']),
        (("",), ['"train": images/train', "val: images/train  #"]),
        (("val", "test"), ['"test": images/test', '"val": images/val', "train: images/test  #"]),
    ],
)
def test_trainers_find_what_they_ask_for_beside_the_file(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], parts: tuple[str, ...], lines: list[str]
) -> None:
    """They want both keys, and take a path "." for the folder that they run in."""
    with _YOLO.writer(tmp_path / "o", taxonomy) as writer:
        for number, part in enumerate(parts):
            panoptic_map = PanopticMap(np.ones((8, 8), np.int32), {1: Segment(3)})
            writer.write(f"{number}", make_photo("a.jpg", 8, 8), panoptic_map, split=part)
    text = (tmp_path / "o" / "data.yaml").read_text()
    written = text.split("names:")[0].splitlines()
    assert len(written) == len(lines)
    assert all(line.startswith(wanted) for line, wanted in zip(written, lines, strict=True))
    assert all((tmp_path / "o" / line.split(": ")[1].split(" ")[0]).is_dir() for line in written)


@pytest.mark.parametrize("layout", ["{part}/{kind}", "{kind}/{part}", "{kind}"])
def test_other_places_of_labels_are_read(tmp_path: Path, layout: str) -> None:
    (tmp_path / "data.yaml").write_text("names: [car]\n")
    for part in ("train", "valid"):
        places = [tmp_path / layout.format(part=part, kind=kind) for kind in ("labels", "images")]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        (places[0] / f"{part}_1.txt").write_text("0 0 0 1 0 1 1 0 1\n")
        Image.new("RGB", (20, 10)).save(places[1] / f"{part}_1.png")
    assert detect_format(tmp_path).name == "yolo"
    reader = _YOLO.reader(tmp_path)
    found = {image.name: image.split for image in reader}
    assert found == {f"{part}_1": part if "part" in layout else "" for part in ("train", "valid")}
    assert all(image.labels.ids.all() for image in reader)
    assert not reader.losses


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
