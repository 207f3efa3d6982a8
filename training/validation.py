"""Measuring a network during training: the whole prediction, or the semantic head alone, on held-out samples."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, PanopticStats, compare, score
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.inference.preprocess import network_size, normalised, resized
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training import ranks
from seamseg_studio.training.dataset import SampleSource
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID_CATEGORY


@torch.no_grad()
def predict_categories(network: PanopticNet, image: NDArray[np.uint8], device: torch.device) -> NDArray[np.int64]:
    """Returns the semantic head's best category of each pixel, at the image's own size. [H, W]."""
    config = network.config
    size = network_size((image.shape[0], image.shape[1]), config.dataloader.shortest_size)
    x = normalised(resized(image, size), config.dataloader, device)
    logits = network.sem_head(network.sem_levels(network.body(x)))
    scaled = F.interpolate(logits.float(), size=image.shape[:2], mode="bilinear", align_corners=False)
    best: NDArray[np.int64] = scaled[0].argmax(0).cpu().numpy()
    return best


def measure(
    network: PanopticNet,
    samples: SampleSource,
    taxonomy: Taxonomy,
    device: torch.device,
    *,
    merge: Sequence[int] | None = None,
    max_images: int = 0,
) -> dict[str, Any]:
    """Returns `miou` and `categories` {name: {"iou"}} of the semantic head.

    Args:
        network: Left in the mode that it was in.
        samples: With their ground truth.
        taxonomy: Names the categories.
        device: Where the network is.
        merge: A group for each category; categories of one group count as one. None for none.
        max_images: Only the first so many; 0 for all.
    """
    groups = np.arange(len(taxonomy)) if merge is None else np.asarray(merge)
    count = int(groups.max()) + 1
    confusion = np.zeros((count, count), dtype=np.int64)
    was_training = network.training
    network.eval()
    for index in range(min(len(samples), max_images) if max_images else len(samples)):
        sample = samples[index]
        wanted = sample.categories[sample.ids]
        known = (wanted != VOID_CATEGORY) & (wanted < FIRST_CATEGORY_SET)
        found = predict_categories(network, sample.image, device)
        pairs = groups[wanted[known]] * count + groups[found[known]]
        confusion += np.bincount(pairs, minlength=count * count).reshape(count, count)
    network.train(was_training)
    names = [taxonomy[int(np.flatnonzero(groups == group)[0])].name for group in range(count)]
    return _summary(confusion, names)


def _summary(confusion: NDArray[np.int64], names: Sequence[str]) -> dict[str, Any]:
    hits = np.diag(confusion).astype(np.float64)
    unions = confusion.sum(0) + confusion.sum(1) - hits
    occurs = confusion.sum(1) > 0
    iou = np.where(occurs, hits / np.maximum(unions, 1), np.nan)
    categories = {name: {"iou": float(v) if ok else None} for name, v, ok in zip(names, iou, occurs, strict=True)}
    return {"miou": float(np.nanmean(iou)) if occurs.any() else None, "categories": categories}


@torch.no_grad()
def measure_panoptic(
    network: PanopticNet,
    samples: SampleSource,
    taxonomy: Taxonomy,
    *,
    max_images: int = 0,
    categories: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Returns `pq`, `miou` and `categories` {name: {"pq", "iou"}} of the whole prediction, at the images' own size.

    Args:
        network: Copied; the original is left alone.
        samples: With their ground truth.
        taxonomy: Names the categories.
        max_images: Only the first so many; 0 for all. Several processes share them.
        categories: The place in `taxonomy` of each category of the network; None if it has those of `taxonomy`. [C].
    """
    predictor = Predictor(copy.deepcopy(network).eval(), _own_taxonomy(taxonomy, categories))
    stats = PanopticStats.zeros(len(taxonomy))
    num_images = min(len(samples), max_images) if max_images else len(samples)
    for index in range(ranks.rank(), num_images, ranks.count()):
        sample = samples[index]
        result = predictor.predict(sample.image)
        found = result.categories
        if categories is not None:
            found = np.append(categories, VOID_CATEGORY)[np.minimum(found, len(categories))]
        stats += compare(
            Labelling.of_arrays(sample.ids, _single(sample.categories), sample.is_crowd),
            Labelling.of_arrays(result.ids, found, result.is_crowd),
            len(taxonomy),
        )
    scores = score(sum(ranks.gather(stats), PanopticStats.zeros(len(taxonomy))), taxonomy)
    by_category = {
        category.name: {"pq": _number(scores.pq[i]), "iou": _number(scores.iou[i])}
        for i, category in enumerate(taxonomy.categories)
    }
    return {"pq": _number(scores.all.pq), "miou": _number(scores.all.iou), "categories": by_category}


def _own_taxonomy(taxonomy: Taxonomy, categories: NDArray[np.int64] | None) -> Taxonomy:
    if categories is None:
        return taxonomy
    return Taxonomy(taxonomy.name, tuple(taxonomy[index] for index in categories.tolist()))


def _single(categories: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns categories with void where one of several is meant, which no prediction can be compared with."""
    return np.where(categories >= FIRST_CATEGORY_SET, VOID_CATEGORY, categories)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
