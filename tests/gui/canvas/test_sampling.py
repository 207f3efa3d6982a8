"""Sampling at device pixels, and the pyramid of halved images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.app.canvas import pyramid as pyramid_module
from seamseg_studio.app.canvas.image_layer import ImageLayer
from seamseg_studio.app.canvas.pyramid import ImagePyramid
from seamseg_studio.app.canvas.sampling import patchwork
from seamseg_studio.app.canvas.tiles import Rect


@given(st.floats(0.05, 9), st.integers(-9, 60), st.integers(-9, 60), st.integers(1, 40), st.integers(1, 40))
def test_every_device_pixel_shows_the_pixel_under_its_centre(scale: float, top: int, left: int, h: int, w: int) -> None:
    array = np.arange(23 * 31, dtype=np.int32).reshape(23, 31)
    taken = patchwork(top, left, top + h, left + w, scale, array.shape).take(array)
    assert taken.shape == (h, w)
    for v in range(h):
        for u in range(w):
            y = min(max(int(np.floor((top + v + 0.5) / scale)), 0), 22)
            x = min(max(int(np.floor((left + u + 0.5) / scale)), 0), 30)
            assert taken[v, u] == array[y, x]


def test_at_100_percent_nothing_is_copied() -> None:
    array = np.zeros((50, 60), np.int32)
    assert np.shares_memory(patchwork(5, 6, 30, 40, 1.0, array.shape).take(array), array)


def test_colours_are_sampled_as_a_whole() -> None:
    image = np.random.default_rng(0).integers(0, 255, (12, 9, 3), np.uint8)
    assert np.array_equal(patchwork(0, 0, 24, 18, 2.0, (12, 9)).take(image), image.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("shape", [(1000, 700), (2048, 2048), (3001, 1999)])
def test_levels_halve_and_keep_the_mean(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    pyramid = ImagePyramid(image)
    while pyramid.step():
        pass
    assert not pyramid.step()
    for index in range(pyramid.num_levels):
        found, level = pyramid.level(0.5**index)
        assert found == index
        assert level.shape[:2] == tuple(-(-side // 2**index) for side in shape)
        assert abs(float(level.mean()) - float(image.mean())) < 1
    assert max(pyramid.overview().shape[:2]) <= 256


def test_large_images_are_halved_in_small_steps() -> None:
    pyramid = ImagePyramid(np.zeros((4000, 4000, 3), np.uint8))
    num_steps = 0
    assert pyramid.num_levels == 1
    assert pyramid.level(0.1)[0] == 0  # what is there must do till the rest is made
    while pyramid.step():
        num_steps += 1
    assert num_steps >= 8
    assert pyramid.is_ready(0.1)


@pytest.mark.parametrize("shape", [(1030, 2051), (2048, 1024)])
def test_pyramid_of_a_huge_image_leaves_out_its_largest_level(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyramid_module, "SPARSE_PIXELS", 1_000_000)
    monkeypatch.setattr(pyramid_module, "STRIP_PIXELS", 100_000)
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    pyramid = ImagePyramid(image)
    while pyramid.step():
        pass
    assert [pyramid.level(scale)[0] for scale in (1.0, 0.5, 0.3, 0.25, 0.2, 0.125)] == [0, 0, 0, 2, 2, 3]
    quarter = pyramid.level(0.25)[1]
    assert quarter.shape == (-(-shape[0] // 4), -(-shape[1] // 4), 3)
    mean = image[8:12, 20:24].reshape(16, 3).mean(0)
    assert np.abs(quarter[2, 5] - mean).max() <= 1
    extra = sum(pyramid.level(0.5**index)[1].nbytes for index in (2, 3))
    assert extra < image.nbytes / 12
    # Between the levels it is averaged as it is drawn.
    layer = ImageLayer(image)
    while layer.step_pyramid():
        pass
    layer.prepare(Rect(0, 0, 200, 200), 0.3, math.inf)
    shown = next(iter(layer._now.tiles.values())).sheet.words[50, 50]
    colour = [(int(shown) >> shift) & 255 for shift in (16, 8, 0)]
    around = image[int(50 / 0.3) : int(51 / 0.3) + 1, int(50 / 0.3) : int(51 / 0.3) + 1].reshape(-1, 3).mean(0)
    assert np.abs(np.subtract(colour, around)).max() < 40, "one pixel alone would be far from the average of a dozen"
