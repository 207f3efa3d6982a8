from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.errors import PatchError
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.runs import Runs

from .strategies import TAXONOMY, snapshot

POLICY = EditingPolicy(TAXONOMY)


def a_patch(panoptic_map: PanopticMap) -> Patch:
    mask = np.ones((20, 20), dtype=bool)
    return edits.paint(panoptic_map, mask, Box(5, 5, 25, 25), Segment(3, score=0.5), POLICY, "paint a çar")


def test_bytes_keep_everything() -> None:
    patch = a_patch(PanopticMap.empty(40, 40))
    again = Patch.from_bytes(patch.to_bytes())
    assert (again.shape, again.label, again.box) == (patch.shape, patch.label, patch.box)
    assert dict(again.segments_after) == dict(patch.segments_after)
    for name in ("y", "x", "length", "before", "after", "vouched_before", "vouched_after"):
        np.testing.assert_array_equal(getattr(again.runs, name), getattr(patch.runs, name))


@given(st.data())
def test_damaged_bytes_are_never_taken_for_a_patch(data: st.DataObject) -> None:
    good = a_patch(PanopticMap.empty(40, 40)).to_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    damaged = bytearray(good)
    damaged[place] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([bytes(damaged), good[:place]]))
    with pytest.raises(PatchError, match="damaged"):
        Patch.from_bytes(cut)


def test_a_patch_that_does_not_fit_leaves_the_map_alone() -> None:
    panoptic_map = PanopticMap.empty(40, 40)
    patch = a_patch(panoptic_map)
    before = snapshot(panoptic_map)
    with pytest.raises(PatchError, match="does not fit"):
        patch.revert(panoptic_map)
    with pytest.raises(PatchError, match="does not fit"):
        patch.apply(PanopticMap.empty(10, 10))
    assert snapshot(panoptic_map) == before
    patch.apply(panoptic_map)
    after = snapshot(panoptic_map)
    with pytest.raises(PatchError, match="does not fit"):
        patch.apply(panoptic_map)
    assert snapshot(panoptic_map) == after


def test_a_small_change_of_a_large_map_is_a_small_patch() -> None:
    panoptic_map = PanopticMap.empty(4000, 4000)
    patch = a_patch(panoptic_map)
    assert patch.num_pixels == 400
    assert len(patch.to_bytes()) < 700
    assert patch.touched_ids == {1}


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 2**31), st.sampled_from([1, 40]))
def test_runs_turn_one_state_into_the_other_and_back(height: int, width: int, seed: int, scale: int) -> None:
    rng = np.random.default_rng(seed)

    def image(highest: int, dtype: type) -> np.ndarray:
        values = rng.integers(0, highest, (height, width)).astype(dtype)
        return np.ascontiguousarray(np.repeat(np.repeat(values, scale, axis=1), 2, axis=0))

    before, after, was, now = image(3, np.int32), image(3, np.int32), image(3, np.uint8), image(3, np.uint8)
    runs = Runs.between(before, after, was, now, (0, 0))
    assert runs.num_pixels == ((before != after) | (was != now)).sum()
    ids, provenance = before.copy(), was.copy()
    runs.write_to(ids, provenance)
    np.testing.assert_array_equal(ids, after)
    np.testing.assert_array_equal(provenance, now)
    runs.reversed().write_to(ids, provenance)
    np.testing.assert_array_equal(ids, before)
    np.testing.assert_array_equal(provenance, was)
    half = width * scale // 2
    parts = [
        Runs.between(before[:, s], after[:, s], was[:, s], now[:, s], (0, s.start))
        for s in (slice(half, width * scale), slice(0, half))
    ]
    joined = Runs.joined(parts)
    assert joined.num_pixels == runs.num_pixels
    assert len(joined) == len(runs)


def test_a_relabel_that_joins_nothing_changes_no_pixel() -> None:
    panoptic_map = PanopticMap(np.ones((3, 3), np.int32), {1: Segment(3, score=0.5, origin=Origin.MODEL)})
    patch = edits.relabel(panoptic_map, [1], 0, POLICY)
    assert patch.num_pixels == 0
    assert not patch.is_empty
    patch.apply(panoptic_map)
    assert panoptic_map.segments[1] == Segment(0, origin=Origin.HUMAN)
