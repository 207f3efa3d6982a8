"""Where to look first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.scene.errors import PartitionError
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.review import (
    Place,
    disagreement,
    neighbour,
    places,
    review_order,
    seams,
    segment_doubts,
)

sizes = st.integers(1, 60)


def _result(
    ids: np.ndarray, uncertainty: np.ndarray | None = None, categories: list[int] | None = None
) -> PanopticResult:
    categories = categories or [255, *range(int(ids.max()))]
    count = len(categories)
    return PanopticResult(
        ids.astype(np.int32),
        np.array(categories),
        np.ones(count, np.float32),
        np.zeros(count, bool),
        uncertainty=uncertainty,
    )


def test_the_worst_places_come_first_and_apart() -> None:
    uncertainty = np.zeros((200, 300), np.uint8)
    uncertainty[20:40, 30:50] = 255
    uncertainty[150:170, 200:220] = 128
    uncertainty[100, 100] = 255  # a single pixel is no place
    ids = np.ones((200, 300), np.int32)
    ids[:, 150:] = 2
    first, second = places(ids, uncertainty)
    assert 20 <= first.y < 40
    assert 30 <= first.x < 50
    assert (first.segment, second.segment) == (1, 2)
    assert first.doubt > second.doubt > 0.15
    assert 150 <= second.y < 170


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.integers(0, 2**31), st.integers(1, 8))
def test_places_are_in_the_image_in_order_and_few(height: int, width: int, seed: int, max_places: int) -> None:
    rng = np.random.default_rng(seed)
    uncertainty = rng.integers(0, 256, (height, width), dtype=np.uint8)
    ids = rng.integers(0, 5, (height, width)).astype(np.int32)
    found = places(ids, uncertainty, max_places)
    assert len(found) <= max_places
    assert [p.doubt for p in found] == sorted((p.doubt for p in found), reverse=True)
    for place in found:
        assert ids[place.y, place.x] == place.segment
    assert len({(p.y, p.x) for p in found}) == len(found)


def test_a_sure_image_has_no_places() -> None:
    assert places(np.ones((50, 50), np.int32), np.full((50, 50), 20, np.uint8)) == ()


@given(sizes, sizes, st.integers(0, 2**31))
def test_segment_doubts_are_means(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    uncertainty = rng.integers(0, 256, (height, width), dtype=np.uint8)
    ids = rng.integers(0, 4, (height, width)).astype(np.int32)
    doubts = segment_doubts(ids, uncertainty, 6)
    for number in range(6):
        expected = uncertainty[ids == number].mean() / 255 if (ids == number).any() else 0
        assert doubts[number] == pytest.approx(expected, abs=1e-5)


def test_seams_know_their_segments_length_and_worst_pixel() -> None:
    ids = np.ones((10, 20), np.int32)
    ids[:, 10:] = 2
    ids[5:, 10:] = 3
    uncertainty = np.zeros((10, 20), np.uint8)
    uncertainty[4:6, 12:] = 200
    uncertainty[4, 15] = 255
    worst, *others = seams(ids, uncertainty)
    assert (worst.first, worst.second, worst.length_px, worst.y, worst.x) == (2, 3, 10, 4, 15)
    assert {(seam.first, seam.second): seam.length_px for seam in others} == {(1, 2): 5, (1, 3): 5}
    assert seams(np.ones((3, 3), np.int32), np.zeros((3, 3), np.uint8)) == ()


def test_images_are_ordered_by_their_mean_doubt() -> None:
    ids = np.ones((20, 20), np.int32)
    assert _result(ids, np.full((20, 20), 51, np.uint8)).doubt() == pytest.approx(0.2)
    assert _result(ids).doubt() == 0  # nothing but the scores is known, and they are 1
    assert review_order({3: 0.1, 1: 0.5, 2: 0.5}) == (1, 2, 3)


def test_two_models_disagree_where_their_categories_differ() -> None:
    first = _result(np.array([[1, 1], [2, 0]]), categories=[255, 4, 5])
    second = _result(np.array([[2, 2], [2, 0]]), categories=[255, 5, 4])
    share, where = disagreement(first, second)
    assert share == 0.25
    assert where.tolist() == [[0, 0], [255, 0]]
    with pytest.raises(ValueError, match="one size"):
        disagreement(first, _result(np.ones((3, 3))))


def test_uncertainty_of_another_size_is_refused() -> None:
    with pytest.raises(PartitionError, match="another size"):
        _result(np.ones((3, 3)), np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match="one size"):
        places(np.ones((3, 3), np.int32), np.zeros((2, 2), np.uint8))


def test_steps_end_at_both_ends() -> None:
    order = [Place(0, 0, 0.5, 1)] * 3
    assert [neighbour(order, current, 1) for current in (None, 0, 1, 2)] == [0, 1, 2, None]
    assert [neighbour(order, current, -1) for current in (None, 0, 1, 2)] == [2, None, 0, 1]
    assert neighbour([], None, 1) is None
