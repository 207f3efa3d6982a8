"""A model for tests of the service: fast, without torch, and misbehaving on request.

The top left pixel of an image tells it what to do: red picks a command, green a time in hundredths of a second.
Imported by name in the worker, whose PYTHONPATH the tests extend by this folder.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from enum import IntEnum
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.prompts import BoxPrompt, CategoryScore, PackedMask, PromptAnswer, check_prompt
from seamseg_studio.engine.scene.consequences import Consequences
from seamseg_studio.engine.scene.panoptic_result import PanopticResult, RawOutput
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy(
    "fake",
    (
        Category("road", Kind.STUFF, (128, 64, 128)),
        Category("sky", Kind.STUFF, (70, 130, 180)),
        Category("car", Kind.THING, (0, 0, 142)),
    ),
)
ORDER_VARIABLE = "FAKE_ENGINE_ORDER"  # a file that gets the blue value of every image labelled


class Command(IntEnum):
    """What to do with an image."""

    LABEL = 0
    SLOW = 1  # many stages
    DIE = 2  # always
    DIE_ONCE = 3  # if the file of the environment variable FAKE_ENGINE_ONCE is not there yet
    RAISE = 4
    OUT_OF_MEMORY = 5  # at full size
    OUT_OF_MEMORY_ON_DEVICE = 6  # at every size but on the CPU
    DRIVER_ERROR = 7  # but on the CPU
    HANG = 8  # the whole process, once
    OUT_OF_MEMORY_ALWAYS = 9
    OUT_OF_MEMORY_WHILE_OTHERS_ARE_KEPT = 10
    HANG_IN_ANSWER = 11  # the whole process, in the middle of its next message, once


def image_for(command: Command, *, time_s: float = 0.0, mark: int = 0, size: tuple[int, int] = (24, 32)) -> Any:
    """An image that makes the model do `command`; `mark` comes back as the number of pixels of segment 1."""
    image = np.zeros((*size, 3), np.uint8)
    image[0, 0] = (command, round(time_s * 100), mark)
    return image


def expected_ids(image: Any) -> Any:
    """The id image that the model answers."""
    ids = np.full(image.shape[:2], 2, np.int32)
    ids.flat[: int(image[0, 0, 2])] = 1
    return ids


class FakeModel:
    """See the module."""

    name = "fake"
    taxonomy = TAXONOMY
    num_parameters = 7
    card_title = "A model that is none"
    min_stuff_area = 1024.0

    def __init__(self, device: str, name: str = "fake") -> None:
        self.device = device
        self.fingerprint = os.environ.get("FAKE_ENGINE_FINGERPRINT", "")
        self.name = name
        self.kept: dict[str, Any] = {}
        self.segmenter: Any = None

    def predict(self, image: Any, options: Any, *, tiles: int, on_stage: Any, key: str = "") -> PanopticResult:
        command, hundredths, mark = (int(value) for value in image[0, 0])
        self._obey(Command(command), tiles)
        if command == Command.OUT_OF_MEMORY_WHILE_OTHERS_ARE_KEPT and self.kept:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        for _ in range(hundredths):
            on_stage("body")
            time.sleep(0.01)
        if order := os.environ.get(ORDER_VARIABLE):
            with open(order, "ab") as file:
                file.write(bytes([mark]))
        raw = RawOutput(
            sem_pred=image[:, :, 0],
            bbx_pred=np.zeros((0, 4), np.float32),
            cls_pred=np.zeros(0, np.int64),
            obj_pred=np.zeros(0, np.float32),
            msk_pred=np.zeros((0, 28, 28), np.float32),
        )
        if key:
            self.kept[key] = image
        result = PanopticResult(
            ids=expected_ids(image),
            categories=np.array([255, 2, 0]),
            scores=np.array([0, 0.75, 1], np.float32),
            is_crowd=np.array([False, True, False]),
            second_choice=np.full(image.shape[:2], 255, np.uint8) if options.with_second_choice else None,
            raw=raw if options.with_raw else None,
            timings_ms={"body": 1.5},
        )

        return result

    def prompt(self, image: Any, key: str, prompt: Any, *, on_stage: Any) -> PromptAnswer | None:
        """Finds a square at the prompt's first corner; as sure as the mark of the image is high."""
        if key not in self.kept:
            if image is None:
                return None
            is_first = bool(self.kept)
            if int(image[0, 0, 0]) == Command.OUT_OF_MEMORY_WHILE_OTHERS_ARE_KEPT and is_first:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            self.predict(image, PredictOptions(), tiles=1, on_stage=on_stage, key=key)
        kept = self.kept[key]
        check_prompt(prompt, kept.shape[:2])
        if self.segmenter is not None:
            mask, score = self.segmenter.segment(kept, prompt, key)
            return PromptAnswer(PackedMask.of(mask), (CategoryScore(2, 1.0),), score)
        y, x = (int(prompt.y0), int(prompt.x0)) if isinstance(prompt, BoxPrompt) else (int(prompt.y), int(prompt.x))
        return PromptAnswer(
            PackedMask.of(np.ones((2, 2), bool), y, x),
            (CategoryScore(2, 0.75), CategoryScore(0, 0.25)),
            int(kept[0, 0, 2]) / 255,
        )

    def fuse_again(self, key: str, options: Any, *, on_stage: Any) -> PanopticResult | None:
        """A lower threshold gives the first segment more pixels; a key called "memory" is too much."""
        if key == "memory":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if key not in self.kept:
            return None
        image = self.kept[key].copy()
        image[0, 0, 2] = round(100 * options.score_threshold)
        result = self.predict(image, options, tiles=1, on_stage=on_stage)
        return replace(result, timings_ms={"fusion": 0.5})

    def fuse_around(self, image: Any, key: str, part: Any, options: Any, *, on_stage: Any) -> Consequences | None:
        """Says that all of the part is one segment, as sure as the mark of the image is high; new where nobody spoke.

        A key called "memory" is too much once, and too much for ever without pixels.
        """
        if key == "memory" and (image is None or self.kept):
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if key not in self.kept:
            if image is None:
                return None
            self.predict(image, options, tiles=1, on_stage=on_stage, key=key)
        on_stage("fusion")
        result = PanopticResult(
            ids=np.ones(part.box.shape, np.int32),
            categories=np.array([255, 2]),
            scores=np.array([0, int(self.kept[key][0, 0, 2]) / 255], np.float32),
            is_crowd=np.zeros(2, bool),
            timings_ms={"fusion": 0.5},
        )
        return Consequences(part.box, result, ~part.after.is_said, np.array([0, max(part.denied, default=0)]))

    def release(self) -> bool:
        had_any = bool(self.kept)
        self.kept.clear()
        return had_any

    def use_segmenter(self, segmenter: Any) -> None:
        self.segmenter = segmenter

    def _obey(self, command: Command, tiles: int) -> None:
        once = Path(os.environ.get("FAKE_ENGINE_ONCE", "/nonexistent"))
        if command == Command.DIE or (command == Command.DIE_ONCE and not once.exists()):
            once.parent.is_dir() and once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if command == Command.HANG and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGSTOP)
        if command == Command.HANG_IN_ANSWER and not once.exists():
            once.touch()
            Connection._send = _send_half_and_stop  # type: ignore[attr-defined]
        if command == Command.RAISE:
            raise KeyError("surprise")
        if (
            (command == Command.OUT_OF_MEMORY and tiles == 1)
            or (command == Command.OUT_OF_MEMORY_ON_DEVICE and self.device != "cpu")
            or command == Command.OUT_OF_MEMORY_ALWAYS
        ):
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if command == Command.DRIVER_ERROR and self.device != "cpu":
            raise RuntimeError("CUDA error: unspecified launch failure")


def _send_half_and_stop(connection: Any, data: Any) -> None:
    os.write(connection.fileno(), bytes(data)[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGSTOP)


def load(spec: str | None, device: str, precision: str) -> FakeModel:
    """The factory given to the worker; `spec` may ask for trouble, too."""
    if spec == "missing":
        raise InputError("missing: no such model; see seamseg-models list")
    if spec == "deadly" or (spec == "deadly on gpu" and device != "cpu"):
        os.kill(os.getpid(), signal.SIGKILL)
    return FakeModel("fake:0" if device == "auto" else device, spec or "fake")


def slow_load(spec: str | None, device: str, precision: str) -> SimpleNamespace | FakeModel:
    """A factory that takes a second."""
    time.sleep(1)
    return load(spec, device, precision)


class WholeImage:
    """Another model, which takes everything for the answer."""

    def segment(self, image: Any, prompt: Any, key: str) -> tuple[Any, float]:
        return np.ones(image.shape[:2], bool), 0.5


def make_segmenter(device: str) -> WholeImage:
    """The plug-in given to the worker."""
    return WholeImage()
