"""What a writer leaves in the target: whole images or none, no leftovers, and nothing of others touched."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from seamseg_studio.engine.files import all_or_none, atomic_write, sweep_parts
from seamseg_studio.engine.formats.conversion import Conversion, convert
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.registry import FORMATS, LabelledImage, Writer
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy


class _Three:
    """Three images, of which the second goes wrong in a given way."""

    def __init__(self, taxonomy: Taxonomy, photo: Path, second: Callable[[], ImageLabels]) -> None:
        self.taxonomy, self.losses = taxonomy, Losses()
        self._photo, self._second = photo, second

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[LabelledImage]:
        for name in "abc":
            read = self._second if name == "b" else _labels
            yield LabelledImage(name, self._photo, read)


def _labels() -> ImageLabels:
    ids = np.ones((8, 8), np.int32)
    ids[2:5, 2:5] = 2
    return ImageLabels(ids, {1: Segment(0), 2: Segment(3)})


def _raises(error: BaseException) -> Callable[[], ImageLabels]:
    def read() -> ImageLabels:
        raise error

    return read


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in sorted(folder.rglob("*"))}


def _convert(reader: _Three, target: Path, name: str = "coco-panoptic", **options: bool) -> tuple[Conversion, Writer]:
    with FORMATS[name].writer(target, reader.taxonomy, **options) as writer:
        done = convert(reader, writer)
        writer.discard()
    return done, writer


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (TypeError("unhashable type: 'list'"), "b: its labels are damaged (unhashable type: 'list'); export it again"),
        (OverflowError(), "b: its labels are damaged (OverflowError); export it again"),
        (RuntimeError("two\nlines"), "b: unexpected RuntimeError (two lines; test_folder_writer.py:"),
        (MemoryError(), "b: is too large for the memory of this machine; convert it with fewer --workers"),
        (
            PermissionError(errno.EACCES, "Permission denied", "x.png"),
            "x.png: Permission denied; make room for this file",
        ),
    ],
)
def test_whatever_goes_wrong_with_one_image_the_others_are_converted(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], error: Exception, sentence: str
) -> None:
    done, _ = _convert(_Three(taxonomy, make_photo("p.png", 8, 8), _raises(error)), tmp_path / "o")
    ((name, reason),) = done.failures
    assert (name, done.num_images) == ("b", 2)
    assert reason.startswith(sentence)
    assert "\n" not in reason
    assert len(FORMATS["coco-panoptic"].reader(tmp_path / "o")) == 2


def _too_large() -> ImageLabels:
    return ImageLabels(np.full((8, 8), 1 << 24, np.int32), {1 << 24: Segment(0)})


def _no_category() -> ImageLabels:
    return ImageLabels(np.ones((8, 8), np.int32), {1: Segment(77)})


@pytest.mark.parametrize("second", [_too_large, _no_category])
@pytest.mark.parametrize("name", list(FORMATS))
def test_labels_that_cannot_be_written_cost_one_image(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], second: Callable[[], ImageLabels], name: str
) -> None:
    done, _ = _convert(_Three(taxonomy, make_photo("p.png", 8, 8), second), tmp_path / "o", name)
    ((failed, reason),) = done.failures
    assert failed == "b"
    assert ("16777216" if second is _too_large else "a segment of category 77") in reason
    assert {"a", "c"} <= set(FORMATS[name].writer(tmp_path / "o", taxonomy, resume=True).done_names())


def test_a_full_disk_ends_the_run(tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x.png")
    with pytest.raises(OSError, match="No space left"):
        _convert(_Three(taxonomy, make_photo("p.png", 8, 8), _raises(full)), tmp_path / "o")


@pytest.mark.parametrize("name", [name for name, entry in FORMATS.items() if entry.copies_images or name == "seamseg"])
def test_an_image_that_fails_half_way_leaves_nothing_and_replaces_nothing(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], name: str
) -> None:
    """The photograph is of another size, which is found out after the labels are written."""
    options = {"copy_images": True} if FORMATS[name].copies_images else {}
    good, bad = make_photo("p.png", 8, 8), make_photo("other.png", 9, 8)
    with FORMATS[name].writer(tmp_path / "o", taxonomy, **options) as writer:
        writer.write("a", good, _labels().to_map(), split="val")
        before = _tree(tmp_path / "o")
        with pytest.raises(Exception, match="do not belong together"):
            writer.write("b", bad, _labels().to_map(), split="val")
        with pytest.raises(Exception, match="do not belong together"):
            writer.write("a", bad, PanopticMap(np.ones((8, 8), np.int32), {1: Segment(1)}), split="val")
        assert _tree(tmp_path / "o") == before


@pytest.mark.parametrize("name", list(FORMATS))
def test_taking_back_a_run_touches_nothing_of_others(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], name: str
) -> None:
    options = {"copy_images": True} if FORMATS[name].copies_images else {}
    target = tmp_path / "deep" / "o"
    with FORMATS[name].writer(target, taxonomy, **options) as writer:
        with pytest.raises(FormatError):
            writer.write("a", make_photo("p.png", 9, 9), PanopticMap(np.ones((8, 8), np.int32), {1: Segment(77)}))
        mine = next((folder for folder in sorted(target.iterdir()) if folder.is_dir()), target)
        (mine / "notes.txt").write_text("put here meanwhile")
        (target / "others").mkdir()
        (target / "others" / ".x.png.abcd1234.part").write_text("of another program")
        writer.discard()
    left = [f"{mine.name}/", f"{mine.name}/notes.txt"] if mine != target else ["notes.txt"]
    found = [f"{path}/" if (target / path).is_dir() else path for path in _tree(target)]
    assert sorted(found) == sorted([*left, "others/", "others/.x.png.abcd1234.part"])


def test_a_folder_in_the_place_of_a_file_costs_one_image(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path]
) -> None:
    three = _Three(taxonomy, make_photo("p.png", 8, 8), _labels)
    _convert(three, tmp_path / "o", "npz")
    (tmp_path / "o" / "npz" / "b.npz").unlink()
    (tmp_path / "o" / "npz" / "b.npz").mkdir()
    done, _ = _convert(three, tmp_path / "o", "npz", resume=True)
    ((name, reason),) = done.failures
    assert (name, done.num_kept) == ("b", 2)
    assert reason.startswith(f"{tmp_path / 'o' / 'npz' / 'b.npz'}: ")
    assert not list((tmp_path / "o").rglob(".*.part"))


def test_leftovers_of_a_killed_run_are_swept_and_nothing_else(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with FORMATS["coco-panoptic"].writer(tmp_path, taxonomy) as writer:
        writer.write("a", None, _labels().to_map())
    own = [tmp_path / "panoptic" / ".b.png.k3_d9xyz.coco-panoptic.part", tmp_path / ".x.a2345678.coco-panoptic.part"]
    others = [
        tmp_path / "panoptic" / ".b.png.k3d9xyz0.voc.part",
        tmp_path / ".download.part",
        tmp_path / "b.coco-panoptic.part",
        tmp_path / "panoptic" / ".b.png.SHORT.coco-panoptic.part",
    ]
    for path in (*own, *others):
        path.write_bytes(b"half")
    with suppress(OSError, NotImplementedError):  # where links cannot be made
        (tmp_path / ".link.a2345678.coco-panoptic.part").symlink_to(tmp_path / "panoptic.json")
    before = _tree(tmp_path)
    FORMATS["coco-panoptic"].writer(tmp_path, taxonomy, resume=True).close()
    assert _tree(tmp_path) == {
        path: data for path, data in before.items() if path not in {str(p.relative_to(tmp_path)) for p in own}
    }


def test_files_of_a_block_appear_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"former")
    with all_or_none("mine"):
        atomic_write(tmp_path / "a", b"1")
        atomic_write(tmp_path / "b", b"2", durable=False)
        assert (tmp_path / "a").read_bytes() == b"former"
        assert sorted(path.name.split(".")[-2:] for path in tmp_path.glob(".*")) == [["mine", "part"]] * 2
    assert _tree(tmp_path) == {"a": b"1", "b": b"2"}
    with suppress(KeyError), all_or_none("mine"):
        atomic_write(tmp_path / "a", b"3")
        raise KeyError
    assert _tree(tmp_path) == {"a": b"1", "b": b"2"}
    (tmp_path / "c").mkdir()
    with suppress(OSError), all_or_none("mine"):
        for name in "acb":
            atomic_write(tmp_path / name, b"4")
    assert _tree(tmp_path) == {"a": b"4", "b": b"2", "c": b""}
    atomic_write(tmp_path / "a", b"5")  # the block is over
    assert sweep_parts(tmp_path, "mine") == 0
    assert (tmp_path / "a").read_bytes() == b"5"


@pytest.mark.parametrize("name", ["seamseg", "coco-panoptic", "labelme", "voc", "yolo", "vistas", "cityscapes"])
def test_a_photograph_of_another_kind_leaves_no_former_one(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], name: str
) -> None:
    options = {"copy_images": True} if FORMATS[name].copies_images else {}
    for again in ({}, {"overwrite": True}, {"resume": True}):
        for suffix in ("jpg", "png"):
            with FORMATS[name].writer(tmp_path / "o", taxonomy, **options, **again) as writer:
                writer.write("a", make_photo(f"p.{suffix}", 8, 8), _labels().to_map(), split="val")
            (image,) = FORMATS[name].reader(tmp_path / "o")
            assert image.image_path is not None
            assert image.image_path.suffix == (".png" if name == "cityscapes" else f".{suffix}")
            again = again or {"overwrite": True}


@pytest.mark.parametrize("name", ["seamseg", "coco-panoptic", "voc", "yolo", "vistas", "cityscapes"])
def test_a_dataset_divided_anew_has_every_image_in_one_part(
    tmp_path: Path, taxonomy: Taxonomy, make_photo: Callable[..., Path], name: str
) -> None:
    class Divided(_Three):
        def __init__(self, val: str) -> None:
            super().__init__(taxonomy, make_photo("p.png", 8, 8), _labels)
            self._val = val

        def __iter__(self) -> Iterator[LabelledImage]:
            for image in super().__iter__():
                image.split = "val" if image.name in self._val else "train"
                yield image

    def parts(folder: Path) -> dict[str, str]:
        return {image.name: image.split[:3] for image in FORMATS[name].reader(folder)}

    options = {"copy_images": True} if FORMATS[name].copies_images else {}
    _convert(Divided("a"), tmp_path / "o", name, **options)
    assert parts(tmp_path / "o") == {"a": "val", "b": "tra", "c": "tra"}
    done, _ = _convert(Divided("b"), tmp_path / "o", name, resume=True, **options)
    assert (done.num_images, done.num_kept) == (2, 1)
    assert parts(tmp_path / "o") == {"a": "tra", "b": "val", "c": "tra"}
    _convert(Divided("b"), tmp_path / "whole", name, **options)
    assert sorted(_tree(tmp_path / "o")) == sorted(_tree(tmp_path / "whole"))
    _convert(Divided(""), tmp_path / "o", name, overwrite=True, **options)
    _convert(Divided(""), tmp_path / "none", name, **options)
    left, expected = ([p for p, data in _tree(tmp_path / folder).items() if data] for folder in ("o", "none"))
    assert left == expected
