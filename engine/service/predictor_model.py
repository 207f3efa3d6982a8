"""A predictor as the worker wants it. Imports torch; the worker imports it with the first real model."""

from __future__ import annotations

from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.inference.prompts import Segmenter
from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.service.protocol import PredictOptions, Prompt, PromptAnswer
from seamseg_studio.engine.service.runner import OnStage
from seamseg_studio.engine.service.shared_pixels import Array


class PredictorModel:
    """A predictor as the worker wants it, in plain values."""

    def __init__(self, predictor: Predictor) -> None:
        """Stands for a loaded predictor."""
        self._predictor = predictor
        self.name = predictor.bundle_name
        self.taxonomy = predictor.taxonomy
        self.num_parameters = predictor.num_parameters
        self.card_title = predictor.card_title
        self.fingerprint = predictor.fingerprint
        self.min_stuff_area = float(predictor.config.sem.min_stuff_area)
        self.device = str(predictor.device)

    def predict(
        self, image: Array, options: PredictOptions, *, tiles: int, on_stage: OnStage, key: str = ""
    ) -> PanopticResult:
        """See `Model.predict`."""
        return self._predictor.predict(
            image, options, input_scale=options.input_scale, tiles=tiles, on_stage=on_stage, key=key
        )

    def prompt(self, image: Array | None, key: str, prompt: Prompt, *, on_stage: OnStage) -> PromptAnswer | None:
        """See `Model.prompt`."""
        if image is None and key not in self._predictor.seen:
            return None
        return self._predictor.prompt(image, prompt, key=key, on_stage=on_stage)

    def fuse_again(self, key: str, options: PredictOptions, *, on_stage: OnStage) -> PanopticResult | None:
        """See `Model.fuse_again`."""
        return self._predictor.fuse_again(key, options, on_stage=on_stage)

    def fuse_around(
        self, image: Array | None, key: str, part: CorrectedPart, options: PredictOptions, *, on_stage: OnStage
    ) -> Consequences | None:
        """See `Model.fuse_around`."""
        return self._predictor.seen.fuse_around(image, key, part, options, on_stage=on_stage)

    def release(self) -> bool:
        """See `Model.release`."""
        return self._predictor.release()

    def use_segmenter(self, segmenter: Segmenter) -> None:
        """See `Model.use_segmenter`."""
        self._predictor.seen.segmenter = segmenter
