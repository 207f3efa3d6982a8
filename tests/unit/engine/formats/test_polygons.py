"""Polygons: tracing and filling are inverse; what is odd is counted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.polygons import (
    CROSSING,
    DEGENERATE,
    NON_FINITE,
    ODD,
    OUTSIDE,
    as_pairs,
    crosses_itself,
    fill,
    trace,
    usable,
)


def _filled_holes(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Every 4-connected part with its holes filled, and the number of holes, by flooding from outside."""
    result, holes = np.zeros_like(mask), 0
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    for part in range(1, count):
        outside = np.pad(parts != part, 1, constant_values=True)
        regions, labels = cv2.connectedComponents(outside.astype(np.uint8), connectivity=8)
        result |= (labels != labels[0, 0])[1:-1, 1:-1]
        holes += regions - 2
    return result, holes


@settings(deadline=None)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_filling_what_was_traced_gives_the_mask_without_holes(mask: np.ndarray) -> None:
    height, width = mask.shape
    outline = trace(mask, (3, 5, 3 + height, 5 + width))
    again = np.zeros((20, 20), np.bool_)
    for polygon in outline.outer:
        part, (y0, x0, y1, x1) = fill(polygon, (20, 20))
        again[y0:y1, x0:x1] |= part
    expected, holes = _filled_holes(mask)
    np.testing.assert_array_equal(again[3 : 3 + height, 5 : 5 + width], expected)
    assert again.sum() == expected.sum()
    assert outline.num_holes == holes


def test_corners_are_pixel_edges_and_straight_lines_have_two() -> None:
    outline = trace(np.ones((2, 3), np.bool_), (10, 20, 12, 23))
    (corners,) = outline.outer
    assert sorted(map(tuple, corners.tolist())) == [(20, 10), (20, 12), (23, 10), (23, 12)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 29), st.floats(-9, 29)), min_size=3, max_size=9))
def test_filling_equals_asking_every_pixel_centre(corners: list[tuple[float, float]]) -> None:
    points = np.array(corners)
    filled = np.zeros((18, 20), np.bool_)
    mask, (y0, x0, y1, x1) = fill(points, (18, 20))
    filled[y0:y1, x0:x1] = mask
    for y in range(18):
        for x in range(20):
            inside, margin = False, np.inf
            for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, 0), strict=True):
                if (ay <= y + 0.5) != (by <= y + 0.5):
                    crossing = ax + (bx - ax) * (y + 0.5 - ay) / (by - ay)
                    inside ^= crossing <= x + 0.5
                    margin = min(margin, abs(crossing - x - 0.5))
            assert filled[y, x] == inside or margin < 1e-6


def test_crossing_is_noticed() -> None:
    assert crosses_itself(np.array([(0, 0), (9, 9), (9, 0), (0, 9)], float))
    assert not crosses_itself(np.array([(0, 0), (9, 0), (9, 9), (0, 9)], float))
    assert not crosses_itself(np.array([(0, 0), (9, 0), (4, 0), (4, 5)], float))


@pytest.mark.parametrize(
    ("points", "kind", "filled"),
    [
        ([(0, 0), (9, 9), (9, 0), (0, 9)], CROSSING, True),
        ([(-5, 0), (9, 0), (9, 9)], OUTSIDE, True),
        ([(0, 0), (9, 9)], DEGENERATE, False),
        ([], DEGENERATE, False),
        ([(0, 0), (9, float("nan")), (3, 3)], NON_FINITE, False),
        ([(0, 0), (9, 1e300), (3, 3)], NON_FINITE, False),
        ([(0, 0), ("a", 2), (3, 3)], NON_FINITE, False),
        ([(0, 0), (1,), (3, 3)], NON_FINITE, False),
    ],
)
def test_odd_polygons_are_counted(points: object, kind: str, filled: bool) -> None:
    losses = Losses()
    assert (usable(points, (20, 20), "im", losses) is not None) == filled
    assert losses.totals == {kind: 1}


def test_flat_lists_become_corners() -> None:
    losses = Losses()
    assert as_pairs([1, 2, 3, 4, 5], "a", losses) == [(1, 2), (3, 4)]
    assert losses.totals == {ODD: 1}
