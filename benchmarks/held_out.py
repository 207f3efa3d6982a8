"""Held-out photos with their true labels, and how good a labelling of one is; for the other scripts here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from loop_data import with_single_categories
from numpy.typing import NDArray

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.evaluation.panoptic_quality import Labelling, compare, score
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.recipes.street_sets import category_set_table, read_all, read_coco

VOID_CATEGORY = 255
MIN_AREA = 30  # pixels; smaller segments are nobody's concern


@dataclass
class Truth:
    """A photo and what is on it; void where nobody knows.

    Attributes:
        name: Of the photo.
        image: [H, W, 3] uint8.
        ids: Segment per pixel, 0 void. [H, W] int32.
        categories: By id.
    """

    name: str
    image: NDArray[np.uint8]
    ids: NDArray[np.int32]
    categories: NDArray[np.int64]


def check_unseen(model: str | None) -> None:
    """Ends the program if a model has learned from the held-out photos, as the bundled one has in its second part."""
    bundle = load_bundle(model)
    lineage = bundle.manifest.get("lineage")
    if isinstance(lineage, dict) and lineage.get("trained_on_validation"):
        raise SystemExit(
            f"{bundle.path}: this model has learned from the held-out photos, figures on them would flatter it; "
            "give one that has not: the first part of the recipe in training/recipes/street.py makes it"
        )


def read(data: Path, count: int) -> list[Truth]:
    """Reads `count` held-out photos, half of them of CamVid (stuff), half of COCO (things), evenly over each."""
    table = category_set_table()
    dense = itertools.takewhile(lambda packed: packed.source == "camvid", read_all(data))
    chosen = []
    for packed_set in (dense, read_coco(data / "coco_street" / "train", "coco_street")):
        held_out = [packed for packed in packed_set if packed.split == "val"]
        for i in np.linspace(0, len(held_out) - 1, min(max(count // 2, 1), len(held_out))):
            sample = with_single_categories(held_out[int(i)].sample, table)
            known = np.where(sample.is_crowd, VOID_CATEGORY, sample.categories)
            ids, categories = compact(sample.ids, known)
            chosen.append(Truth(sample.name, np.asarray(sample.image), ids, categories))
    return [truth for truth in chosen if len(truth.categories) > 1]


def compact(ids: NDArray[np.integer], categories: NDArray[np.integer]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Makes void what has no category or next to no pixels, and numbers the rest from 1."""
    areas = np.bincount(ids.ravel(), minlength=len(categories))
    used = [i for i in range(1, len(categories)) if areas[i] >= MIN_AREA and categories[i] < VOID_CATEGORY]
    table = np.zeros(int(ids.max()) + 1, np.int32)
    table[used] = np.arange(1, len(used) + 1)
    return table[ids], np.array([VOID_CATEGORY, *(int(categories[i]) for i in used)], np.int64)


def quality(
    truths: Sequence[Truth], labels: Sequence[tuple[NDArray[np.int32], NDArray[np.int64]]], taxonomy: Taxonomy
) -> float:
    """Returns PQ over the categories that occur, 0 to 1."""
    stats = None
    for truth, (ids, categories) in zip(truths, labels, strict=True):
        right = Labelling.of_arrays(truth.ids, truth.categories)
        one = compare(right, Labelling.of_arrays(ids, categories), len(taxonomy))
        stats = one if stats is None else stats + one
    assert stats is not None
    return score(stats, taxonomy).all.pq
