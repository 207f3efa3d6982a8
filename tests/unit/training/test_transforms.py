"""Sizes, labels and pixels after the original's transforms, and what ours add."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from seamseg_studio.training.dataset import MemorySource, TrainingSet
from seamseg_studio.training.sample import VOID_CATEGORY, Sample, compact, extract_boxes
from seamseg_studio.training.transforms import Cutout, ResizeShortest, TrainTransform, cut_out, join_four, paste

MEAN, STD = (0.41738699, 0.45732192, 0.46886091), (0.25685097, 0.26509955, 0.29067996)
CATEGORIES = np.array([255, 3, 1, 0, 5, 2, 6, 4])
CROWD = np.array([0, 0, 1, 0, 0, 0, 1, 0], dtype=bool)


def _normalised(image: np.ndarray) -> np.ndarray:
    x = image.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    return (x - np.array(MEAN, np.float32).reshape(3, 1, 1)) / np.array(STD, np.float32).reshape(3, 1, 1)


@pytest.mark.parametrize("number", range(4))
def test_resizing_for_validation(number: int, stored: Path, recipe: ModuleType) -> None:
    arrays = np.load(stored / "ops_transforms.npz")
    height, width, shortest = (int(v) for v in arrays[f"test{number}/hws"])
    image = recipe.image(height, width, number + 5)
    sample = Sample("x", image, np.zeros((height, width), np.int32), np.array([255]), np.array([False]))
    result = ResizeShortest(shortest)(sample)
    np.testing.assert_allclose(_normalised(result.image), arrays[f"test{number}/out"].astype(np.float32), atol=2e-3)


@pytest.mark.parametrize("number", range(5))
def test_changes_for_training(number: int, stored: Path, recipe: ModuleType) -> None:
    arrays = {key: np.load(stored / "ops_transforms.npz")[f"train{number}/{key}"] for key in (
        "params", "random_scale", "lab", "img", "msk", "cat", "iscrowd", "bbx"
    )}  # fmt: skip
    height, width, shortest, longest, flip, seed = (int(v) for v in arrays["params"])
    scale = tuple(float(v) for v in arrays["random_scale"])
    transform = TrainTransform(shortest, longest, bool(flip), scale)
    sample = Sample("x", recipe.image(height, width, number + 9), arrays["lab"], CATEGORIES, CROWD)
    result = transform(sample, random.Random(seed))
    np.testing.assert_allclose(_normalised(result.image), arrays["img"].astype(np.float32), atol=2e-3)
    np.testing.assert_array_equal(result.ids, arrays["msk"][0])
    np.testing.assert_array_equal(result.categories, arrays["cat"])
    np.testing.assert_array_equal(result.is_crowd, arrays["iscrowd"].astype(bool))
    np.testing.assert_array_equal(extract_boxes(result.ids, len(result.categories)), arrays["bbx"])


def test_crops_have_the_asked_size_and_keep_image_and_labels_together(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(120, 160, 4)
    # The image shows its own labels, so that a shift between the two would be seen.
    marked = Sample("x", np.repeat(sample.ids[..., None] * 20, 3, 2).astype(np.uint8), *_labels(sample))
    transform = TrainTransform(120, 0, True, (1.0, 2.0), True, (80, 96))
    for seed in range(8):
        result = transform(marked, random.Random(seed))
        assert result.size == (80, 96)
        shown = compact(marked).categories
        assert set(result.categories.tolist()) <= set(shown.tolist())
        wanted = result.categories[result.ids]
        guessed = marked.categories[np.clip(np.rint(result.image[..., 0] / 20).astype(int), 0, len(shown) - 1)]
        assert (wanted == guessed).mean() > 0.9


def _labels(sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return sample.ids, sample.categories, sample.is_crowd


def test_small_images_are_not_blown_up_to_the_crop(make_sample: Callable[..., Sample]) -> None:
    result = TrainTransform(30, 0, False, (), False, (80, 96))(make_sample(60, 90), random.Random(0))
    assert result.size == (30, 45)


def test_compact_leaves_out_what_does_not_occur() -> None:
    ids = np.array([[0, 3], [3, 1]], dtype=np.int32)
    image = np.zeros((2, 2, 3), np.uint8)
    sample = compact(Sample("x", image, ids, np.array([255, 7, 8, 9]), np.array([False, False, True, True])))
    assert sample.ids.tolist() == [[0, 2], [2, 1]]
    assert sample.categories.tolist() == [255, 7, 9]
    assert sample.is_crowd.tolist() == [False, False, True]


def test_a_sample_whose_labels_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="differ in size"):
        Sample("x", np.zeros((2, 3, 3), np.uint8), np.zeros((2, 2), np.int32), np.array([255]), np.array([False]))


def test_pasting_adds_one_instance_in_front(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(100, 100, 0)
    cutout = Cutout(np.full((50, 40, 3), 255, np.uint8), np.ones((50, 40), bool), 2)
    result = paste(sample, cutout, random.Random(1))
    assert result.categories.tolist() == [255, 0, 1, 2]
    new = result.ids == 3
    assert new.any()
    assert (result.image[new] > 120).all()
    assert (result.image[~new] == sample.image[~new]).mean() > 0.95
    assert not (sample.ids == 3).any()


def test_only_whole_instances_are_cut_out(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(64, 96, 2)
    assert [c.category for c in cut_out([sample], frozenset({2, 3}), min_side=10)] == [2, 3]
    assert cut_out([sample], frozenset({0}), min_side=10) == []
    assert cut_out([sample], frozenset({2, 3}), min_side=30) == []


def plain(
    name: str, size: tuple[int, int], category: int, *, crowd: bool = False, weight: float | None = None
) -> Sample:
    """One colour, one segment, its left column void."""
    ids = np.ones(size, np.int32)
    ids[:, 0] = 0
    return Sample(
        name,
        np.full((*size, 3), 10 * category + 5, np.uint8),
        ids,
        np.array([VOID_CATEGORY, category]),
        np.array([False, crowd]),
        None if weight is None else np.array([1.0, weight], np.float32),
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_mosaic_has_each_image_in_its_corner(seed: int) -> None:
    four = [
        plain("a", (90, 90), 1),
        plain("b", (90, 90), 2, crowd=True),
        plain("c", (90, 90), 3, weight=0.5),
        plain("d", (20, 25), 4),
    ]
    mosaic = join_four(four, (90, 84), random.Random(seed))
    assert mosaic.size == (90, 84)
    found = mosaic.categories[mosaic.ids]
    known = found != VOID_CATEGORY
    assert (mosaic.image[known][:, 0] == 10 * found[known] + 5).all(), "labels lie where their image does"
    assert found[1, 1] == 1
    assert found[1, -1] == 2
    assert found[-1, 1] == 3
    assert found[-1, -1] == VOID_CATEGORY, "the fourth does not fill its corner"
    assert int((found == 4).sum()) == 20 * 24
    by_category = dict(zip(mosaic.categories.tolist(), range(len(mosaic.categories)), strict=True))
    assert mosaic.is_crowd[by_category[2]]
    assert mosaic.is_crowd.sum() == 1
    assert mosaic.weights is not None
    assert mosaic.weights[by_category[3]] == 0.5
    assert mosaic.weights[by_category[1]] == 1.0
    point = np.argwhere(found == 1).max(axis=0) + 1
    assert 30 <= point[0] <= 60
    assert 28 <= point[1] <= 56


def test_some_items_of_a_set_are_mosaics_and_always_the_same() -> None:
    source = MemorySource([plain(f"image {number}", (100, 100), number) for number in range(8)])

    def names(mosaic: float, seed: int = 0) -> list[str]:
        data = TrainingSet(source, TrainTransform(100, crop_size=(64, 64)), seed=seed, mosaic=mosaic)
        return [data[0, number, number % 8].name for number in range(40)]

    assert all("+" not in name for name in names(0.0))
    assert all(name.count("+") == 3 for name in names(1.0))
    assert 0 < sum("+" in name for name in names(0.5)) < 40
    assert names(0.5) == names(0.5)
    assert names(0.5) != names(0.5, seed=1)
    assert len({part for name in names(1.0) for part in name.split(" + ")}) == 8
