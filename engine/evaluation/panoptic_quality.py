"""Panoptic quality (PQ), its parts SQ and RQ, PQ-dagger, and mean intersection over union.

Kirillov et al., Panoptic Segmentation, CVPR 2019 (PQ, and the treatment of void and crowd that panopticapi follows);
Porzi et al., Seamless Scene Segmentation, CVPR 2019 (PQ-dagger, and the original's treatment).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY, Taxonomy

_MAX_TABLE = 1 << 20  # ids below this are numbered by a table, larger ones by sorting

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Rules(StrEnum):
    """Where the two reference implementations differ.

    PANOPTICAPI: Crowd segments of the ground truth are neither found nor missed, and predictions mostly on void or on
        a crowd of their category are no false positives; crowd flags of predictions are ignored. Means go over the
        categories that occur.
    ORIGINAL: Crowd predictions count as void, crowd flags of the ground truth are ignored. Means go over all
        categories.
    """

    PANOPTICAPI = "panopticapi"
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class PanopticStats:
    """Sums over images from which all scores follow; adding two gives the sums over both sets of images.

    Attributes:
        iou: Summed IoU of matched segments, by category. [C] float64.
        true_positives, false_positives, false_negatives: Segments, by category. [C] int64.
        region_iou: Summed IoU of the true and the predicted pixels of a category in an image that has it. [C] float64.
        num_regions: Images whose ground truth has the category. [C] int64.
        intersection: Pixels where both have the category. [C] int64.
        ground_truth, predicted: Pixels of the category in either, outside ground truth void. [C] int64.
        num_images: How many images were compared.
    """

    iou: Floats
    true_positives: Counts
    false_positives: Counts
    false_negatives: Counts
    region_iou: Floats
    num_regions: Counts
    intersection: Counts
    ground_truth: Counts
    predicted: Counts
    num_images: int = 0

    @classmethod
    def zeros(cls, num_categories: int) -> Self:
        """The sums over no image."""
        floats, counts = np.zeros(num_categories), np.zeros(num_categories, np.int64)
        return cls(floats, counts, counts, counts, floats, counts, counts, counts, counts)

    def __add__(self, other: PanopticStats) -> PanopticStats:
        return PanopticStats(
            self.iou + other.iou,
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.region_iou + other.region_iou,
            self.num_regions + other.num_regions,
            self.intersection + other.intersection,
            self.ground_truth + other.ground_truth,
            self.predicted + other.predicted,
            self.num_images + other.num_images,
        )


@dataclass(frozen=True, slots=True)
class Labelling:
    """An id image with the category and crowd flag of each id.

    Attributes:
        ids: Not negative, 0 is void. [H, W] integer.
        known: The ids that have an entry below, ascending, without 0. [S] int64.
        categories: `VOID_CATEGORY` makes an id void. [S] int64.
        is_crowd: [S] bool.
    """

    ids: NDArray[np.integer]
    known: Counts
    categories: Counts
    is_crowd: NDArray[np.bool_]

    @classmethod
    def of_map(cls, labels: PanopticMap | ImageLabels) -> Self:
        """The labelling of a panoptic map or of labels from a file."""
        segments = sorted(labels.segments.items())
        return cls(
            labels.ids,
            np.array([i for i, _ in segments], np.int64),
            np.array([segment.category for _, segment in segments], np.int64),
            np.array([segment.is_crowd for _, segment in segments], np.bool_),
        )

    @classmethod
    def of_arrays(
        cls, ids: NDArray[np.integer], categories: NDArray[np.integer], is_crowd: NDArray[np.generic] | None = None
    ) -> Self:
        """The labelling of an id image with arrays whose index is the id, entry 0 being void."""
        crowd = np.zeros(len(categories), np.bool_) if is_crowd is None else np.asarray(is_crowd).astype(np.bool_)
        return cls(ids, np.arange(1, len(categories)), np.asarray(categories, np.int64)[1:], crowd[1:])


def compare(
    ground_truth: Labelling, prediction: Labelling, num_categories: int, rules: Rules = Rules.PANOPTICAPI
) -> PanopticStats:
    """Matches the segments of one image.

    A predicted and a true segment match if their IoU is above one half, where pixels that the ground truth leaves void
    are taken out of the union; a match is then unique.

    Args:
        ground_truth: The truth.
        prediction: Of the same size.
        num_categories: Categories are 0 to this.
        rules: How void and crowd are treated.

    Returns:
        The sums of this image.

    Raises:
        ValueError: The sizes differ, or a category is not below `num_categories`.
    """
    if ground_truth.ids.shape != prediction.ids.shape:
        raise ValueError(f"the ground truth is {ground_truth.ids.shape}, the prediction {prediction.ids.shape}")
    truth_kinds = _Kinds(ground_truth, num_categories)
    guess_kinds = _Kinds(prediction, num_categories, crowd_is_void=rules is Rules.ORIGINAL)
    overlap = _overlap(ground_truth.ids, prediction.ids, truth_kinds, guess_kinds)
    truth_area, guess_area = overlap.sum(1), overlap.sum(0)
    on_void = overlap[0]

    truth, guess = np.nonzero(overlap[1:, 1:])
    truth, guess = truth + 1, guess + 1
    same = truth_kinds.categories[truth] == guess_kinds.categories[guess]
    truth_crowd = truth_kinds.is_crowd if rules is Rules.PANOPTICAPI else np.zeros_like(truth_kinds.is_crowd)
    kept = same & ~truth_crowd[truth]
    truth, guess = truth[kept], guess[kept]
    shared = overlap[truth, guess]
    iou = shared / (truth_area[truth] + guess_area[guess] - shared - on_void[guess])
    matched = iou > 0.5
    matched_truth, matched_guess = truth[matched], guess[matched]

    missed = (truth_area > 0) & ~truth_crowd
    missed[0] = False
    missed[matched_truth] = False
    excused = on_void + _on_crowd(overlap, truth_kinds, guess_kinds, truth_crowd)
    extra = (guess_area > 0) & (excused * 2 <= guess_area)
    extra[0] = False
    extra[matched_guess] = False

    pixels = _category_overlap(overlap, truth_kinds.categories, guess_kinds.categories, num_categories)
    both = np.diagonal(pixels)[:num_categories].copy()
    true_pixels = pixels[:num_categories].sum(1)
    guessed_pixels = pixels[:num_categories].sum(0)[:num_categories]
    occurs = true_pixels > 0
    # A stuff category is one region of an image; should either side have several segments of it, they count as one.
    region_iou = np.where(occurs, both / np.maximum(true_pixels + guessed_pixels - both, 1), 0)
    return PanopticStats(
        iou=_sum(iou[matched], truth_kinds.categories[matched_truth], num_categories),
        true_positives=_count(truth_kinds.categories[matched_truth], num_categories),
        false_positives=_count(guess_kinds.categories[extra], num_categories),
        false_negatives=_count(truth_kinds.categories[missed], num_categories),
        region_iou=region_iou,
        num_regions=occurs.astype(np.int64),
        intersection=both,
        ground_truth=true_pixels,
        predicted=guessed_pixels,
        num_images=1,
    )


@dataclass(frozen=True, slots=True)
class Averages:
    """Scores of a group of categories, 0 to 1; NaN if none of them occurs.

    Attributes:
        pq, sq, rq: Panoptic, segmentation and recognition quality.
        pq_dagger: PQ where stuff counts by IoU alone.
        iou: Mean intersection over union of pixels.
        num_categories: How many categories the mean of PQ goes over.
    """

    pq: float
    sq: float
    rq: float
    pq_dagger: float
    iou: float
    num_categories: int


@dataclass(frozen=True, slots=True)
class PanopticScores:
    """Scores by category, 0 to 1, NaN where a category does not occur, and their means.

    Attributes:
        pq, sq, rq, pq_dagger, iou: By category. [C] float64.
        all, things, stuff: Means over groups of categories.
    """

    pq: Floats
    sq: Floats
    rq: Floats
    pq_dagger: Floats
    iou: Floats
    all: Averages
    things: Averages
    stuff: Averages


def score(stats: PanopticStats, taxonomy: Taxonomy, rules: Rules = Rules.PANOPTICAPI) -> PanopticScores:
    """Computes all scores from the sums over images.

    Under the original's rules categories that do not occur count as 0 in the means.
    """
    is_thing = np.array([taxonomy.is_thing(index) for index in range(len(taxonomy))], np.bool_)
    weight = stats.true_positives + (stats.false_positives + stats.false_negatives) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        pq = stats.iou / weight
        sq = np.where(weight > 0, np.where(stats.true_positives > 0, stats.iou / stats.true_positives, 0), np.nan)
        rq = stats.true_positives / weight
        dagger = np.where(is_thing, pq, stats.region_iou / stats.num_regions)
        iou = stats.intersection / (stats.ground_truth + stats.predicted - stats.intersection)
    columns = (pq, sq, rq, dagger, iou)
    if rules is Rules.ORIGINAL:
        means = tuple(np.nan_to_num(column, nan=0.0) for column in columns)
    else:
        means = columns

    def average(members: NDArray[np.bool_]) -> Averages:
        values = [column[members][~np.isnan(column[members])] for column in means]
        pq, sq, rq, dagger, iou = (float(v.mean()) if len(v) else float("nan") for v in values)
        return Averages(pq, sq, rq, dagger, iou, len(values[0]))

    return PanopticScores(
        *columns, all=average(np.ones_like(is_thing)), things=average(is_thing), stuff=average(~is_thing)
    )


class _Kinds:
    """Dense numbers for the ids of a labelling: 0 is void, then the segments in order."""

    def __init__(self, labelling: Labelling, num_categories: int, crowd_is_void: bool = False) -> None:
        used = labelling.categories != VOID_CATEGORY
        if crowd_is_void:
            used &= ~labelling.is_crowd
        self.known = labelling.known[used]
        self.categories = np.concatenate([[-1], labelling.categories[used]])
        self.is_crowd = np.concatenate([[False], labelling.is_crowd[used]])
        if len(self.known) and not 0 <= self.categories[1:].min() <= self.categories[1:].max() < num_categories:
            raise ValueError(f"categories go to {self.categories.max()}; there are {num_categories}")

    def __len__(self) -> int:
        return len(self.categories)

    def number(self, ids: NDArray[np.integer]) -> NDArray[np.intp]:
        """Replaces ids by dense numbers; unknown ids become void."""
        largest = int(self.known.max(initial=0))
        if largest < _MAX_TABLE:
            table = np.zeros(largest + 2, np.intp)  # the last entry stands for everything unknown
            table[self.known] = np.arange(1, len(self))
            return np.asarray(np.take(table, np.minimum(ids, largest + 1)))
        place = np.minimum(np.searchsorted(self.known, ids), len(self.known) - 1)
        return np.where(self.known[place] == ids, place + 1, 0)


def _overlap(
    truth: NDArray[np.integer], guess: NDArray[np.integer], truth_kinds: _Kinds, guess_kinds: _Kinds
) -> Counts:
    """Counts the pixels of every pair of segments. [S + 1, T + 1], row and column 0 are void.

    Label images consist of long runs, so runs in which neither image changes are counted, weighted by their length:
    many times fewer than pixels.
    """
    truth, guess = truth.reshape(-1), guess.reshape(-1)
    if not len(truth):
        return np.zeros((len(truth_kinds), len(guess_kinds)), np.int64)
    change = truth[1:] != truth[:-1]
    change |= guess[1:] != guess[:-1]
    starts = np.concatenate([[0], np.flatnonzero(change) + 1])
    lengths = np.diff(starts, append=len(truth))
    pair = truth_kinds.number(truth[starts]) * len(guess_kinds) + guess_kinds.number(guess[starts])
    counts = np.bincount(pair, lengths, len(truth_kinds) * len(guess_kinds))
    return counts.reshape(len(truth_kinds), len(guess_kinds)).astype(np.int64)


def _count(categories: NDArray[np.integer], num_categories: int) -> Counts:
    return np.bincount(categories, minlength=num_categories).astype(np.int64)


def _sum(values: Floats, categories: NDArray[np.integer], num_categories: int) -> Floats:
    return np.bincount(categories, values, num_categories).astype(np.float64)


def _on_crowd(overlap: Counts, truth: _Kinds, guess: _Kinds, truth_crowd: NDArray[np.bool_]) -> Counts:
    """Pixels of every predicted segment on crowds of its own category. [T + 1]."""
    crowds = np.flatnonzero(truth_crowd)
    same = truth.categories[crowds, None] == guess.categories[None, :]
    return np.asarray((overlap[crowds] * same).sum(0), np.int64)


def _category_overlap(overlap: Counts, truth: Counts, guess: Counts, num_categories: int) -> Counts:
    """Sums pairs of segments to pairs of categories. [C + 1, C + 1], the last row and column are void."""
    size = num_categories + 1
    rows, columns = np.nonzero(overlap)
    pair = (truth[rows] % size) * size + guess[columns] % size  # -1, void, becomes the last
    return np.bincount(pair, overlap[rows, columns], size * size).astype(np.int64).reshape(size, size)
