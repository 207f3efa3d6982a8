"""What the policy forbids is refused or left out, by edits of whole segments too, and ids never run over."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from seamseg_studio.engine.scene import edits, panoptic_map, shape_edits
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import MAX_ID, Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import Editable, EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.replacement import replace_content
from seamseg_studio.engine.scene.stroke import Stroke
from seamseg_studio.engine.scene.transfer import copied, paste

from .strategies import TAXONOMY

ROAD, SKY, _, CAR, PERSON = range(len(TAXONOMY))
Edit = Callable[[PanopticMap, EditingPolicy], Patch]

WHOLE_EDITS: dict[str, Edit] = {
    "delete": lambda m, p: edits.delete(m, [4], p),
    "merge": lambda m, p: edits.merge(m, [5, 4], p),
    "relabel": lambda m, p: edits.relabel(m, [4], PERSON, p),
    "crowd": lambda m, p: edits.set_crowd(m, [4], True, p),
    "split": lambda m, p: shape_edits.split_by_line(m, 4, [(0, 11), (19, 11)], p),
    "instances": lambda m, p: shape_edits.to_instances(m, [4], PERSON, p),
}


@pytest.fixture
def scene() -> PanopticMap:
    """Sky over road; car 3 in the sky at (2..5, 2..5), car 4 at (2..5, 10..13), person 5 across the horizon."""
    ids = np.ones((20, 20), dtype=np.int32)
    ids[10:] = 2
    ids[2:6, 2:6], ids[2:6, 10:14], ids[8:12, 14:18] = 3, 4, 5
    return PanopticMap(ids, {1: Segment(SKY), 2: Segment(ROAD), 3: Segment(CAR), 4: Segment(CAR), 5: Segment(PERSON)})


def _applied(scene: PanopticMap, patch: Patch) -> PanopticMap:
    patch.apply(scene)
    scene.check(TAXONOMY)
    return scene


@pytest.mark.parametrize("edit", WHOLE_EDITS.values(), ids=WHOLE_EDITS.keys())
@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (EditingPolicy(TAXONOMY, editable=Editable.VOID_ONLY), "only void may"),
        (EditingPolicy(TAXONOMY, editable=Editable.STUFF_ONLY), "only void and stuff may"),
        (EditingPolicy(TAXONOMY, editable=Editable.SELECTED, selected=frozenset({3})), "only the selected segments"),
        (EditingPolicy(TAXONOMY, region=Box(15, 0, 20, 5)), "outside the region"),
        (EditingPolicy(TAXONOMY, protected_categories=frozenset({CAR})), "'car' is protected"),
    ],
)
def test_a_whole_segment_that_may_not_change_is_refused(
    scene: PanopticMap, edit: Edit, policy: EditingPolicy, message: str
) -> None:
    with pytest.raises(EditError, match=message):
        edit(scene, policy)


@pytest.mark.parametrize("edit", WHOLE_EDITS.values(), ids=WHOLE_EDITS.keys())
def test_a_selected_segment_may_change_as_a_whole(scene: PanopticMap, edit: Edit) -> None:
    policy = EditingPolicy(TAXONOMY, editable=Editable.SELECTED, selected=frozenset({4}))
    assert not edit(scene, policy).is_empty


@pytest.mark.parametrize("edit", WHOLE_EDITS.values(), ids=WHOLE_EDITS.keys())
def test_a_region_cuts_through_a_segment(scene: PanopticMap, edit: Edit) -> None:
    """Columns 10 and 11 of segment 4 lie outside, and stay what they are."""
    region = Box(0, 12, 20, 20)
    before = scene.copy()
    patch = edit(scene, EditingPolicy(TAXONOMY, region=region))
    after = _applied(scene, patch)
    assert patch.num_pixels == 8
    assert (after.ids[2:6, 10:12] == 4).all()
    assert after.segments[4] == before.segments[4]
    assert (after.ids[2:6, 12:14] != 4).all()


def test_the_part_inside_the_region_splits_off_with_the_new_record(scene: PanopticMap) -> None:
    policy = EditingPolicy(TAXONOMY, region=Box(0, 12, 20, 20))
    after = _applied(scene, edits.relabel(scene, [4], PERSON, policy))
    assert after.segments[6] == Segment(PERSON)
    assert after.area(6) == 8
    after = _applied(scene, edits.relabel(scene, [1], ROAD, policy))
    assert after.area(1) == 10 * 12 - 16 - 8, "stuff joins the stuff there is as far as the region goes"
    after = _applied(scene, edits.set_crowd(scene, [2], True, policy))
    assert after.segments[7].is_crowd
    assert not after.segments[2].is_crowd


def test_a_part_inside_the_region_splits_off_though_it_is_the_largest(scene: PanopticMap) -> None:
    policy = EditingPolicy(TAXONOMY, region=Box(0, 0, 20, 13))
    after = _applied(scene, shape_edits.split_by_line(scene, 4, [(0, 12), (19, 12)], policy))
    assert (after.ids[2:6, 13] == 4).all()
    assert (after.ids[2:6, 10:13] == 6).all()


def test_stuff_deleted_in_a_region_does_not_grow_back_from_outside(scene: PanopticMap) -> None:
    after = _applied(scene, edits.delete(scene, [1], EditingPolicy(TAXONOMY, region=Box(0, 0, 2, 20))))
    assert (after.ids[:2] == 2).all()


SKY_PROTECTED = EditingPolicy(TAXONOMY, protected_categories=frozenset({SKY}))


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: edits.paint(m, np.ones((3, 3), dtype=bool), Box(15, 0, 18, 3), Segment(SKY), SKY_PROTECTED),
        lambda m: edits.paint(m, np.ones((3, 3), dtype=bool), Box(15, 0, 18, 3), 1, SKY_PROTECTED),
        lambda m: edits.relabel(m, [3], SKY, SKY_PROTECTED),
        lambda m: edits.merge(m, [1, 2], SKY_PROTECTED),
        lambda m: paste(m, copied(m.copy(), [1]), SKY_PROTECTED),
        lambda m: Stroke(m, Segment(SKY), SKY_PROTECTED),
        lambda m: Stroke(m, 1, SKY_PROTECTED),
    ],
)
def test_nothing_may_be_made_a_protected_category(scene: PanopticMap, edit: Callable[[PanopticMap], object]) -> None:
    with pytest.raises(EditError, match="'sky' is protected"):
        edit(scene)


@pytest.mark.parametrize("fill", FillPolicy)
def test_a_protected_category_does_not_grow_into_what_is_erased(scene: PanopticMap, fill: FillPolicy) -> None:
    policy = EditingPolicy(TAXONOMY, protected_categories=frozenset({SKY}), fill=fill)
    second_choice = np.full(scene.shape, SKY, dtype=np.uint8)
    sky = scene.area(1)
    _applied(scene, edits.delete(scene, [3], policy, second_choice))
    _applied(scene, shape_edits.shrink(scene, 5, 1, policy, second_choice))
    stroke = Stroke(scene, None, policy, second_choice=second_choice)
    stroke.dab((4, 12), 3)
    assert stroke.finish() is not None
    assert scene.area(1) == sky
    assert not (scene.ids[2:6, 2:6] == 3).any()


def test_no_longer_a_crowd_does_not_join_locked_stuff() -> None:
    ids = np.ones((8, 8), dtype=np.int32)
    ids[2:6, 2:6] = 2
    scene = PanopticMap(ids, {1: Segment(SKY, locked=True), 2: Segment(SKY, is_crowd=True)})
    with pytest.raises(EditError, match="'sky' is locked"):
        edits.set_crowd(scene, [2], False, EditingPolicy(TAXONOMY))


def _with_last_id() -> PanopticMap:
    ids = np.zeros((8, 8), dtype=np.int32)
    ids[2:6, 2:6] = MAX_ID
    ids[0] = 1
    return PanopticMap(ids, {MAX_ID: Segment(CAR), 1: Segment(ROAD)})


def test_after_the_last_id_free_ones_are_given_out() -> None:
    policy = EditingPolicy(TAXONOMY)
    scene = _with_last_id()
    _applied(scene, edits.paint(scene, np.ones((1, 8), dtype=bool), Box(7, 0, 8, 8), Segment(PERSON), policy))
    stroke = Stroke(scene, Segment(CAR), policy)
    stroke.dab((4, 4), 1)
    assert stroke.finish() is not None
    _applied(scene, shape_edits.split_by_line(scene, 3, [(0, 4), (7, 4)], policy))
    assert set(scene.segments) == {1, 2, 3, 4, MAX_ID}
    other = PanopticMap(np.full((8, 8), 1, dtype=np.int32), {1: Segment(SKY)})
    assert set(_applied(scene, replace_content(scene, other, "replace")).segments) == {5}


def test_an_image_without_a_free_id_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panoptic_map, "MAX_ID", 2)
    scene = PanopticMap(np.array([[0, 1, 2]], dtype=np.int32), {1: Segment(CAR), 2: Segment(CAR)})
    with pytest.raises(EditError, match="2 segments already"):
        edits.paint(scene, np.ones((1, 1), dtype=bool), Box(0, 0, 1, 1), Segment(CAR), EditingPolicy(TAXONOMY))
    with pytest.raises(EditError, match="2 segments already"):
        Stroke(scene, Segment(CAR), EditingPolicy(TAXONOMY))


def test_a_segment_that_is_no_crowd_stays_as_it_is_said_to_be_none() -> None:
    """Also where a region cuts through it: then not even what is said of the part outside may change."""
    ids = np.ones((4, 8), dtype=np.int32)
    scene = PanopticMap(ids, {1: Segment(CAR, score=0.5, origin=Origin.MODEL)})
    for policy in (EditingPolicy(TAXONOMY), EditingPolicy(TAXONOMY, region=Box(0, 0, 4, 4))):
        assert edits.set_crowd(scene, [1], False, policy).is_empty


def test_relabelled_things_do_not_join_locked_stuff() -> None:
    ids = np.ones((4, 8), dtype=np.int32)
    ids[:, 4:] = 2
    scene = PanopticMap(ids, {1: Segment(SKY, locked=True), 2: Segment(CAR)})
    with pytest.raises(EditError, match="unlock it before others join it"):
        edits.relabel(scene, [2], SKY, EditingPolicy(TAXONOMY))
    assert not edits.relabel(scene, [2], ROAD, EditingPolicy(TAXONOMY)).is_empty
