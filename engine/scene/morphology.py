"""What can be done with a mask alone: components, holes, growing, cutting, smoothing. opencv underneath."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask

_TILE_PX = 512  # that smoothing works on at a time

MOST_RADIUS_PX = 1000


def component_at(mask: Mask, seed_yx: tuple[int, int], *, diagonal: bool = False) -> Mask:
    """Returns the connected set pixels around one of them; empty if the seed is not set.

    Args:
        mask: [h, w] bool.
        seed_yx: Row and column in the mask.
        diagonal: Whether pixels that only share a corner are connected.
    """
    if not mask[seed_yx]:
        return np.zeros_like(mask)
    # floodFill writes 2 into a mask of its own, one pixel wider on each side, and leaves the image alone.
    filled = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), dtype=np.uint8)
    flags = (8 if diagonal else 4) | (2 << 8) | cv2.FLOODFILL_MASK_ONLY
    cv2.floodFill(_uint8(mask), filled, (seed_yx[1], seed_yx[0]), 0, flags=flags)
    return np.asarray(filled[1:-1, 1:-1] == 2, dtype=np.bool_)


def similar_at(image: NDArray[np.uint8], seed_yx: tuple[int, int], tolerance: int) -> Mask:
    """Returns the connected pixels whose colour differs from the seed's by at most `tolerance` in every channel.

    Args:
        image: [h, w, 3] uint8.
        seed_yx: Row and column in the image.
        tolerance: 0 to 255.
    """
    filled = np.zeros((image.shape[0] + 2, image.shape[1] + 2), dtype=np.uint8)
    flags = 4 | (2 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    difference = (tolerance,) * 3
    cv2.floodFill(np.ascontiguousarray(image), filled, (seed_yx[1], seed_yx[0]), 0, difference, difference, flags)
    return np.asarray(filled[1:-1, 1:-1] == 2, dtype=np.bool_)


def components(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Numbers the connected parts of a mask (corners connect), the largest first.

    Returns:
        The number of each pixel's part, 0 where the mask is not set, [h, w] int32; and the pixels of each part,
        descending, `[0]` being part 1. Parts of one size are in the order of their first pixel.
    """
    num, labels, stats, _ = cv2.connectedComponentsWithStats(_uint8(mask), connectivity=8, ltype=cv2.CV_32S)
    areas = stats[1:, cv2.CC_STAT_AREA].astype(np.int64)
    order = np.argsort(-areas, kind="stable")
    rank = np.zeros(num, dtype=np.int32)
    rank[order + 1] = np.arange(1, num, dtype=np.int32)
    numbered: NDArray[np.int32] = np.take(rank, np.asarray(labels, dtype=np.int32))
    return numbered, areas[order]


def holes(mask: Mask) -> Mask:
    """Returns the unset pixels that the mask encloses: no way leads from them to the border without a set pixel."""
    outside = np.pad(_uint8(np.logical_not(mask)), 1, constant_values=1)
    cv2.floodFill(outside, None, (0, 0), 0, flags=4)
    return outside[1:-1, 1:-1].astype(np.bool_)


def grown(mask: Mask, radius_px: float) -> Mask:
    """Returns the pixels at most `radius_px` from a set one, inside the same crop."""
    if not mask.any():
        return mask
    distance = cv2.distanceTransform(_uint8(np.logical_not(mask)), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= radius_px, dtype=np.bool_)


def shrunk(mask: Mask, radius_px: float) -> Mask:
    """Returns the set pixels more than `radius_px` from an unset one; beyond the crop nothing is unset."""
    return np.logical_not(grown(np.logical_not(mask), radius_px))


def cut_by_line(mask: Mask, points_yx: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
    """Numbers the parts into which a drawn line cuts a mask, the largest first.

    Args:
        mask: [h, w] bool.
        points_yx: Corners of the line, in the mask's pixels.

    Returns:
        The part of each pixel, 0 where the mask is not set. Pixels under the line go to the nearest part; parts that
        the line does not touch count with the largest one they were apart from before. [h, w] int32.
    """
    line = np.zeros(mask.shape, dtype=np.uint8)
    corners = np.rint(np.asarray(points_yx, dtype=np.float64)[:, ::-1]).astype(np.int32)
    # Its pixels share sides, so parts that connect by corners cannot leak through where it runs diagonally.
    cv2.polylines(line, [corners.reshape(-1, 1, 2)], False, 1, thickness=1, lineType=cv2.LINE_4)
    under = line.view(np.bool_) & mask
    before, _ = components(mask)
    after, areas = components(mask & ~under)
    if not under.any() or not len(areas):
        return mask.astype(np.int32)
    # Only components that the line crosses are cut; all others stay with the first part.
    crossed = np.unique(before[under])
    present, first_pixels = np.unique(after, return_index=True)
    parts_of: dict[int, list[int]] = {}
    for part, component in zip(present.tolist(), before.reshape(-1)[first_pixels].tolist(), strict=True):
        if part:
            parts_of.setdefault(component, []).append(part)
    table = np.ones(len(areas) + 1, dtype=np.int32)
    table[0] = 0
    number = 2
    for component in crossed.tolist():
        for part in parts_of.get(component, [])[1:]:
            table[part] = number
            number += 1
    parts: NDArray[np.int32] = np.take(table, after)
    return nearest_label(parts, mask)


def check_radius(radius_px: float) -> None:
    """Raises EditError unless a radius is a number of pixels that borders can move by."""
    if not 0 < radius_px <= MOST_RADIUS_PX:
        raise EditError(
            f"a radius of {radius_px:g} pixels moves no border; choose more than 0, at most {MOST_RADIUS_PX}"
        )


def smoothed(ids: NDArray[np.int32], radius_px: float, concerned: Collection[int] | None = None) -> NDArray[np.int32]:
    """Smooths all borders of an id image together: each pixel goes to the id that is heaviest around it.

    The result is again one id per pixel, so nothing gapes or overlaps. Ties go to the pixel's own id, then to the
    lower one.

    Args:
        ids: [h, w] int32.
        radius_px: Standard deviation of the Gaussian weight.
        concerned: If given, only what lies near one of these ids is looked at; the rest is left as it is.
    """
    result = ids.copy()
    shape = (ids.shape[0], ids.shape[1])
    reach = math.ceil(4 * radius_px) + 1  # opencv's kernel ends there
    wanted = None if concerned is None else np.array(sorted(concerned), dtype=np.int32)
    # Tile by tile: a segment spread over the whole image is nowhere near most of the others.
    for y in range(0, shape[0], _TILE_PX):
        for x in range(0, shape[1], _TILE_PX):
            core = Box(y, x, y + _TILE_PX, x + _TILE_PX).clipped(shape)
            around = core.grown(reach, shape)
            crop = ids[around.slices]
            present = [int(crop[0, 0])] if (crop == crop[0, 0]).all() else np.unique(crop).tolist()
            if len(present) > 1 and (wanted is None or np.isin(wanted, present).any()):
                result[core.slices] = _heaviest(crop, present, radius_px)[core.moved(-around.y0, -around.x0).slices]
    return result


def _heaviest(ids: NDArray[np.int32], present: list[int], radius_px: float) -> NDArray[np.int32]:
    """Returns for each pixel of a crop which of the ids `present` is the heaviest around it."""
    best = np.zeros(ids.shape, dtype=np.float32)
    result = ids.copy()
    for segment_id in present:
        own = ids == segment_id
        weight = cv2.GaussianBlur(own.astype(np.float32), (0, 0), radius_px, borderType=cv2.BORDER_REPLICATE)
        weight[own] += 1e-4
        np.copyto(result, np.int32(segment_id), where=weight > best)
        np.maximum(best, weight, out=best)
    return result


def nearest_label(labels: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Gives the unlabelled pixels of a mask the label of the nearest labelled one."""
    known = labels > 0
    _, found = cv2.distanceTransformWithLabels(
        _uint8(np.logical_not(known)), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    indices = np.asarray(found, dtype=np.int32)
    table = np.zeros(int(indices.max()) + 1, dtype=np.int32)
    table[indices[known]] = labels[known]
    result: NDArray[np.int32] = np.where(mask, np.take(table, indices), np.int32(0))
    return result


def _uint8(mask: Mask) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask).view(np.uint8)
