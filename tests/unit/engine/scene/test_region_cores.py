"""The cores of tools: picking, outlines, wand, superpixels, copies, previews, regions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.scene import edits, picking, transfer
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, polygon_mask
from seamseg_studio.engine.scene.outline_draft import OutlineDraft, distance_to_side
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.preview import changed_pixels
from seamseg_studio.engine.scene.region_edits import RegionMode, apply_region
from seamseg_studio.engine.scene.superpixel_grid import MAX_TILES, SuperpixelGrid
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy
from seamseg_studio.engine.scene.wand import like_colored

TAXONOMY = Taxonomy(
    "t",
    (
        Category("road", Kind.STUFF, (1, 0, 0)),
        Category("sky", Kind.STUFF, (2, 0, 0)),
        Category("car", Kind.THING, (3, 0, 0)),
    ),
)
POLICY = EditingPolicy(TAXONOMY)
ROAD, SKY, CAR = 1, 2, 3


def scene() -> PanopticMap:
    ids = np.full((40, 60), SKY, np.int32)
    ids[20:] = ROAD
    ids[15:25, 10:30] = CAR
    return PanopticMap(ids, {ROAD: Segment(0), SKY: Segment(1), CAR: Segment(2)})


points = st.tuples(st.floats(-10, 50), st.floats(-10, 70))


@given(st.lists(points, max_size=8), points, st.floats(0.1, 20))
def test_the_nearest_corner_is_found_within_reach(corners: list[tuple[float, float]], at: tuple, reach: float) -> None:
    found = OutlineDraft(tuple(corners)).corner_near(at, reach)
    distances = [math.dist(at, corner) for corner in corners]
    if found is None:
        assert all(distance > reach for distance in distances)
    else:
        assert distances[found] == min(distances) <= reach


@given(st.lists(points, min_size=2, max_size=6), points)
def test_a_corner_on_a_side_goes_between_its_ends(corners: list[tuple[float, float]], at: tuple) -> None:
    draft = OutlineDraft(tuple(corners))
    place = draft.side_near(at, 5.0)
    if place is None:
        return
    start, end = corners[place - 1], corners[place % len(corners)]
    assert distance_to_side(at, start, end) <= 5
    assert distance_to_side(at, start, end) <= math.dist(at, start) + 1e-9
    longer = draft.with_corner(at, place)
    assert longer.points_yx[place] == at
    assert longer.without(place) == draft
    assert draft.moved(0, at).points_yx[1:] == draft.points_yx[1:]


def test_an_empty_draft_stays_empty() -> None:
    assert len(OutlineDraft().without()) == 0
    assert OutlineDraft().side_near((0, 0), 5) is None


@settings(max_examples=40)
@given(st.lists(points, min_size=3, max_size=5))
def test_a_lasso_means_what_it_holds_most_of(corners: list[tuple[float, float]]) -> None:
    panoptic_map = scene()
    mask, box = polygon_mask(corners, panoptic_map.shape)
    held = np.zeros(panoptic_map.shape, bool)
    if not box.is_empty:
        held[box.slices] = mask
    expected = {i for i in panoptic_map.segments if (held & (panoptic_map.ids == i)).sum() * 2 > panoptic_map.area(i)}
    assert picking.segments_inside(panoptic_map, corners) == expected


def test_a_large_lasso_looks_at_samples_and_still_finds_small_segments() -> None:
    ids = np.ones((1500, 1600), np.int32)
    ids[700:703, 800:803] = 2
    panoptic_map = PanopticMap(ids, {1: Segment(0), 2: Segment(2)})
    around = [(-5, -5), (-5, 1700), (1600, 1700), (1600, -5)]
    assert picking.segments_inside(panoptic_map, around) == {1, 2}
    assert picking.segments_inside(panoptic_map, [(0, 0), (0, 700), (1500, 700), (1500, 0)]) == frozenset()


def test_clicks_in_one_place_go_round() -> None:
    assert [picking.next_under((5, 6, 7), chosen) for chosen in ({5}, {6}, {7}, {9}, set(), {5, 6})] == [
        6,
        7,
        5,
        5,
        5,
        5,
    ]
    assert picking.next_under((), {1}) == 0


def test_what_may_be_meant_begins_with_the_pixels_own() -> None:
    panoptic_map = scene()
    assert picking.segments_under(panoptic_map, (22, 15)) == (CAR, ROAD)
    assert picking.segments_under(panoptic_map, (-1, 15)) == ()
    assert picking.segments_under(panoptic_map, (2, 2)) == (SKY,)


def test_a_line_means_what_it_mostly_runs_over() -> None:
    panoptic_map = scene()
    assert picking.segment_along(panoptic_map, [(20, 0), (20, 35)]) == CAR
    assert picking.segment_along(panoptic_map, [(20, 0), (20, 59)]) == ROAD
    assert picking.segment_along(panoptic_map, [(20, 0), (20, 59)], {CAR}) == CAR
    assert picking.segment_along(panoptic_map, [(-20, 0), (-5, 59)]) == 0
    steps = picking.ids_along(panoptic_map, [(0, 0), (39, 0)])
    assert len(steps) == 40


@given(st.integers(0, 39), st.integers(0, 59), st.integers(0, 60), st.integers(1, 50))
def test_the_wand_is_connected_alike_and_in_reach(y: int, x: int, tolerance: int, reach: int) -> None:
    rng = np.random.default_rng(3)
    image = np.repeat(np.repeat(rng.integers(0, 120, (8, 12, 3), np.uint8), 5, 0), 5, 1)
    region = Box(4, 4, 36, 50)
    mask, box = like_colored(image, (y, x), tolerance, reach, region)
    if not region.contains(Box(y, x, y + 1, x + 1)):
        assert box.is_empty
        return
    assert mask[y - box.y0, x - box.x0]
    assert region.contains(box)
    assert Box(y, x, y + 1, x + 1).grown(reach, (40, 60)).contains(box)
    difference = np.abs(image[box.slices].astype(int) - image[y, x]).max(axis=2)
    assert difference[mask].max() <= tolerance
    wider, wider_box = like_colored(image, (y, x), tolerance + 20, reach, region)
    assert wider_box.contains(box)
    assert wider.sum() >= mask.sum()


@pytest.mark.parametrize("size", [5, 16, 50])
def test_superpixels_are_a_partition_whatever_the_order(size: int) -> None:
    rng = np.random.default_rng(size)
    image = np.repeat(np.repeat(rng.integers(0, 255, (50, 60, 3), np.uint8), 16, 0), 16, 1)
    grids = [SuperpixelGrid(image, size) for _ in range(2)]
    tiles = sorted({grids[0].tile_of((y, x)) for y in (0, 400, 799) for x in (0, 400, 800, 959)})
    for grid, order in zip(grids, (tiles, tiles[::-1]), strict=True):
        for tile in order:
            grid.put(tile, grid.compute(tile))
    seen = np.zeros(image.shape[:2], int)
    numbers = {grids[0].piece_at((y, x)) for y in range(0, 800, 3) for x in range(0, 960, 3)}
    for number in numbers:
        mask, box = grids[0].piece(number)
        assert np.array_equal(mask, grids[1].piece(number)[0])
        seen[box.slices] += mask
    assert seen.max() == 1
    assert 0 not in numbers


def test_pieces_go_on_across_the_borders_of_tiles() -> None:
    image = np.full((500, 900, 3), 90, np.uint8)
    grid = SuperpixelGrid(image, 40)
    border = next(x for x in range(899) if grid.tile_of((250, x)) != grid.tile_of((250, x + 1)))
    assert grid.piece_at((250, border)) == 0  # nothing is worked out unasked
    missing = grid.missing_around((250, border))
    assert missing[0] == grid.tile_of((250, border))
    assert len(missing) >= 2
    for tile in missing:
        grid.put(tile, grid.compute(tile))
    crossing = [
        number
        for number in {grid.piece_at((y, border)) for y in range(100, 400)}
        if grid.piece(number)[1].x0 <= border < border + 1 < grid.piece(number)[1].x1
    ]
    assert crossing


def test_only_so_many_tiles_are_kept() -> None:
    grid = SuperpixelGrid(np.zeros((10, 10, 3), np.uint8), 4)
    for column in range(MAX_TILES + 5):
        grid.put((0, column), np.ones((1, 1), np.int32))
    assert (0, 0) not in grid
    assert (0, MAX_TILES + 4) in grid


def test_copies_are_pasted_where_they_lay() -> None:
    source, target = scene(), scene()
    copies = transfer.copied(source, [CAR, CAR, 99, SKY])
    assert [copy.record.category for copy in copies] == [2, 1]
    edits.delete(target, [CAR], POLICY).apply(target)
    new = target.next_id()
    transfer.paste(target, copies[:1], POLICY).apply(target)
    assert np.array_equal(target.ids == new, source.ids == CAR)
    target.check(TAXONOMY)
    transfer.paste(target, copies, POLICY).apply(target)  # stuff joins its segment
    assert target.ids_of_category(1) == [SKY]
    target.check(TAXONOMY)


def test_copies_fit_smaller_images_as_far_as_they_go_and_obey_locks() -> None:
    copies = transfer.copied(scene(), [CAR])
    small = PanopticMap(np.full((18, 20), SKY, np.int32), {SKY: Segment(1)})
    transfer.paste(small, copies, POLICY).apply(small)
    assert small.area(SKY + 1) == 3 * 10
    locked = PanopticMap(np.full((40, 60), SKY, np.int32), {SKY: Segment(1, locked=True)})
    assert transfer.paste(locked, copies, POLICY).is_empty
    with pytest.raises(EditError, match="locked"):
        transfer.paste(locked, transfer.copied(scene(), [SKY]), POLICY)
    with pytest.raises(EditError, match="nothing to paste"):
        transfer.paste(PanopticMap.empty(5, 5), copies, POLICY)
    with pytest.raises(EditError, match="not in the taxonomy"):
        transfer.paste(scene(), copies, EditingPolicy(Taxonomy("one", TAXONOMY.categories[:1])))


def test_a_preview_is_what_the_patch_does() -> None:
    panoptic_map = scene()
    patch = edits.delete(panoptic_map, [CAR], POLICY)
    before = panoptic_map.ids.copy()
    mask, box = changed_pixels(patch)
    patch.apply(panoptic_map)
    shown = np.zeros(before.shape, bool)
    shown[box.slices] = mask
    assert np.array_equal(shown, panoptic_map.ids != before)
    nothing, empty = changed_pixels(edits.relabel(panoptic_map, [ROAD], 0, POLICY))
    assert empty.is_empty
    assert not nothing.any()


def test_a_region_without_a_target_takes_away_from_all() -> None:
    panoptic_map = scene()
    mask = np.ones((10, 10), bool)
    patch = apply_region(panoptic_map, mask, Box(15, 25, 25, 35), None, POLICY, RegionMode.SUBTRACT)
    patch.apply(panoptic_map)
    assert panoptic_map.bbox(CAR) == Box(15, 10, 25, 25)
    panoptic_map.check(TAXONOMY)
    with pytest.raises(EditError, match="select the segment"):
        apply_region(panoptic_map, mask, Box(0, 0, 10, 10), None, POLICY, RegionMode.REPLACE)
    with pytest.raises(EditError, match="no pixel"):
        apply_region(panoptic_map, ~mask, Box(0, 0, 10, 10), CAR, POLICY)
