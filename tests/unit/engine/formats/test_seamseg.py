"""The seamseg dataset against files and expectations of the original project, and round trips."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgpack
import numpy as np
import pytest
from hotcoco import mask as coco_mask
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.formats.seamseg import OVERLAP, SEVERAL_SPLITS, UNDESCRIBED
from seamseg_studio.engine.formats.segments import UNLISTED, UNSEEN
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

_FIXTURES = Path(__file__).parents[3] / "fixtures" / "formats"
_SEAMSEG = FORMATS["seamseg"]


@pytest.mark.parametrize(("split", "num_images"), [("train", 4), ("val", 2)])
def test_reading_equals_the_original(split: str, num_images: int) -> None:
    """The original scales and compacts what it reads; the same done to what we read must give the same arrays."""
    expected = np.load(_FIXTURES / "dataset_expected.npz")
    reader = _SEAMSEG.reader(_FIXTURES / "seamseg", split=split)
    images = list(reader)
    assert [image.name for image in images] == expected[f"{split}/ids"].tolist()
    assert len(reader) == len(images) == num_images
    for number, image in enumerate(images):
        want = {key: expected[f"{split}/{number}/{key}"] for key in ("msk", "cat", "iscrowd", "size", "idx")}
        assert image.name == want["idx"]
        assert image.map.shape == tuple(want["size"])
        height, width = want["msk"].shape[1:]
        scaled = np.asarray(
            Image.fromarray(image.map.ids.astype(np.uint16)).resize((width, height), Image.Resampling.NEAREST)
        )
        segments = image.map.segments
        categories = np.array([255, *(segments[i].category for i in sorted(segments))])
        crowd = np.array([0, *(segments[i].is_crowd for i in sorted(segments))])
        np.testing.assert_array_equal(scaled, want["msk"][0])
        np.testing.assert_array_equal(categories, want["cat"])
        np.testing.assert_array_equal(crowd, want["iscrowd"])
        assert image.image_path is not None
        assert image.image_path.stem == image.name


def test_rewriting_the_originals_dataset_is_exact(tmp_path: Path) -> None:
    source = _SEAMSEG.reader(_FIXTURES / "seamseg")
    assert source.losses.count(SEVERAL_SPLITS) == 2
    with _SEAMSEG.writer(tmp_path, source.taxonomy) as writer:
        for image in source:
            writer.write(image.name, image.image_path, image.map, split=image.split)
    old, new = (msgpack.unpackb((root / "metadata.bin").read_bytes()) for root in (_FIXTURES / "seamseg", tmp_path))
    assert new["images"] == old["images"]
    assert {k: v for k, v in new["meta"].items() if k != "original_ids"} == {
        k: v for k, v in old["meta"].items() if k != "original_ids"
    }
    for mask in sorted((_FIXTURES / "seamseg" / "msk").iterdir()):
        np.testing.assert_array_equal(
            np.asarray(Image.open(tmp_path / "msk" / mask.name)), np.asarray(Image.open(mask))
        )
    for photo in sorted((_FIXTURES / "seamseg" / "img").iterdir()):
        assert (tmp_path / "img" / photo.name).read_bytes() == photo.read_bytes()
    assert (tmp_path / "lst" / "train.txt").read_text() == (_FIXTURES / "seamseg" / "lst" / "train.txt").read_text()
    old_coco, new_coco = (
        json.loads((root / "coco" / "train.json").read_text()) for root in (_FIXTURES / "seamseg", tmp_path)
    )
    assert new_coco["images"] == old_coco["images"]
    assert new_coco["categories"] == old_coco["categories"]
    assert len(new_coco["annotations"]) == len(old_coco["annotations"])
    for ours, theirs in zip(new_coco["annotations"], old_coco["annotations"], strict=True):
        assert {k: ours[k] for k in ("id", "image_id", "category_id", "iscrowd", "area", "bbox")} == {
            k: theirs[k] for k in ("id", "image_id", "category_id", "iscrowd", "area", "bbox")
        }
        height, width = theirs["segmentation"]["size"]
        mask = coco_mask.decode(coco_mask.frPyObjects(theirs["segmentation"], height, width))
        np.testing.assert_array_equal(coco_mask.decode(ours["segmentation"]), mask)


def test_round_trip(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> None:
    maps = {f"im {n}": make_map(n) for n in range(4)}
    with _SEAMSEG.writer(tmp_path / "out", taxonomy, split="train") as writer:
        for name, panoptic_map in maps.items():
            writer.write(name, make_photo(f"{name}.jpg"), panoptic_map, split="val" if name == "im 3" else "")
    reader = _SEAMSEG.reader(tmp_path / "out")
    assert reader.taxonomy.categories == taxonomy.categories
    images = {image.name: image for image in reader}
    assert images.keys() == maps.keys()
    for name, panoptic_map in maps.items():
        np.testing.assert_array_equal(images[name].map.ids, panoptic_map.ids)
        assert images[name].map.segments == panoptic_map.segments
        assert images[name].split == ("val" if name == "im 3" else "train")
    assert not reader.losses


def test_gaps_between_ids_are_closed_in_order(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> None:
    ids = (7, 12, 40_000, 70_000, 70_001, 900_000, 16_000_000)
    panoptic_map = make_map(1, ids=ids)
    with _SEAMSEG.writer(tmp_path / "out", taxonomy) as writer:
        writer.write("a", make_photo("a.png"), panoptic_map)
    (image,) = _SEAMSEG.reader(tmp_path / "out")
    for new, old in enumerate(sorted(panoptic_map.segments), 1):
        np.testing.assert_array_equal(image.map.ids == new, panoptic_map.ids == old)
        assert image.map.segments[new] == panoptic_map.segments[old]


def test_too_many_segments_are_refused(tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]) -> None:
    ids = np.arange(1, 256 * 258 + 1, dtype=np.int32).reshape(256, 258)
    panoptic_map = PanopticMap(ids, {i: Segment(3) for i in range(1, 256 * 258 + 1)})
    with (
        _SEAMSEG.writer(tmp_path / "out", taxonomy) as writer,
        pytest.raises(FormatError, match="66048 segments; the seamseg format holds 65535"),
    ):
        writer.write("a", make_photo("a.png", 256, 258), panoptic_map)


def test_photos_are_stored_upright(tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8)).save(
        tmp_path / "t.jpg", exif=exif
    )
    with _SEAMSEG.writer(tmp_path / "out", taxonomy) as writer:
        writer.write("t", tmp_path / "t.jpg", make_map(0, 60, 90))
    with Image.open(tmp_path / "out" / "img" / "t.png") as stored:
        assert stored.size == (90, 60)
        assert not stored.getexif()


def test_labels_of_another_size_than_the_photo_are_refused(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> None:
    with (
        _SEAMSEG.writer(tmp_path / "out", taxonomy) as writer,
        pytest.raises(FormatError, match=r"a\.png: the image is 91 x 60, its labels are 90 x 60"),
    ):
        writer.write("a", make_photo("a.png", 60, 91), make_map(0))
    assert len(_SEAMSEG.reader(tmp_path / "out")) == 0


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A copy of the original's dataset, to be damaged."""
    return Path(shutil.copytree(_FIXTURES / "seamseg", tmp_path / "damaged"))


def _edit(folder: Path, change: Callable[[dict], None]) -> None:
    document = msgpack.unpackb((folder / "metadata.bin").read_bytes())
    change(document)
    (folder / "metadata.bin").write_bytes(msgpack.packb(document))


def test_repairs_are_counted(damaged: Path) -> None:
    _edit(damaged, lambda d: (d["images"][0]["cat"].append(30), d["images"][0]["iscrowd"].append(0)))
    _edit(damaged, lambda d: (d["images"][1]["cat"].pop(), d["images"][1]["iscrowd"].pop()))
    layer = np.zeros((256, 384), np.uint8)
    layer[:200] = 3
    Image.fromarray(layer).save(damaged / "msk" / "a_000.png.1", format="PNG")
    reader = _SEAMSEG.reader(damaged)
    first, second, *_ = reader
    base = np.asarray(Image.open(damaged / "msk" / "a_000.png"))
    np.testing.assert_array_equal(first.map.ids, np.where(base > 0, base, layer))
    assert reader.losses.count(OVERLAP) == np.count_nonzero((base > 0) & (layer > 0))
    assert reader.losses.count(UNSEEN) == 1
    lost = np.asarray(Image.open(damaged / "msk" / "b_001.png")) == 6
    assert not second.map.ids[lost].any()
    assert reader.losses.count(UNLISTED) == lost.sum()
    assert any("a_000" in line for line in reader.losses.summary())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["meta"].__setitem__("num_stuff", 3), "are not 65 categories"),
        (lambda d: d.pop("meta"), "'meta' of the file is missing"),
        (lambda d: d["meta"]["categories"].__setitem__(1, "stuff 00"), "twice"),
    ],
)
def test_damaged_metadata_is_named(damaged: Path, change: Callable[[dict], None], message: str) -> None:
    _edit(damaged, change)
    with pytest.raises(FormatError, match=message) as caught:
        _SEAMSEG.reader(damaged)
    assert "metadata.bin" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["images"].append(d["images"][0]), "describes image 'a_000' twice"),
        (lambda d: d["images"][0]["cat"].__setitem__(1, -4), "inconsistent"),
        (lambda d: d["images"][0].pop("size"), "'size' of image 'a_000' is missing"),
        (lambda d: d["images"][0].pop("id"), "'id' of the image at place 0 is missing"),
        (lambda d: d["images"].__setitem__(0, 5), "'id' of the image at place 0 is missing"),
    ],
)
def test_a_bad_entry_is_named_and_costs_one_image(damaged: Path, change: Callable[[dict], None], message: str) -> None:
    _edit(damaged, change)
    first, second, *_ = _SEAMSEG.reader(damaged)
    with pytest.raises(FormatError, match=message):
        _ = first.map
    assert second.map.shape


def test_damage_in_one_image_is_named_when_it_is_read(damaged: Path) -> None:
    _edit(damaged, lambda d: d["images"][0]["cat"].__setitem__(2, 99))
    _edit(damaged, lambda d: d["images"][1].__setitem__("size", [224, 321]))
    _edit(damaged, lambda d: d["images"][2].__setitem__("id", "../../c_002"))
    reader = iter(_SEAMSEG.reader(damaged))
    first, second = next(reader), next(reader)
    with pytest.raises(FormatError, match="unknown category 99"):
        _ = first.map
    with pytest.raises(FormatError, match=r"320 x 224 pixels, but metadata\.bin says 321 x 224"):
        _ = second.map
    third = next(reader)
    assert "/" not in third.name
    with pytest.raises(FormatError, match="leads out of its folder"):
        _ = third.map
    assert next(reader).map.shape == (240, 240)


@pytest.mark.parametrize("damage", ["cut off", "more"])
def test_metadata_of_another_length_is_named(damaged: Path, damage: str) -> None:
    path = damaged / "metadata.bin"
    data = path.read_bytes()
    path.write_bytes(data[:-40] if damage == "cut off" else data + b"\x00")
    with pytest.raises(FormatError, match=r"metadata\.bin: is damaged .*; remake it"):
        _SEAMSEG.reader(damaged)


def test_images_of_a_split_that_nobody_describes_are_counted(damaged: Path) -> None:
    (damaged / "lst" / "more.txt").write_text("nobody\n")
    reader = _SEAMSEG.reader(damaged)
    assert len(reader) == 4
    assert [loss.image for loss in reader.losses.listed(UNDESCRIBED)] == ["nobody"]


@pytest.mark.parametrize("data", [b"", b"\x93", b"hello", b"\xc1", b"\x81\xa1"])
def test_a_file_that_is_no_messagepack_is_named(damaged: Path, data: bytes) -> None:
    (damaged / "metadata.bin").write_bytes(data)
    with pytest.raises(FormatError, match=r"metadata\.bin"):
        _SEAMSEG.reader(damaged)


def test_missing_things_are_named(tmp_path: Path, damaged: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        _SEAMSEG.reader(tmp_path)
    with pytest.raises(FormatError, match="has no split 'test'; there are: train, val"):
        _SEAMSEG.reader(damaged, split="test")
    (damaged / "lst" / "more.txt").write_text("nobody\n")
    with pytest.raises(FormatError, match="does not describe image 'nobody'"):
        _SEAMSEG.reader(damaged, split="more")
