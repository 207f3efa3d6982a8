"""Edits of shapes: polygons, fills, holes, splitting, growing, smoothing. Pure functions that return the patch.

As in `edits`: the map is not changed, every edit asks the policy, an edit that changes nothing gives an empty patch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene import guides, morphology, picking
from seamseg_studio.engine.scene.draft import Draft
from seamseg_studio.engine.scene.edits import changeable, changeable_whole, paint, pixels_of
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask, polygon_mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.region_edits import RegionMode, apply_region

Points = Sequence[tuple[float, float]]
"""Corners in image pixels, (y, x)."""


PolygonMode = RegionMode
"""What a closed polygon does to the segment that it is drawn for."""


def polygon(
    panoptic_map: PanopticMap,
    points_yx: Points,
    target: int | Segment,
    policy: EditingPolicy,
    mode: PolygonMode = PolygonMode.ADD,
    holes: Iterable[Points] = (),
    second_choice: NDArray[np.uint8] | None = None,
    label: str = "polygon",
) -> Patch:
    """Adds a polygon to a segment, takes it away from it, or makes it the segment's whole shape.

    Args:
        panoptic_map: Not changed.
        points_yx: Corners, inside the image or not; self-crossings follow the even-odd rule.
        target: A segment there is, or (only `ADD`) the record of a new one.
        policy: Decides which pixels may change and what the pixels taken away become.
        mode: See above.
        holes: Polygons inside that are left out.
        second_choice: The model's runner-up category per pixel. [H, W] uint8.
        label: For the history list.

    Raises:
        EditError: The target does not exist, is locked or protected, or there is nothing left of a polygon.
    """
    mask, box = polygon_mask(points_yx, panoptic_map.shape, holes)
    if box.is_empty:
        raise EditError("the polygon covers no pixel of the image; draw at least three corners on it")
    return apply_region(panoptic_map, mask, box, target, policy, mode, second_choice, label)


def flood_fill(
    panoptic_map: PanopticMap,
    seed_yx: tuple[int, int],
    target: int | Segment,
    policy: EditingPolicy,
    label: str = "fill",
) -> Patch:
    """Gives the connected pixels that have the seed's id to a segment.

    Raises:
        EditError: The target does not exist or is locked.
        ValueError: The seed lies outside the image.
    """
    _check_seed(panoptic_map, seed_yx)
    mask, box = picking.part_at(panoptic_map, seed_yx)
    return paint(panoptic_map, mask, box, target, policy, label)


def flood_fill_color(
    panoptic_map: PanopticMap,
    image: NDArray[np.uint8],
    seed_yx: tuple[int, int],
    tolerance: int,
    target: int | Segment,
    policy: EditingPolicy,
    label: str = "fill by colour",
) -> Patch:
    """Gives the connected pixels that look like the seed to a segment.

    Args:
        panoptic_map: Not changed.
        image: The picture. [H, W, 3] uint8.
        seed_yx: Where it begins.
        tolerance: The largest difference from the seed's colour in a channel, 0 to 255.
        target: A segment there is, or the record of a new one.
        policy: Decides which pixels may change.
        label: For the history list.

    Raises:
        EditError: The target does not exist or is locked.
        ValueError: The seed lies outside the image, or the picture has another size.
    """
    _check_seed(panoptic_map, seed_yx)
    if image.shape[:2] != panoptic_map.shape:
        raise ValueError(f"the picture is {image.shape[:2]}, the map {panoptic_map.shape}")
    mask = morphology.similar_at(image, seed_yx, tolerance)
    return paint(panoptic_map, mask, panoptic_map.box, target, policy, label)


def fill_holes(
    panoptic_map: PanopticMap, ids: Collection[int], policy: EditingPolicy, label: str = "fill holes"
) -> Patch:
    """Gives each segment the pixels that it encloses, as far as the policy allows.

    Raises:
        EditError: A segment does not exist, is locked or protected.
    """
    chosen = changeable(panoptic_map, ids, policy)
    _, box = pixels_of(panoptic_map, chosen)
    draft = Draft(panoptic_map, box, policy)
    # Inner segments last: what they enclose is theirs, not that of the one around.
    for segment_id in sorted(chosen, key=lambda i: -panoptic_map.bbox(i).area):
        own, inner = panoptic_map.mask(segment_id)
        enclosed = np.zeros(box.shape, dtype=np.bool_)
        enclosed[inner.moved(-box.y0, -box.x0).slices] = morphology.holes(own)
        draft.put(policy.allows(panoptic_map, box, enclosed), segment_id)
    return draft.to_patch(label)


def split_components(
    panoptic_map: PanopticMap,
    ids: Collection[int],
    policy: EditingPolicy,
    min_area: int = 1,
    label: str = "split into parts",
) -> Patch:
    """Makes each unconnected part of a segment one of its own; the largest keeps the id.

    Args:
        panoptic_map: Not changed.
        ids: The segments to split.
        policy: Decides what may be changed.
        min_area: Parts of fewer pixels stay with the largest one.
        label: For the history list.

    Raises:
        EditError: A segment does not exist, is locked, protected, or stuff that must stay one segment.
    """
    chosen = divisible(panoptic_map, ids, policy)
    _, box = pixels_of(panoptic_map, chosen)
    draft = Draft(panoptic_map, box, policy)
    for segment_id in chosen:
        mask, inner = panoptic_map.mask(segment_id)
        numbered, areas = morphology.components(mask)
        numbered[numbered > int((areas >= min_area).sum())] = 1
        put_parts(draft, segment_id, numbered, inner)
    return draft.to_patch(label)


def split_by_line(
    panoptic_map: PanopticMap, segment_id: int, points_yx: Points, policy: EditingPolicy, label: str = "split by line"
) -> Patch:
    """Cuts a segment along a drawn line; the largest part keeps the id.

    Raises:
        EditError: The segment does not exist, is locked, protected or stuff, or the line does not cut it through.
    """
    divisible(panoptic_map, [segment_id], policy)
    if len(points_yx) < 2:
        raise EditError("draw a line right across the segment to split it")
    mask, box = panoptic_map.mask(segment_id)
    parts = morphology.cut_by_line(mask, [(y - box.y0, x - box.x0) for y, x in points_yx])
    if parts.max(initial=0) < 2:
        raise EditError("the line does not cut the segment in two; draw it right across")
    draft = Draft(panoptic_map, box, policy)
    put_parts(draft, segment_id, parts, box)
    return draft.to_patch(label)


def split_by_seeds(
    panoptic_map: PanopticMap,
    segment_id: int,
    seeds_yx: Sequence[Points],
    image: NDArray[np.uint8],
    policy: EditingPolicy,
    label: str = "split by seeds",
) -> Patch:
    """Divides a segment among scribbles along the edges of a picture (watershed); the first one keeps the id.

    Args:
        panoptic_map: Not changed.
        segment_id: The segment to divide.
        seeds_yx: One line of points per part, at least two.
        image: The picture, or an image of scores. [H, W, 3] uint8.
        policy: Decides what may be changed.
        label: For the history list.

    Raises:
        EditError: The segment does not exist, is locked, protected or stuff, or fewer than two scribbles lie on it.
    """
    divisible(panoptic_map, [segment_id], policy)
    mask, box = panoptic_map.mask(segment_id)
    seeds = [[(y - box.y0, x - box.x0) for y, x in points] for points in seeds_yx if points]
    parts = guides.parts_by_watershed(mask, image[box.slices], seeds)
    present = np.unique(parts[mask])
    if len(present) < 2 or present[0] == 0:
        raise EditError("scribble on at least two parts of the segment to split it")
    draft = Draft(panoptic_map, box, policy)
    numbers = np.zeros(int(present[-1]) + 1, dtype=np.int32)
    numbers[present] = np.arange(1, len(present) + 1)
    put_parts(draft, segment_id, np.where(mask, numbers[parts], 0).astype(np.int32), box)
    return draft.to_patch(label)


def snap_to_superpixels(
    panoptic_map: PanopticMap,
    segment_id: int,
    image: NDArray[np.uint8],
    size_px: int,
    policy: EditingPolicy,
    second_choice: NDArray[np.uint8] | None = None,
    label: str = "snap to edges",
) -> Patch:
    """Moves the border of a segment to the nearest edges of the picture: it gets the superpixels it mostly covers.

    Args:
        panoptic_map: Not changed.
        segment_id: The segment.
        image: The picture. [H, W, 3] uint8.
        size_px: About how large the superpixels are; also the farthest that the border moves.
        policy: Decides which pixels may change and what the pixels taken away become.
        second_choice: The model's runner-up category per pixel. [H, W] uint8.
        label: For the history list.

    Raises:
        EditError: The segment does not exist, is locked or protected.
    """
    changeable(panoptic_map, [segment_id], policy)
    box = panoptic_map.bbox(segment_id).grown(size_px, panoptic_map.shape)
    draft = Draft(panoptic_map, box, policy)
    own = draft.ids == segment_id
    chosen = guides.snapped(own, guides.superpixels(image[box.slices], size_px))
    # Inside the segment, farther than a superpixel from its border, nothing has to be looked at.
    chosen |= morphology.shrunk(own, size_px)
    draft.clear(policy.allows(panoptic_map, box, own & ~chosen), second_choice, leaving={segment_id})
    draft.put(policy.allows(panoptic_map, box, chosen & ~own), segment_id)
    return draft.to_patch(label)


def to_instances(
    panoptic_map: PanopticMap,
    ids: Collection[int],
    category: int,
    policy: EditingPolicy,
    label: str = "convert to instances",
) -> Patch:
    """Makes things of segments: each unconnected part becomes an instance of `category`.

    Raises:
        EditError: A segment or the category may not change, or the category is no thing.
    """
    if not policy.taxonomy.is_thing(category):
        raise EditError(f"category {category} is no thing; choose a countable one")
    policy.check_category(category)
    chosen = changeable_whole(panoptic_map, ids, policy)
    _, box = pixels_of(panoptic_map, chosen)
    draft = Draft(panoptic_map, box, policy)
    for segment_id in chosen:
        record = replace(
            panoptic_map.segments[segment_id], category=category, is_crowd=False, score=None, origin=Origin.HUMAN
        )
        mask, inner = panoptic_map.mask(segment_id)
        if policy.is_cut(panoptic_map, segment_id):
            # What the region leaves out stays what it is, so no part inside keeps the id.
            numbered = morphology.components(policy.inside(inner, mask))[0]
            put_parts(draft, segment_id, np.where(numbered > 0, numbered + 1, 0).astype(np.int32), inner, record)
        else:
            draft.change(segment_id, record)
            put_parts(draft, segment_id, morphology.components(mask)[0], inner)
    return draft.to_patch(label)


def grow(
    panoptic_map: PanopticMap, segment_id: int, radius_px: float, policy: EditingPolicy, label: str = "grow"
) -> Patch:
    """Adds the pixels around a segment, as far as the policy allows.

    Raises:
        EditError: The segment does not exist, is locked or protected.
    """
    morphology.check_radius(radius_px)
    changeable(panoptic_map, [segment_id], policy)
    box = panoptic_map.bbox(segment_id).grown(int(np.ceil(radius_px)), panoptic_map.shape)
    draft = Draft(panoptic_map, box, policy)
    own = draft.ids == segment_id
    draft.put(policy.allows(panoptic_map, box, morphology.grown(own, radius_px) & ~own), segment_id)
    return draft.to_patch(label)


def shrink(
    panoptic_map: PanopticMap,
    segment_id: int,
    radius_px: float,
    policy: EditingPolicy,
    second_choice: NDArray[np.uint8] | None = None,
    label: str = "shrink",
) -> Patch:
    """Takes the rim away from a segment and fills it as the policy says; the image border has no rim.

    Raises:
        EditError: The segment does not exist, is locked or protected.
    """
    morphology.check_radius(radius_px)
    changeable(panoptic_map, [segment_id], policy)
    box = panoptic_map.bbox(segment_id).grown(1, panoptic_map.shape)
    draft = Draft(panoptic_map, box, policy)
    own = draft.ids == segment_id
    rim = policy.allows(panoptic_map, box, own & ~morphology.shrunk(own, radius_px))
    draft.clear(rim, second_choice, leaving={segment_id})
    return draft.to_patch(label)


def smooth(
    panoptic_map: PanopticMap,
    ids: Collection[int],
    radius_px: float,
    policy: EditingPolicy,
    label: str = "smooth borders",
) -> Patch:
    """Smooths the borders of some segments together with those of their neighbours; no gap opens.

    Only pixels near these segments change, and only between ids that are there already.

    Raises:
        EditError: A segment does not exist, is locked or protected.
    """
    morphology.check_radius(radius_px)
    chosen = changeable(panoptic_map, ids, policy)
    _, box = pixels_of(panoptic_map, chosen)
    box = box.grown(int(np.ceil(4 * radius_px)) + 1, panoptic_map.shape)
    draft = Draft(panoptic_map, box, policy)
    smoothed = morphology.smoothed(draft.ids, radius_px, chosen)
    # A pixel changes only from or to one of the chosen segments, and never into one that may not gain any.
    concerned = np.isin(draft.ids, chosen) | np.isin(smoothed, chosen)
    closed = [i for i, segment in panoptic_map.segments.items() if policy.is_protected(segment)]
    changed = (smoothed != draft.ids) & concerned & ~np.isin(smoothed, closed)
    draft.put_ids(policy.allows(panoptic_map, box, changed), smoothed)
    return draft.to_patch(label)


def put_parts(
    draft: Draft, segment_id: int, numbered: NDArray[np.int32], box: Box, record: Segment | None = None
) -> None:
    """Makes new segments of the parts 2, 3, ... of a segment, as far as they lie inside the policy's region.

    Part 1 keeps the id, or, where the region cuts through, the part that has most outside; the others get the
    segment's record, or the one given.
    """
    inside = draft.policy.inside(box, numbered > 0)
    outside = numbered[(numbered > 0) & ~inside]
    if len(outside):
        kept = int(np.bincount(outside).argmax())
        swapped = np.arange(int(numbered.max()) + 1, dtype=np.int32)
        swapped[[1, kept]] = kept, 1
        numbered = np.take(swapped, numbered)
    num_parts = int(numbered.max(initial=0))
    if num_parts < 2:
        return
    new_ids = np.zeros(num_parts + 1, dtype=np.int32)
    record = replace(record or draft.segment(segment_id), score=None, origin=Origin.HUMAN)
    for part in range(2, num_parts + 1):
        new_ids[part] = draft.add(record)
    moved: Mask = np.zeros(draft.box.shape, dtype=np.bool_)
    ids = np.zeros(draft.box.shape, dtype=np.int32)
    place = box.moved(-draft.box.y0, -draft.box.x0).slices
    moved[place] = inside & (numbered > 1)
    ids[place] = new_ids[numbered]
    draft.put_ids(moved, ids)


def divisible(panoptic_map: PanopticMap, ids: Collection[int], policy: EditingPolicy) -> list[int]:
    """Returns segments that are to be split; raises `EditError` where they may not be."""
    chosen = changeable_whole(panoptic_map, ids, policy)
    for segment_id in chosen:
        segment = panoptic_map.segments[segment_id]
        if policy.merge_stuff and policy.taxonomy.is_stuff(segment.category) and not segment.is_crowd:
            name = policy.taxonomy[segment.category].name
            raise EditError(f"{name!r} is stuff and stays one segment; convert it to instances to split it")
    return chosen


def _check_seed(panoptic_map: PanopticMap, seed_yx: tuple[int, int]) -> None:
    if not panoptic_map.box.contains(Box(seed_yx[0], seed_yx[1], seed_yx[0] + 1, seed_yx[1] + 1)):
        raise ValueError(f"{seed_yx} lies outside an image of {panoptic_map.shape}")
