"""Hypothesis strategies of panoptic maps, policies and edits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.policy import Editable, EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "test",
    (
        Category("road", Kind.STUFF, (128, 64, 128)),
        Category("sky", Kind.STUFF, (70, 130, 180)),
        Category("tree", Kind.STUFF, (107, 142, 35)),
        Category("car", Kind.THING, (0, 0, 142)),
        Category("person", Kind.THING, (220, 20, 60)),
    ),
)


def snapshot(panoptic_map: PanopticMap) -> tuple[bytes, bytes, dict[int, Segment]]:
    """Everything that undo must bring back."""
    return panoptic_map.ids.tobytes(), panoptic_map.provenance.tobytes(), dict(panoptic_map.segments)


@st.composite
def maps(draw: st.DrawFn, shape: tuple[int, int] | None = None) -> PanopticMap:
    """Small maps of rectangles, things and stuff, one of them perhaps locked or a crowd."""
    height, width = shape or (draw(st.integers(1, 24)), draw(st.integers(1, 24)))
    ids = np.zeros((height, width), dtype=np.int32)
    segments: dict[int, Segment] = {}
    stuff: dict[int, int] = {}
    for index in range(draw(st.integers(0, 7))):
        category = draw(st.integers(0, len(TAXONOMY) - 1))
        segment_id = stuff.get(category, index + 1)
        is_crowd = TAXONOMY.is_thing(category) and draw(st.booleans())
        if TAXONOMY.is_stuff(category):
            stuff[category] = segment_id
        y0, x0 = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        y1, x1 = draw(st.integers(y0, height - 1)), draw(st.integers(x0, width - 1))
        ids[y0 : y1 + 1, x0 : x1 + 1] = segment_id
        segments[segment_id] = Segment(
            category,
            is_crowd,
            draw(st.sampled_from([None, 0.5])),
            draw(st.sampled_from(Origin)),
            draw(st.integers(0, 5)) == 0,
        )
    return PanopticMap.from_arrays(ids, segments)


@st.composite
def masks(draw: st.DrawFn, shape: tuple[int, int]) -> tuple[np.ndarray, Box]:
    """A box inside an image and a mask of it."""
    y0, x0 = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
    box = Box(y0, x0, draw(st.integers(y0, shape[0] - 1)) + 1, draw(st.integers(x0, shape[1] - 1)) + 1)
    seed = draw(st.integers(0, 2**32 - 1))
    share = draw(st.sampled_from([0.05, 0.5, 1.0]))
    return np.random.default_rng(seed).random(box.shape) < share, box


def policies() -> st.SearchStrategy[EditingPolicy]:
    return st.builds(
        EditingPolicy,
        taxonomy=st.just(TAXONOMY),
        editable=st.sampled_from(Editable),
        selected=st.frozensets(st.integers(0, 8), max_size=4),
        protected_categories=st.frozensets(st.integers(0, 4), max_size=2),
        fill=st.sampled_from(FillPolicy),
        region=st.none() | st.just(Box(2, 2, 9, 12)),
    )


def forbidden_pixels(
    policy: EditingPolicy, ids: NDArray[np.int32], segments: Mapping[int, Segment]
) -> NDArray[np.bool_]:
    """The pixels that no edit may touch, by the plain words of the policy. [H, W] bool."""
    forbidden = np.ones(ids.shape, dtype=np.bool_)
    for segment_id in np.unique(ids).tolist():
        segment = segments.get(segment_id)
        if segment is not None and (segment.locked or segment.category in policy.protected_categories):
            continue
        if policy.editable is Editable.VOID_ONLY and segment is not None:
            continue
        if policy.editable is Editable.STUFF_ONLY and segment is not None and TAXONOMY.is_thing(segment.category):
            continue
        if policy.editable is Editable.SELECTED and segment_id not in policy.selected:
            continue
        forbidden[ids == segment_id] = False
    if policy.region is not None:
        outside = np.ones(ids.shape, dtype=np.bool_)
        outside[policy.region.slices] = False
        forbidden |= outside
    return forbidden


def assert_honoured(policy: EditingPolicy, before: PanopticMap, after: PanopticMap) -> None:
    """Asserts that an edit of `before` that gave `after` did nothing that the policy forbids."""
    forbidden = forbidden_pixels(policy, before.ids, before.segments)
    changed = (before.ids != after.ids) | (before.provenance != after.provenance)
    assert not changed[forbidden].any(), "a pixel changed that may not"
    for segment_id in np.unique(before.ids[forbidden]).tolist():
        assert after.segments.get(segment_id) == before.segments.get(segment_id), "and so did what is said of it"
    for segment_id, segment in before.segments.items():
        if segment.locked:
            assert after.segments[segment_id] == segment
            assert np.array_equal(before.ids == segment_id, after.ids == segment_id), "a locked segment lost or gained"
    for category in policy.protected_categories:
        was, now = before.category_map() == category, after.category_map() == category
        assert np.array_equal(was, now), "a protected category lost or gained"
