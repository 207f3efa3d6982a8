"""The view's arithmetic."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.app.canvas.viewpoint import MIN_VISIBLE_PX, Viewpoint, fitting, min_scale, stepped
from seamseg_studio.engine.scene.geometry import Box

scales = st.floats(0.01, 64)
shifts = st.integers(-5000, 5000)
views = st.builds(Viewpoint, scales, shifts, shifts)
shapes = st.tuples(st.integers(1, 9000), st.integers(1, 9000))
spots = st.tuples(st.floats(0, 2000), st.floats(0, 2000))


@given(views, spots, scales)
def test_zoom_keeps_the_point_under_the_pointer(view: Viewpoint, spot: tuple[float, float], scale: float) -> None:
    point = view.to_image(*spot)
    seen_at = view.zoomed(scale, *spot).to_device(*point)
    assert seen_at == pytest.approx(spot, abs=0.51)


@given(views, spots)
def test_there_and_back(view: Viewpoint, spot: tuple[float, float]) -> None:
    assert view.to_device(*view.to_image(*spot)) == pytest.approx(spot, abs=1e-6)


@given(views, shapes, st.tuples(st.integers(100, 2000), st.integers(100, 2000)))
def test_some_of_the_image_is_always_seen(view: Viewpoint, shape: tuple[int, int], view_shape: tuple[int, int]) -> None:
    held = view.clamped(shape, view_shape)
    for start, length, extent in zip((held.top, held.left), shape, view_shape, strict=True):
        scaled = length * held.scale
        seen = min(start + extent, scaled) - max(start, 0)
        assert seen >= min(MIN_VISIBLE_PX, scaled, extent) - 1
    assert held.clamped(shape, view_shape) == held


@given(shapes, st.tuples(st.integers(100, 2000), st.integers(100, 2000)))
def test_fitting_shows_all_of_it(shape: tuple[int, int], view_shape: tuple[int, int]) -> None:
    view = fitting(Box(0, 0, *shape), view_shape)
    assert view.visible_box(shape, view_shape) == Box(0, 0, *shape)
    assert min_scale(shape, view_shape) <= view.scale


@given(scales, st.integers(1, 6))
def test_notches_meet_round_scales(scale: float, notches: int) -> None:
    first = stepped(scale, 1)
    assert scale < first * (1 + 1e-9)
    assert stepped(stepped(first, notches), -notches) == pytest.approx(first)
    assert math.log2(first) * 4 == pytest.approx(round(math.log2(first) * 4), abs=1e-6)


def test_half_a_notch_of_a_fine_wheel_zooms_half_as_far() -> None:
    assert stepped(1.0, 0.5) ** 2 == pytest.approx(stepped(1.0, 1))
