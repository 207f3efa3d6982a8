"""Parts are where the scores have their peaks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.immersion import immersed, split_by_doubt, split_by_scores
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy

from .strategies import TAXONOMY

POLICY = EditingPolicy(TAXONOMY)
CAR = 3


def touching_disks() -> np.ndarray:
    """Two disks of different sizes that overlap a little. 60 x 110."""
    ids = np.zeros((60, 110), dtype=np.int32)
    rows, columns = np.ogrid[:60, :110]
    for x, radius in ((30, 22), (75, 26)):
        ids[(rows - 30) ** 2 + (columns - x) ** 2 <= radius**2] = 7
    return ids


def test_two_disks_are_cut_at_their_waist() -> None:
    panoptic_map = PanopticMap(touching_disks(), {7: Segment(CAR, score=0.5)})
    distance = cv2.distanceTransform((panoptic_map.ids == 7).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    before = panoptic_map.ids > 0
    patch = split_by_scores(panoptic_map, 7, distance, POLICY)
    patch.apply(panoptic_map)
    panoptic_map.check(TAXONOMY)
    assert len(panoptic_map.segments) == 2
    np.testing.assert_array_equal(panoptic_map.ids > 0, before)
    assert panoptic_map.ids[30, 75] == 7, "the larger one keeps the id"
    other = int(panoptic_map.ids[30, 30])
    columns = np.flatnonzero((panoptic_map.ids[20:40] == other).any(axis=0))
    assert 46 <= columns.max() <= 54


def test_doubt_between_two_things_splits_them() -> None:
    ids = np.zeros((40, 90), np.int32)
    ids[5:35, 5:85] = 7
    panoptic_map = PanopticMap(ids, {7: Segment(CAR)})
    uncertainty = np.zeros(ids.shape, np.uint8)
    uncertainty[:, 38:42] = 200
    patch = split_by_doubt(panoptic_map, 7, uncertainty, POLICY)
    patch.apply(panoptic_map)
    assert len(panoptic_map.segments) == 2
    border = np.flatnonzero(panoptic_map.ids[20, 6:85] != panoptic_map.ids[20, 5:84])
    assert len(border) == 1
    assert abs(int(border[0]) + 6 - 40) <= 3
    with pytest.raises(ValueError, match="the map"):
        split_by_doubt(panoptic_map, 7, uncertainty[:3], POLICY)


def test_one_peak_is_no_reason_to_split() -> None:
    ids = np.where(touching_disks()[:, :52] > 0, 7, 0).astype(np.int32)
    ids[:, 50:] = 0
    panoptic_map = PanopticMap(ids, {7: Segment(CAR)})
    distance = cv2.distanceTransform((ids == 7).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    with pytest.raises(EditError, match="single part"):
        split_by_scores(panoptic_map, 7, distance, POLICY)


def test_small_peaks_join_what_is_around_them() -> None:
    mask = np.ones((20, 20), dtype=bool)
    scores = np.zeros((20, 20), dtype=np.float32)
    scores[2:9, 2:9] = 5
    scores[15, 15] = 9
    assert immersed(mask, scores, 4).max() == 1
    assert immersed(mask, scores, 1).max() == 2


def test_scores_of_another_size_or_without_value_are_refused() -> None:
    panoptic_map = PanopticMap(touching_disks(), {7: Segment(CAR)})
    with pytest.raises(ValueError, match="the map"):
        split_by_scores(panoptic_map, 7, np.zeros((3, 3), np.float32), POLICY)
    with pytest.raises(ValueError, match="finite"):
        split_by_scores(panoptic_map, 7, np.full((60, 110), np.nan, np.float32), POLICY)
    stuff = PanopticMap(touching_disks(), {7: Segment(0)})
    with pytest.raises(EditError, match="stuff"):
        split_by_scores(stuff, 7, np.zeros((60, 110), np.float32), POLICY)
