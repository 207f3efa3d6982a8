"""How unsure the network is of every pixel of its map, from what its heads say.

Shapes: K categories, N detections, M side of the masks; h and w of the semantic logits (stride 4); H and W of the map.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.inference.fuse import Fused
from seamseg_studio.engine.inference.refine import Crop, Plane, paste
from seamseg_studio.engine.scene.geometry import Box

# Detections that the map leaves out are a doubt from this share of the threshold on.
MIN_SHARE = 0.3
_OUTSIDE = -12.0  # log-odds of a mask beyond its box


def semantic_doubt(logits_KHW: Tensor) -> tuple[Tensor, Tensor]:
    """Returns what the semantic head alone says: doubt [h, w] (0 to 1) and the probabilities [K, h, w].

    Doubt is one minus the margin between the two likeliest categories (best versus second best; Settles, Active
    Learning Literature Survey, 2009, section 3.1).
    """
    probabilities = logits_KHW.softmax(dim=0)
    if len(probabilities) == 1:
        return torch.zeros_like(probabilities[0]), probabilities
    best = probabilities.topk(2, dim=0).values
    return 1 - (best[0] - best[1]), probabilities


def entropy(probabilities_KHW: Tensor) -> Tensor:
    """Returns the entropy of every pixel relative to that of an even guess, 0 to 1. [h, w]."""
    if len(probabilities_KHW) == 1:
        return torch.zeros_like(probabilities_KHW[0])
    total: Tensor = torch.special.entr(probabilities_KHW).sum(dim=0)
    return total / float(np.log(len(probabilities_KHW)))


def pixel_uncertainty(
    logits_KHW: Tensor,
    fused: Fused,
    found: Detections,
    mask_logits: Tensor,
    *,
    input_size: tuple[int, int],
    num_stuff: int,
    score_threshold: float,
) -> NDArray[np.uint8]:
    """Returns how unsure the network is of every pixel of a map. [H, W] uint8, 0 certain to 255.

    Computed at the resolution of the semantic head, where it is smooth, and enlarged.

    Args:
        logits_KHW: Semantic logits of the whole input. [K, h, w] float32.
        fused: The map.
        found: Detections, those below the threshold as well (from `MIN_SHARE` of it on). Boxes in input pixels.
        mask_logits: Of these. [N, M, M].
        input_size: Height and width of the network's input.
        num_stuff: Number of stuff categories.
        score_threshold: Of the map.
    """
    doubt_hw, probabilities = semantic_doubt(logits_KHW)
    shape = (int(doubt_hw.shape[0]), int(doubt_hw.shape[1]))
    doubt: Plane = doubt_hw.float().cpu().numpy()
    crop = Crop(Box(0, 0, *input_size), shape)
    sure = _categories_at(fused, shape)
    for box, category, score, logits in zip(
        found.boxes.cpu().numpy(), found.categories.tolist(), found.scores.tolist(), mask_logits, strict=True
    ):
        inside = _sigmoid(paste(logits.float().cpu().numpy(), box, crop, outside=_OUTSIDE))
        if score > score_threshold:
            agreed = probabilities[category + num_stuff].float().cpu().numpy()
            # A pixel of an instance is sure if its mask, the box head and the semantic head are.
            held = inside * (score + agreed) / 2
            own = (inside > 0.5) & (sure == category + num_stuff)
            doubt = np.where(own, 1 - held, np.maximum(doubt, 1 - np.abs(2 * inside - 1)))
        else:  # something may be missing
            doubt = np.maximum(doubt, inside * score / max(score_threshold, 1e-6))
    small = np.clip(np.round(doubt * 255), 0, 255).astype(np.uint8)
    size = (fused.ids.shape[1], fused.ids.shape[0])
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _categories_at(fused: Fused, shape: tuple[int, int]) -> NDArray[np.int64]:
    """The category of the map at the centre of every cell of a coarser grid."""
    rows = ((torch.arange(shape[0]) + 0.5) * (fused.ids.shape[0] / shape[0])).long().clamp_(max=fused.ids.shape[0] - 1)
    columns = ((torch.arange(shape[1]) + 0.5) * (fused.ids.shape[1] / shape[1])).long()
    columns.clamp_(max=fused.ids.shape[1] - 1)
    device = fused.ids.device
    coarse = fused.ids[rows.to(device)][:, columns.to(device)].long().cpu()
    return np.asarray(fused.categories[coarse].numpy(), np.int64)


def _sigmoid(x: Plane) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float32)
