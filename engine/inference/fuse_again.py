"""Another map of an image seen before: its detections and categories fused with other thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from seamseg_studio.engine.inference.detection import predict_masks
from seamseg_studio.engine.inference.features import Features, Parts
from seamseg_studio.engine.inference.fuse import fuse, second_choices
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops.semantic import best_categories
from seamseg_studio.engine.scene.panoptic_result import PanopticResult


@torch.inference_mode()
def with_parts(network: PanopticNet, features: Features, begin: Callable[[str], None]) -> Features:
    """Adds to features what does not depend on thresholds: the masks of all detections and the likeliest categories.

    Args:
        network: That the features are of.
        features: Of an image.
        begin: Called with the name of each stage.
    """
    begin("masks")
    masks = predict_masks(network, features.levels, [features.found], features.input_size)[0]
    begin("semantic")
    best, second, _ = best_categories(features.logits, features.image_size, with_second=True)
    assert second is not None
    return replace(features, parts=Parts(masks, best, second))


@torch.inference_mode()
def fused_again(features: Features, options: PredictOptions, num_stuff: int, config: Config) -> PanopticResult:
    """Returns the map at the thresholds of `options`, without uncertainty and the network's own output.

    Args:
        features: With their parts.
        options: The thresholds.
        num_stuff: Number of stuff categories.
        config: Says how small stuff may be, if the options do not.
    """
    parts = features.parts
    assert parts is not None
    chosen = (features.found.scores > options.score_threshold).nonzero()[:, 0]
    min_stuff_area = options.min_stuff_area
    fused = fuse(
        parts.best,
        features.found[chosen],
        parts.masks[chosen],
        input_size=features.input_size,
        num_stuff=num_stuff,
        score_threshold=options.score_threshold,
        overlap_threshold=options.overlap_threshold,
        min_stuff_area=config.sem.min_stuff_area if min_stuff_area is None else min_stuff_area,
        keep_empty=False,
    )
    second = second_choices(fused, parts.best, parts.second).cpu().numpy() if options.with_second_choice else None
    return PanopticResult(
        fused.ids.cpu().numpy(), fused.categories.numpy(), fused.scores.numpy(), fused.is_crowd.numpy(), second
    )
