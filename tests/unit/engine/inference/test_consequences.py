"""Fusing again around a correction: what follows from it is proposed, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.inference.consequences import consequences
from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.inference.features import Features, Parts
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.scene.consequences import (
    Consequences,
    CorrectedPart,
    adopt_consequences,
    corrected_part,
    part_around,
)
from seamseg_studio.engine.scene.edits import delete, merge, paint, relabel, set_locked
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.replacement import replace_content
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "street",
    tuple(
        Category(name, kind, (1, 2, 3))
        for name, kind in (
            ("road", Kind.STUFF),
            ("sky", Kind.STUFF),
            ("grass", Kind.STUFF),
            ("car", Kind.THING),
            ("truck", Kind.THING),
        )
    ),
)
ROAD, SKY, GRASS, CAR, TRUCK = range(5)
SHAPE = (48, 64)
POLICY = EditingPolicy(TAXONOMY)
Found = tuple[tuple[int, int, int, int], int, float]  # box, category, score

# A truck that a surer car covers more than half of, and a car apart from both.
COVERING: Found = ((20, 10, 36, 30), CAR, 0.9)
COVERED: Found = ((20, 10, 36, 40), TRUCK, 0.8)
APART: Found = ((20, 48, 36, 60), CAR, 0.7)


def _semantic() -> np.ndarray:
    best = np.full(SHAPE, ROAD, np.uint8)
    best[:24] = SKY
    return best


def _features(found: Sequence[Found], best: np.ndarray | None = None, second: int = GRASS) -> Features:
    """Boxes that are full of what was found."""
    boxes = torch.tensor([box for box, _, _ in found], dtype=torch.float32).reshape(-1, 4)
    categories = torch.tensor([category - CAR for _, category, _ in found], dtype=torch.long)
    scores = torch.tensor([score for _, _, score in found], dtype=torch.float32)
    parts = Parts(
        torch.full((len(found), 28, 28), 9.0),
        torch.from_numpy(_semantic() if best is None else best),
        torch.full(SHAPE, second, dtype=torch.uint8),
    )
    return Features(
        (), torch.zeros(5, 12, 16), boxes, Detections(boxes, categories, scores), SHAPE, np.zeros((*SHAPE, 3)), parts
    )


def _map(found: Sequence[Found], best: np.ndarray | None = None) -> PanopticMap:
    """The model's own map of the same."""
    ids = np.where((_semantic() if best is None else best) == ROAD, 1, 2).astype(np.int32)
    categories, scores = [255, ROAD, SKY], [0.0, 1.0, 1.0]
    taken = np.zeros(SHAPE, bool)
    for (y0, x0, y1, x1), category, score in sorted(found, key=lambda entry: -entry[2]):
        inside = np.zeros(SHAPE, bool)
        inside[y0:y1, x0:x1] = True
        if score > 0.5 and (inside & taken).sum() <= 0.5 * inside.sum():
            ids[inside & ~taken] = len(categories)
            taken |= inside
            categories.append(category)
            scores.append(score)
    size = len(categories)
    return PanopticResult(ids, np.array(categories), np.array(scores, np.float32), np.zeros(size, bool)).to_map()


def _follow(
    panoptic_map: PanopticMap,
    patch: Patch,
    features: Features,
    min_stuff_area: float = 0,
    options: PredictOptions | None = None,
) -> tuple[CorrectedPart, Consequences]:
    patch.apply(panoptic_map)
    box = part_around(panoptic_map, patch)
    assert box is not None
    part = corrected_part(panoptic_map, panoptic_map.segments, patch, box, TAXONOMY)
    return part, consequences(features, part, options or PredictOptions(), TAXONOMY.num_stuff, min_stuff_area)


def _adopted(
    panoptic_map: PanopticMap, patch: Patch, features: Features, policy: EditingPolicy = POLICY, **options: float
) -> PanopticMap:
    """The map after a correction and all that follows from it."""
    part, found = _follow(panoptic_map, patch, features, **options)
    proposed = adopt_consequences(panoptic_map, found, part, policy, "follows")
    before = panoptic_map.copy()
    proposed.apply(panoptic_map)
    panoptic_map.check()
    undone = panoptic_map.copy()
    proposed.revert(undone)
    assert np.array_equal(undone.ids, before.ids)
    assert np.array_equal(undone.provenance, before.provenance)
    return panoptic_map


def _paint(panoptic_map: PanopticMap, box: Box, target: int | Segment) -> Patch:
    return paint(panoptic_map, np.ones(box.shape, bool), box, target, POLICY)


def test_what_a_deleted_instance_had_suppressed_comes_back() -> None:
    found = [COVERING, COVERED, APART]
    panoptic_map = _map(found)
    assert [segment.category for segment in panoptic_map.segments.values()] == [ROAD, SKY, CAR, CAR]
    after = _adopted(panoptic_map, delete(panoptic_map, [3], POLICY), _features(found))
    (truck,) = after.ids_of_category(TRUCK)
    assert after.mask(truck)[1] == (20, 10, 36, 40)
    assert after.area(truck) == 16 * 30
    assert after.segments[truck] == Segment(TRUCK, score=pytest.approx(0.8), origin=Origin.HUMAN)
    assert (after.provenance[20:36, 10:40] == Origin.HUMAN.code).all()
    assert after.area(4) == 16 * 12


@pytest.mark.parametrize(("score", "is_offered"), [(0.45, False), (0.55, True)])
def test_an_instance_that_the_model_is_not_sure_of_is_not_offered(score: float, is_offered: bool) -> None:
    found = [COVERING, (*COVERED[:2], score)]
    panoptic_map = _map(found)
    options = PredictOptions(score_threshold=0.1)
    patch = delete(panoptic_map, [3], POLICY)
    assert _follow(panoptic_map, patch, _features(found), options=options)[1].is_new.any() == is_offered


def test_a_deleted_instance_and_its_category_do_not_come_back() -> None:
    """Where both heads saw a car, and a person says that there is none, the model knows no better."""
    best = _semantic()
    best[20:36, 10:30] = CAR
    panoptic_map, corrected = _map([COVERING]), _map([COVERING])
    delete(corrected, [3], POLICY).apply(corrected)
    after = _adopted(panoptic_map, delete(panoptic_map, [3], POLICY), _features([COVERING], best))
    assert not after.ids_of_category(CAR)
    assert np.array_equal(after.ids, corrected.ids)


def test_stuff_that_the_semantic_head_saw_takes_the_place_of_a_deleted_instance() -> None:
    best = _semantic()
    best[20:36, 10:30] = GRASS
    panoptic_map = _map([COVERING])
    after = _adopted(panoptic_map, delete(panoptic_map, [3], POLICY), _features([COVERING], best))
    (grass,) = after.ids_of_category(GRASS)
    assert after.area(grass) == 16 * 20


def test_a_second_detection_of_what_was_deleted_does_not_come_back_either() -> None:
    twin: Found = ((21, 11, 37, 31), CAR, 0.6)
    panoptic_map = _map([COVERING, twin])
    part, found = _follow(panoptic_map, delete(panoptic_map, [3], POLICY), _features([COVERING, twin]))
    assert part.denied == {3}
    assert CAR not in found.result.categories


def test_a_segment_with_a_new_category_grows_into_what_the_model_would_give_it() -> None:
    unlikely = (COVERED[0], TRUCK, 0.1)
    panoptic_map = _map([COVERING, unlikely, APART])
    after = _adopted(panoptic_map, relabel(panoptic_map, [3], TRUCK, POLICY), _features([COVERING, unlikely, APART]))
    assert after.ids_of_category(TRUCK) == [3]
    assert after.area(3) == 16 * 30


def test_a_drawn_border_is_not_argued_with() -> None:
    larger: Found = ((20, 10, 36, 34), CAR, 0.6)
    panoptic_map = _map([])
    patch = _paint(panoptic_map, Box(20, 10, 36, 30), Segment(CAR))
    part, found = _follow(panoptic_map, patch, _features([larger]))
    assert adopt_consequences(panoptic_map, found, part, POLICY, "follows").is_empty


def test_what_is_left_of_an_instance_that_was_painted_over_goes_to_its_surroundings() -> None:
    panoptic_map = _map([COVERING])
    after = _adopted(panoptic_map, _paint(panoptic_map, Box(20, 10, 36, 26), Segment(TRUCK)), _features([COVERING]))
    assert not after.ids_of_category(CAR)
    assert (after.ids[24:36, 26:30] == 1).all()
    assert (after.ids[20:24, 26:30] == 2).all()


def test_an_instance_that_a_person_goes_on_with_keeps_the_rest() -> None:
    panoptic_map = _map([COVERING])
    patch = _paint(panoptic_map, Box(20, 6, 36, 28), 3)
    part, found = _follow(panoptic_map, patch, _features([COVERING]))
    # Most of it is the person's word now.
    said = CorrectedPart(part.box, part.before, replace(part.after, is_said=part.after.ids == 3), *[frozenset()] * 2)
    for each in (part, said):
        found = consequences(_features([COVERING]), each, PredictOptions(), TAXONOMY.num_stuff, 0)
        assert adopt_consequences(panoptic_map, found, each, POLICY, "follows").is_empty


def test_two_merged_instances_stay_one() -> None:
    panoptic_map = _map([COVERING, APART])
    patch = merge(panoptic_map, [3, 4], POLICY)
    part, found = _follow(panoptic_map, patch, _features([COVERING, APART]))
    assert adopt_consequences(panoptic_map, found, part, POLICY, "follows").is_empty


def test_where_the_model_sees_a_thing_but_no_instance_it_says_nothing() -> None:
    best = _semantic()
    best[20:36, 10:30] = CAR
    panoptic_map = _map([COVERING])
    patch = _paint(panoptic_map, Box(20, 10, 36, 26), Segment(TRUCK))
    part, found = _follow(panoptic_map, patch, _features([COVERING], best))
    assert adopt_consequences(panoptic_map, found, part, POLICY, "follows").is_empty


def test_a_little_of_a_new_stuff_category_is_not_proposed() -> None:
    best = _semantic()
    best[20:36, 10:30] = CAR
    panoptic_map = _map([COVERING])
    patch = delete(panoptic_map, [3], POLICY)
    part, found = _follow(panoptic_map, patch, _features([COVERING], best), min_stuff_area=16 * 20 + 1)
    assert adopt_consequences(panoptic_map, found, part, POLICY, "follows").is_empty


def test_locks_protection_and_the_work_area_hold() -> None:
    found = [COVERING, COVERED, APART]
    for policy, lock in (
        (EditingPolicy(TAXONOMY, protected_categories=frozenset({TRUCK})), False),
        (EditingPolicy(TAXONOMY, region=Box(0, 0, 5, 5)), False),
        (POLICY, True),
    ):
        panoptic_map = _map(found)
        patch = delete(panoptic_map, [3], POLICY)
        part, follows = _follow(panoptic_map, patch, _features(found))
        if lock:
            set_locked(panoptic_map, [1, 2], True).apply(panoptic_map)
        assert adopt_consequences(panoptic_map, follows, part, policy, "follows").is_empty


def test_what_was_proposed_and_left_is_not_proposed_again() -> None:
    found = [COVERING, COVERED, APART]
    panoptic_map = _map(found)
    _follow(panoptic_map, delete(panoptic_map, [3], POLICY), _features(found))
    patch = relabel(panoptic_map, [4], TRUCK, POLICY)
    part, follows = _follow(panoptic_map, patch, _features(found))
    assert adopt_consequences(panoptic_map, follows, part, POLICY, "follows").is_empty


def test_nothing_follows_from_what_people_did_not_say() -> None:
    panoptic_map = _map([COVERING])
    for patch in (set_locked(panoptic_map, [3], True), replace_content(panoptic_map, _map([APART]), "prediction")):
        other = panoptic_map.copy()
        patch.apply(other)
        assert part_around(other, patch) is None


def test_of_a_large_image_only_the_surroundings_are_looked_at() -> None:
    panoptic_map = PanopticMap.empty(3000, 4000)
    patch = _paint(panoptic_map, Box(100, 3000, 200, 3300), Segment(CAR))
    patch.apply(panoptic_map)
    assert part_around(panoptic_map, patch) == (0, 2850, 350, 3450)
    wide = _paint(panoptic_map, Box(0, 0, 1500, 1400), Segment(CAR))
    wide.apply(panoptic_map)
    assert part_around(panoptic_map, wide) is None
    tight = _paint(panoptic_map, Box(0, 0, 1500, 1390), Segment(CAR))
    tight.apply(panoptic_map)
    box = part_around(panoptic_map, tight)
    assert box is not None
    assert box.contains(tight.box)
    assert box.area <= 1 << 21


def test_deleting_into_void_lets_the_model_say_what_is_there() -> None:
    policy = EditingPolicy(TAXONOMY, fill=FillPolicy.VOID)
    panoptic_map = _map([COVERING])
    after = _adopted(panoptic_map, delete(panoptic_map, [3], policy), _features([COVERING]))
    assert (after.ids[24:36, 10:30] == 1).all()
    assert (after.ids[20:24, 10:30] == 2).all()


_boxes = st.tuples(st.integers(0, 40), st.integers(0, 56), st.integers(3, 20), st.integers(3, 30)).map(
    lambda v: (v[0], v[1], min(v[0] + v[2], SHAPE[0]), min(v[1] + v[3], SHAPE[1]))
)
_found = st.lists(st.tuples(_boxes, st.sampled_from((CAR, TRUCK)), st.sampled_from((0.2, 0.6, 0.7, 0.8, 0.9))))


@settings(max_examples=60)
@given(found=_found.filter(lambda found: len({score for *_, score in found}) == len(found)), data=st.data())
def test_what_people_made_is_never_touched(found: list[Found], data: st.DataObject) -> None:
    panoptic_map = _map(found)
    features = _features(found)
    for _ in range(3):
        things = [i for i, segment in panoptic_map.segments.items() if TAXONOMY.is_thing(segment.category)]
        how = data.draw(st.sampled_from(("paint", "delete", "relabel") if things else ("paint",)))
        if how == "paint":
            box = Box(*data.draw(_boxes))
            target = data.draw(st.sampled_from([Segment(CAR), Segment(ROAD), *things]))
            patch = _paint(panoptic_map, box, target)
        elif how == "delete":
            patch = delete(panoptic_map, [data.draw(st.sampled_from(things))], POLICY)
        else:
            patch = relabel(panoptic_map, [data.draw(st.sampled_from(things))], TRUCK, POLICY)
        before = panoptic_map.copy()
        patch.apply(panoptic_map)
        if part_around(panoptic_map, patch) is None:
            continue
        patch.revert(panoptic_map)
        part, follows = _follow(panoptic_map, patch, features)
        proposed = adopt_consequences(panoptic_map, follows, part, POLICY, "follows")
        corrected = panoptic_map.copy()
        proposed.apply(panoptic_map)
        panoptic_map.check()
        changed = panoptic_map.ids != corrected.ids
        was_human = before.provenance == Origin.HUMAN.code
        gone = ~np.isin(before.ids, list(corrected.segments))
        assert not (changed & was_human & ~gone).any()
        if how != "delete":
            drawn = (corrected.ids != before.ids) & ~gone
            assert not (changed & drawn).any()
