"""The predictor: from an image to a panoptic proposal at the image's own resolution."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.checkpoints.weights import check_weights, count_parameters
from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.detection import Detections, detect, generate_proposals, predict_masks
from seamseg_studio.engine.inference.device import find_device, find_precision
from seamseg_studio.engine.inference.errors import DeviceError
from seamseg_studio.engine.inference.fuse import best_categories, fuse, second_choices
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.preprocess import check_image, network_size, normalised, resized
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.panoptic_result import PanopticResult, RawOutput
from seamseg_studio.engine.scene.taxonomy import Taxonomy

__all__ = ["DeviceError", "PredictOptions", "Predictor", "load_model"]

OnStage = Callable[[str], None]


class Predictor:
    """A loaded model; predictions may run in several threads.

    Attributes:
        taxonomy: What it can label.
        config: Its configuration.
        bundle_name: The name of the bundle it came from.
        card_title: First heading of the bundle's card.
        num_parameters: Trained numbers in the network.
        device: What it runs on.
    """

    def __init__(
        self,
        network: PanopticNet,
        taxonomy: Taxonomy,
        *,
        bundle_name: str = "",
        card_title: str = "",
        num_parameters: int = 0,
    ) -> None:
        """Takes a network that `compiled.prepare_network` made ready."""
        self.taxonomy = taxonomy
        self.config: Config = network.config
        self.bundle_name = bundle_name
        self.card_title = card_title
        self.num_parameters = num_parameters
        parameter = next(network.parameters())
        self.device = parameter.device
        self._dtype = parameter.dtype
        self._network = network

    @torch.inference_mode()
    def predict(
        self,
        image: NDArray[np.uint8],
        options: PredictOptions | None = None,
        *,
        input_scale: float = 1.0,
        on_stage: OnStage | None = None,
    ) -> PanopticResult:
        """Labels an image.

        Args:
            image: RGB values. [H, W, 3] uint8.
            options: Thresholds and what to return; the defaults of `PredictOptions` if None.
            input_scale: Size of the network's input relative to the usual one, to save memory. The result always has
                the image's size (in reference mode, the network input's).
            on_stage: Called with the name of each stage before it begins; what it raises ends the prediction.

        Raises:
            ValueError: `image` is no uint8 RGB image.
        """
        check_image(image)
        options = options or PredictOptions()
        clock = _Clock(on_stage)
        clock.begin("preprocess")
        image_size = (image.shape[0], image.shape[1])
        input_size = network_size(image_size, max(round(self.config.dataloader.shortest_size * input_scale), 1))
        x = normalised(resized(image, input_size), self.config.dataloader, self.device)
        clock.begin("network")
        network = self._network
        levels, objectness, shifts, logits = network(x.to(self._dtype))
        logits = logits[0].float()
        clock.begin("detection")
        proposals = generate_proposals(objectness, shifts, self.config, [input_size])
        found = detect(network, levels, proposals, input_size, [input_size])[0]
        clock.begin("masks")
        if not options.with_raw:
            # The map shows no others, and masks are what costs most.
            found = found[found.scores > options.score_threshold]
        masks = predict_masks(network, levels, [found], input_size)[0]
        del levels, objectness, shifts
        clock.begin("semantic")
        map_size = input_size if options.reference else image_size
        best, second = best_categories(logits, map_size, with_second=options.with_second_choice)
        clock.begin("fusion")
        min_stuff_area = options.min_stuff_area
        fused = fuse(
            best,
            found,
            masks,
            input_size=input_size,
            num_stuff=self.taxonomy.num_stuff,
            score_threshold=options.score_threshold,
            overlap_threshold=options.overlap_threshold,
            min_stuff_area=self.config.sem.min_stuff_area if min_stuff_area is None else min_stuff_area,
            keep_empty=options.reference,
        )
        raw = None
        if options.with_raw:
            seen = best if map_size == input_size else best_categories(logits, input_size, with_second=False)[0]
            raw = _raw_output(seen, found, masks)
        runner_up = None if second is None else second_choices(fused, best, second).cpu().numpy()
        ids = fused.ids.cpu().numpy()
        clock.end()
        return PanopticResult(
            ids=ids,
            categories=fused.categories.numpy(),
            scores=fused.scores.numpy(),
            is_crowd=fused.is_crowd.numpy(),
            second_choice=runner_up,
            raw=raw,
            timings_ms=clock.timings_ms,
        )


def load_model(model: str | Path | None = None, *, device: str = "auto", precision: str = "auto") -> Predictor:
    """Loads a model for prediction.

    Args:
        model: None or "starter" for the bundled model, the path of a bundle, or the name of one in the user's folder.
        device: `auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`.
        precision: `auto` (fp16 on a GPU, fp32 on a CPU), `fp32`, `fp16` or `bf16`.

    Raises:
        BundleError: There is no such bundle, or it is damaged.
        ConfigError: Its configuration cannot be used.
        DeviceError: The device or precision cannot be had.
    """
    place = find_device(device)
    dtype = find_precision(precision, place)
    bundle = load_bundle(model)
    weights = bundle.state_dict()
    check_weights(weights, bundle.config, bundle.taxonomy, str(bundle.path))
    headings = (line.lstrip("# ").strip() for line in bundle.card.splitlines() if line.startswith("#"))
    return Predictor(
        prepare_network(bundle.config, bundle.taxonomy, weights, place, dtype),
        bundle.taxonomy,
        bundle_name=bundle.name,
        card_title=next(headings, bundle.name),
        num_parameters=count_parameters(weights),
    )


class _Clock:
    """Times the stages of one prediction."""

    def __init__(self, on_stage: OnStage | None) -> None:
        self.timings_ms: dict[str, float] = {}
        self._on_stage = on_stage
        self._stage = ""
        self._start_s = 0.0

    def begin(self, stage: str) -> None:
        self.end()
        if self._on_stage is not None:
            self._on_stage(stage)
        self._stage, self._start_s = stage, time.perf_counter()

    def end(self) -> None:
        if self._stage:
            self.timings_ms[self._stage] = (time.perf_counter() - self._start_s) * 1000
        self._stage = ""


def _raw_output(semantic: Tensor, found: Detections, masks: Tensor) -> RawOutput:
    return RawOutput(
        sem_pred=semantic.cpu().numpy(),
        bbx_pred=found.boxes.cpu().numpy(),
        cls_pred=found.categories.cpu().numpy(),
        obj_pred=found.scores.cpu().numpy(),
        msk_pred=masks.cpu().numpy(),
    )
