"""Where a person accepted what the base model says: there the base goes on teaching, in place of hard labels.

Its own best guess as a label would still teach something, namely to be surer of it than the base is, everywhere at
once; a few photos accepted as they are would then move the model away from answers that people found right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.project.corrections import Correction, vouched_weights
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.scene.geometry import Mask
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy
from seamseg_studio.training.sample import VOID_CATEGORY, Sample, compact

AGREED_WEIGHT = 25.0
"""How much the base counts where a person agreed with it, over where nobody has looked: about as much as a label."""

MIN_CORRECTED_SHARE = 1e-3
"""An image of which less is left to learn from labels counts as accepted as it was."""

ENOUGH_SHARE, ENOUGH_THINGS = 0.15, 1.0
"""Of an image, corrected on average, and things in it: from here on heads learn at their full rate."""

LEAST = 0.01
"""Of the full rate, however little is corrected."""

MIN_IOU = 0.5  # of a thing that the base finds again


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much there is to learn, as a share of the full learning rate, LEAST to 1.

    An optimiser that divides by the size of the gradients, as Adam does, cannot tell little from much by itself.

    Attributes:
        regions: For what learns from pixels.
        things: For what learns from things.
    """

    regions: float = 1.0
    things: float = 1.0

    def rate_factors(self) -> dict[str, float]:
        """Returns the factor of the learning rate of each part of a network; see `TrainingOptions.lr_factors`."""
        parts = {"body": max(self.regions, self.things), "sem_head": self.regions}
        parts |= {"rpn_head": self.things, "roi_head": self.things}
        return {name: factor for name, factor in parts.items() if factor < 1}


def find_evidence(samples: Sequence[Sample], num_stuff: int) -> Evidence:
    """Returns how much there is to learn from images, by what is left of their labels."""
    share = sum(corrected_share(sample) for sample in samples) / len(samples)
    num_things = sum(
        int(((s.categories >= num_stuff) & (s.categories < VOID_CATEGORY) & ~s.is_crowd).sum()) for s in samples
    )
    # Squared: a model that is wrong in a hundredth of its images is one to leave nearly alone.
    regions, things = (share / ENOUGH_SHARE) ** 2, num_things / len(samples) / ENOUGH_THINGS
    return Evidence(min(max(regions, LEAST), 1.0), min(max(things, LEAST), 1.0))


def unchanged_part(correction: Correction, taxonomy: Taxonomy) -> Mask:
    """Returns what was accepted as some model had made it, away from all that people changed. [H, W] bool."""
    labels = correction.map
    if correction.status is not Status.ACCEPTED:
        return np.zeros(labels.shape, dtype=np.bool_)
    mask: Mask = (vouched_weights(labels, Status.IN_PROGRESS, taxonomy) == 0) & (labels.ids != VOID)
    return mask


def leave_to_base(
    sample: Sample, unchanged: Mask, answer: PanopticResult, categories: NDArray[np.int64], num_stuff: int
) -> Sample:
    """Returns a sample that is void where a person accepted what the base says, and where the base says so still.

    That void weighs `AGREED_WEIGHT`. Where the base says something else, as it has learned more since or another model
    made the labels, the labels stay.

    Args:
        sample: Labels of an image.
        unchanged: See `unchanged_part`; of the whole image, which may be larger than the sample. [h, w] bool.
        answer: What the base says about that image.
        categories: The sample's category for each of the base's. [C].
        num_stuff: Categories below are stuff, in the sample's words.
    """
    small = shrunk(unchanged.view(np.uint8), sample.size) > 0
    answer_ids = shrunk(answer.ids, sample.size)
    said = np.append(categories, VOID_CATEGORY)[np.minimum(answer.categories, len(categories))]
    pairs = sample.ids.astype(np.int64) * len(said) + answer_ids
    shape = len(sample.categories), len(said)
    overlaps = np.bincount(pairs.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    unions = overlaps.sum(1, keepdims=True) + overlaps.sum(0, keepdims=True) - overlaps
    # Stuff agrees pixel by pixel; a thing is the same one or it is not.
    is_found = (sample.categories[:, None] < num_stuff) | (overlaps > MIN_IOU * unions)
    is_same = is_found & (sample.categories[:, None] == said) & (said != VOID_CATEGORY)
    # A thing that is found again is left as a whole: its rim alone would be taught as a thing of its own.
    is_left = is_same.any(1) & (sample.categories >= num_stuff)
    agreed = (is_same.ravel()[pairs] | is_left[sample.ids]) & small
    weights = np.ones(shape[0], dtype=np.float32) if sample.weights is None else sample.weights
    left = replace(
        sample,
        ids=np.where(agreed, np.int32(shape[0]), sample.ids),
        categories=np.append(sample.categories, VOID_CATEGORY),
        is_crowd=np.append(sample.is_crowd, False),
        weights=np.append(weights, np.float32(AGREED_WEIGHT)),
    )
    return compact(left)


def corrected_share(sample: Sample) -> float:
    """Returns the part of an image that is learned from labels, 0 to 1."""
    return float((sample.categories != VOID_CATEGORY)[sample.ids].mean())


def shrunk(values: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Returns a picture of labels at another size."""
    if values.shape == size:
        return values
    return cv2.resize(values, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
