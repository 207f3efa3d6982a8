"""What is wrong with one image is a named error of that image or a counted repair, and the others are converted."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import msgpack
import numpy as np
import pytest

from seamseg_studio.engine.formats.conversion import Conversion, convert
from seamseg_studio.engine.formats.registry import FORMATS, LabelledImage
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

# Where the label image of "a" is, in the formats that have one.
_PNG = {
    "seamseg": "msk/a.png",
    "coco-panoptic": "panoptic/a.png",
    "cityscapes": "gtFine/train/all/a_gtFine_instanceIds.png",
    "vistas": "training/v2.0/instances/a.png",
    "voc": "SegmentationClass/a.png",
}
_INDEX = {"coco-panoptic": "panoptic.json", "coco-instances": "instances.json", "labelme": "a.json"}
_READ = [name for name, entry in FORMATS.items() if entry.reads]


@pytest.fixture
def write(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path]
) -> Callable[[str], Path]:
    """Writes a dataset of two images, "a" and "b", with photographs."""

    def write(name: str) -> Path:
        options = {"copy_images": True} if FORMATS[name].copies_images else {}
        with FORMATS[name].writer(tmp_path / "data", taxonomy, **options) as writer:
            for image in ("a", "b"):
                writer.write(image, make_photo(f"{image}.png"), make_map(4), split="train")
        return tmp_path / "data"

    return write


def _convert(source: Path, name: str, **options: Any) -> Conversion:
    """Converts to COCO panoptic, which holds everything."""
    reader = FORMATS[name].reader(source, **options)
    with FORMATS["coco-panoptic"].writer(source.parent / "out", reader.taxonomy, overwrite=True) as writer:
        return convert(reader, writer)


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def _png_bomb(side: int) -> bytes:
    """A PNG of some hundred bytes whose header promises `side` x `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _failed(conversion: Conversion, *parts: str) -> None:
    """Exactly "a" failed, with one sentence that has these parts."""
    ((name, reason),) = conversion.failures
    assert name == "a"
    for part in parts:
        assert part in reason
    assert "\n" not in reason
    assert conversion.num_images == 1


@pytest.mark.parametrize("name", _PNG)
@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"GIF89a no png", "not a JPEG, PNG"), (_png_bomb(60_000), "60000 x 60000 pixels are more than")],
    ids=["empty", "no image", "bomb"],
)
def test_a_label_image_that_is_none(write: Callable[[str], Path], name: str, content: bytes, message: str) -> None:
    source = write(name)
    (source / _PNG[name]).write_bytes(content)
    _failed(_convert(source, name), f"{source / _PNG[name]}", message)


@pytest.mark.parametrize("name", _PNG)
def test_the_limit_can_be_set(write: Callable[[str], Path], name: str) -> None:
    source = write(name)
    assert len(_convert(source, name, max_pixels=60 * 90 - 1).failures) == 2
    assert not _convert(source, name, max_pixels=60 * 90).failures


@pytest.mark.parametrize("name", _PNG)
def test_a_label_image_cut_off(write: Callable[[str], Path], name: str) -> None:
    path = write(name) / _PNG[name]
    path.write_bytes(path.read_bytes()[:-30])
    _failed(_convert(path.parents[len(Path(_PNG[name]).parts) - 1], name), str(path), "damaged or cut off")


@pytest.mark.parametrize("name", _READ)
def test_labels_of_another_size_than_their_photograph(
    write: Callable[[str], Path], make_photo: Callable[..., Path], name: str
) -> None:
    source = write(name)
    other = make_photo("other.png", 60, 91).read_bytes()
    photos = [p for p in source.rglob("a*.png") if p.parts[-2] in ("img", "images", "JPEGImages", "all", "data")]
    for photo in photos:
        if "gtFine" not in str(photo):
            photo.write_bytes(other)
    conversion = _convert(source, name)
    if name == "yolo":  # whose shares have no size of their own: the polygons are only where they should not be
        assert not conversion.failures
    else:
        _failed(conversion, "91 x 60", "90 x 60")


@pytest.mark.parametrize("name", _READ)
def test_a_damaged_photograph_is_counted(write: Callable[[str], Path], name: str) -> None:
    source = write(name)
    for photo in source.rglob("a*.png"):
        if photo.relative_to(source).as_posix() not in (*_PNG.values(), "SegmentationObject/a.png"):
            photo.write_bytes(b"no picture")
    conversion = _convert(source, name)
    if name == "yolo":
        _failed(conversion, "not a JPEG, PNG")
    else:
        assert not conversion.failures
        assert conversion.losses.totals["photographs that cannot be read"] == 1


@pytest.mark.parametrize("name", ["cityscapes", "vistas", "yolo"])
def test_images_of_one_name_in_two_parts_stay_two(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap], make_photo: Callable[..., Path], name: str
) -> None:
    for split in ("train", "val"):
        with FORMATS[name].writer(tmp_path / split, taxonomy) as writer:
            writer.write("0001", make_photo(f"{split}.png"), make_map(len(split)), split=split)
    data = tmp_path / "train"
    for file in [*(tmp_path / "val").rglob("*")]:
        target = data / file.relative_to(tmp_path / "val")
        if file.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    conversion = _convert(data, name)
    assert (conversion.num_images, conversion.failures) == (2, ())
    assert conversion.losses.totals["images named after their part too, as another part has one of that name"] == 2
    assert len(list((tmp_path / "out" / "panoptic").iterdir())) == 2


def test_a_name_that_comes_twice_is_refused(write: Callable[[str], Path]) -> None:
    reader = FORMATS["seamseg"].reader(write("seamseg"))

    class Twice:
        taxonomy, losses = reader.taxonomy, reader.losses

        def __len__(self) -> int:
            return 4

        def __iter__(self) -> Iterator[LabelledImage]:
            yield from reader
            yield from reader

    with FORMATS["npz"].writer(Path(write("voc")).parent / "out", reader.taxonomy) as writer:
        conversion = convert(Twice(), writer)
    assert conversion.num_images == 2
    assert [reason for _, reason in conversion.failures] == [
        f"{name}: the source has two images of this name; rename one" for name in "ab"
    ]


def _set_category(document: Any, name: str) -> None:
    if name == "coco-panoptic":
        document["annotations"][0]["segments_info"][0]["category_id"] = 99
    elif name == "coco-instances":
        document["annotations"][0]["category_id"] = 99
    else:
        document["shapes"][0]["label"] = "unheard of"


@pytest.mark.parametrize("name", _INDEX)
def test_an_unknown_category_in_json(write: Callable[[str], Path], name: str) -> None:
    source = write(name)
    _edit(source / _INDEX[name], lambda d: _set_category(d, name))
    _failed(_convert(source, name), str(source / _INDEX[name]), "unknown")


@pytest.mark.parametrize("name", ["seamseg", "vistas", "voc", "yolo"])
def test_an_unknown_category_elsewhere(write: Callable[[str], Path], name: str) -> None:
    source = write(name)
    if name == "seamseg":
        document = msgpack.unpackb((source / "metadata.bin").read_bytes())
        document["images"][0]["cat"][1] = 77
        (source / "metadata.bin").write_bytes(msgpack.packb(document))
    elif name == "yolo":
        text = (source / "labels/train/a.txt").read_text()
        (source / "labels/train/a.txt").write_text(f"77 {text.split(' ', 1)[1]}")
    else:
        values = cv2.imread(str(source / _PNG[name]), cv2.IMREAD_UNCHANGED)
        if values.ndim == 3:  # palette images come in colours
            values = np.full(values.shape[:2], 3, np.uint8)
        values[0, 0] = 77 * 256 if name == "vistas" else 77
        cv2.imwrite(str(source / _PNG[name]), values)
    conversion = _convert(source, name)
    _failed(conversion, "77")


def test_an_unknown_label_id_of_cityscapes_is_counted(write: Callable[[str], Path]) -> None:
    source = write("cityscapes")
    values = cv2.imread(str(source / _PNG["cityscapes"]), cv2.IMREAD_UNCHANGED)
    values[:2, :3] = 77
    cv2.imwrite(str(source / _PNG["cityscapes"]), values)
    conversion = _convert(source, "cityscapes")
    assert not conversion.failures
    assert conversion.losses.totals == {"pixels of labels that Cityscapes does not evaluate made void": 6}


def _polygon(name: str, path: Path, corners: list[tuple[float, float]]) -> None:
    """Replaces all polygons of "a" (90 x 60 pixels) by one."""
    if name == "yolo":
        path.write_text("0 " + " ".join(f"{x / 90:.6f} {y / 60:.6f}" for x, y in corners))
    elif name == "labelme":
        _edit(path, lambda d: d.update(shapes=[{"label": "car", "points": corners, "shape_type": "polygon"}]))
    else:
        flat = [value for corner in corners for value in corner]
        record = {"id": 1, "image_id": 1, "category_id": 4, "segmentation": [flat]}
        _edit(path, lambda d: d.update(annotations=[record]))


@pytest.mark.parametrize("name", ["coco-instances", "labelme", "yolo"])
@pytest.mark.parametrize(
    ("corners", "kinds"),
    [
        ([(-20.0, -9.0), (50.0, -9.0), (50.0, 70.0)], {"polygons cut at the image border": 1}),
        (
            [(200.0, 200.0), (300.0, 200.0), (250.0, 300.0)],
            {
                "polygons cut at the image border": 1,
                "segments left out that others cover entirely or that have no pixels": 1,
            },
        ),
        (
            [(10.0, 10.0), (50.0, 40.0), (50.0, 10.0), (10.0, 40.0)],
            {"self-crossing polygons filled by the even-odd rule": 1},
        ),
        ([(10.0, 10.0), (50.0, 40.0)], {"polygons with fewer than three corners left out": 1}),
        ([(10.0, 10.0), (1e12, 40.0), (5.0, 50.0)], {"polygons with corners that are no numbers left out": 1}),
    ],
    ids=["reaching out", "outside", "crossing", "two corners", "far away"],
)
def test_odd_polygons_are_counted(
    write: Callable[[str], Path], name: str, corners: list[tuple[float, float]], kinds: dict[str, int]
) -> None:
    source = write(name)
    path = source / {"yolo": "labels/train/a.txt", **_INDEX}[name]
    _polygon(name, path, corners)
    conversion = _convert(source, name)
    assert not conversion.failures
    found = {kind: conversion.losses.count(kind) for kind in kinds}
    if name == "coco-instances" and len(corners) < 3:
        kinds = {**kinds, "segments left out that others cover entirely or that have no pixels": 1}
        found = {kind: conversion.losses.count(kind) for kind in kinds}
    assert found == kinds


@pytest.mark.parametrize("name", ["coco-instances", "yolo"])
def test_half_a_corner_is_counted(write: Callable[[str], Path], name: str) -> None:
    source = write(name)
    if name == "yolo":
        (source / "labels/train/a.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5 0.3\n")
    else:
        _polygon(name, source / "instances.json", [(9.0, 6.0), (45.0, 6.0), (45.0, 30.0)])
        _edit(source / "instances.json", lambda d: d["annotations"][0]["segmentation"][0].append(27.0))
    conversion = _convert(source, name)
    assert not conversion.failures
    assert conversion.losses.count("polygons with half a corner at their end left out") == 1
    image = next(iter(FORMATS["coco-panoptic"].reader(source.parent / "out")))
    assert 300 < max(image.map.area(i) for i in image.map.segments) < 600


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [60, 90], "counts": [10**9, 5]}, "cover 1000000005 pixels of 5400"),
        ({"size": [60, 90], "counts": [5, 5]}, "cover 10 pixels of 5400"),
        ({"size": [60, 90], "counts": [5500, -100]}, "damaged"),
        ({"size": [60, 90], "counts": ["x"]}, "damaged"),
        ({"size": [60, 90], "counts": "o" * 200}, "damaged"),
        ({"size": [61, 90], "counts": [5400]}, "[61, 90]"),
        ({"size": 7, "counts": [5400]}, "damaged"),
        ({"size": [60, 90]}, "damaged"),
    ],
)
def test_run_lengths_that_do_not_fit(write: Callable[[str], Path], segmentation: object, message: str) -> None:
    source = write("coco-instances")
    _edit(source / "instances.json", lambda d: d["annotations"][0].update(segmentation=segmentation))
    _failed(_convert(source, "coco-instances"), "instances.json", message)


def test_a_mask_of_labelme_that_is_a_bomb(write: Callable[[str], Path]) -> None:
    source = write("labelme")
    shape = {
        "label": "car",
        "shape_type": "mask",
        "points": [[0, 0], [5, 5]],
        "mask": base64.b64encode(_png_bomb(60_000)).decode(),
    }
    _edit(source / "a.json", lambda d: d.update(shapes=[shape]))
    _failed(_convert(source, "labelme"), "a.json", "reaches out of the image")


@pytest.mark.parametrize("name", ["coco-instances", "labelme"])
@pytest.mark.parametrize("size", [(0, 5), (-3, -5), (60_000, 60_000)])
def test_sizes_in_json_are_checked_before_memory_is_taken(
    write: Callable[[str], Path], name: str, size: tuple[int, int]
) -> None:
    source = write(name)

    def change(document: Any) -> None:
        if name == "labelme":
            document.update(imageHeight=size[0], imageWidth=size[1])
        else:
            document["images"][0].update(height=size[0], width=size[1])

    _edit(source / _INDEX[name], change)
    _failed(_convert(source, name), _INDEX[name], "pixels; the limit is")


def test_a_damaged_file_of_labelme_stops_no_other(write: Callable[[str], Path]) -> None:
    source = write("labelme")
    (source / "taxonomy.json").unlink()
    (source / "a.json").write_text("{")
    _failed(_convert(source, "labelme"), str(source / "a.json"), "is not JSON")


def test_images_that_nobody_labelled_are_counted(write: Callable[[str], Path]) -> None:
    source = write("coco-panoptic")
    _edit(source / "panoptic.json", lambda d: d["annotations"].pop(0))
    assert _convert(source, "coco-panoptic").losses.totals == {"images without an annotation left out": 1}
    again = write("yolo")
    (again / "labels/train/a.txt").unlink()
    assert _convert(again, "yolo").losses.count("photographs without a label file left out") == 1


def test_voc_masks_that_contradict_each_other(write: Callable[[str], Path]) -> None:
    source = write("voc")
    classes, objects = (np.zeros((60, 90), np.uint8) for _ in range(2))
    classes[:10], objects[:10] = 4, 1  # a car
    classes[10:20] = 4  # cars that are not told apart
    objects[20:30] = 7  # an object of no category
    for part, values in (("SegmentationClass", classes), ("SegmentationObject", objects)):
        cv2.imwrite(str(source / part / "a.png"), values)
    reader = FORMATS["voc"].reader(source)
    image = next(iter(reader))
    assert [segment.is_crowd for _, segment in sorted(image.map.segments.items())] == [True, False]
    assert reader.losses.totals == {
        "pixels of objects without a category made void": 900,
        "things without object numbers taken for crowds": 1,
    }


@pytest.mark.parametrize("name", ["coco-panoptic", "npz"])
def test_more_segments_than_sixteen_bits(tmp_path: Path, taxonomy: Taxonomy, name: str) -> None:
    """Formats that can number them write them; the others name their limit (see the tests of each)."""
    ids = np.arange(1, 256 * 258 + 1, dtype=np.int32).reshape(256, 258)
    many = PanopticMap(ids, {i: Segment(3) for i in range(1, 256 * 258 + 1)})
    with FORMATS[name].writer(tmp_path, taxonomy) as writer:
        writer.write("a", None, many)
    if name == "npz":
        found = np.load(tmp_path / "npz" / "a.npz")["ids"]
    else:
        (image,) = FORMATS[name].reader(tmp_path)
        found = image.labels.ids
    np.testing.assert_array_equal(found, ids)


def test_a_conversion_can_be_cancelled_and_goes_on(
    tmp_path: Path, taxonomy: Taxonomy, make_map: Callable[..., PanopticMap]
) -> None:
    with FORMATS["coco-panoptic"].writer(tmp_path / "data", taxonomy) as writer:
        for number in range(30):
            writer.write(f"{number:02}", None, make_map(number))
    reader = FORMATS["coco-panoptic"].reader(tmp_path / "data")
    told: list[str] = []
    with FORMATS["voc"].writer(tmp_path / "out", taxonomy) as writer:
        first = convert(reader, writer, num_threads=2, on_image=told.append, is_cancelled=lambda: len(told) >= 5)
    assert 5 <= first.num_images == len(told) < 15
    assert len(FORMATS["voc"].reader(tmp_path / "out")) == first.num_images
    with FORMATS["voc"].writer(tmp_path / "out", taxonomy, resume=True) as writer:
        second = convert(reader, writer, num_threads=2, on_image=told.append)
    assert (second.num_kept, second.num_images) == (first.num_images, 30 - first.num_images)
    assert set(told) == {f"{number:02}" for number in range(30)}


@pytest.mark.parametrize("name", _READ)
def test_overwriting_with_nothing_keeps_what_was_there(
    write: Callable[[str], Path], taxonomy: Taxonomy, name: str
) -> None:
    source = write(name)
    before = sorted(path for path in source.rglob("*") if path.is_file())
    FORMATS[name].writer(source, taxonomy, overwrite=True).close()
    assert sorted(path for path in source.rglob("*") if path.is_file()) == before
    assert len(FORMATS[name].reader(source)) == 2
