"""The images that a model has looked at last, and what can be asked about them without the network running again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from seamseg_studio.engine.inference.answers import Answers
from seamseg_studio.engine.inference.clock import Clock
from seamseg_studio.engine.inference.consequences import consequences
from seamseg_studio.engine.inference.features import FeatureCache, Features, look
from seamseg_studio.engine.inference.fuse_again import fused_again, with_parts
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.preprocess import check_image, network_size
from seamseg_studio.engine.inference.prompts import (
    CategoryPrompt,
    PackedMask,
    Prompt,
    PromptAnswer,
    PromptError,
    Segmenter,
    check_prompt,
)
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart
from seamseg_studio.engine.scene.panoptic_result import PanopticResult

OnStage = Callable[[str], None]


class SeenImages:
    """Looks at images, keeps what the network made of the last few, and answers from it. Thread-safe.

    Attributes:
        segmenter: Another model to answer prompts for masks; None for the network itself.
    """

    def __init__(self, network: PanopticNet) -> None:
        """Has seen nothing yet; `network` is ready for inference."""
        self.segmenter: Segmenter | None = None
        self._network = network
        self._kept = FeatureCache(next(network.parameters()).device)

    def __contains__(self, key: str) -> bool:
        """Whether the image of a key need not be looked at again."""
        return self._kept.get(key) is not None

    @property
    def num_bytes(self) -> int:
        """Memory in use."""
        return self._kept.num_bytes

    def input_size(self, image_size: tuple[int, ...], input_scale: float) -> tuple[int, int]:
        """Height and width at which the network sees an image.

        Args:
            image_size: Height and width of the image; what follows is ignored.
            input_scale: Size of the input relative to the usual one.
        """
        shortest_size = max(round(self._network.config.dataloader.shortest_size * input_scale), 1)
        return network_size((image_size[0], image_size[1]), shortest_size)

    @torch.inference_mode()
    def look(self, image: NDArray[np.uint8], input_scale: float = 1.0, on_stage: OnStage | None = None) -> Features:
        """Runs the network on an image, RGB values [H, W, 3] uint8; nothing of it is kept."""
        return look(self._network, image, self.input_size(image.shape, input_scale), on_stage)

    def keep(self, key: str, features: Features) -> None:
        """Keeps what the network made of an image under a key, and lets go of the oldest."""
        self._kept.put(key, features)

    def prompt(
        self, image: NDArray[np.uint8] | None, prompt: Prompt, *, key: str = "", on_stage: OnStage | None = None
    ) -> PromptAnswer:
        """Answers a prompt; an image not seen before is looked at first.

        Args:
            image: RGB values. [H, W, 3] uint8; None if the image is kept under `key`.
            prompt: What is asked.
            key: The name of the image; empty finds it by its content.
            on_stage: Called with the name of each stage before it begins; what it raises ends the work.

        Raises:
            ValueError: `image` is no uint8 RGB image, or None and nothing is kept.
            PromptError: The prompt asks for nothing, or for something outside the image.
        """
        if image is not None:
            check_image(image)
            check_prompt(prompt, (image.shape[0], image.shape[1]))
            key = key or content_key(image)
        features = self._seen(image, key, 1.0, on_stage)
        if features is None:
            raise ValueError(f"there are no features of {key!r}; give the image")
        answers = Answers(self._network, features)
        if self.segmenter is None or isinstance(prompt, CategoryPrompt):
            return answers.answer(prompt)
        check_prompt(prompt, features.image_size)
        mask, score = self.segmenter.segment(features.image, prompt, key)
        pixels = np.asarray(mask, bool)
        if pixels.shape != features.image_size:
            given, wanted = (" x ".join(map(str, shape)) for shape in (pixels.shape, features.image_size))
            raise PromptError(f"the model that was added for masks gave one of {given} pixels, not {wanted}; mend it")
        packed = PackedMask.of(pixels)
        if packed.box.is_empty:
            return replace(answers.answer(prompt), mask=packed, score=0.0)
        return PromptAnswer(packed, answers.ranking(packed), float(np.clip(np.nan_to_num(score), 0.0, 1.0)))

    @torch.inference_mode()
    def fuse_again(
        self, key: str, options: PredictOptions | None = None, *, on_stage: OnStage | None = None
    ) -> PanopticResult | None:
        """Labels an image with other thresholds: the network does not run.

        Args:
            key: The name that the image is kept under.
            options: Thresholds; reference mode and the network's own output are not for this.
            on_stage: See `prompt`.

        Returns:
            What `Predictor.predict` would return, without uncertainty; None if the image is not kept (any more), or at
            another size of the input.
        """
        features, options = self._kept.get(key), options or PredictOptions()
        if features is None or features.input_size != self.input_size(features.image_size, options.input_scale):
            return None
        clock = Clock(on_stage)
        features = self._with_parts(key, features, clock.begin)
        clock.begin("fusion")
        result = fused_again(features, options, self._network.num_stuff, self._network.config)
        clock.end()
        return replace(result, timings_ms=clock.timings_ms)

    @torch.inference_mode()
    def fuse_around(
        self,
        image: NDArray[np.uint8] | None,
        key: str,
        part: CorrectedPart,
        options: PredictOptions | None = None,
        *,
        on_stage: OnStage | None = None,
    ) -> Consequences | None:
        """Says what the model makes of an image's surroundings of a correction; see `consequences`.

        Args:
            image: RGB values, for an image not looked at before. [H, W, 3] uint8.
            key: The name of the image.
            part: The correction, in the model's categories.
            options: The thresholds.
            on_stage: See `prompt`.

        Returns:
            None if the image is not kept and not given.
        """
        options, begin = options or PredictOptions(), on_stage or _ignore
        features = self._seen(image, key, options.input_scale, on_stage)
        if features is None:
            return None
        features = self._with_parts(key, features, begin)
        begin("fusion")
        sem = self._network.config.sem
        min_area = sem.min_stuff_area if options.min_stuff_area is None else options.min_stuff_area
        scale = features.image_size[0] * features.image_size[1] / (features.input_size[0] * features.input_size[1])
        return consequences(features, part, options, self._network.num_stuff, min_area * scale)

    def forget(self) -> bool:
        """Lets go of all images; whether there was any."""
        return self._kept.clear()

    def _seen(
        self, image: NDArray[np.uint8] | None, key: str, input_scale: float, on_stage: OnStage | None
    ) -> Features | None:
        """What is kept of an image, which else is looked at and kept; None if it is not here."""
        features = self._kept.get(key)
        if features is not None and (image is None or features.image_size == image.shape[:2]):
            return features
        if image is None:
            return None
        features = self.look(image, input_scale, on_stage)
        self._kept.put(key, features)
        return features

    def _with_parts(self, key: str, features: Features, begin: OnStage) -> Features:
        if features.parts is None:
            features = with_parts(self._network, features, begin)
            self._kept.put(key, features)
        return features


def content_key(image: NDArray[np.uint8]) -> str:
    """A name for an image that another image has not."""
    digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
    return f"{image.shape[0]}x{image.shape[1]}-{digest.hexdigest()}"


def _ignore(_: str) -> None:
    pass
