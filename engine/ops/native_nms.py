"""Non-maximum suppression by the compiled library.

Shapes: G independent groups, N boxes in each, K kept at most.
"""

from __future__ import annotations

import torch
from torch import Tensor


def serves(boxes: Tensor, scores: Tensor) -> bool:
    """Returns whether the compiled op gives these boxes and scores what the reference does; others lose digits."""
    return boxes.dtype == torch.float32 and scores.dtype != torch.float64


def nms_groups(
    boxes_GN4: Tensor,
    scores_GN: Tensor,
    threshold: float,
    max_keep: int = -1,
    *,
    categories_GN: Tensor | None = None,
    score_threshold: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Suppresses in each group the boxes whose IoU with a kept box of a higher score is at least `threshold`.

    Sizes do not depend on the data and the host never waits for the device, so that it can sit in a captured graph.

    Args:
        boxes_GN4: (y0, x0, y1, x1) in pixels. [G, N, 4] float32.
        scores_GN: [G, N] float32. The order is falling, NaN first, ties by rising index.
        threshold: In [0, 1]. An IoU of NaN (two boxes without area) suppresses nothing.
        max_keep: Stops after so many kept boxes of a group; -1 keeps all, 0 none.
        categories_GN: If given, only boxes of one category suppress each other. [G, N] int64, in 32 bits.
        score_threshold: If given, boxes with a score not above it neither stay nor suppress.

    Returns:
        Indices into N in falling order of score, padded with -1, [G, K] int64, and how many of them count, [G] int64.

    Raises:
        RuntimeError: A type, shape, device or value that does not fit; the message names it.
    """
    if max_keep == 0:
        num = boxes_GN4.shape[0]
        return scores_GN.new_empty((num, 0), dtype=torch.long), scores_GN.new_zeros(num, dtype=torch.long)
    keep, count = torch.ops.seamseg.nms(
        boxes_GN4.contiguous(),
        scores_GN.contiguous(),
        None if categories_GN is None else categories_GN.contiguous(),
        threshold,
        max_keep,
        score_threshold,
    )
    return keep, count


def nms(boxes: Tensor, scores: Tensor, threshold: float, max_keep: int) -> Tensor:
    """See `engine.ops.nms.nms`; waits for the device, because the number of results depends on the data."""
    keep, count = nms_groups(boxes.detach()[None], scores.detach().float()[None], threshold, max_keep)
    return keep[0, : int(count)]


def _fake_nms(
    boxes: Tensor,
    scores: Tensor,
    categories: Tensor | None,
    threshold: float,
    max_keep: int,
    score_threshold: float | None,
) -> tuple[Tensor, Tensor]:
    num = boxes.shape[1] if max_keep <= 0 else min(max_keep, boxes.shape[1])
    keep = boxes.new_empty((boxes.shape[0], num), dtype=torch.int64)
    return keep, boxes.new_empty((boxes.shape[0],), dtype=torch.int64)


def register() -> None:
    """Tells PyTorch the shapes of the results without running."""
    torch.library.register_fake("seamseg::nms", _fake_nms)
