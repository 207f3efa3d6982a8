"""Panoptic fusion and the argmax of resized logits by the compiled library.

Shapes: K categories, N instances, M side of the masks, H and W in pixels of the map, S segments at most.
"""

from __future__ import annotations

import torch
from torch import Tensor

MAX_MASK_SIDE = 64
MAX_SIDE = 2**24
MAX_INSTANCES = 65535


def serves(semantic: Tensor, mask_logits: Tensor) -> bool:
    """Returns whether the compiled op takes this semantic image and these masks."""
    is_square = mask_logits.dim() == 3 and mask_logits.shape[1] == mask_logits.shape[2]
    fits = mask_logits.shape[0] <= MAX_INSTANCES and mask_logits.shape[-1] <= MAX_MASK_SIDE
    return semantic.dtype == torch.uint8 and is_square and fits


def serves_logits(logits_KHW: Tensor, size: tuple[int, int]) -> bool:
    """Returns whether the compiled op takes these logits and this size of the results."""
    return logits_KHW.dtype != torch.float64 and max(*size, *logits_KHW.shape) <= MAX_SIDE


def padded_fusion(
    semantic: Tensor,
    boxes: Tensor,
    categories: Tensor,
    scores: Tensor,
    mask_logits: Tensor,
    num_stuff: int,
    score_threshold: float,
    overlap_threshold: float,
    min_stuff_area: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Fuses without the host ever waiting for the device: sizes do not depend on the data.

    Returns:
        ids [H, W] int32, categories [S] int64, scores [S] float32, crowd flags [S] bool with S = 1 + N + 255, padded,
        and how many of the S count, [1] int64. See `engine.ops.fusion.panoptic_fusion`.

    Raises:
        RuntimeError: A type, shape, device or value that does not fit; the message names it.
    """
    ids, out_categories, out_scores, out_crowd, count = torch.ops.seamseg.panoptic_fusion(
        semantic.contiguous(),
        boxes.float().contiguous(),
        categories.contiguous(),
        scores.float().contiguous(),
        mask_logits.float().contiguous(),
        num_stuff,
        score_threshold,
        overlap_threshold,
        min_stuff_area,
    )
    return ids, out_categories, out_scores, out_crowd, count


def fusion(
    semantic: Tensor,
    boxes: Tensor,
    categories: Tensor,
    scores: Tensor,
    mask_logits: Tensor,
    num_stuff: int,
    score_threshold: float,
    overlap_threshold: float,
    min_stuff_area: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `engine.ops.fusion.panoptic_fusion`; waits for the device once, at the end."""
    ids, out_categories, out_scores, out_crowd, count = padded_fusion(
        semantic,
        boxes,
        categories,
        scores,
        mask_logits,
        num_stuff,
        score_threshold,
        overlap_threshold,
        min_stuff_area,
    )
    num = int(count)
    return ids, out_categories[:num].cpu(), out_scores[:num].cpu(), out_crowd[:num].cpu()


def best_categories(
    logits_KHW: Tensor, size: tuple[int, int], *, with_second: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Resizes logits bilinearly (align_corners false, edges repeat) and compares categories pixel by pixel.

    Args:
        logits_KHW: Any strides; [K, h, w] float32, float16 or bfloat16, 1 <= K <= 255.
        size: Height and width of the results.
        with_second: Whether the runner-up is wanted.

    Returns:
        The best category [H, W] uint8, ties to the lower; and, if wanted, the second best [H, W] uint8 (255 where
        there is none) and by how much the best is ahead of it [H, W] float32.

    Raises:
        RuntimeError: A type, shape or value that does not fit; the message names it.
    """
    best, second, margin = torch.ops.seamseg.best_categories(logits_KHW, size[0], size[1], with_second)
    return (best, second, margin) if with_second else (best, None, None)


def _fake_fusion(
    semantic: Tensor,
    boxes: Tensor,
    categories: Tensor,
    scores: Tensor,
    mask_logits: Tensor,
    num_stuff: int,
    score_threshold: float,
    overlap_threshold: float,
    min_stuff_area: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    most = 1 + boxes.shape[0] + 255
    return (
        semantic.new_empty(semantic.shape, dtype=torch.int32),
        semantic.new_empty(most, dtype=torch.int64),
        semantic.new_empty(most, dtype=torch.float32),
        semantic.new_empty(most, dtype=torch.bool),
        semantic.new_empty(1, dtype=torch.int64),
    )


def _fake_best_categories(logits: Tensor, height: int, width: int, with_second: bool) -> tuple[Tensor, Tensor, Tensor]:
    second_size = (height, width) if with_second else (0, 0)
    return (
        logits.new_empty((height, width), dtype=torch.uint8),
        logits.new_empty(second_size, dtype=torch.uint8),
        logits.new_empty(second_size, dtype=torch.float32),
    )


def register() -> None:
    """Tells PyTorch the shapes of the results."""
    torch.library.register_fake("seamseg::panoptic_fusion", _fake_fusion)
    torch.library.register_fake("seamseg::best_categories", _fake_best_categories)
