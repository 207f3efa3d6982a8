"""The predictor: from an image to a panoptic proposal at the image's own resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.checkpoints.weights import check_weights, count_parameters
from seamseg_studio.engine.inference.clock import Clock
from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.detection import Detections, predict_masks
from seamseg_studio.engine.inference.device import find_device, find_precision, use_products_of
from seamseg_studio.engine.inference.errors import DeviceError
from seamseg_studio.engine.inference.fuse import fuse, second_choices
from seamseg_studio.engine.inference.graphs import Acceleration, Graphs
from seamseg_studio.engine.inference.large import Allocate, label_large
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.padded import is_offered
from seamseg_studio.engine.inference.preprocess import check_image
from seamseg_studio.engine.inference.prompts import (
    BoxPrompt,
    CategoryPrompt,
    CategoryScore,
    ClickPrompt,
    Line,
    PackedMask,
    Prompt,
    PromptAnswer,
    StrokesPrompt,
)
from seamseg_studio.engine.inference.seen_images import SeenImages
from seamseg_studio.engine.inference.uncertainty import MIN_SHARE, pixel_uncertainty
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.ops.semantic import best_categories
from seamseg_studio.engine.scene.panoptic_result import PanopticResult, RawOutput
from seamseg_studio.engine.scene.taxonomy import Taxonomy

__all__ = ["DeviceError", "PredictOptions", "Predictor", "load_model"]

OnStage = Callable[[str], None]

# A network input of more is looked at in tiles of about this side; a result of more is made in strips.
_MAX_INPUT_PIXELS = 2**23
_TILE_PX = 1536
_MAX_WHOLE_PIXELS = 2**26


class Predictor:
    """A loaded model; predictions may run in several threads.

    Attributes:
        taxonomy: What it can label.
        config: Its configuration.
        bundle_name: The name of the bundle it came from.
        card_title: First heading of the bundle's card.
        num_parameters: Trained numbers in the network.
        fingerprint: Tells models of one name apart.
        device: What it runs on.
        seen: The images that `predict` kept, and what can be asked about them.
        acceleration: How a GPU is used: `eager` (by PyTorch itself; always so on a CPU), `graph` (a CUDA graph for a
            size that comes again), `compiled` (compiled as well) or `auto` (compiled once hundreds have one size).
    """

    def __init__(
        self,
        network: PanopticNet,
        taxonomy: Taxonomy,
        *,
        bundle_name: str = "",
        card_title: str = "",
        num_parameters: int = 0,
        fingerprint: str = "",
    ) -> None:
        """Takes a network that `compiled.prepare_network` made ready."""
        self.taxonomy = taxonomy
        self.config: Config = network.config
        self.bundle_name = bundle_name
        self.card_title = card_title
        self.num_parameters = num_parameters
        self.fingerprint = fingerprint
        parameter = next(network.parameters())
        self.device = parameter.device
        self._network = network
        self.seen = SeenImages(network)
        self.acceleration: Acceleration = "eager"
        self._graphs: Graphs | None = None

    @torch.inference_mode()
    def predict(
        self,
        image: NDArray[np.uint8],
        options: PredictOptions | None = None,
        *,
        key: str = "",
        input_scale: float = 1.0,
        tiles: int = 1,
        allocate: Allocate = np.zeros,
        on_stage: OnStage | None = None,
    ) -> PanopticResult:
        """Labels an image; a very large one is looked at tile by tile.

        Args:
            image: RGB values. [H, W, 3] uint8.
            options: Thresholds and what to return; the defaults of `PredictOptions` if None.
            key: Under what name to keep the image's features for prompts; empty keeps none.
            input_scale: Size of the network's input relative to the usual one: more sees smaller things. The result
                always has the image's size (in reference mode, the network input's).
            tiles: Into how many tiles to cut the longer side at least, to save memory; see `large.label_large`. Not in
                reference mode or with the network's own output.
            allocate: Makes the zeroed arrays of a very large result, `(shape, dtype)`; for mapping them from files.
            on_stage: Called with the name of each stage before it begins; what it raises ends the prediction.

        Raises:
            ValueError: `image` is no uint8 RGB image.
        """
        check_image(image)
        options = options or PredictOptions()
        clock = Clock(on_stage)
        tiles = max(tiles, self._needed_tiles(image.shape[:2], input_scale))
        is_whole = options.reference or options.with_raw
        if not is_whole and (tiles > 1 or image.shape[0] * image.shape[1] > _MAX_WHOLE_PIXELS):
            input_size = self.seen.input_size(image.shape[:2], input_scale)
            result = label_large(self._network, image, input_size, tiles, options, begin=clock.begin, allocate=allocate)
            clock.end()
            return replace(result, timings_ms=clock.timings_ms)
        graphed = self._predict_by_graph(image, options, key, input_scale, clock)
        if graphed is not None:
            return graphed
        features = self.seen.look(image, input_scale, clock.begin)
        if key:
            self.seen.keep(key, features)
        image_size, input_size = features.image_size, features.input_size
        network, levels, logits, found = self._network, features.levels, features.logits, features.found
        del features
        clock.begin("masks")
        if not options.with_raw:
            # The map shows no others, and masks are what costs most.
            share = MIN_SHARE if options.with_uncertainty else 1.0
            found = found[found.scores > options.score_threshold * share]
        masks = predict_masks(network, levels, [found], input_size)[0]
        del levels
        clock.begin("semantic")
        map_size = input_size if options.reference else image_size
        best, second, _ = best_categories(logits, map_size, with_second=options.with_second_choice)
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
        uncertainty = None
        if options.with_uncertainty and not options.reference:
            clock.begin("uncertainty")
            uncertainty = pixel_uncertainty(
                logits,
                fused,
                found,
                masks,
                input_size=input_size,
                num_stuff=self.taxonomy.num_stuff,
                score_threshold=options.score_threshold,
            )
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
            uncertainty=uncertainty,
        )

    def _predict_by_graph(
        self, image: NDArray[np.uint8], options: PredictOptions, key: str, input_scale: float, clock: Clock
    ) -> PanopticResult | None:
        if self._graphs is None and self.device.type == "cuda" and self.acceleration != "eager":
            if not is_offered(self._network):
                return None  # asked again next time: the compiled ops may be on their way
            self._graphs = Graphs(self._network, self.acceleration)
        if self._graphs is None or not self._graphs.serves(options):
            return None
        clock.begin("network")
        input_size = self.seen.input_size(image.shape[:2], input_scale)
        answer = self._graphs.predict(image, input_size, options, with_features=bool(key))
        if answer is None:
            return None
        result, features = answer
        if features is not None:
            self.seen.keep(key, features)
        clock.end()
        return replace(result, timings_ms=clock.timings_ms)

    def prompt(
        self, image: NDArray[np.uint8] | None, prompt: Prompt, *, key: str = "", on_stage: OnStage | None = None
    ) -> PromptAnswer:
        """Answers a prompt; an image not seen before is looked at first. See `SeenImages.prompt`."""
        return self.seen.prompt(image, prompt, key=key, on_stage=on_stage)

    def prompt_box(
        self, image: NDArray[np.uint8], box: tuple[float, float, float, float], *, category: int | None = None
    ) -> PromptAnswer:
        """Answers what is in a box (y0, x0, y1, x1); see `prompt`."""
        return self.prompt(image, BoxPrompt(*box, category=category))

    def prompt_click(self, image: NDArray[np.uint8], y: float, x: float, *, turn: int = 0) -> PromptAnswer:
        """Answers what is at a pixel; the next turn gives the next proposal. See `prompt`."""
        return self.prompt(image, ClickPrompt(y, x, turn))

    def prompt_strokes(
        self,
        image: NDArray[np.uint8],
        positive: Sequence[Line],
        negative: Sequence[Line] = (),
        *,
        start: PackedMask | None = None,
        category: int | None = None,
    ) -> PromptAnswer:
        """Refines a mask by clicks and strokes; see `prompt`."""
        return self.prompt(image, StrokesPrompt(tuple(positive), tuple(negative), start, category))

    def category_scores(
        self, image: NDArray[np.uint8], where: PackedMask | tuple[float, float]
    ) -> tuple[CategoryScore, ...]:
        """What a segment, or the pixel (y, x), may be, the likeliest first; see `prompt`."""
        asked = CategoryPrompt(where) if isinstance(where, PackedMask) else CategoryPrompt(None, *where)
        return self.prompt(image, asked).categories

    def fuse_again(
        self, key: str, options: PredictOptions | None = None, *, on_stage: OnStage | None = None
    ) -> PanopticResult | None:
        """Labels an image that `predict` kept under a key with other thresholds; see `SeenImages.fuse_again`."""
        return self.seen.fuse_again(key, options, on_stage=on_stage)

    def wait_for_compiler(self) -> None:
        """Waits until a compilation that runs in the background is done."""
        if self._graphs is not None:
            self._graphs.wait_for_compiler()

    def release(self) -> bool:
        """Lets go of the features of all images, and of captured graphs; whether that freed anything."""
        had_graphs = self._graphs is not None and self._graphs.release()
        return self.seen.forget() or had_graphs

    def _needed_tiles(self, image_size: tuple[int, ...], input_scale: float) -> int:
        height, width = self.seen.input_size(image_size, input_scale)
        return -(-max(height, width) // _TILE_PX) if height * width > _MAX_INPUT_PIXELS else 1


def load_model(
    model: str | Path | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    acceleration: Acceleration = "auto",
) -> Predictor:
    """Loads a model for prediction.

    Args:
        model: None or "starter" for the bundled model, the path of a bundle, or the name of one in the user's folder.
        device: `auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`.
        precision: `auto` (fp16 on a GPU, fp32 on a CPU), `fp32`, `tf32`, `fp16` or `bf16`.
        acceleration: See `Predictor.acceleration`.

    Raises:
        BundleError: There is no such bundle, or it is damaged.
        ConfigError: Its configuration cannot be used.
        DeviceError: The device or precision cannot be had.
    """
    place = find_device(device)
    dtype = find_precision(precision, place)
    use_products_of(precision)
    bundle = load_bundle(model)
    native.prepare()
    weights = bundle.state_dict()
    check_weights(weights, bundle.config, bundle.taxonomy, str(bundle.path))
    headings = (line.lstrip("# ").strip() for line in bundle.card.splitlines() if line.startswith("#"))
    predictor = Predictor(
        prepare_network(bundle.config, bundle.taxonomy, weights, place, dtype),
        bundle.taxonomy,
        bundle_name=bundle.name,
        card_title=next(headings, bundle.name),
        num_parameters=count_parameters(weights),
        fingerprint=bundle.fingerprint,
    )
    predictor.acceleration = acceleration
    return predictor


def _raw_output(semantic: Tensor, found: Detections, masks: Tensor) -> RawOutput:
    return RawOutput(
        sem_pred=semantic.cpu().numpy(),
        bbx_pred=found.boxes.cpu().numpy(),
        cls_pred=found.categories.cpu().numpy(),
        obj_pred=found.scores.cpu().numpy(),
        msk_pred=masks.cpu().numpy(),
    )
