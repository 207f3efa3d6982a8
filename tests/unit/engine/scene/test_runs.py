"""Runs count and bound what they change as the pixels say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.scene.panoptic_map import MAX_ID
from seamseg_studio.engine.scene.runs import Runs

IDS = np.array([0, 1, 2, 0xFFFF, 0x10000, MAX_ID], np.int32)


@st.composite
def changes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 1 << 16)))
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    return rng.choice(IDS, shape), rng.choice(IDS, shape)


@given(changes(), st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_counts_and_boxes_are_those_of_the_pixels(
    change: tuple[np.ndarray, np.ndarray], origin: tuple[int, int]
) -> None:
    before, after = change
    nobody = np.zeros(before.shape, np.uint8)
    runs = Runs.between(before, after, nobody, nobody, origin)
    changed = before != after
    shown = {int(i) for i in np.unique(after[changed])}
    assert runs.count(runs.after) == {i: int((changed & (after == i)).sum()) for i in shown}
    assert runs.ids == shown | {int(i) for i in np.unique(before[changed])}
    boxes = runs.boxes(runs.after)
    assert boxes.keys() == shown
    canvas = np.zeros((before.shape[0] + 10, before.shape[1] + 10), np.int64)
    place = (slice(origin[0], origin[0] + before.shape[0]), slice(origin[1], origin[1] + before.shape[1]))
    for i, box in boxes.items():
        canvas[:] = 0
        canvas[place] = changed & (after == i)
        rows, columns = np.nonzero(canvas)
        assert box == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
