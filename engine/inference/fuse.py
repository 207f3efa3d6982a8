"""From logits and detections to the panoptic map, at the image's own resolution or as the original does.

Shapes: K categories, H and W of the map in pixels, N instances, S segments; h and w of the semantic logits (stride 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.inference.detection import Detections
from seamseg_studio.engine.ops.fusion import panoptic_fusion
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY


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


def best_rows(
    logits_KHW: Tensor,
    first: int,
    low_height: int,
    rows: range,
    size: tuple[int, int],
    *,
    with_second: bool,
    with_doubt: bool = False,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Resizes logits bilinearly for some rows of a result, and returns the best categories of their pixels.

    Equal logits go to the lower category; `engine.ops.semantic.best_categories` does it for a whole result.

    Args:
        logits_KHW: A part of all logits. [K, n, w] float32.
        first: The row of all logits that it begins with.
        low_height: Rows of all logits.
        rows: The rows of the result.
        size: Height and width of the whole result.
        with_second: Whether to look for the runner-up; 255 where there is one category only.
        with_doubt: Whether to say how small the margin between the two likeliest categories is, 0 to 255.

    Returns:
        Best, second and doubt, [len(rows), W] uint8 each.
    """
    # Where the centre of each row falls among the rows of the logits; edges repeat.
    centres = torch.arange(rows.start, rows.stop, device=logits_KHW.device, dtype=torch.float32)
    points = ((centres + 0.5) * (low_height / size[0]) - 0.5).clamp_(min=0)
    above = points.long().clamp_(max=low_height - 1)
    below = (above + 1).clamp_(max=low_height - 1)
    weights = (points - above)[:, None]
    last = logits_KHW.shape[1] - 1
    above, below = (above - first).clamp_(0, last), (below - first).clamp_(0, last)
    tall = torch.lerp(logits_KHW[:, above], logits_KHW[:, below], weights)
    full = F.interpolate(tall[None], size=(len(rows), size[1]), mode="bilinear", align_corners=False)[0]
    doubt = None
    if with_doubt:
        top = full.softmax(dim=0).topk(min(2, len(full)), dim=0).values
        doubt = ((1 - top[0] + (top[1] if len(top) > 1 else 0)) * 255).round().clamp_(0, 255).to(torch.uint8)
    winner = full.max(dim=0, keepdim=True).indices
    second = None
    if with_second and len(full) > 1:
        second = full.scatter_(0, winner, -torch.inf).max(dim=0).indices.to(torch.uint8)
    elif with_second:
        second = torch.full_like(winner[0], VOID_CATEGORY, dtype=torch.uint8)
    return winner[0].to(torch.uint8), second, doubt


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
