"""Answering prompts with the starter on a street photo, and on odd images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.inference import features as features_module
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.inference.prompts import (
    BoxPrompt,
    ClickPrompt,
    Line,
    PackedMask,
    PromptError,
    StrokesPrompt,
)

SAMPLE = Path(__file__).parents[4] / "resources" / "samples" / "images" / "000000303818.jpg"
CAR_BOX = (194, 32, 274, 136)
CAR = (235, 70)
BUS = (260, 420)  # of which the starter sees two outlines
ROAD = (600, 300)


@pytest.fixture(scope="module")
def starter() -> Predictor:
    return load_model(device="cpu")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.array(Image.open(SAMPLE).convert("RGB"))


def _category(predictor: Predictor, name: str) -> int:
    return predictor.taxonomy.index_of(name)


def _mask(answer_mask: PackedMask, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], bool)
    mask[answer_mask.box.slices] = answer_mask.pixels()
    return mask


def test_a_box_around_a_car_gives_the_car(starter: Predictor, photo: np.ndarray) -> None:
    answer = starter.prompt_box(photo, CAR_BOX)
    assert answer.category == _category(starter, "car")
    mask = _mask(answer.mask, photo.shape)
    box = np.zeros_like(mask)
    box[194:274, 32:136] = True
    assert not mask[~box].any()
    assert mask[box].mean() > 0.4
    assert mask[CAR]


def test_the_ranking_names_every_category_once_and_sums_to_one(starter: Predictor, photo: np.ndarray) -> None:
    ranking = starter.prompt_box(photo, CAR_BOX).categories
    assert sorted(score.category for score in ranking) == list(range(len(starter.taxonomy)))
    assert sum(score.probability for score in ranking) == pytest.approx(1, abs=1e-3)
    assert [s.probability for s in ranking] == sorted((s.probability for s in ranking), reverse=True)


def test_a_category_asked_for_comes_first(starter: Predictor, photo: np.ndarray) -> None:
    road = _category(starter, "road")
    answer = starter.prompt_box(photo, (100, 0, 500, 400), category=road)
    assert answer.category == road
    assert _mask(answer.mask, photo.shape)[450, 200]


def test_a_click_finds_the_bus_and_again_something_else_and_round(starter: Predictor, photo: np.ndarray) -> None:
    first = starter.prompt_click(photo, *BUS)
    assert first.category == _category(starter, "truck or bus")
    assert first.turn == 0
    assert first.num_turns > 1
    second = starter.prompt_click(photo, *BUS, turn=1)
    assert second.mask != first.mask
    around = starter.prompt_click(photo, *BUS, turn=first.num_turns)
    assert (around.mask, around.turn) == (first.mask, 0)


def test_a_click_on_the_road_gives_the_road(starter: Predictor, photo: np.ndarray) -> None:
    answer = starter.prompt_click(photo, *ROAD)
    assert answer.category == _category(starter, "road")
    assert _mask(answer.mask, photo.shape)[570:, 100:400].mean() > 0.9


def test_strokes_add_and_take_away(starter: Predictor, photo: np.ndarray) -> None:
    start = starter.prompt_click(photo, *ROAD).mask
    answer = starter.prompt_strokes(photo, [], [Line(((600.0, 50.0),), 9.0)], start=start)
    before, after = _mask(start, photo.shape), _mask(answer.mask, photo.shape)
    assert before[600, 50]
    assert not after[597:603, 47:53].any()
    assert after[ROAD]
    far = np.hypot(*(np.indices(before.shape) - np.array([600, 50])[:, None, None])) > 300
    assert np.array_equal(before[far], after[far])
    more = starter.prompt_strokes(photo, [Line((CAR,), 5.0)], [Line(((600.0, 50.0),), 9.0)], start=start)
    assert _mask(more.mask, photo.shape)[CAR]


def test_strokes_without_a_mask_begin_with_what_is_clicked(starter: Predictor, photo: np.ndarray) -> None:
    answer = starter.prompt_strokes(photo, [Line((CAR,), 3.0)])
    assert answer.category == _category(starter, "car")


def test_what_else_a_pixel_or_a_segment_could_be(starter: Predictor, photo: np.ndarray) -> None:
    assert starter.category_scores(photo, ROAD)[0].category == _category(starter, "road")
    car = starter.prompt_click(photo, *CAR).mask
    assert starter.category_scores(photo, car)[0].category == _category(starter, "car")


def test_features_are_computed_once_per_key(
    starter: Predictor, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter.release()
    stages: list[str] = []
    starter.predict(photo, key="photo")
    starter.prompt(photo, ClickPrompt(*CAR), key="photo", on_stage=stages.append)
    starter.prompt(None, BoxPrompt(*CAR_BOX), key="photo", on_stage=stages.append)
    assert stages == []
    starter.prompt(photo, ClickPrompt(*CAR), key="not yet predicted", on_stage=stages.append)
    assert stages.count("network") == 1
    with pytest.raises(ValueError, match="give the image"):
        starter.prompt(None, ClickPrompt(*CAR), key="never seen")


def test_few_images_are_kept_and_none_after_release(starter: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    starter.release()
    small = np.zeros((40, 60, 3), np.uint8)
    for number in range(12):
        starter.predict(small, key=str(number))
    assert "3" not in starter.seen
    assert "4" in starter.seen
    assert starter.release()
    assert "11" not in starter.seen
    monkeypatch.setattr(features_module, "_MAX_BYTES", {"cpu": 1000})
    poor = features_module.FeatureCache(starter.device)
    assert poor.num_bytes == len(poor) == 0


def test_a_prediction_without_a_key_keeps_nothing(starter: Predictor) -> None:
    starter.release()
    starter.predict(np.zeros((40, 60, 3), np.uint8))
    assert not starter.release()


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (700, 2)], ids=str)
def test_odd_images_are_answered(starter: Predictor, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 120, np.uint8)
    whole = (0.0, 0.0, float(shape[0]), float(shape[1]))
    assert starter.prompt_box(image, whole).mask.box.clipped(shape) == starter.prompt_box(image, whole).mask.box
    click = starter.prompt_click(image, shape[0] - 1, shape[1] - 1)
    assert _mask(click.mask, shape)[-1, -1]
    strokes = starter.prompt_strokes(image, [Line(((0.0, 0.0),))])
    assert _mask(strokes.mask, shape)[0, 0]


def test_a_box_without_area_is_refused_before_anything_is_computed(starter: Predictor, photo: np.ndarray) -> None:
    starter.release()
    with pytest.raises(PromptError, match="no area"):
        starter.prompt_box(photo, (5, 5, 5, 90))
    assert not starter.release()


def test_another_model_may_answer_for_the_mask(starter: Predictor, photo: np.ndarray) -> None:
    class Disk:
        def segment(self, image: np.ndarray, prompt: object, key: str) -> tuple[np.ndarray, float]:
            rows, columns = np.indices(image.shape[:2])
            return np.hypot(rows - CAR[0], columns - CAR[1]) < 20, 0.4

    starter.seen.segmenter = Disk()
    try:
        answer = starter.prompt(photo, BoxPrompt(*CAR_BOX), key="photo")
    finally:
        starter.seen.segmenter = None
    assert answer.score == 0.4
    assert answer.mask.box.height == 39
    assert answer.category == _category(starter, "car")


@pytest.mark.parametrize("shape", [(9, 9), (), (3, 9, 9)])
def test_a_mask_of_another_size_by_another_model_is_one_sentence(
    starter: Predictor, photo: np.ndarray, shape: tuple[int, ...]
) -> None:
    class Wrong:
        def segment(self, image: np.ndarray, prompt: object, key: str) -> tuple[np.ndarray, float]:
            return np.ones(shape, bool), float("nan")

    starter.seen.segmenter = Wrong()
    try:
        with pytest.raises(PromptError, match="added for masks"):
            starter.prompt(photo, BoxPrompt(*CAR_BOX), key="photo")
    finally:
        starter.seen.segmenter = None


def test_networks_without_things_answer_too(predictors: Callable[[str], Predictor], photo: np.ndarray) -> None:
    predictor = predictors("cityscapes_r50")
    small = photo[::4, ::4]
    box = predictor.prompt(small, BoxPrompt(10, 10, 60, 60), key="a")
    assert len(box.categories) == len(predictor.taxonomy)
    stroke = StrokesPrompt((Line(((30.0, 30.0), (40.0, 40.0)), 2.0),))
    assert predictor.prompt(None, stroke, key="a").mask.box.height > 1
