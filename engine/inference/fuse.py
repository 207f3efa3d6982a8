"""From logits and detections to the panoptic map, at the image's own resolution or as the original does.

Shapes: K categories, H and W of the map, h and w of the semantic logits (stride 4), in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.ops.fusion import panoptic_fusion
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY

# Values of full-size logits held at a time (16 MB).
_STRIP_VALUES = 2**22


@dataclass(frozen=True, slots=True)
class Fused:
    """A panoptic map as arrays; entry 0 of the per-segment ones is void.

    Attributes:
        ids: [H, W] int32.
        categories: [S] int64, on the CPU.
        scores: [S] float32, on the CPU.
        is_crowd: [S] bool, on the CPU.
    """

    ids: Tensor
    categories: Tensor
    scores: Tensor
    is_crowd: Tensor


def best_categories(logits_KHW: Tensor, size: tuple[int, int], *, with_second: bool) -> tuple[Tensor, Tensor | None]:
    """Resizes logits bilinearly and returns the best category of each pixel, and the second best if asked for.

    The full-size logits are made and consumed a strip of rows at a time. Equal logits go to the lower category.

    Args:
        logits_KHW: [K, h, w] float32.
        size: Height and width of the result in pixels.
        with_second: Whether to look for the runner-up; 255 where there is one category only.

    Returns:
        [H, W] uint8 each.
    """
    num_categories, low_height, _ = logits_KHW.shape
    height, width = size
    best = torch.empty(size, dtype=torch.uint8, device=logits_KHW.device)
    second = torch.full_like(best, VOID_CATEGORY) if with_second else None
    # Where the centre of each row falls among the rows of the logits; edges repeat.
    rows = torch.arange(height, device=logits_KHW.device, dtype=torch.float32)
    points = ((rows + 0.5) * (low_height / height) - 0.5).clamp_(min=0)
    above = points.long().clamp_(max=low_height - 1)
    below = (above + 1).clamp_(max=low_height - 1)
    weights = (points - above)[:, None]
    rows_per_strip = max(_STRIP_VALUES // (num_categories * width), 1)
    for first in range(0, height, rows_per_strip):
        strip = slice(first, min(first + rows_per_strip, height))
        tall = torch.lerp(logits_KHW[:, above[strip]], logits_KHW[:, below[strip]], weights[strip])
        full = F.interpolate(tall[None], size=(tall.shape[1], width), mode="bilinear", align_corners=False)[0]
        winner = full.max(dim=0, keepdim=True).indices
        best[strip] = winner[0].to(torch.uint8)
        if second is not None and num_categories > 1:
            second[strip] = full.scatter_(0, winner, -torch.inf).max(dim=0).indices.to(torch.uint8)
    return best, second


def fuse(
    semantic: Tensor,
    detections: Detections,
    mask_logits: Tensor,
    *,
    input_size: tuple[int, int],
    num_stuff: int,
    score_threshold: float,
    overlap_threshold: float,
    min_stuff_area: float,
    keep_empty: bool,
) -> Fused:
    """Joins instances and the semantic image.

    Args:
        semantic: Category per pixel of the map. [H, W] uint8.
        detections: Boxes in pixels of the network's input.
        mask_logits: [N, M, M].
        input_size: Height and width of the network's input in pixels.
        num_stuff: Number of stuff categories.
        score_threshold: See `engine.ops.fusion.panoptic_fusion`.
        overlap_threshold: The same.
        min_stuff_area: The same, but in pixels of the network's input.
        keep_empty: Whether segments without pixels stay, as in the original project.
    """
    scale_y, scale_x = semantic.shape[0] / input_size[0], semantic.shape[1] / input_size[1]
    ids, categories, scores, is_crowd = panoptic_fusion(
        semantic,
        detections.boxes * detections.boxes.new_tensor([scale_y, scale_x, scale_y, scale_x]),
        detections.categories,
        detections.scores,
        mask_logits,
        num_stuff=num_stuff,
        score_threshold=score_threshold,
        overlap_threshold=overlap_threshold,
        min_stuff_area=min_stuff_area * scale_y * scale_x,
    )
    fused = Fused(ids, categories, scores, is_crowd)
    return fused if keep_empty else _without_empty(fused)


def second_choices(fused: Fused, best: Tensor, second: Tensor) -> Tensor:
    """Returns the category [H, W] uint8 that each pixel would have if not that of its segment; 255 for none."""
    chosen = fused.categories.to(device=best.device, dtype=torch.uint8)[fused.ids.long()]
    return torch.where(best != chosen, best, second)


def _without_empty(fused: Fused) -> Fused:
    counts = torch.bincount(fused.ids.flatten(), minlength=len(fused.categories)).cpu()
    used = counts > 0
    used[0] = True
    if used.all():
        return fused
    new_ids = (used.cumsum(0) - 1).to(torch.int32).to(fused.ids.device)
    return Fused(new_ids[fused.ids.long()], fused.categories[used], fused.scores[used], fused.is_crowd[used])
