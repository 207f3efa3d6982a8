"""Average precision on cases whose result is known."""

from __future__ import annotations

import numpy as np
import pytest

from seamseg_studio.engine.evaluation.average_precision import InstanceCollector
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_TAXONOMY = Taxonomy(
    "t",
    (
        Category("road", Kind.STUFF, (0, 0, 0)),
        Category("car", Kind.THING, (1, 1, 1)),
        Category("dog", Kind.THING, (2, 2, 2)),
    ),
)


def _two_cars() -> np.ndarray:
    ids = np.ones((40, 80), np.int32)
    ids[10:30, 10:30] = 2
    ids[10:30, 50:70] = 3
    return ids


def test_the_truth_scores_one() -> None:
    collector = InstanceCollector(_TAXONOMY)
    segments = {1: Segment(0), 2: Segment(1), 3: Segment(1)}
    collector.add(_two_cars(), segments, _two_cars(), segments)
    result = collector.compute()
    assert result.box.ap == result.mask.ap == result.mask.ap_75 == pytest.approx(1)
    np.testing.assert_array_equal(np.isnan(result.mask.by_category), [True, False, True])


def test_a_sure_false_alarm_before_the_only_find_halves_precision() -> None:
    """Found: one of two cars, at recall up to 0.5 with precision 1/2: 51 of 101 recall steps count 0.5."""
    guess = np.ones((40, 80), np.int32)
    guess[0:8, 0:8] = 2
    guess[10:30, 50:70] = 3
    collector = InstanceCollector(_TAXONOMY)
    truth = {1: Segment(0), 2: Segment(1), 3: Segment(1)}
    guessed = {1: Segment(0), 2: Segment(1, score=0.9), 3: Segment(1, score=0.6)}
    collector.add(_two_cars(), truth, guess, guessed)
    assert collector.compute().mask.ap == pytest.approx(51 / 101 / 2)


def test_masks_and_boxes_are_judged_apart() -> None:
    """A frame has the box of the full square, but only 36 % of its pixels: 144 of 400."""
    guess = _two_cars()
    guess[12:28, 12:28] = guess[12:28, 52:68] = 1
    collector = InstanceCollector(_TAXONOMY)
    segments = {1: Segment(0), 2: Segment(1), 3: Segment(1)}
    collector.add(_two_cars(), segments, guess, segments)
    result = collector.compute()
    assert result.box.ap == pytest.approx(1)
    assert result.mask.ap == 0


def test_nothing_to_find_and_nothing_found() -> None:
    nothing = InstanceCollector(_TAXONOMY)
    stuff = np.ones((4, 4), np.int32)
    nothing.add(stuff, {1: Segment(0)}, stuff, {1: Segment(0)})
    assert np.isnan(nothing.compute().mask.ap)
    missed = InstanceCollector(_TAXONOMY)
    missed.add(_two_cars(), {1: Segment(0), 2: Segment(1), 3: Segment(2)}, np.zeros((40, 80), np.int32), {})
    result = missed.compute()
    assert result.box.ap == 0
    np.testing.assert_array_equal(result.box.by_category[1:], [0, 0])
