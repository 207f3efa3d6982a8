"""What each edit does, on maps small enough to read."""

from __future__ import annotations

import numpy as np
import pytest

from seamseg_studio.engine.scene import edits, shape_edits
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import Editable, EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.shape_edits import PolygonMode
from seamseg_studio.engine.scene.stroke import Stroke

from .strategies import TAXONOMY

ROAD, SKY, TREE, CAR, PERSON = range(5)
POLICY = EditingPolicy(TAXONOMY)


def scene() -> PanopticMap:
    """Sky (1) over road (2), a car (3) on the border, a person (4) on the road, model's work."""
    ids = np.ones((20, 20), dtype=np.int32)
    ids[10:] = 2
    ids[8:12, 4:9] = 3
    ids[14:18, 14:16] = 4
    categories = {1: SKY, 2: ROAD, 3: CAR, 4: PERSON}
    return PanopticMap(ids, {i: Segment(c, score=0.9, origin=Origin.MODEL) for i, c in categories.items()})


def done(panoptic_map: PanopticMap, patch: Patch) -> PanopticMap:
    patch.apply(panoptic_map)
    panoptic_map.check(TAXONOMY)
    return panoptic_map


def test_deleting_a_thing_lets_the_stuff_around_grow() -> None:
    panoptic_map = done(scene(), edits.delete(scene(), [3], POLICY))
    assert (panoptic_map.ids[8:10, 4:9] == 1).all()
    assert (panoptic_map.ids[10:12, 4:9] == 2).all()
    assert (panoptic_map.provenance[8:12, 4:9] == Origin.HUMAN.code).all()
    assert 3 not in panoptic_map.segments


def test_deleting_to_void_and_to_the_second_choice() -> None:
    panoptic_map = done(scene(), edits.delete(scene(), [3], EditingPolicy(TAXONOMY, fill=FillPolicy.VOID)))
    assert panoptic_map.area(0) == 20
    second = np.full((20, 20), 255, dtype=np.uint8)
    second[8:12, 4:6] = TREE
    second[8:12, 6:8] = PERSON  # no stuff: filled from around
    policy = EditingPolicy(TAXONOMY, fill=FillPolicy.SECOND_CHOICE)
    panoptic_map = done(scene(), edits.delete(scene(), [3], policy, second))
    tree = panoptic_map.ids_of_category(TREE)[0]
    assert (panoptic_map.ids[8:12, 4:6] == tree).all()
    assert (panoptic_map.ids[8:10, 6:9] == 1).all()


def test_deleting_all_stuff_leaves_void() -> None:
    panoptic_map = done(scene(), edits.delete(scene(), [1, 2], POLICY))
    assert set(panoptic_map.segments) == {3, 4}
    assert panoptic_map.area(0) == 400 - 20 - 8


def test_stuff_joins_the_segment_of_its_category() -> None:
    mask = np.ones((3, 3), dtype=bool)
    panoptic_map = done(scene(), edits.paint(scene(), mask, Box(0, 0, 3, 3), Segment(ROAD), POLICY))
    assert (panoptic_map.ids[:3, :3] == 2).all()
    panoptic_map = done(scene(), edits.relabel(scene(), [3], ROAD, POLICY))
    assert (panoptic_map.ids[8:12, 4:9] == 2).all()
    assert 3 not in panoptic_map.segments


def test_relabelling_several_segments_to_new_stuff_makes_one_segment() -> None:
    panoptic_map = done(scene(), edits.relabel(scene(), [3, 4], TREE, POLICY))
    assert panoptic_map.ids_of_category(TREE) == [3]
    assert panoptic_map.area(3) == 28
    assert panoptic_map.segments[3] == Segment(TREE, origin=Origin.HUMAN)


def test_stuff_becomes_a_thing_without_losing_pixels() -> None:
    panoptic_map = done(scene(), edits.relabel(scene(), [2], CAR, POLICY))
    assert panoptic_map.ids_of_category(CAR) == [2, 3]


def test_merging_keeps_the_first() -> None:
    panoptic_map = done(scene(), edits.merge(scene(), [4, 3], POLICY))
    assert panoptic_map.area(4) == 28
    assert panoptic_map.segments[4].category == PERSON
    with pytest.raises(EditError, match="at least two"):
        edits.merge(scene(), [4], POLICY)


def test_crowds_of_stuff_are_apart_and_join_when_they_are_crowds_no_more() -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.paint(panoptic_map, np.ones((2, 2), bool), Box(0, 0, 2, 2), Segment(ROAD, True), POLICY))
    assert panoptic_map.ids_of_category(ROAD) == [2, 5]
    done(panoptic_map, edits.set_crowd(panoptic_map, [5], False, POLICY))
    assert panoptic_map.ids_of_category(ROAD) == [2]


def test_locked_and_protected_segments_are_left_alone_by_all() -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.set_locked(panoptic_map, [3], True))
    everything = np.ones((20, 20), dtype=bool)
    policy = EditingPolicy(TAXONOMY, protected_categories=frozenset({PERSON}))
    for patch in (
        edits.paint(panoptic_map, everything, panoptic_map.box, Segment(TREE), policy),
        edits.erase(panoptic_map, everything, panoptic_map.box, policy),
        shape_edits.flood_fill(panoptic_map, (9, 5), Segment(TREE), policy),
    ):
        done(panoptic_map, patch)
        assert panoptic_map.area(3) == 20
        assert panoptic_map.area(4) == 8
        patch.revert(panoptic_map)
    for edit in (
        lambda: edits.relabel(panoptic_map, [3], TREE, policy),
        lambda: edits.delete(panoptic_map, [3], policy),
        lambda: edits.merge(panoptic_map, [3, 4], policy),
        lambda: edits.set_crowd(panoptic_map, [3], True, policy),
        lambda: edits.paint(panoptic_map, everything, panoptic_map.box, 3, policy),
        lambda: Stroke(panoptic_map, 3, policy),
        lambda: shape_edits.grow(panoptic_map, 3, 2, policy),
        lambda: shape_edits.split_components(panoptic_map, [3], policy),
    ):
        with pytest.raises(EditError, match="locked"):
            edit()
    with pytest.raises(EditError, match="'person' is protected"):
        edits.delete(panoptic_map, [4], policy)
    with pytest.raises(EditError, match="no segment 77"):
        edits.delete(panoptic_map, [77], policy)


@pytest.mark.parametrize(
    ("editable", "changed"),
    [(Editable.EVERYTHING, {0, 1, 2, 3, 4}), (Editable.VOID_ONLY, {0}), (Editable.STUFF_ONLY, {0, 1, 2}),
     (Editable.SELECTED, {3})],
)  # fmt: skip
def test_the_policy_says_what_is_editable(editable: Editable, changed: set[int]) -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.erase(panoptic_map, np.ones((2, 20), bool), Box(0, 0, 2, 20),
                                   EditingPolicy(TAXONOMY, fill=FillPolicy.VOID)))  # fmt: skip
    before = panoptic_map.ids.copy()
    policy = EditingPolicy(TAXONOMY, editable=editable, selected=frozenset({3}))
    done(panoptic_map, edits.paint(panoptic_map, np.ones((20, 20), bool), panoptic_map.box, Segment(TREE), policy))
    assert set(np.unique(before[panoptic_map.ids != before]).tolist()) == changed


def test_a_region_bounds_every_edit() -> None:
    policy = EditingPolicy(TAXONOMY, region=Box(0, 0, 5, 5))
    panoptic_map = scene()
    patch = edits.paint(panoptic_map, np.ones((20, 20), bool), panoptic_map.box, Segment(TREE), policy)
    assert patch.box == Box(0, 0, 5, 5)
    stroke = Stroke(panoptic_map, Segment(TREE), policy)
    stroke.dab((4, 4), 8)
    live = stroke.finish()
    assert live is not None
    assert live.box == Box(0, 0, 5, 5)


def test_ids_are_never_given_twice() -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.paint(panoptic_map, np.ones((2, 2), bool), Box(0, 0, 2, 2), Segment(CAR), POLICY))
    done(panoptic_map, edits.delete(panoptic_map, [5], POLICY))
    patch = edits.paint(panoptic_map, np.ones((2, 2), bool), Box(0, 0, 2, 2), Segment(CAR), POLICY)
    assert patch.touched_ids == {1, 6}


def test_a_stroke_is_seen_at_once_and_keeps_other_edits_out() -> None:
    panoptic_map = scene()
    stroke = Stroke(panoptic_map, Segment(CAR), POLICY)
    assert stroke.dab((3, 3), 2) == Box(1, 1, 6, 6)
    assert panoptic_map.ids[3, 3] == stroke.target_id == 5
    assert panoptic_map.segments[5].category == CAR
    with pytest.raises(EditError, match="under way"):
        Stroke(panoptic_map, None, POLICY)
    patch = stroke.finish("brush")
    assert patch is not None
    assert patch.label == "brush"
    panoptic_map.check(TAXONOMY)
    with pytest.raises(EditError, match="has ended"):
        stroke.dab((3, 3), 2)
    nothing = Stroke(panoptic_map, Segment(CAR), POLICY)
    assert nothing.dab((-30, -30), 2).is_empty
    assert nothing.finish() is None
    assert set(panoptic_map.segments) == {1, 2, 3, 4, 5}


def test_a_fast_stroke_leaves_no_gaps() -> None:
    panoptic_map = PanopticMap.empty(60, 200)
    stroke = Stroke(panoptic_map, Segment(CAR), POLICY)
    stroke.dab((30, 10), 4)
    stroke.line_to((30, 190), 4)
    stroke.finish()
    assert (panoptic_map.ids[26:35, 10:191] == 1).all()


def test_the_eraser_fills_with_what_was_around_before_the_stroke() -> None:
    panoptic_map = scene()
    stroke = Stroke(panoptic_map, None, POLICY)
    for x in range(2, 12):
        stroke.line_to((9.5, x), 2.4)
    assert stroke.finish() is not None
    panoptic_map.check(TAXONOMY)
    assert 3 not in panoptic_map.segments
    assert (panoptic_map.ids[8:10, 4:9] == 1).all()
    assert (panoptic_map.ids[10:12, 4:9] == 2).all()


def test_polygons_add_subtract_and_replace() -> None:
    corners = [(8.0, 6.0), (8.0, 12.0), (11.0, 12.0), (11.0, 6.0)]
    added = done(scene(), shape_edits.polygon(scene(), corners, 3, POLICY))
    assert added.area(3) == 20 + 4 * 4
    taken = done(scene(), shape_edits.polygon(scene(), corners, 3, POLICY, PolygonMode.SUBTRACT))
    assert taken.area(3) == 20 - 12
    assert (taken.ids[8:10, 6:9] == 1).all()
    replaced = done(scene(), shape_edits.polygon(scene(), corners, 3, POLICY, PolygonMode.REPLACE))
    assert replaced.area(3) == 28
    assert (replaced.ids[8:12, 6:13] == 3).all()
    with pytest.raises(EditError, match="covers no pixel"):
        shape_edits.polygon(scene(), corners[:2], 3, POLICY)
    with pytest.raises(EditError, match="select the segment"):
        shape_edits.polygon(scene(), corners, Segment(CAR), POLICY, PolygonMode.REPLACE)


def test_flood_fill_stops_at_other_ids() -> None:
    filled = done(scene(), shape_edits.flood_fill(scene(), (9, 5), Segment(PERSON), POLICY))
    assert filled.area(5) == 20
    image = np.zeros((20, 20, 3), dtype=np.uint8)
    image[:, 10:] = 90
    by_colour = done(scene(), shape_edits.flood_fill_color(scene(), image, (0, 19), 10, Segment(TREE), POLICY))
    assert by_colour.area(5) == 200


@pytest.mark.parametrize("radius_px", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_radius_that_is_none_is_named(radius_px: float) -> None:
    ids = np.ones((9, 9), np.int32)
    ids[4:] = 2
    panoptic_map = PanopticMap(ids, {1: Segment(0), 2: Segment(1)})
    policy = EditingPolicy(TAXONOMY)
    for change in (
        lambda: shape_edits.smooth(panoptic_map, [1], radius_px, policy),
        lambda: shape_edits.grow(panoptic_map, 1, radius_px, policy),
        lambda: shape_edits.shrink(panoptic_map, 1, radius_px, policy),
    ):
        with pytest.raises(EditError, match="choose more than 0"):
            change()


def test_holes_are_filled_with_the_segment_around() -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.erase(panoptic_map, np.ones((2, 2), bool), Box(2, 2, 4, 4),
                                   EditingPolicy(TAXONOMY, fill=FillPolicy.VOID)))  # fmt: skip
    done(panoptic_map, shape_edits.fill_holes(panoptic_map, [1, 2], POLICY))
    assert panoptic_map.area(0) == 0
    assert 4 not in panoptic_map.segments
    assert panoptic_map.area(3) == 20  # on the border between both, enclosed by neither


def test_parts_become_segments_and_the_largest_keeps_the_id() -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.merge(panoptic_map, [3, 4], POLICY))
    done(panoptic_map, shape_edits.split_components(panoptic_map, [3], POLICY))
    assert panoptic_map.area(3) == 20
    assert panoptic_map.area(5) == 8
    with pytest.raises(EditError, match="'road' is stuff"):
        shape_edits.split_components(panoptic_map, [2], POLICY)


def test_a_line_splits_a_segment_and_every_pixel_stays_labelled() -> None:
    panoptic_map = scene()
    done(panoptic_map, shape_edits.split_by_line(panoptic_map, 3, [(6, 5), (14, 5)], POLICY))
    assert panoptic_map.area(3) + panoptic_map.area(5) == 20
    assert panoptic_map.area(3) >= 12
    with pytest.raises(EditError, match="does not cut"):
        shape_edits.split_by_line(panoptic_map, 4, [(0, 0), (3, 3)], POLICY)


def test_stuff_becomes_instances() -> None:
    panoptic_map = scene()
    done(panoptic_map, edits.relabel(panoptic_map, [3, 4], TREE, POLICY))
    done(panoptic_map, shape_edits.to_instances(panoptic_map, [3], PERSON, POLICY))
    assert panoptic_map.ids_of_category(PERSON) == [3, 5]
    with pytest.raises(EditError, match="no thing"):
        shape_edits.to_instances(panoptic_map, [3], TREE, POLICY)


def test_growing_and_shrinking() -> None:
    grown = done(scene(), shape_edits.grow(scene(), 4, 1, POLICY))
    assert grown.area(4) == 8 + 2 * 4 + 2 * 2
    shrunk = done(scene(), shape_edits.shrink(scene(), 3, 1, POLICY))
    assert shrunk.area(3) == 2 * 3
    with_border = done(scene(), shape_edits.shrink(scene(), 1, 1, POLICY))
    assert (with_border.ids[0] == 1).all()  # the border of the image is no rim


def test_smoothing_keeps_the_partition_and_rounds_corners() -> None:
    panoptic_map = scene()
    patch = shape_edits.smooth(panoptic_map, [3], 1.5, POLICY)
    done(panoptic_map, patch)
    assert patch.num_pixels > 0
    assert panoptic_map.area(0) == 0
    assert panoptic_map.ids[8, 4] == 1
    assert panoptic_map.area(4) == 8


def test_masks_must_fit_their_box() -> None:
    with pytest.raises(ValueError, match="its box"):
        edits.paint(scene(), np.ones((2, 2), bool), Box(0, 0, 3, 3), Segment(TREE), POLICY)
    with pytest.raises(ValueError, match="outside an image"):
        edits.erase(scene(), np.ones((2, 2), bool), Box(19, 0, 21, 2), POLICY)
    with pytest.raises(EditError, match="not in the taxonomy"):
        edits.relabel(scene(), [3], 99, POLICY)
    with pytest.raises(EditError, match="not in the taxonomy"):
        edits.paint(scene(), np.ones((2, 2), bool), Box(0, 0, 2, 2), Segment(99), POLICY)


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_what_a_stroke_erased_is_known_on_every_grid(step: int) -> None:
    panoptic_map = PanopticMap.empty(600, 700)
    stroke = Stroke(panoptic_map, None, POLICY)
    stroke.dab((250, 260), 40)
    stroke.line_to((520, 300), 25)
    box = Box(13, 5, 590, 699)
    whole = stroke._erased(box)
    assert whole.sum() > 5000
    np.testing.assert_array_equal(stroke._erased(box, step), whole[::step, ::step])
    stroke.cancel()
