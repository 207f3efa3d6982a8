"""Areas, boxes and renumbering against counting pixel by pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seamseg_studio.engine.formats.runs import measure_segments, renumber

_IDS = hnp.arrays(
    np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 1, 5, 300])
)


@settings(deadline=None)
@given(_IDS)
def test_measures_equal_counting(ids: np.ndarray) -> None:
    table = measure_segments(ids)
    assert table.ids.tolist() == [i for i in sorted(set(ids.ravel().tolist())) if i]
    for segment_id, area, box in zip(table.ids, table.areas, table.boxes.tolist(), strict=True):
        ys, xs = np.nonzero(ids == segment_id)
        assert area == len(ys)
        assert box == [ys.min(), xs.min(), ys.max() + 1, xs.max() + 1]


def test_an_image_without_pixels_has_no_segments() -> None:
    assert len(measure_segments(np.zeros((0, 5), np.int32)).ids) == 0


@settings(deadline=None)
@given(_IDS)
def test_renumber_replaces_listed_ids_and_clears_others(ids: np.ndarray) -> None:
    result = renumber(ids, np.array([1, 300, 9000]), np.array([7, 1, 2]))
    np.testing.assert_array_equal(result, np.where(ids == 1, 7, np.where(ids == 300, 1, 0)))
