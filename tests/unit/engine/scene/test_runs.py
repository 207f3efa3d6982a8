"""Runs of changed pixels, found and written in more than one way, always the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seamseg_studio.engine.scene import draft, edits, runs
from seamseg_studio.engine.scene.draft import Draft
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import MAX_ID, PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.runs import Runs

from .strategies import TAXONOMY

SHAPE = (7, 40)
IDS = arrays.arrays(np.int32, SHAPE, elements=st.integers(0, 3))
CODES = arrays.arrays(np.uint8, SHAPE, elements=st.integers(0, 3))
MASKS = arrays.arrays(np.bool_, SHAPE)


@settings(max_examples=150, deadline=None)
@given(IDS, IDS, CODES, MASKS, st.booleans())
def test_what_is_put_somewhere_is_found_without_a_copy(
    before: np.ndarray, after: np.ndarray, codes: np.ndarray, pixels: np.ndarray, is_one: bool
) -> None:
    value = np.int32(2) if is_one else after
    ids, vouched = np.where(pixels, value, before).astype(np.int32), np.where(pixels, 2, codes).astype(np.uint8)
    expected = Runs.between(before, ids, codes, vouched, (5, 9))
    found = Runs.where(before, value, codes, np.uint8(2), (5, 9), pixels)
    for name in ("y", "x", "length", "before", "after", "vouched_before", "vouched_after"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
        assert getattr(found, name).dtype == getattr(expected, name).dtype


@settings(max_examples=60, deadline=None)
@given(IDS, IDS, CODES, CODES, st.sampled_from([1, 30, 1 << 15]), st.sampled_from([0, 1000]))
def test_long_and_short_runs_are_written_alike(
    before: np.ndarray, after: np.ndarray, codes: np.ndarray, codes_after: np.ndarray, batch: int, slice_length: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "_BATCH_PIXELS", batch)
        patched.setattr(runs, "_SLICE_LENGTH", slice_length)
        change = Runs.between(before, after, codes, codes_after, (0, 0))
        ids, vouched = before.copy(), codes.copy()
        assert change.fits(ids, vouched)
        change.write_to(ids, vouched)
        np.testing.assert_array_equal(ids, after)
        np.testing.assert_array_equal(vouched, codes_after)
        assert change.fits(ids, vouched) is (len(change) == 0)
        change.reversed().write_to(ids, vouched)
        np.testing.assert_array_equal(ids, before)


def test_an_edit_that_puts_once_copies_no_crop(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.ones((40, 40), dtype=np.int32)
    ids[10:30, 10:30], ids[30:, :] = 2, 3
    scene = PanopticMap(ids, {1: Segment(0), 2: Segment(3), 3: Segment(3)})
    policy = EditingPolicy(TAXONOMY)
    copies: list[int] = []
    written = Draft._written
    monkeypatch.setattr(draft.Draft, "_written", lambda self: copies.append(1) or written(self))
    mask, box = np.ones((4, 4), dtype=bool), Box(0, 0, 4, 4)
    for patch in (
        edits.delete(scene, [2], policy),
        edits.delete(scene, [2], EditingPolicy(TAXONOMY, fill=FillPolicy.VOID)),
        edits.merge(scene, [3, 2], policy),
        edits.relabel(scene, [2], 0, policy),
        edits.paint(scene, mask, box, 2, policy),
    ):
        assert not patch.is_empty
    assert not copies


ANY_IDS = np.array([0, 1, 2, 0xFFFF, 0x10000, MAX_ID], np.int32)


@st.composite
def changes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 1 << 16)))
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    return rng.choice(ANY_IDS, shape), rng.choice(ANY_IDS, shape)


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
