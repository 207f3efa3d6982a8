"""Splitting a segment where given scores have their valleys: a watershed by immersion."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.draft import Draft
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Mask
from seamseg_studio.engine.scene.morphology import nearest_label
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.shape_edits import divisible, put_parts

_NUM_LEVELS = 48
_DOUBT_BLUR, _MIN_DOUBT_BLUR_PX = 0.04, 1.5  # of the side of a square of its area; unsure specks divide nothing
_MAX_DOUBT_PARTS = 12  # smaller parts of a segment are taken for a detail of it


def split_by_scores(
    panoptic_map: PanopticMap,
    segment_id: int,
    scores: NDArray[np.float32],
    policy: EditingPolicy,
    min_area: int = 64,
    label: str = "split by scores",
) -> Patch:
    """Divides a segment along the valleys of scores: each peak becomes a part, the largest one keeps the id.

    Args:
        panoptic_map: Not changed.
        segment_id: The segment to divide.
        scores: High inside the parts, low between them: the distance to the border, or what a model says. [H, W].
        policy: Decides what may be changed.
        min_area: Peaks of fewer pixels at the level of the valley around them are no parts of their own.
        label: For the history list.

    Raises:
        EditError: The segment does not exist, is locked, protected or stuff, or the scores show a single peak.
        ValueError: The scores are not of the size of the map, or not all are finite.
    """
    if scores.shape != panoptic_map.shape:
        raise ValueError(f"the scores are {scores.shape}, the map {panoptic_map.shape}")
    divisible(panoptic_map, [segment_id], policy)
    mask, box = panoptic_map.mask(segment_id)
    inside = scores[box.slices]
    if not np.isfinite(inside[mask]).all():
        raise ValueError("the scores are not all finite")
    parts = immersed(mask, inside, min_area)
    sizes = np.bincount(parts[mask])[1:]
    if len(sizes) < 2:
        raise EditError("the scores show a single part in this segment; split it by a line instead")
    rank = np.zeros(len(sizes) + 1, dtype=np.int32)
    rank[np.argsort(-sizes, kind="stable") + 1] = np.arange(1, len(sizes) + 1, dtype=np.int32)
    draft = Draft(panoptic_map, box, policy)
    put_parts(draft, segment_id, np.take(rank, parts), box)
    return draft.to_patch(label)


def split_by_doubt(
    panoptic_map: PanopticMap,
    segment_id: int,
    uncertainty: NDArray[np.uint8],
    policy: EditingPolicy,
    label: str = "split by doubt",
) -> Patch:
    """Divides a segment where a model is unsure: between things that it took for one it mostly is.

    Args:
        panoptic_map: Not changed.
        segment_id: The segment to divide.
        uncertainty: Of the model, 0 certain to 255. [H, W].
        policy: Decides what may be changed.
        label: For the history list.

    Raises:
        EditError: As `split_by_scores`.
        ValueError: The uncertainty is not of the size of the map.
    """
    if uncertainty.shape != panoptic_map.shape:
        raise ValueError(f"the uncertainty is {uncertainty.shape}, the map {panoptic_map.shape}")
    box, area = panoptic_map.bbox(segment_id), panoptic_map.area(segment_id)
    blur_px = max(math.sqrt(area) * _DOUBT_BLUR, _MIN_DOUBT_BLUR_PX)
    scores = np.zeros(uncertainty.shape, np.float32)
    scores[box.slices] = 255 - cv2.GaussianBlur(uncertainty[box.slices].astype(np.float32), (0, 0), blur_px)
    return split_by_scores(panoptic_map, segment_id, scores, policy, max(area // _MAX_DOUBT_PARTS, 64), label)


def immersed(mask: Mask, scores: NDArray[np.float32], min_area: int) -> NDArray[np.int32]:
    """Lowers the water from the highest score to the lowest: what rises apart is a part, what joins later stays apart.

    Vincent and Soille (PAMI 1991), on a fixed number of levels.

    Returns:
        The part of each pixel of the mask, from 1; 0 outside. [h, w] int32.
    """
    parts = np.zeros(mask.shape, dtype=np.int32)
    values = scores[mask]
    if not len(values):
        return parts
    number = 0
    for level in np.linspace(float(values.max()), float(values.min()), _NUM_LEVELS):
        dry = mask & (scores >= level)
        num, found = cv2.connectedComponents(dry.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
        islands = np.asarray(found, dtype=np.int32)
        is_known = np.zeros(num, dtype=np.bool_)
        is_known[islands[parts > 0]] = True
        areas = np.bincount(islands.reshape(-1), minlength=num)
        new = np.flatnonzero(~is_known[1:] & (areas[1:] >= min_area)) + 1
        table = np.zeros(num, dtype=np.int32)
        table[new] = np.arange(number + 1, number + 1 + len(new), dtype=np.int32)
        number += len(new)
        parts = np.where(parts > 0, parts, np.take(table, islands)).astype(np.int32)
        is_known[new] = True
        is_known[0] = False
        if number:
            parts = nearest_label(parts, np.take(is_known, islands))
    if not number:
        return mask.astype(np.int32)
    return nearest_label(parts, mask)
