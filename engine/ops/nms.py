"""Non-maximum suppression."""

from __future__ import annotations

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_nms, reference
from seamseg_studio.engine.ops.checks import ANY, check_device, check_floating


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
        ValueError: Shapes, types or devices that do not fit, or a threshold or limit that does.
    """
    check_floating("boxes", boxes, (ANY, 4), "[N, 4]")
    check_floating("scores", scores, boxes.shape[:1], f"[{len(boxes)}]")
    check_device("scores", scores, "boxes", boxes)
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must be between 0 and 1, got {threshold}")
    if max_keep < -1:
        raise ValueError(f"max_keep must be -1 (no limit) or a number from 0 up, got {max_keep}")
    if len(boxes) == 0 or max_keep == 0:
        return torch.empty(0, dtype=torch.long, device=boxes.device)
    if native_nms.serves(boxes, scores) and native.usable(boxes, scores):
        return native_nms.nms(boxes, scores, threshold, max_keep)
    return reference.nms(boxes, scores, threshold, max_keep)
