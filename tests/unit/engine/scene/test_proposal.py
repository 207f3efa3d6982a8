"""Another proposal of the model changes what only the model has said, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.proposal import adopt_proposal, changes_by_category
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "street",
    (
        Category("road", Kind.STUFF, (128, 64, 128)),
        Category("sky", Kind.STUFF, (70, 130, 180)),
        Category("car", Kind.THING, (0, 0, 142)),
    ),
)
ROAD, SKY, CAR = range(3)
POLICY = EditingPolicy(TAXONOMY)
MODEL, HUMAN = Origin.MODEL.code, Origin.HUMAN.code


def _result(ids: np.ndarray, categories: list[int]) -> PanopticResult:
    scores = np.array([0.0, *([0.9] * len(categories))], np.float32)
    return PanopticResult(ids.astype(np.int32), np.array([255, *categories]), scores, np.zeros(len(scores), bool))


def _scene() -> tuple[np.ndarray, list[int]]:
    """Sky over road with a car on it: 1 sky, 2 road, 3 car."""
    ids = np.ones((20, 30), np.int32)
    ids[10:] = 2
    ids[8:14, 5:15] = 3
    return ids, [SKY, ROAD, CAR]


def test_what_is_there_already_changes_nothing() -> None:
    result = _result(*_scene())
    assert adopt_proposal(result.to_map(), result, POLICY, "again").is_empty


def test_an_instance_keeps_its_id_when_it_grows_and_another_is_new() -> None:
    ids, categories = _scene()
    panoptic_map = _result(ids, categories).to_map()
    grown = ids.copy()
    grown[8:14, 5:18] = 3
    grown[1:5, 1:5] = 4
    patch = adopt_proposal(panoptic_map, _result(grown, [*categories, CAR]), POLICY, "other")
    patch.apply(panoptic_map)
    panoptic_map.check()
    assert panoptic_map.area(3) == 6 * 13
    (new,) = set(panoptic_map.segments) - {1, 2, 3}
    assert panoptic_map.segments[new] == Segment(CAR, score=pytest.approx(0.9), origin=Origin.MODEL)
    assert panoptic_map.provenance[2, 2] == MODEL


def test_ids_of_the_model_mean_nothing_by_themselves() -> None:
    ids, categories = _scene()
    panoptic_map = _result(ids, categories).to_map()
    renamed = np.array([0, 3, 1, 2])[ids]
    assert adopt_proposal(panoptic_map, _result(renamed, [ROAD, CAR, SKY]), POLICY, "other").is_empty


def test_stuff_that_is_new_becomes_one_segment() -> None:
    panoptic_map = _result(np.zeros((20, 30), np.int32), []).to_map()
    ids, _ = _scene()
    adopt_proposal(panoptic_map, _result(ids, [SKY, ROAD, ROAD]), POLICY, "other").apply(panoptic_map)
    panoptic_map.check()
    assert sorted(segment.category for segment in panoptic_map.segments.values()) == [ROAD, SKY]


@pytest.mark.parametrize("code", [HUMAN, Origin.IMPORTED.code])
def test_what_others_have_said_stays(code: int) -> None:
    ids, categories = _scene()
    provenance = np.full(ids.shape, MODEL, np.uint8)
    provenance[:, :10] = code
    panoptic_map = PanopticMap(ids, _result(ids, categories).to_map().segments, provenance)
    patch = adopt_proposal(panoptic_map, _result(np.full(ids.shape, 1), [ROAD]), POLICY, "other")
    patch.apply(panoptic_map)
    panoptic_map.check()
    np.testing.assert_array_equal(panoptic_map.ids[:, :10], ids[:, :10])
    assert {panoptic_map.segments[i].category for i in np.unique(panoptic_map.ids[:, 10:]).tolist()} == {ROAD}
    assert (panoptic_map.provenance[:, :10] == code).all()


def test_locks_protection_and_the_work_area_are_kept() -> None:
    ids, categories = _scene()
    segments = dict(_result(ids, categories).to_map().segments)
    segments[3] = replace(segments[3], locked=True)
    made = _result(ids, categories).to_map()
    panoptic_map = PanopticMap(ids, segments, made.provenance)
    everything = _result(np.full(ids.shape, 1), [ROAD])
    patch = adopt_proposal(panoptic_map, everything, replace(POLICY, region=Box(0, 0, 20, 20)), "other")
    patch.apply(panoptic_map)
    np.testing.assert_array_equal(panoptic_map.ids == 3, ids == 3)
    np.testing.assert_array_equal(panoptic_map.ids[:, 20:], ids[:, 20:])
    protected = EditingPolicy(TAXONOMY, protected_categories=frozenset({ROAD}))
    assert adopt_proposal(made, everything, protected, "other").is_empty


def test_what_would_change_is_told_by_category() -> None:
    ids, categories = _scene()
    panoptic_map = _result(ids, categories).to_map()
    other = ids.copy()
    other[ids == 3] = 2
    other[0, 3:7] = 0
    found = changes_by_category(panoptic_map, adopt_proposal(panoptic_map, _result(other, categories), POLICY, "other"))
    assert [(category, int(mask.sum())) for category, mask, _ in found] == [(None, 4), (ROAD, 60)]
    assert found[0][2] == Box(0, 3, 1, 7)
    assert found[1][2] == Box(8, 5, 14, 15)


def test_another_size_is_refused() -> None:
    with pytest.raises(EditError, match="do not fit"):
        adopt_proposal(_result(*_scene()).to_map(), _result(np.ones((3, 3)), [SKY]), POLICY, "other")


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_the_map_becomes_the_proposal_where_it_may_and_stays_a_partition(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def random_result() -> PanopticResult:
        ids = np.kron(rng.integers(0, 7, (5, 6)), np.ones((4, 5), np.int32))
        # Stuff at most once each, then cars.
        return _result(ids, [SKY, ROAD, CAR, CAR, CAR, CAR])

    panoptic_map = random_result().to_map()
    provenance = np.where(rng.random(panoptic_map.shape) < 0.3, HUMAN, panoptic_map.provenance).astype(np.uint8)
    panoptic_map = PanopticMap(panoptic_map.ids, panoptic_map.segments, provenance)
    before, result = panoptic_map.copy(), random_result()
    patch = adopt_proposal(panoptic_map, result, POLICY, "other")
    patch.apply(panoptic_map)
    panoptic_map.check()
    free = provenance != HUMAN
    np.testing.assert_array_equal(panoptic_map.ids[~free], before.ids[~free])

    def categories(source: PanopticMap) -> np.ndarray:
        table = np.full(max(source.segments, default=0) + 1, 255)
        for i, segment in source.segments.items():
            table[i] = segment.category
        return table[source.ids]

    np.testing.assert_array_equal(categories(panoptic_map)[free], result.categories[result.ids][free])
    told = changes_by_category(before, patch)
    assert sum(int(mask.sum()) for _, mask, _ in told) == int((panoptic_map.ids != before.ids).sum())
    patch.revert(panoptic_map)
    np.testing.assert_array_equal(panoptic_map.ids, before.ids)
