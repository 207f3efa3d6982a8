"""Refining masks by lines: what always holds, and that edges are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.inference.prompts import Line
from seamseg_studio.engine.inference.refine import MAX_CROP_PX, Crop, cut_out, paste, refined, snapped, working_crop
from seamseg_studio.engine.scene.geometry import Box

SIDE = 64


@pytest.fixture
def picture() -> np.ndarray:
    """A light square, rows and columns 20 to 43, on dark ground."""
    picture = np.full((SIDE, SIDE, 3), 40, np.uint8)
    picture[20:44, 20:44] = (220, 180, 90)
    return picture


@pytest.fixture
def square() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[20:44, 20:44] = True
    return mask


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_a_vague_border_moves_to_the_edge(picture: np.ndarray, square: np.ndarray) -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    distance = np.maximum(abs(rows - 31.5), abs(columns - 31.5))
    evidence = (16 - distance).astype(np.float32) / 2  # says a square of 32 pixels, vaguely
    assert _iou(evidence > 0, square) < 0.6
    assert _iou(snapped(evidence, picture), square) > 0.8


def test_a_negative_click_takes_away_what_its_edges_hold(picture: np.ndarray, square: np.ndarray) -> None:
    both = np.zeros((SIDE, SIDE), bool)
    both[14:44, 20:60] = True
    picture[14:44, 46:60] = (90, 120, 250)
    negative = np.zeros_like(both)
    negative[28:30, 52:54] = True
    found = refined(both, np.zeros((SIDE, SIDE), np.float32), picture, square & False, negative)
    assert not found[20:40, 50:56].any()
    assert found[22:40, 22:32].all()


def test_a_positive_click_adds_what_its_edges_hold(picture: np.ndarray, square: np.ndarray) -> None:
    picture[20:44, 44:56] = (220, 180, 90)  # the thing goes on to the right
    whole = square.copy()
    whole[20:44, 44:56] = True
    positive = np.zeros_like(square)
    positive[30:33, 50:52] = True
    found = refined(square, np.zeros((SIDE, SIDE), np.float32), picture, positive, square & False)
    assert _iou(found, whole) > 0.85 > _iou(square, whole)


masks = st.tuples(*[st.integers(0, SIDE - 1)] * 4).map(sorted)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)), max_size=4),
    st.lists(st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)), max_size=4),
    st.integers(0, 2**31),
)
def test_lines_always_have_their_way(inside: list, outside: list, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    evidence = rng.normal(0, 4, (SIDE, SIDE)).astype(np.float32)
    start = np.zeros((SIDE, SIDE), bool)
    low, high = np.sort(rng.integers(0, SIDE, (2, 2)), axis=0)
    start[low[0] : high[0], low[1] : high[1]] = True
    positive, negative = np.zeros_like(start), np.zeros_like(start)
    for row, column in inside:
        positive[row, column] = True
    for row, column in outside:
        negative[row, column] = True
    found = refined(start, evidence, picture, positive, negative)
    assert found[positive].all()
    assert not found[negative & ~positive].any()


@given(st.integers(0, 2**31))
def test_lines_that_agree_with_a_mask_leave_it_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = np.zeros((SIDE, SIDE), bool)
    start[10:40, 15:50] = True
    picture = rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    evidence = rng.normal(0, 4, (SIDE, SIDE)).astype(np.float32)
    positive, negative = np.zeros_like(start), np.zeros_like(start)
    positive[20, 20:30] = True
    negative[50, 5:50] = True
    assert np.array_equal(refined(start, evidence, picture, positive, negative), start)


def test_what_the_network_does_not_see_is_cut_out_by_colour(picture: np.ndarray, square: np.ndarray) -> None:
    assert _iou(cut_out(picture, Box(15, 15, 50, 50)), square) > 0.9


def test_a_picture_of_one_colour_gives_the_box() -> None:
    flat = np.full((40, 40, 3), 99, np.uint8)
    found = cut_out(flat, Box(10, 10, 30, 30))
    assert found.any()
    assert not found[:10].any()


def test_a_plane_is_laid_over_the_image_by_pixel_centres() -> None:
    plane = np.array([[0.0, 1.0]], np.float32)  # two cells over eight columns: centres at 1.5 and 5.5
    crop = Crop(Box(0, 0, 2, 8), (2, 8))
    expected = np.interp(np.arange(8), [1.5, 5.5], [0, 1])
    np.testing.assert_allclose(paste(plane, (0, 0, 2, 8), crop)[0], expected, atol=0.02)
    beyond = paste(plane, (0, 2, 2, 6), crop, outside=-5.0)
    assert (beyond[:, [0, 7]] == -5).all()


@pytest.mark.parametrize(
    ("start", "point", "side"),
    [
        (Box(100, 100, 200, 150), (150, 120), 132),  # a small segment: all of it
        (Box(0, 0, 4000, 6000), (2000, 3000), 545),  # a large one: around the click
        (Box(100, 100, 200, 150), (3900, 5900), 512),  # far away: around the click
    ],
)
def test_the_crop_is_small_whatever_the_image(start: Box, point: tuple[int, int], side: int) -> None:
    crop = working_crop(start, [Line((point,))], (4000, 6000))
    assert max(crop.shape) <= MAX_CROP_PX
    assert max(crop.box.shape) <= side + 40
    assert not crop.box.intersection(Box(point[0], point[1], point[0] + 1, point[1] + 1)).is_empty


def test_lines_across_the_whole_image_are_looked_at_smaller() -> None:
    crop = working_crop(Box(0, 0, 10, 10), [Line(((5, 5), (3990, 5990)))], (4000, 6000))
    assert max(crop.shape) == MAX_CROP_PX
    drawn = crop.draw([Line(((0, 0), (3999, 5999)), 9.0)])
    assert drawn[0, 0]
    assert drawn[-1, -1]
