"""A model for tests of the window: at once, without torch, the same answer for every image.

The lower third of an image is road, the rest sky, with a car and a person in it. Imported by name in the engine's
process, whose PYTHONPATH the tests extend by this folder.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.inference.errors import DeviceError
from seamseg_studio.engine.inference.prompts import (
    BoxPrompt,
    CategoryScore,
    ClickPrompt,
    PackedMask,
    PromptAnswer,
    StrokesPrompt,
    check_prompt,
)
from seamseg_studio.engine.remedies import USE_CPU
from seamseg_studio.engine.scene.consequences import Consequences
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
DOUBTFUL = ((20, 30), (70, 110))  # what the model is unsure of, the worse one first
SCALE_VARIABLE = "GUI_FAKE_ENGINE_SCALE"  # the file of this name is told at which size the model was to look
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
    uncertainty = np.zeros(ids.shape, np.uint8)
    for value, (y, x) in zip((255, 150), DOUBTFUL, strict=True):
        uncertainty[y - 4 : y + 5, x - 4 : x + 5] = value
    return PanopticResult(ids, categories, scores, np.zeros(5, bool), second, uncertainty=uncertainty)


class FakeModel:
    """What the worker needs."""

    num_parameters = 13_000_000
    card_title = "A model for tests"
    min_stuff_area = 1024.0

    def __init__(self, name: str, device: str) -> None:
        self.name = name
        self.device = device
        self.fingerprint = os.environ.get("FAKE_ENGINE_FINGERPRINT", "")
        self.kept: dict[str, PanopticResult] = {}
        self.taxonomy = OTHER_TAXONOMY if name == "other" else TAXONOMY

    def predict(self, image: Any, options: Any, *, tiles: int, on_stage: Any, key: str = "") -> PanopticResult:
        hold = os.environ.get(HOLD_VARIABLE, "")
        while hold and Path(hold).exists():
            on_stage("waiting")
            time.sleep(0.01)
        if image[0, 0].tolist() == [255, 0, 255]:
            raise InputError("the model does not like this image; try another")
        if path := os.environ.get(SCALE_VARIABLE):
            Path(path).write_text(str(options.input_scale), encoding="utf-8")
        if key:
            self.kept[key] = answer(*image.shape[:2])
        return answer(*image.shape[:2])

    def prompt(self, image: Any, key: str, prompt: Any, *, on_stage: Any) -> PromptAnswer | None:
        """A box is all car; a click finds the segment there, next the car, and so on; lines fill a box around them."""
        if key not in self.kept:
            if image is None:
                return None
            self.predict(image, None, tiles=1, on_stage=on_stage, key=key)
        ids = self.kept[key].ids
        check_prompt(prompt, ids.shape)
        categories = [CategoryScore(CAR - 1, 0.7), CategoryScore(PERSON - 1, 0.2), CategoryScore(ROAD - 1, 0.1)]
        match prompt:
            case BoxPrompt(y0, x0, y1, x1, category):
                mask = np.zeros(ids.shape, bool)
                mask[max(int(y0), 0) : int(y1), max(int(x0), 0) : int(x1)] = True
                categories.sort(key=lambda score: score.category != (CAR - 1 if category is None else category))
                return PromptAnswer(PackedMask.of(mask), tuple(categories), 0.9)
            case ClickPrompt(y, x, turn):
                found = int(ids[int(y + 0.5), int(x + 0.5)]) if turn % 2 == 0 else CAR
                categories = [CategoryScore(found - 1, 0.8), CategoryScore(PERSON % 4, 0.2)]
                return PromptAnswer(PackedMask.of(ids == found), tuple(categories), 0.9, turn % 2, 2)
            case StrokesPrompt(positive, negative, start):
                mask = np.zeros(ids.shape, bool)
                if start is not None:
                    mask[start.box.slices] = start.pixels()
                for lines, value in ((positive, True), (negative, False)):
                    for line in lines:
                        for y, x in line.points_yx:
                            mask[max(int(y) - 2, 0) : int(y) + 3, max(int(x) - 2, 0) : int(x) + 3] = value
                return PromptAnswer(PackedMask.of(mask), tuple(categories), 0.9)
        mask = prompt.mask or PackedMask.of(np.ones((1, 1), bool), int(prompt.y), int(prompt.x))
        return PromptAnswer(mask, tuple(categories), 1.0)

    def fuse_again(self, key: str, options: Any, *, on_stage: Any) -> PanopticResult | None:
        """Segments that score below the threshold give way to the sky."""
        if key not in self.kept:
            return None
        found = self.kept[key]
        ids = np.where(found.scores[found.ids] > options.score_threshold, found.ids, np.int32(SKY))
        return replace(found, ids=ids.astype(np.int32))

    def fuse_around(self, image: Any, key: str, part: Any, options: Any, *, on_stage: Any) -> Consequences | None:
        """Where a person was deleted a car comes to light, four pixels larger than the person on all sides."""
        if key not in self.kept:
            if image is None:
                return None
            self.predict(image, options, tiles=1, on_stage=on_stage, key=key)
        ids = np.zeros(part.box.shape, np.int32)
        for segment_id in part.denied - part.widened:
            if part.before.categories[segment_id] == PERSON - 1:
                y, x = np.nonzero(part.before.ids == segment_id)
                ids[max(y.min() - 4, 0) : y.max() + 5, max(x.min() - 4, 0) : x.max() + 5] = 1
        result = PanopticResult(ids, np.array([255, CAR - 1]), np.array([0, 0.7], np.float32), np.zeros(2, bool))
        return Consequences(part.box, result, (ids > 0) & ~part.after.is_said, np.zeros(2, np.int64))

    def release(self) -> bool:
        self.kept.clear()
        return True

    def use_segmenter(self, segmenter: Any) -> None:
        raise AssertionError("the window uses none")


def load(spec: str | None, device: str, precision: str) -> FakeModel:
    """Makes the model; a path gives one of its folder's name."""
    if device == "cuda:7":
        raise DeviceError(f"device {device!r} is not available: there are 2, numbered from 0; {USE_CPU}")
    if spec is not None and not Path(spec).exists() and spec != "other":
        raise InputError(f"{spec}: there is no such model; see seamseg-models list")
    return FakeModel(Path(spec).name if spec else "starter", "cpu")
