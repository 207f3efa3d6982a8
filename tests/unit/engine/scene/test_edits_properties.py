"""Whatever is done to a map, it stays a partition and every patch can be unmade bit for bit."""

from __future__ import annotations

import os

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.scene import edits, shape_edits
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.immersion import split_by_scores
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.replacement import replace_content
from seamseg_studio.engine.scene.stroke import Stroke
from seamseg_studio.engine.scene.transfer import copied, paste

from .strategies import TAXONOMY, assert_honoured, maps, masks, policies, snapshot


def _edit(data: st.DataObject, panoptic_map: PanopticMap, policy: EditingPolicy) -> Patch | None:
    """Draws one edit and makes its patch; None if the edit is refused or a stroke changed nothing."""
    second = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 6, panoptic_map.shape).astype(np.uint8)
    ids = data.draw(st.lists(st.sampled_from([*panoptic_map.segments, 99]), min_size=1, max_size=3, unique=True))
    category = data.draw(st.integers(0, len(TAXONOMY) - 1))
    kinds = ["paint", "extend", "erase", "relabel", "delete", "merge", "lock", "crowd", "paste"] + 3 * ["shape"]
    kind = data.draw(st.sampled_from(kinds))
    try:
        if kind == "shape":
            return _shape_edit(data, panoptic_map, policy, ids, category)
        if kind in ("paint", "extend", "erase"):
            mask, box = data.draw(masks(panoptic_map.shape))
            if kind == "erase":
                return edits.erase(panoptic_map, mask, box, policy, second)
            return edits.paint(panoptic_map, mask, box, Segment(category) if kind == "paint" else ids[0], policy)
        if kind == "relabel":
            return edits.relabel(panoptic_map, ids, category, policy)
        if kind == "delete":
            return edits.delete(panoptic_map, ids, policy, second)
        if kind == "merge":
            return edits.merge(panoptic_map, ids, policy)
        if kind == "paste":
            return paste(panoptic_map, copied(data.draw(maps()), [1, 2, 3]), policy)
        if kind == "lock":
            return edits.set_locked(panoptic_map, ids, data.draw(st.booleans()))
        return edits.set_crowd(panoptic_map, ids, data.draw(st.booleans()), policy)
    except EditError:
        return None


def _picture(panoptic_map: PanopticMap) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (*panoptic_map.shape, 3), dtype=np.uint8)


def _shape_edit(
    data: st.DataObject, panoptic_map: PanopticMap, policy: EditingPolicy, ids: list[int], category: int
) -> Patch:
    height, width = panoptic_map.shape
    corner = st.tuples(st.floats(-4, height + 4), st.floats(-4, width + 4))
    seed = (data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1)))
    radius = data.draw(st.floats(0.5, 4))
    kinds = ["polygon", "flood", "colour", "holes", "parts", "line", "instances", "grow", "shrink", "smooth", "replace"]
    kinds += ["seeds", "snap", "scores"]
    match data.draw(st.sampled_from(kinds)):
        case "polygon":
            points, holes = data.draw(st.lists(corner, max_size=6)), data.draw(st.lists(st.lists(corner), max_size=1))
            mode = data.draw(st.sampled_from(shape_edits.PolygonMode))
            target = data.draw(st.sampled_from([ids[0], Segment(category)]))
            return shape_edits.polygon(panoptic_map, points, target, policy, mode, holes)
        case "flood":
            return shape_edits.flood_fill(panoptic_map, seed, Segment(category), policy)
        case "colour":
            return shape_edits.flood_fill_color(panoptic_map, _picture(panoptic_map), seed, 60, ids[0], policy)
        case "holes":
            return shape_edits.fill_holes(panoptic_map, ids, policy)
        case "parts":
            return shape_edits.split_components(panoptic_map, ids, policy, data.draw(st.integers(1, 4)))
        case "line":
            return shape_edits.split_by_line(panoptic_map, ids[0], data.draw(st.lists(corner, max_size=4)), policy)
        case "scores":
            scores = np.random.default_rng(data.draw(st.integers(0, 9))).random(panoptic_map.shape, dtype=np.float32)
            return split_by_scores(panoptic_map, ids[0], scores, policy, data.draw(st.integers(1, 4)))
        case "instances":
            return shape_edits.to_instances(panoptic_map, ids, category, policy)
        case "grow":
            return shape_edits.grow(panoptic_map, ids[0], radius, policy)
        case "shrink":
            return shape_edits.shrink(panoptic_map, ids[0], radius, policy)
        case "smooth":
            return shape_edits.smooth(panoptic_map, ids, radius, policy)
        case "seeds":
            seeds = data.draw(st.lists(st.lists(corner, min_size=1, max_size=3), max_size=3))
            return shape_edits.split_by_seeds(panoptic_map, ids[0], seeds, _picture(panoptic_map), policy)
        case "snap":
            size = data.draw(st.integers(2, 6))
            return shape_edits.snap_to_superpixels(panoptic_map, ids[0], _picture(panoptic_map), size, policy)
        case _:
            other = data.draw(maps(shape=panoptic_map.shape))
            return replace_content(panoptic_map, other, "replace")


NUM_CASES = int(os.environ.get("SEAMSEG_PROPERTY_CASES", "400"))
"""Sequences of up to six edits; set the variable to look longer."""


@settings(max_examples=NUM_CASES, deadline=None)
@given(panoptic_map=maps(), data=st.data())
def test_any_sequence_of_edits_keeps_the_partition_and_can_be_unmade(
    panoptic_map: PanopticMap, data: st.DataObject
) -> None:
    start = snapshot(panoptic_map)
    done: list[Patch] = []
    for _ in range(data.draw(st.integers(1, 6))):
        policy = data.draw(policies())
        before = snapshot(panoptic_map)
        ids_before, provenance_before = panoptic_map.ids.copy(), panoptic_map.provenance.copy()
        map_before = panoptic_map.copy()
        patch = _edit(data, panoptic_map, policy)
        assert snapshot(panoptic_map) == before, "making a patch must not change the map"
        if patch is None:
            continue
        patch.apply(panoptic_map)
        panoptic_map.check(TAXONOMY)
        changed = (panoptic_map.ids != ids_before) | (panoptic_map.provenance != provenance_before)
        assert patch.num_pixels == changed.sum()
        outside = changed.copy()
        outside[patch.box.slices] = False
        assert not outside.any()
        assert len(patch.runs) <= changed.sum()
        assert len(patch.to_bytes()) <= 400 + 30 * changed.sum() + 300 * len(patch.segments_before)
        if patch.label not in ("replace", "lock", "unlock"):
            assert_honoured(policy, map_before, panoptic_map)
        after = snapshot(panoptic_map)
        patch.revert(panoptic_map)
        assert snapshot(panoptic_map) == before
        panoptic_map.check(TAXONOMY)
        Patch.from_bytes(patch.to_bytes()).apply(panoptic_map)
        assert snapshot(panoptic_map) == after
        done.append(patch)
    for patch in reversed(done):
        patch.revert(panoptic_map)
    assert snapshot(panoptic_map) == start
    panoptic_map.check(TAXONOMY)


@settings(max_examples=3 * NUM_CASES // 4, deadline=None)
@given(panoptic_map=maps(), policy=policies(), data=st.data())
def test_a_stroke_is_one_patch_that_restores_every_pixel(
    panoptic_map: PanopticMap, policy: EditingPolicy, data: st.DataObject
) -> None:
    height, width = panoptic_map.shape
    points = st.tuples(st.floats(-3, height + 3), st.floats(-3, width + 3))
    target = data.draw(st.sampled_from([None, *panoptic_map.segments, Segment(0), Segment(3)]))
    second = np.random.default_rng(3).integers(0, 6, panoptic_map.shape).astype(np.uint8)
    before, ids_before = snapshot(panoptic_map), panoptic_map.ids.copy()
    provenance_before = panoptic_map.provenance.copy()
    map_before = panoptic_map.copy()
    try:
        stroke = Stroke(panoptic_map, target, policy, second_choice=second)
    except EditError:
        assert snapshot(panoptic_map) == before
        return
    redrawn = np.zeros(panoptic_map.shape, dtype=bool)
    for point in data.draw(st.lists(points, min_size=1, max_size=5)):
        move = data.draw(st.sampled_from([stroke.dab, stroke.line_to]))
        shown = panoptic_map.ids.copy()
        box = move(point, data.draw(st.floats(0, 9)))
        redrawn[box.slices] = True
        outside = panoptic_map.ids != shown
        outside[box.slices] = False
        assert not outside.any(), "everything that changes must be redrawn"
    if data.draw(st.booleans()):
        stroke.cancel()
        assert snapshot(panoptic_map) == before
        panoptic_map.check(TAXONOMY)
        return
    patch = stroke.finish()
    panoptic_map.check(TAXONOMY)
    changed = (panoptic_map.ids != ids_before) | (panoptic_map.provenance != provenance_before)
    if patch is None:
        assert snapshot(panoptic_map) == before
        return
    assert patch.num_pixels == changed.sum()
    assert_honoured(policy, map_before, panoptic_map)
    after = snapshot(panoptic_map)
    Patch.from_bytes(patch.to_bytes()).revert(panoptic_map)
    assert snapshot(panoptic_map) == before
    panoptic_map.check(TAXONOMY)
    patch.apply(panoptic_map)
    assert snapshot(panoptic_map) == after
