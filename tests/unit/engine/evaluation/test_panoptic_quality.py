"""Panoptic quality against the original's figures, another implementation and a slow one written from the paper."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hotcoco import panoptic
from hypothesis import given, settings
from hypothesis import strategies as st

from seamseg_studio.engine.evaluation.panoptic_quality import (
    Labelling,
    PanopticStats,
    Rules,
    compare,
    score,
)
from seamseg_studio.engine.formats.registry import FORMATS
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_FIXTURE = Path(__file__).parents[3] / "fixtures" / "evaluation" / "ops_panoptic_stats.npz"


def _taxonomy(num_stuff: int, num_things: int) -> Taxonomy:
    kinds = [Kind.STUFF] * num_stuff + [Kind.THING] * num_things
    return Taxonomy("t", tuple(Category(f"c{i}", kind, (i, i, i)) for i, kind in enumerate(kinds)))


def test_the_originals_rules_equal_the_originals_figures() -> None:
    data = np.load(_FIXTURE)
    num_categories = int(data["0/num_classes"])
    total = PanopticStats.zeros(num_categories)
    for case in range(6):
        part = {key: data[f"{case}/{key}"] for key in ("msk_gt", "cat_gt", "msk_pred", "cat_pred", "iscrowd_pred")}
        stats = compare(
            Labelling.of_arrays(part["msk_gt"], part["cat_gt"]),
            Labelling.of_arrays(part["msk_pred"], part["cat_pred"], part["iscrowd_pred"]),
            num_categories,
            Rules.ORIGINAL,
        )
        np.testing.assert_allclose(stats.iou, data[f"{case}/iou"], rtol=1e-12)
        np.testing.assert_array_equal(stats.true_positives, data[f"{case}/tp"])
        np.testing.assert_array_equal(stats.false_positives, data[f"{case}/fp"])
        np.testing.assert_array_equal(stats.false_negatives, data[f"{case}/fn"])
        total += stats
    scores = score(total, _taxonomy(4, num_categories - 4), Rules.ORIGINAL)
    np.testing.assert_allclose(np.nan_to_num(scores.pq), data["total/pq_per_class"], rtol=1e-12)
    assert scores.all.pq == pytest.approx(data["total/pq_per_class"].mean())
    assert total.num_images == 6


def _random_map(random: np.random.Generator, taxonomy: Taxonomy, like: PanopticMap | None = None) -> PanopticMap:
    """Blocks of random categories; with `like`, that map with some blocks changed."""
    height, width = 40, 60
    if like is None:
        ids = np.kron(random.integers(0, 12, (10, 15)), np.ones((4, 4), int)).astype(np.int32)
    else:
        change = np.kron(random.random((10, 15)) < 0.3, np.ones((4, 4), bool))
        shuffled = np.kron(random.integers(0, 12, (10, 15)), np.ones((4, 4), int))
        ids = np.where(change, shuffled, like.ids).astype(np.int32)
    segments: dict[int, Segment] = {}
    crowds: set[int] = set()
    for number in range(1, 12):
        category = number % len(taxonomy)
        if like is not None and number in like.segments and random.random() < 0.85:
            category = like.segments[number].category
        crowd = like is None and taxonomy.is_thing(category) and category not in crowds and random.random() < 0.3
        crowds |= {category} if crowd else set()
        segments[number] = Segment(category, is_crowd=crowd)
    assert ids.shape == (height, width)
    return PanopticMap.from_arrays(ids, segments)


def test_panopticapis_rules_equal_another_implementation(tmp_path: Path) -> None:
    taxonomy = _taxonomy(3, 4)
    random = np.random.default_rng(5)
    total = PanopticStats.zeros(len(taxonomy))
    with (
        FORMATS["coco-panoptic"].writer(tmp_path / "gt", taxonomy) as truths,
        FORMATS["coco-panoptic"].writer(tmp_path / "pred", taxonomy) as guesses,
    ):
        for number in range(25):
            truth = _random_map(random, taxonomy)
            guess = _random_map(random, taxonomy, truth)
            truths.write(f"{number:03}", None, truth)
            guesses.write(f"{number:03}", None, guess)
            total += compare(Labelling.of_map(truth), Labelling.of_map(guess), len(taxonomy))
    other = panoptic.pq_compute(
        str(tmp_path / "gt/panoptic.json"),
        str(tmp_path / "pred/panoptic.json"),
        str(tmp_path / "gt/panoptic"),
        str(tmp_path / "pred/panoptic"),
    )
    scores = score(total, taxonomy)
    for name, group in (("All", scores.all), ("Things", scores.things), ("Stuff", scores.stuff)):
        for key in ("pq", "sq", "rq"):
            assert getattr(group, key) == pytest.approx(other[name][key], abs=1e-9), (name, key)
    assert total.true_positives.sum() > 50
    assert total.false_positives.sum() > 50
    assert json.loads((tmp_path / "gt/panoptic.json").read_text())["annotations"]


def _slow(truth: PanopticMap, guess: PanopticMap, num_categories: int) -> tuple[np.ndarray, ...]:
    """Kirillov et al. section 4, segment by segment."""
    iou_sum = np.zeros(num_categories)
    counts = np.zeros((3, num_categories), int)
    void = truth.ids == 0
    found: set[int] = set()
    matched: set[int] = set()
    for i, true in truth.segments.items():
        for j, guessed in guess.segments.items():
            if true.is_crowd or true.category != guessed.category:
                continue
            inter = np.count_nonzero((truth.ids == i) & (guess.ids == j))
            union = np.count_nonzero(((truth.ids == i) | (guess.ids == j)) & ~(void & (guess.ids == j)))
            if inter / union > 0.5:
                iou_sum[true.category] += inter / union
                counts[0, true.category] += 1
                found.add(i)
                matched.add(j)
    for j, guessed in guess.segments.items():
        excuse = void.copy()
        for i, true in truth.segments.items():
            if true.is_crowd and true.category == guessed.category:
                excuse |= truth.ids == i
        inside = guess.ids == j
        if j not in matched and np.count_nonzero(excuse & inside) / np.count_nonzero(inside) <= 0.5:
            counts[1, guessed.category] += 1
    for i, true in truth.segments.items():
        counts[2, true.category] += i not in found and not true.is_crowd
    return iou_sum, *counts


@settings(deadline=None)
@given(seed=st.integers(0, 2**31))
def test_matching_equals_the_slow_way(seed: int) -> None:
    taxonomy = _taxonomy(3, 4)
    random = np.random.default_rng(seed)
    truth = _random_map(random, taxonomy)
    guess = _random_map(random, taxonomy, truth)
    stats = compare(Labelling.of_map(truth), Labelling.of_map(guess), 7)
    iou, tp, fp, fn = _slow(truth, guess, 7)
    np.testing.assert_allclose(stats.iou, iou, rtol=1e-12)
    np.testing.assert_array_equal(stats.true_positives, tp)
    np.testing.assert_array_equal(stats.false_positives, fp)
    np.testing.assert_array_equal(stats.false_negatives, fn)


@settings(deadline=None)
@given(seed=st.integers(0, 2**31))
def test_mean_iou_equals_counting_pixels(seed: int) -> None:
    taxonomy = _taxonomy(3, 4)
    random = np.random.default_rng(seed)
    truth = _random_map(random, taxonomy)
    guess = _random_map(random, taxonomy, truth)
    scores = score(compare(Labelling.of_map(truth), Labelling.of_map(guess), 7), taxonomy)
    a, b = truth.category_map(), guess.category_map()
    for category in range(7):
        union = np.count_nonzero(((a == category) | (b == category)) & (a != 255))
        expected = np.count_nonzero((a == category) & (b == category)) / union if union else np.nan
        np.testing.assert_allclose(scores.iou[category], expected)


def test_perfect_predictions_score_one_and_empty_ones_zero() -> None:
    taxonomy = _taxonomy(3, 4)
    truth = _random_map(np.random.default_rng(1), taxonomy)
    same = score(compare(Labelling.of_map(truth), Labelling.of_map(truth), 7), taxonomy)
    assert (same.all.pq, same.all.sq, same.all.rq, same.all.pq_dagger, same.all.iou) == (1, 1, 1, 1, 1)
    void = Labelling.of_map(PanopticMap.empty(*truth.shape))
    nothing = score(compare(Labelling.of_map(truth), void, 7), taxonomy)
    assert (nothing.all.pq, nothing.all.sq, nothing.all.pq_dagger, nothing.all.iou) == (0, 0, 0, 0)


def test_an_image_whose_truth_is_void_counts_nothing() -> None:
    guess = _random_map(np.random.default_rng(1), _taxonomy(3, 4))
    stats = compare(Labelling.of_map(PanopticMap.empty(40, 60)), Labelling.of_map(guess), 7)
    for name in ("iou", "true_positives", "false_positives", "false_negatives", "num_regions", "predicted"):
        assert not getattr(stats, name).any()
    assert np.isnan(score(stats, _taxonomy(3, 4)).all.pq)


def test_dagger_counts_stuff_without_the_cut() -> None:
    """The prediction covers 30 of 100 true road pixels and 20 beside; half the rest of the image is void."""
    taxonomy = _taxonomy(2, 1)
    truth, guess = np.zeros((20, 20), np.int32), np.zeros((20, 20), np.int32)
    truth[:10, :10] = 1
    truth[10:, :10] = 2
    guess[:3, :10] = 1
    guess[10:12, :10] = 1
    guess[0:5, 15] = 1  # on void
    stats = compare(
        Labelling.of_map(PanopticMap(truth, {1: Segment(0), 2: Segment(2)})),
        Labelling.of_map(PanopticMap(guess, {1: Segment(0)})),
        3,
    )
    scores = score(stats, taxonomy)
    assert scores.pq[0] == 0
    assert scores.pq_dagger[0] == pytest.approx(30 / (100 + 20))
    assert scores.pq_dagger[2] == scores.pq[2] == 0
    assert np.isnan(scores.pq_dagger[1])
    assert scores.stuff.pq_dagger == pytest.approx(0.25)


def test_adding_images_equals_one_large_image_of_disjoint_ids() -> None:
    taxonomy = _taxonomy(3, 4)
    random = np.random.default_rng(9)
    pairs = []
    for _ in range(2):
        truth = _random_map(random, taxonomy)
        pairs.append((truth, _random_map(random, taxonomy, truth)))
    total = compare(*map(Labelling.of_map, pairs[0]), 7) + compare(*map(Labelling.of_map, pairs[1]), 7)
    joined = [
        Labelling.of_map(
            PanopticMap(
                np.hstack([one.ids, np.where(two.ids > 0, two.ids + 2_000_000, 0)]).astype(np.int32),
                {**one.segments, **{i + 2_000_000: segment for i, segment in two.segments.items()}},
            )
        )
        for one, two in zip(*pairs, strict=True)
    ]
    together = compare(joined[0], joined[1], 7)
    np.testing.assert_allclose(together.iou, total.iou)
    np.testing.assert_array_equal(together.false_positives.sum(), total.false_positives.sum())
    np.testing.assert_array_equal(together.intersection, total.intersection)


def test_mistakes_of_the_caller_are_named() -> None:
    one, other = Labelling.of_map(PanopticMap.empty(4, 5)), Labelling.of_map(PanopticMap.empty(5, 4))
    with pytest.raises(ValueError, match="the ground truth is"):
        compare(one, other, 3)
    labelled = Labelling.of_map(PanopticMap(np.ones((4, 5), np.int32), {1: Segment(7)}))
    with pytest.raises(ValueError, match="categories go to 7"):
        compare(one, labelled, 3)
