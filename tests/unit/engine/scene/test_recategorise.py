"""A changed list of categories leaves a partition behind, and can be unmade."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.recategorise import recategorise, translate_categories

from .strategies import TAXONOMY, maps, snapshot

CATEGORIES = st.integers(0, len(TAXONOMY) - 1)


@given(
    panoptic_map=maps(),
    replaced=st.dictionaries(CATEGORIES, st.none() | CATEGORIES, max_size=4),
    joined=st.frozensets(CATEGORIES, max_size=3),
)
def test_every_segment_of_a_replaced_category_goes(
    panoptic_map: PanopticMap, replaced: dict[int, int | None], joined: frozenset[int]
) -> None:
    before, categories_before = snapshot(panoptic_map), panoptic_map.category_map()
    patch = recategorise(panoptic_map, replaced, joined, "categories changed")
    assert snapshot(panoptic_map) == before
    patch.apply(panoptic_map)
    panoptic_map.check(TAXONOMY, merged_stuff=False)
    table = np.arange(256)
    for category, target in replaced.items():
        table[category] = 255 if target is None else target
    expected = table[categories_before]
    crowds = {i for i, segment in panoptic_map.segments.items() if segment.is_crowd}
    np.testing.assert_array_equal(panoptic_map.category_map(), expected)
    assert not panoptic_map.provenance[panoptic_map.ids == 0].any()
    for category in joined:
        assert len(set(panoptic_map.ids_of_category(category)) - crowds) <= 1
    Patch.from_bytes(patch.to_bytes()).revert(panoptic_map)
    assert snapshot(panoptic_map) == before


@given(panoptic_map=maps(), order=st.permutations(range(len(TAXONOMY))))
def test_translating_there_and_back_changes_nothing(panoptic_map: PanopticMap, order: list[int]) -> None:
    before = snapshot(panoptic_map)
    translate_categories(panoptic_map, dict(enumerate(order)))
    translate_categories(panoptic_map, {new: old for old, new in enumerate(order)})
    assert snapshot(panoptic_map) == before
