"""Label images in and out, bit by bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.label_image import (
    read_colors_as_ids,
    read_indices,
    write_ids_as_colors,
    write_indices,
    write_indices_16,
    write_palette,
)


@pytest.mark.parametrize("largest", [1, 255, 256, 65535])
def test_indices_round_trip(tmp_path: Path, largest: int) -> None:
    values = np.random.default_rng(0).integers(0, largest + 1, (33, 57)).astype(np.int32)
    values[0, 0] = largest
    write_indices(tmp_path / "a.png", values)
    np.testing.assert_array_equal(read_indices(tmp_path / "a.png"), values)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == ("L" if largest < 256 else "I;16")
    write_indices_16(tmp_path / "b.png", values)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "b.png")), values)


def test_colours_round_trip_and_mean_what_coco_says(tmp_path: Path) -> None:
    ids = np.random.default_rng(1).integers(0, 2**24, (41, 23)).astype(np.int32)
    ids[0, :3] = (0, 1, 2**24 - 1)
    write_ids_as_colors(tmp_path / "a.png", ids)
    np.testing.assert_array_equal(read_colors_as_ids(tmp_path / "a.png"), ids)
    red, green, blue = np.moveaxis(np.asarray(Image.open(tmp_path / "a.png")).astype(int), -1, 0)
    np.testing.assert_array_equal(red + 256 * green + 65536 * blue, ids)


def test_palette_images_are_read_as_indices(tmp_path: Path) -> None:
    indices = np.arange(200, dtype=np.uint8).reshape(10, 20)
    palette = np.random.default_rng(2).integers(0, 256, (256, 3)).astype(np.uint8)
    write_palette(tmp_path / "a.png", indices, palette)
    np.testing.assert_array_equal(read_indices(tmp_path / "a.png"), indices)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png").convert("RGB")), palette[indices])


def test_values_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 bits"):
        write_indices(tmp_path / "a.png", np.array([[65536]]))
    with pytest.raises(ValueError, match="24 bits"):
        write_ids_as_colors(tmp_path / "a.png", np.array([[2**24]], np.int32))
    assert not list(tmp_path.iterdir())


def test_the_wrong_kind_of_image_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "rgb.png")
    Image.new("L", (4, 4)).save(tmp_path / "grey.png")
    with pytest.raises(FormatError, match=r"rgb\.png: has mode RGB"):
        read_indices(tmp_path / "rgb.png")
    with pytest.raises(FormatError, match=r"grey\.png: has mode L"):
        read_colors_as_ids(tmp_path / "grey.png")


@pytest.mark.parametrize("read", [read_indices, read_colors_as_ids])
def test_a_cut_off_label_image_is_refused(tmp_path: Path, read: object) -> None:
    if read is read_indices:
        write_indices(tmp_path / "a.png", np.random.default_rng(0).integers(0, 9, (99, 99)))
    else:
        write_ids_as_colors(tmp_path / "a.png", np.random.default_rng(0).integers(0, 9, (99, 99)).astype(np.int32))
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match="cut off"):
        read(tmp_path / "a.png")  # type: ignore[operator]


def test_label_bombs_are_refused(tmp_path: Path) -> None:
    write_indices(tmp_path / "a.png", np.zeros((100, 100), np.int32))
    with pytest.raises(ImageError, match="limit of 9,999"):
        read_indices(tmp_path / "a.png", max_pixels=9999)
