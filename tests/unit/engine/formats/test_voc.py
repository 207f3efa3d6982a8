"""Pascal VOC masks: pixel values and files from elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_VOC = FORMATS["voc"]


def test_pixels_are_category_and_object(tmp_path: Path, taxonomy: Taxonomy) -> None:
    ids = np.array([[0, 1, 2, 3]], np.int32)
    with _VOC.writer(tmp_path, taxonomy) as writer:
        writer.write("a", None, PanopticMap(ids, {1: Segment(1), 2: Segment(3), 3: Segment(3)}), split="val")
    with Image.open(tmp_path / "SegmentationClass" / "a.png") as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == [[255, 2, 4, 4]]
        assert np.asarray(image.convert("RGB"))[0, 1].tolist() == list(taxonomy[1].color)
    with Image.open(tmp_path / "SegmentationObject" / "a.png") as image:
        assert np.asarray(image).tolist() == [[255, 0, 1, 2]]
        assert np.asarray(image.convert("RGB"))[0, 2].tolist() == [128, 0, 0]
    assert (tmp_path / "ImageSets/Segmentation/val.txt").read_text() == "a\n"


def test_files_from_elsewhere(tmp_path: Path) -> None:
    for part, pixels in (("SegmentationClass", [[0, 7, 7, 255, 15]]), ("SegmentationObject", [[0, 1, 2, 255, 3]])):
        (tmp_path / part).mkdir()
        image = Image.fromarray(np.array(pixels, np.uint8))
        image.putpalette(list(range(256)) * 3)
        image.save(tmp_path / part / "2007_1.png")
    (tmp_path / "ImageSets/Segmentation").mkdir(parents=True)
    (tmp_path / "ImageSets/Segmentation/train.txt").write_text("2007_1\n")
    reader = _VOC.reader(tmp_path, split="train")
    (image,) = reader
    assert image.map.ids.tolist() == [[0, 1, 2, 0, 3]]
    assert [reader.taxonomy[image.map.segments[i].category].name for i in (1, 2, 3)] == ["car", "car", "person"]
    assert image.split == "train"


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no folder SegmentationClass"):
        _VOC.reader(tmp_path)
    for part, pixels in (("SegmentationClass", [[99]]), ("SegmentationObject", [[1, 1]])):
        (tmp_path / part).mkdir()
        Image.fromarray(np.array(pixels, np.uint8)).save(tmp_path / part / "a.png")
    (image,) = _VOC.reader(tmp_path)
    with pytest.raises(FormatError, match="of another size"):
        _ = image.map
    (tmp_path / "SegmentationObject" / "a.png").unlink()
    (image,) = _VOC.reader(tmp_path)
    with pytest.raises(FormatError, match="holds the category 99; there are 20"):
        _ = image.map
    with pytest.raises(FormatError, match="has no split 'val'"):
        _VOC.reader(tmp_path, split="val")
