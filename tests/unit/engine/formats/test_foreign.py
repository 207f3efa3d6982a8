"""Formats that are read through datumaro, in datasets that it writes itself."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.conversion import convert
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.foreign import NO_AREA
from seamseg_studio.engine.formats.polygons import CROSSING
from seamseg_studio.engine.formats.registry import FORMATS, find_format

needs_datumaro = pytest.mark.skipif(find_spec("datumaro") is None, reason="datumaro is not installed")


def _export(folder: Path, dialect: str, *extra: Any) -> np.ndarray:
    """Two images with a band of road, a car on it, and what `extra` adds to the first; returns the categories."""
    import datumaro

    logging.disable(logging.WARNING)
    expected = np.zeros((20, 30), np.uint8)
    expected[12:] = 2
    expected[10:16, 4:12] = 1
    masks = [datumaro.Mask(expected == label, label=label) for label in (2, 1)]
    items = [
        datumaro.DatasetItem(
            id="scene/0001",
            subset=subset,
            media=datumaro.Image.from_numpy(np.zeros((20, 30, 3), np.uint8)),
            annotations=[*masks, *(extra if subset == "train" else ())],
        )
        for subset in ("train", "val")
    ]
    dataset = datumaro.Dataset.from_iterable(items, categories=["background", "car", "road"])
    dataset.export(str(folder), dialect, save_media=True)
    logging.disable(logging.NOTSET)
    return expected


@needs_datumaro
@pytest.mark.parametrize("dialect", ["camvid", "cvat", "kitti_segmentation", "datumaro"])
def test_what_datumaro_writes_is_read(tmp_path: Path, dialect: str) -> None:
    expected = _export(tmp_path / "data", dialect)
    reader = find_format(f"datumaro:{dialect}").reader(tmp_path / "data")
    assert [category.name for category in reader.taxonomy.categories] == ["car", "road"]
    with FORMATS["seamseg"].writer(tmp_path / "out", reader.taxonomy) as writer:
        conversion = convert(reader, writer)
    assert (conversion.num_images, conversion.failures) == (2, ())
    images = list(FORMATS["seamseg"].reader(tmp_path / "out"))
    assert len({image.name for image in images}) == 2
    assert {image.split for image in images} == {"train", "val"}
    for image in images:
        table = np.zeros(image.map.next_id(), np.uint8)
        for segment_id, segment in image.map.segments.items():
            table[segment_id] = segment.category + 1
        np.testing.assert_array_equal(table[image.map.ids], expected)


@needs_datumaro
def test_what_has_no_area_and_odd_polygons_are_counted(tmp_path: Path) -> None:
    import datumaro

    crossing = datumaro.Polygon([1, 1, 9, 9, 9, 1, 1, 9], label=1, z_order=5)
    _export(tmp_path, "datumaro", datumaro.Bbox(1, 1, 4, 4, label=1), datumaro.Caption("a street"), crossing)
    reader = find_format("datumaro:datumaro").reader(tmp_path)
    image = next(image for image in reader if image.split == "train")
    assert len(image.map.segments) == 3
    assert reader.losses.count(NO_AREA) == 2
    assert reader.losses.count(CROSSING) == 1


@needs_datumaro
def test_what_is_no_such_dataset_is_named(tmp_path: Path) -> None:
    for dialect in ("camvid", "nonsense"):
        with pytest.raises(FormatError, match=f"cannot be read as {dialect}") as caught:
            find_format(f"datumaro:{dialect}").reader(tmp_path)
        assert "\n" not in str(caught.value)


def test_without_the_library_its_name_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datumaro", None)
    with pytest.raises(FormatError, match=r"pip install seamseg-studio\[formats\]"):
        find_format("datumaro:camvid").reader(tmp_path)


def test_it_cannot_be_written(tmp_path: Path) -> None:
    taxonomy = FORMATS["seamseg"].reader(Path(__file__).parents[3] / "fixtures/formats/seamseg").taxonomy
    with pytest.raises(InputError, match="can be read but not written"):
        find_format("datumaro:camvid").writer(tmp_path / "out", taxonomy)
    with pytest.raises(InputError, match="and datumaro:NAME"):
        find_format("datumaro:")
    assert not (tmp_path / "out").exists()
