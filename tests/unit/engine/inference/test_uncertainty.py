"""How unsure the network is, per pixel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.inference.fuse import Fused
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.predictor import Predictor, load_model
from seamseg_studio.engine.inference.uncertainty import entropy, pixel_uncertainty, semantic_doubt

SAMPLE = Path(__file__).parents[4] / "resources" / "samples" / "images" / "000000303818.jpg"


def test_margin_and_entropy_of_known_probabilities() -> None:
    probabilities = torch.tensor([[0.5, 0.9, 1 / 3], [0.5, 0.05, 1 / 3], [1e-9, 0.05, 1 / 3]])[:, None]
    doubt, again = semantic_doubt(probabilities.log())
    torch.testing.assert_close(doubt[0], torch.tensor([1.0, 0.15, 1.0]))
    torch.testing.assert_close(again, probabilities / probabilities.sum(0))
    even = entropy(again)[0]
    assert even[2] == pytest.approx(1)
    assert even[1] < even[0] < even[2]


def test_one_category_is_always_sure() -> None:
    doubt, probabilities = semantic_doubt(torch.zeros(1, 2, 2))
    assert not doubt.any()
    assert not entropy(probabilities).any()


def _uncertainty(scores: list[float], semantic: float = 9.0, mask: float = 9.0) -> np.ndarray:
    """Of one thing in the middle of stuff, 40 x 40; `semantic` is how much its category leads there."""
    logits = torch.zeros(2, 10, 10)
    logits[0] = 9.0
    logits[1, 3:7, 3:7] = 9.0 + semantic
    ids = torch.ones(40, 40, dtype=torch.int32)
    if max(scores) > 0.5:
        ids[12:28, 12:28] = 2
    fused = Fused(ids, torch.tensor([255, 0, 1]), torch.tensor([0, 1, 0.9]), torch.zeros(3, dtype=torch.bool))
    found = Detections(
        torch.tensor([[12.0, 12.0, 28.0, 28.0]] * len(scores)),
        torch.zeros(len(scores), dtype=torch.long),
        torch.tensor(scores),
    )
    masks = torch.full((len(scores), 28, 28), mask)
    return pixel_uncertainty(logits, fused, found, masks, input_size=(40, 40), num_stuff=1, score_threshold=0.5)


def test_heads_that_agree_are_sure_and_those_that_do_not_are_unsure() -> None:
    sure = _uncertainty([0.99])
    assert sure[20, 20] < 10
    assert sure[2, 2] < 10
    assert _uncertainty([0.6])[20, 20] > sure[20, 20] + 30
    assert _uncertainty([0.99], semantic=-9.0)[20, 20] > sure[20, 20] + 90
    assert _uncertainty([0.99], mask=0.2)[20, 20] > sure[20, 20] + 90


def test_what_the_map_leaves_out_is_a_doubt() -> None:
    missing = _uncertainty([0.45], semantic=-9.0)
    assert missing[20, 20] > 200
    assert missing[2, 2] < 10


def test_a_prediction_says_it_when_asked_and_costs_little() -> None:
    predictor = load_model(device="cpu")
    photo = np.array(Image.open(SAMPLE).convert("RGB"))
    assert predictor.predict(photo).uncertainty is None
    result = predictor.predict(photo, PredictOptions(with_uncertainty=True))
    plain = predictor.predict(photo)
    assert result.uncertainty is not None
    assert result.uncertainty.shape == photo.shape[:2]
    assert np.array_equal(result.ids, plain.ids)
    road = result.categories[result.ids] == predictor.taxonomy.index_of("road")
    assert result.uncertainty[road].mean() + 20 < result.uncertainty[~road].mean()
    border = np.zeros_like(road)
    border[:, 1:] = result.ids[:, 1:] != result.ids[:, :-1]
    assert result.uncertainty[border].mean() > result.uncertainty.mean() * 1.3


def test_every_kind_of_network_can_say_it(predictors: Callable[[str], Predictor]) -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    result = predictors("vistas_r18").predict(image, PredictOptions(with_uncertainty=True, with_raw=True))
    assert result.uncertainty is not None
    assert result.uncertainty.shape == (60, 90)
