"""Cityscapes: exact round trips, its own ids, and files from elsewhere."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.cityscapes import FOREIGN, IGNORED, JOINED_CROWDS
from seamseg_studio.engine.formats.cityscapes_labels import STANDARD, assign_labels, standard_labels
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.label_image import write_indices_16
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_CITYSCAPES = FORMATS["cityscapes"]
_FIXTURE = Path(__file__).parents[3] / "fixtures" / "formats" / "seamseg"


def test_the_standard_ids_are_those_of_cityscapes() -> None:
    labels = assign_labels(standard_labels().taxonomy)
    assert labels.ids == (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
    assert labels.is_standard
    assert len(STANDARD) == 19


def test_round_trip_is_exact(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> None:
    maps = {name: make_map(n, ids=(3, 9, 20, 21, 400, 70_000, 8)) for n, name in enumerate(["a", "bonn_000001_000019"])}
    with _CITYSCAPES.writer(tmp_path / "out", taxonomy, copy_images=True) as writer:
        for name, panoptic_map in maps.items():
            writer.write(name, make_photo(f"{name}.jpg"), panoptic_map, split="val")
    assert writer.losses.count(FOREIGN) > 0
    assert (tmp_path / "out/gtFine/val/bonn/bonn_000001_000019_gtFine_labelIds.png").is_file()
    reader = _CITYSCAPES.reader(tmp_path / "out")
    assert reader.taxonomy == taxonomy
    assert [image.name for image in reader] == ["a", "bonn_000001_000019"]
    for image in reader:
        assert image.split == "val"
        assert image.image_path is not None
        np.testing.assert_array_equal(image.map.ids, maps[image.name].ids)
        assert image.map.segments == maps[image.name].segments
    assert not reader.losses


def test_seamseg_to_coco_to_cityscapes_and_back_keeps_ids_and_categories(tmp_path: Path) -> None:
    current: Path = _FIXTURE
    chain = [
        ("seamseg", {}),
        ("coco-panoptic", {"copy_images": True}),
        ("cityscapes", {"copy_images": True}),
        ("seamseg", {}),
    ]
    for number, ((source, _), (target, options)) in enumerate(itertools.pairwise(chain)):
        reader = FORMATS[source].reader(current)
        with FORMATS[target].writer(tmp_path / str(number), reader.taxonomy, **options) as writer:
            for image in reader:
                writer.write(image.name, image.image_path, image.map, split=image.split)
        current = tmp_path / str(number)
    first, last = FORMATS["seamseg"].reader(_FIXTURE), FORMATS["seamseg"].reader(current)
    assert last.taxonomy.categories == first.taxonomy.categories
    for old, new in zip(first, last, strict=True):
        np.testing.assert_array_equal(new.map.ids, old.map.ids)
        assert new.map.segments == old.map.segments


def test_pixels_mean_what_cityscapes_says(tmp_path: Path) -> None:
    taxonomy = standard_labels().taxonomy
    ids = np.repeat(np.arange(8, dtype=np.int32), 4).reshape(4, 8)
    car = taxonomy.index_of("car")
    segments = {1: Segment(0), 2: Segment(car), 3: Segment(car), 4: Segment(car, is_crowd=True), 5: Segment(10)}
    segments |= {6: Segment(car, is_crowd=True), 7: Segment(taxonomy.index_of("person"))}
    with _CITYSCAPES.writer(tmp_path, taxonomy) as writer:
        writer.write("bonn_000001_000019", None, PanopticMap(ids, segments), split="train")
    base = tmp_path / "gtFine/train/bonn/bonn_000001_000019_gtFine"
    instance = np.asarray(Image.open(f"{base}_instanceIds.png"))
    assert np.unique(instance).tolist() == [0, 7, 23, 26, 24000, 26000, 26001]
    labels = np.asarray(Image.open(f"{base}_labelIds.png"))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, np.where(instance >= 1000, instance // 1000, instance))
    assert np.asarray(Image.open(f"{base}_color.png"))[3, 7].tolist() == [220, 20, 60]
    objects = json.loads(Path(f"{base}_polygons.json").read_text())["objects"]
    assert {o["label"] for o in objects} == {"road", "sky", "car", "cargroup", "person"}
    assert writer.losses.totals == {JOINED_CROWDS: 1}
    assert not (tmp_path / "labels.json").exists()


def test_files_from_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "gtFine" / "val" / "ulm"
    folder.mkdir(parents=True)
    pixels = np.array([[7, 7, 26000, 26001], [4, 9, 26, 24000]])
    write_indices_16(folder / "ulm_000000_000019_gtFine_instanceIds.png", pixels)
    (folder / "ulm_000000_000019_gtFine_polygons.json").write_text('{"objects": [{"label": "road"}]}')
    photo = tmp_path / "leftImg8bit" / "val" / "ulm" / "ulm_000000_000019_leftImg8bit.png"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"")
    for root in (tmp_path, tmp_path / "gtFine"):
        reader = _CITYSCAPES.reader(root, split="val")
        (image,) = reader
        assert (image.name, image.split, image.image_path) == ("ulm_000000_000019", "val", photo)
        names = {i: (reader.taxonomy[s.category].name, s.is_crowd) for i, s in image.map.segments.items()}
        assert names == {
            1: ("road", False), 2: ("car", True), 3: ("person", False), 4: ("car", False), 5: ("car", False),
        }  # fmt: skip
        assert reader.losses.totals == {IGNORED: 2}


def test_bad_input_is_named(tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]) -> None:
    with pytest.raises(FormatError, match="holds no gtFine"):
        _CITYSCAPES.reader(tmp_path)
    things = Taxonomy("many", tuple(Category(f"t{i}", Kind.THING, (0, 0, 0)) for i in range(46)))
    with pytest.raises(FormatError, match="more categories than Cityscapes' files can number"):
        _CITYSCAPES.writer(tmp_path / "many", things)
    ids = np.arange(1, 1002, dtype=np.int32).reshape(1, -1)
    with (
        _CITYSCAPES.writer(tmp_path / "out", taxonomy) as writer,
        pytest.raises(FormatError, match="more instances of 'car'"),
    ):
        writer.write("a", None, PanopticMap(ids, {i: Segment(3) for i in range(1, 1002)}))
    with _CITYSCAPES.writer(tmp_path / "out", taxonomy, overwrite=True) as writer:
        writer.write("a", None, make_map(0), split="../../val")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    (tmp_path / "out" / "labels.json").write_text('{"labels": [{"id": 1}]}')
    with pytest.raises(FormatError, match=r"labels\.json: the field 'kind' of label 0"):
        _CITYSCAPES.reader(tmp_path / "out")
    with pytest.raises(FormatError, match="has no split 'test'"):
        _CITYSCAPES.reader(tmp_path / "out", split="test")
