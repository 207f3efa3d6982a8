from __future__ import annotations

from unittest import mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.scene import geometry
from seamseg_studio.engine.scene.geometry import (
    EMPTY_BOX,
    Box,
    box_of_id,
    capsule_spans,
    disk_spans,
    outlines,
    polygon_mask,
    tight_box,
)

SHAPE = (30, 40)
points = st.tuples(st.floats(-10, 40), st.floats(-10, 50))


def painted(mask: np.ndarray, box: Box) -> np.ndarray:
    image = np.zeros(SHAPE, dtype=bool)
    image[box.slices] = mask
    return image


@given(points, points, st.floats(0.8, 15))
def test_a_capsule_holds_the_pixels_near_its_axis(
    start: tuple[float, float], end: tuple[float, float], radius: float
) -> None:
    image = painted(*capsule_spans(start, end, radius, SHAPE).mask())
    rows, columns = np.indices(SHAPE)
    axis = np.subtract(end, start)
    length = float(axis @ axis)
    along = ((rows - start[0]) * axis[0] + (columns - start[1]) * axis[1]) / length if length > 1e-12 else 0 * rows
    along = np.clip(along, 0, 1)
    distance = np.hypot(rows - start[0] - along * axis[0], columns - start[1] - along * axis[1])
    assert image[distance < radius - 1e-6].all()
    assert not image[distance > radius + 1e-6].any()


@given(st.tuples(st.floats(0, 29), st.floats(0, 39)), st.floats(0, 0.5))
def test_the_smallest_brush_still_marks_the_pixel_below_it(center: tuple[float, float], radius: float) -> None:
    image = painted(*disk_spans(center, radius, SHAPE).mask())
    assert image[round(center[0]), round(center[1])]
    assert image.sum() <= 5


def test_a_shape_outside_is_empty() -> None:
    assert disk_spans((-50, 3), 10, SHAPE).box == EMPTY_BOX
    assert disk_spans((3, 300), 10, SHAPE).box == EMPTY_BOX
    mask, box = polygon_mask([(-9, -9), (-9, -5), (-5, -5)], SHAPE)
    assert mask.size == 0
    assert box == EMPTY_BOX


def test_spans_are_clipped_to_a_box() -> None:
    spans = disk_spans((10, 10), 5, SHAPE)
    clipped = spans.clipped(Box(8, 9, 12, 30))
    expected = painted(*spans.mask())
    outside = np.ones(SHAPE, dtype=bool)
    outside[8:12, 9:30] = False
    expected[outside] = False
    np.testing.assert_array_equal(painted(*clipped.mask()), expected)


def test_a_polygon_leaves_its_holes_out() -> None:
    square = [(2.0, 2.0), (2.0, 20.0), (20.0, 20.0), (20.0, 2.0)]
    hole = [(8.0, 8.0), (8.0, 12.0), (12.0, 12.0), (12.0, 8.0)]
    image = painted(*polygon_mask(square, SHAPE, [hole]))
    assert image.sum() == 19 * 19 - 5 * 5
    assert not image[8:13, 8:13].any()


def test_a_self_crossing_polygon_follows_the_even_odd_rule() -> None:
    ring_twice = [(0, 0), (0, 20), (20, 20), (20, 0), (0, 0), (5, 5), (5, 15), (15, 15), (15, 5), (5, 5)]
    image = painted(*polygon_mask([(float(y), float(x)) for y, x in ring_twice], SHAPE))
    assert not image[10, 10]
    assert image[2, 10]


@given(points, points, points)
def test_a_polygon_stays_inside_its_box_and_the_image(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]
) -> None:
    mask, box = polygon_mask([a, b, c], SHAPE)
    assert mask.shape == box.shape
    assert Box(0, 0, *SHAPE).contains(box)


def test_outlines_are_in_image_pixels() -> None:
    mask = np.zeros((6, 6), dtype=bool)
    mask[1:5, 1:5] = True
    mask[2:4, 2:4] = False
    found = outlines(mask, Box(10, 20, 16, 26))
    assert len(found) == 2
    corners = {tuple(point) for contour in found for point in contour.tolist()}
    assert {(11, 21), (11, 24), (14, 24), (14, 21)} <= corners


def test_box_arithmetic() -> None:
    box = Box(2, 3, 5, 9)
    assert (box.height, box.width, box.area) == (3, 6, 18)
    assert box.union(EMPTY_BOX) == box
    assert box.union(Box(0, 8, 3, 10)) == Box(0, 3, 5, 10)
    assert box.intersection(Box(4, 0, 9, 4)) == Box(4, 3, 5, 4)
    assert box.intersection(Box(7, 7, 9, 9)) == EMPTY_BOX
    assert box.grown(3, (6, 10)) == Box(0, 0, 6, 10)
    assert box.contains(EMPTY_BOX)
    assert tight_box(np.zeros((3, 6), dtype=bool), box) == EMPTY_BOX


@given(st.integers(0, 1 << 16), st.floats(0, 0.2), st.integers(1, 9))
def test_box_from_the_sides_is_that_of_the_mask(seed: int, share: float, strip_rows: int) -> None:
    ids = (np.random.default_rng(seed).random(SHAPE) < share).astype(np.int32)
    box = Box(3, 5, 3 + SHAPE[0], 5 + SHAPE[1])
    with mock.patch.object(geometry, "_STRIP_ROWS", strip_rows):
        assert box_of_id(ids, 1, box) == tight_box(ids == 1, box)
