"""What a conversion says: losses of interrupted runs, parts, scores; and which images it takes for its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.formats.conversion import Conversion, convert
from seamseg_studio.engine.formats.detection import detect_format
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Loss
from seamseg_studio.engine.formats.registry import FORMATS, LabelledImage
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Taxonomy

LOSES_PARTS = ["labelme", "npz"]
KEEPS_PARTS = ["seamseg", "coco-panoptic", "coco-instances", "cityscapes", "vistas", "yolo", "voc"]
LOSES_SCORES = ["seamseg", "cityscapes", "vistas", "yolo", "voc", "labelme"]


@pytest.fixture
def source(tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]) -> Path:
    """Four images in two parts, each with a crowd, which VOC cannot carry, and a pixel of two mask layers."""
    ids = np.zeros((8, 8), np.int32)
    ids[:4], ids[5:7, 1:6] = 1, 2
    folder = tmp_path / "source"
    with FORMATS["seamseg"].writer(folder, taxonomy) as writer:
        for number in range(4):
            panoptic_map = PanopticMap(ids.copy(), {1: Segment(0), 2: Segment(3, is_crowd=True)})
            photo = make_photo(f"{number}.png", 8, 8)
            writer.write(f"im{number}", photo, panoptic_map, split="val" if number % 2 else "train")
    for mask in sorted((folder / "msk").iterdir()):
        shutil.copy(mask, mask.with_name(f"{mask.name}.1"))  # a repair of the reader: 42 overlapping pixels
    return folder


def _convert(
    source: Path, target: Path, name: str, *, origin: str = "", prefix: str = "", stop: int = 99
) -> Conversion:
    """Converts until `stop` images are done."""
    done: list[str] = []
    reader = FORMATS["seamseg"].reader(source)
    with FORMATS[name].writer(target, reader.taxonomy, resume=True) as writer:
        return convert(
            reader,
            writer,
            prefix=prefix,
            source=origin,
            num_threads=1,
            on_image=done.append,
            is_cancelled=lambda: len(done) >= stop,
        )


@pytest.mark.parametrize("name", LOSES_PARTS)
def test_parts_that_a_format_does_not_keep_are_counted_and_listed(source: Path, tmp_path: Path, name: str) -> None:
    losses = _convert(source, tmp_path / "o", name).losses
    kind = "memberships in parts of the dataset (train, val) left out"
    assert losses.totals[kind] == 4
    assert {(loss.image, loss.detail) for loss in losses.listed(kind)} == {
        ("im0", "train"), ("im1", "val"), ("im2", "train"), ("im3", "val"),
    }  # fmt: skip


@pytest.mark.parametrize("name", KEEPS_PARTS)
def test_parts_that_a_format_keeps_are_no_loss(source: Path, tmp_path: Path, name: str) -> None:
    assert not [kind for kind in _convert(source, tmp_path / "o", name).losses.totals if "parts of the" in kind]


@pytest.mark.parametrize("name", ["coco-panoptic", "coco-instances"])
def test_coco_files_remember_parts(source: Path, tmp_path: Path, name: str) -> None:
    _convert(source, tmp_path / "o", name)
    stem = name.removeprefix("coco-")
    documents = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "o").glob("*.json")}
    assert documents.keys() == {stem, f"{stem}_train", f"{stem}_val"}
    for key in ("images", "annotations"):
        whole = documents[stem][key]
        parts = [entry for part in ("train", "val") for entry in documents[f"{stem}_{part}"][key]]
        assert sorted(map(str, parts)) == sorted(map(str, whole))
        assert 0 < len(documents[f"{stem}_val"][key]) < len(whole)
    assert detect_format(tmp_path / "o").name == name
    parts = {image.name: image.split for image in FORMATS[name].reader(tmp_path / "o")}
    assert parts == {"im0": "train", "im1": "val", "im2": "train", "im3": "val"}
    reader = FORMATS[name].reader(tmp_path / "o", split="val")
    assert len(reader) == 2
    assert [image.name for image in reader] == ["im1", "im3"]
    with pytest.raises(FormatError, match="has no split 'test'; there are: train, val"):
        FORMATS[name].reader(tmp_path / "o", split="test")


def test_lists_of_parts_that_are_no_more_go_with_overwriting(source: Path, tmp_path: Path, taxonomy: Taxonomy) -> None:
    _convert(source, tmp_path / "o", "coco-panoptic")
    (tmp_path / "o" / "panoptic_mine.json").write_text("{}")
    with FORMATS["coco-panoptic"].writer(tmp_path / "o", taxonomy, overwrite=True) as writer:
        writer.write("a", None, PanopticMap(np.ones((2, 2), np.int32), {1: Segment(0)}), split="val")
    assert {path.name for path in (tmp_path / "o").glob("*.json")} == {"panoptic.json", "panoptic_mine.json"}
    assert FORMATS["coco-panoptic"].reader(tmp_path / "o", split="val")


def test_images_of_no_part_can_be_given_one(source: Path, tmp_path: Path) -> None:
    reader = FORMATS["seamseg"].reader(source)
    with FORMATS["voc"].writer(tmp_path / "o", reader.taxonomy) as writer:
        for image in reader:
            writer.write(image.name, None, image.map, split=image.split if image.name != "im0" else "")
    (tmp_path / "o" / "ImageSets" / "Segmentation" / "train.txt").write_text("im2\n")
    reader = FORMATS["voc"].reader(tmp_path / "o")
    with FORMATS["cityscapes"].writer(tmp_path / "c", reader.taxonomy) as writer:
        convert(reader, writer, default_split="spare")
    found = {image.name: image.split for image in FORMATS["cityscapes"].reader(tmp_path / "c")}
    assert found == {"im0": "spare", "im1": "val", "im2": "train", "im3": "val"}


def test_one_part_alone_is_no_loss(source: Path, tmp_path: Path) -> None:
    reader = FORMATS["seamseg"].reader(source, split="val")
    with FORMATS["labelme"].writer(tmp_path / "o", reader.taxonomy) as writer:
        assert "parts" not in "".join(convert(reader, writer).losses.totals)


@pytest.mark.parametrize("name", ["voc", "coco-panoptic", "labelme"])
def test_a_continued_run_says_what_the_interrupted_one_lost(source: Path, tmp_path: Path, name: str) -> None:
    whole = _convert(source, tmp_path / "whole", name)
    _convert(source, tmp_path / "o", name, stop=2)
    again = _convert(source, tmp_path / "o", name)
    assert again.num_kept >= 2
    assert again.num_images + again.num_kept == 4
    assert again.losses.totals == whole.losses.totals
    for kind in whole.losses.totals:
        assert set(again.losses.listed(kind)) == set(whole.losses.listed(kind))
    assert whole.losses.count("overlapping pixels of further mask layers left to the first") == 4 * 42


def test_losses_of_an_image_that_is_written_again_count_once(source: Path, tmp_path: Path) -> None:
    _convert(source, tmp_path / "o", "voc")
    (tmp_path / "o" / "SegmentationClass" / "im1.png").unlink()
    again = _convert(source, tmp_path / "o", "voc")
    assert (again.num_images, again.num_kept) == (1, 3)
    assert again.losses.totals["crowd flags left out"] == 4


def test_a_detail_with_a_file_name_of_other_bytes_is_kept(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with FORMATS["npz"].writer(tmp_path / "o", taxonomy) as writer:
        panoptic_map = PanopticMap(np.ones((2, 2), np.int32), {1: Segment(0)})
        writer.write("a", None, panoptic_map, repairs=[Loss("repaired", "a", 1, "\udcff.png: unreadable")])
        former = writer.kept("a")
    assert former is not None
    assert former.losses[0] == Loss("repaired", "a", 1, "?.png: unreadable")


def test_images_of_another_dataset_are_not_taken_for_done(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "o"
    _convert(source, out, "coco-panoptic", origin="first")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(FormatError, match=r"im0: the target has an image of this name .* --prefix"):
        _convert(source, out, "coco-panoptic", origin="second")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert _convert(source, out, "coco-panoptic", origin="second", prefix="more-").num_images == 4
    assert _convert(source, out, "coco-panoptic", origin="second", prefix="more-").num_kept == 4
    assert _convert(source, out, "coco-panoptic", origin="first").num_kept == 4


def test_the_look_for_equal_names_counts_no_repair_twice(source: Path, tmp_path: Path) -> None:
    """The reader may repair while it goes through the names, which happens twice when datasets are merged."""
    _convert(source, tmp_path / "o", "voc", origin="first")
    reader = FORMATS["seamseg"].reader(source)

    class Repairing:
        taxonomy, losses = reader.taxonomy, reader.losses

        def __len__(self) -> int:
            return len(reader)

        def __iter__(self) -> Iterator[LabelledImage]:
            for image in reader:
                self.losses.add("names repaired", image.name)
                yield image

    with FORMATS["voc"].writer(tmp_path / "o", reader.taxonomy, resume=True) as writer:
        done = convert(Repairing(), writer, prefix="b-", source="second")
    assert done.num_images == 4
    assert done.losses.totals["names repaired"] == 4


def _scores(totals: dict[str, int]) -> int:
    return sum(count for kind, count in totals.items() if kind.startswith("scores left out"))


@pytest.mark.parametrize("name", list(FORMATS))
def test_scores_that_a_format_has_no_place_for_are_counted(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], name: str
) -> None:
    ids = np.repeat(np.array([[1, 2, 3]], np.int32), 4, 0)
    photo = make_photo("p.png", 4, 3)
    scored = PanopticMap(ids, {1: Segment(0, score=0.5), 2: Segment(3, score=0.0), 3: Segment(4)})
    plain = PanopticMap(ids.copy(), {1: Segment(0), 2: Segment(3), 3: Segment(4)})
    arrays = np.array([255, 0, 3, 4, 5]), np.ones(5, np.float32), np.zeros(5, np.bool_)
    with FORMATS[name].writer(tmp_path / "o", taxonomy) as writer:
        writer.write("plain", photo, plain)
        assert _scores(writer.losses.totals) == 0
        writer.write("scored", photo, scored)
        assert _scores(writer.losses.totals) == (2 if name in LOSES_SCORES else 0)
        writer.write("proposed", photo, PanopticResult(ids, *arrays))  # the fourth segment has no pixels
        assert _scores(writer.losses.totals) == (5 if name in LOSES_SCORES else 0)
