"""Which segments a click, a lasso or a line means."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene import morphology
from seamseg_studio.engine.scene.geometry import Box, Mask, polygon_mask
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID

_MAX_SAMPLES = 1 << 20  # pixels that a lasso looks at; a larger one looks at every second, third, ...
_MIN_SAMPLES = 16  # a segment with fewer of them is counted pixel by pixel


def segments_under(
    panoptic_map: PanopticMap, pixel_yx: tuple[int, int], prediction: PanopticResult | None = None
) -> tuple[int, ...]:
    """Returns the segments that a click at a pixel may mean, the likeliest first, void left out.

    First the segment that the pixel belongs to, then the one that the model proposed there and the one of its
    second choice, then those whose box holds the pixel, smaller boxes first.
    """
    height, width = panoptic_map.shape
    y, x = pixel_yx
    if not (0 <= y < height and 0 <= x < width):
        return ()
    found = [int(panoptic_map.ids[y, x])]
    if prediction is not None and prediction.shape == panoptic_map.shape:
        proposed = int(prediction.ids[y, x])
        record = panoptic_map.segments.get(proposed)
        # Ids of a prediction are kept by its map; one that now means something else does not count.
        if record is not None and record.category == int(prediction.categories[proposed]):
            found.append(proposed)
        if prediction.second_choice is not None:
            found += panoptic_map.ids_of_category(int(prediction.second_choice[y, x]))[:1]
    near = [i for i in panoptic_map.segments if _holds(panoptic_map.bound(i), y, x)]
    around = [(box.area, i) for i in near if _holds(box := panoptic_map.bbox(i), y, x)]
    found += [segment_id for _, segment_id in sorted(around)]
    return tuple(dict.fromkeys(i for i in found if i != VOID))


def next_under(stack: Sequence[int], selection: Collection[int]) -> int:
    """Returns what a click selects where the last click was: the one after the selected one, in a circle.

    Void if there is nothing, the first if none or several of `stack` are selected.
    """
    if not stack:
        return VOID
    chosen = [place for place, segment_id in enumerate(stack) if segment_id in selection]
    return stack[(chosen[0] + 1) % len(stack)] if len(chosen) == 1 and len(selection) == 1 else stack[0]


def segments_inside(panoptic_map: PanopticMap, points_yx: Sequence[tuple[float, float]]) -> frozenset[int]:
    """Returns the segments of which an outline holds more than half, void left out."""
    mask, box = polygon_mask(points_yx, panoptic_map.shape)
    if box.is_empty:
        return frozenset()
    step = max(1, int(np.ceil(np.sqrt(box.area / _MAX_SAMPLES))))
    sampled = panoptic_map.ids[box.slices][::step, ::step][mask[::step, ::step]]
    numbers = np.bincount(sampled)
    inside = set()
    for segment_id, area in panoptic_map.areas().items():
        if area < _MIN_SAMPLES * step * step:
            common = panoptic_map.bbox(segment_id).intersection(box)
            own = panoptic_map.ids[common.slices] == segment_id
            held = int(np.count_nonzero(own & mask[common.moved(-box.y0, -box.x0).slices]))
        else:
            held = int(numbers[segment_id]) * step * step if segment_id < len(numbers) else 0
        if held * 2 > area:
            inside.add(segment_id)
    return frozenset(inside)


def part_at(panoptic_map: PanopticMap, pixel_yx: tuple[int, int]) -> tuple[Mask, Box]:
    """Returns the connected pixels with the id of one of them, as a mask of the segment's box, and that box."""
    mask, box = panoptic_map.mask(int(panoptic_map.ids[pixel_yx]))
    return morphology.component_at(mask, (pixel_yx[0] - box.y0, pixel_yx[1] - box.x0)), box


def holes_of(panoptic_map: PanopticMap, segment_id: int) -> tuple[Mask, Box]:
    """Returns what a segment encloses, as a mask of the segment's box, and that box."""
    mask, box = panoptic_map.mask(segment_id)
    return morphology.holes(mask), box


def segment_along(
    panoptic_map: PanopticMap, points_yx: Sequence[tuple[float, float]], preferred: Collection[int] = ()
) -> int:
    """Returns the segment that a line mostly runs over, one of `preferred` if it touches any; void if there is none."""
    ids = ids_along(panoptic_map, points_yx)
    ids = ids[ids != VOID]
    wanted = ids[np.isin(ids, list(preferred))]
    ids = wanted if len(wanted) else ids
    return int(np.bincount(ids).argmax()) if len(ids) else VOID


def ids_along(panoptic_map: PanopticMap, points_yx: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
    """Returns the ids under a line at steps of at most one pixel, in its order. [N] int32."""
    corners = np.asarray(points_yx, dtype=np.float64).reshape(-1, 2)
    places = [corners[:1]]
    for start, end in itertools.pairwise(corners):
        num = max(1, int(np.ceil(np.abs(end - start).max())))
        places.append(start + (end - start) * (np.arange(1, num + 1) / num)[:, None])
    pixels = np.floor(np.concatenate(places) + 0.5).astype(np.int64)
    height, width = panoptic_map.shape
    seen = (pixels >= 0).all(axis=1) & (pixels[:, 0] < height) & (pixels[:, 1] < width)
    ids: NDArray[np.int32] = panoptic_map.ids[pixels[seen, 0], pixels[seen, 1]]
    return ids


def _holds(box: Box, y: int, x: int) -> bool:
    return box.y0 <= y < box.y1 and box.x0 <= x < box.x1
