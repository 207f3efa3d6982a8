"""A model for tests of the window: at once, without torch, the same answer for every image.

The lower third of an image is road, the rest sky, with a car and a person in it. Imported by name in the engine's
process, whose PYTHONPATH the tests extend by this folder.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "street",
    (
        Category("road", Kind.STUFF, (128, 64, 128)),
        Category("sky", Kind.STUFF, (70, 130, 180)),
        Category("car", Kind.THING, (0, 0, 142)),
        Category("person", Kind.THING, (220, 20, 60)),
    ),
)
OTHER_TAXONOMY = Taxonomy("other", (Category("road", Kind.STUFF, (1, 2, 3)), Category("tram", Kind.THING, (4, 5, 6))))
ROAD, SKY, CAR, PERSON = 1, 2, 3, 4  # the ids of the answer
HEIGHT, WIDTH = 96, 144  # of the pictures that tests open
HOLD_VARIABLE = "GUI_FAKE_ENGINE_HOLD"  # as long as the file of this name exists, nothing is answered


def answer(height: int, width: int) -> PanopticResult:
    """The labels of an image of this size."""
    ids = np.full((height, width), SKY, np.int32)
    ids[2 * height // 3 :] = ROAD
    ids[height // 2 : height // 2 + height // 4, width // 8 : width // 2] = CAR
    ids[height // 2 : height // 2 + height // 4, 3 * width // 4 : 3 * width // 4 + width // 12] = PERSON
    categories = np.array([255, 0, 1, 2, 3])
    scores = np.array([0, 0.9, 0.8, 0.95, 0.6], np.float32)
    second = np.where(ids == SKY, 0, 1).astype(np.uint8)
    return PanopticResult(ids, categories, scores, np.zeros(5, bool), second)


class FakeModel:
    """What the worker needs."""

    num_parameters = 13_000_000
    card_title = "A model for tests"

    def __init__(self, name: str, device: str) -> None:
        self.name = name
        self.device = device
        self.taxonomy = OTHER_TAXONOMY if name == "other" else TAXONOMY

    def predict(self, image: Any, options: Any, *, input_scale: float, on_stage: Any) -> PanopticResult:
        hold = os.environ.get(HOLD_VARIABLE, "")
        while hold and Path(hold).exists():
            on_stage("waiting")
            time.sleep(0.01)
        if image[0, 0].tolist() == [255, 0, 255]:
            raise InputError("the model does not like this image; try another")
        return answer(*image.shape[:2])


def load(spec: str | None, device: str, precision: str) -> FakeModel:
    """Makes the model; a path gives one of its folder's name."""
    if spec is not None and not Path(spec).exists() and spec != "other":
        raise InputError(f"{spec}: there is no such model; see seamseg-models list")
    return FakeModel(Path(spec).name if spec else "starter", "cpu")
