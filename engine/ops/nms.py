"""Non-maximum suppression."""

from __future__ import annotations

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_nms, reference


def nms(boxes: Tensor, scores: Tensor, threshold: float, max_keep: int = -1) -> Tensor:
    """Keeps the best boxes that do not overlap a better kept one.

    A box is dropped if its intersection over union with a kept box of a higher score is **at least** `threshold`. Two
    empty boxes have no IoU (0/0) and never suppress each other. Equal scores go by index, lower first.

    Args:
        boxes: Corners in pixels, (y0, x0, y1, x1). [N, 4] floating point.
        scores: [N] floating point.
        threshold: IoU from which boxes are dropped, in [0, 1].
        max_keep: Stop after as many; -1 for no limit.

    Returns:
        Indices of the kept boxes, best first. [K] int64.

    Raises:
        ValueError: Shapes, types or devices that do not fit, or a threshold outside [0, 1].
    """
    if boxes.dim() != 2 or boxes.shape[1] != 4 or not boxes.is_floating_point():
        raise ValueError(f"boxes must be floating point [N, 4], got {boxes.dtype} {tuple(boxes.shape)}")
    if scores.shape != boxes.shape[:1] or not scores.is_floating_point():
        raise ValueError(f"scores must be floating point [{len(boxes)}], got {scores.dtype} {tuple(scores.shape)}")
    if scores.device != boxes.device:
        raise ValueError(f"boxes and scores must be on one device, got {boxes.device} and {scores.device}")
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must be between 0 and 1, got {threshold}")
    if len(boxes) == 0 or max_keep == 0:
        return torch.empty(0, dtype=torch.long, device=boxes.device)
    if native_nms.serves(boxes, scores) and native.usable(boxes, scores):
        return native_nms.nms(boxes, scores, threshold, max_keep)
    return reference.nms(boxes, scores, threshold, max_keep)
