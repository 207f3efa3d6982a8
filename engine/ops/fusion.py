"""Fusing instances and the semantic image into one panoptic map (MODEL.md section 5).

Shapes: N instances, H and W in pixels of the map, M side of the masks (28), S segments.
"""

from __future__ import annotations

from torch import Tensor

from seamseg_studio.engine.ops import native, native_fusion, reference


def panoptic_fusion(
    semantic: Tensor,
    boxes: Tensor,
    categories: Tensor,
    scores: Tensor,
    mask_logits: Tensor,
    *,
    num_stuff: int,
    score_threshold: float = 0.5,
    overlap_threshold: float = 0.5,
    min_stuff_area: float = 4096,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gives every pixel to one instance, one semantic category, or nobody.

    Instances with a score above `score_threshold` are taken by falling score (equal ones by index). Their mask, after
    the sigmoid, is sampled bilinearly (zero padding) at pixel centres and cut at more than 0.5. One of which more than
    `overlap_threshold` is taken already is left out, else it takes what is free of it. Then each category of
    `semantic`, in order, takes its free pixels if they are at least `min_stuff_area`; for a thing they are a crowd.

    Args:
        semantic: Category per pixel, stuff first; 255 for none. [H, W] uint8 or int64.
        boxes: Corners in pixels of the map, (y0, x0, y1, x1). [N, 4] float32.
        categories: Thing category, from 0. [N] int64.
        scores: [N] float32.
        mask_logits: In the frame of the boxes. [N, M, M] floating point.
        num_stuff: Number of stuff categories, the id of the first thing category.
        score_threshold: See above.
        overlap_threshold: See above; a share of the mask.
        min_stuff_area: See above; pixels of the map.

    Returns:
        ids [H, W] int32; and by id, entry 0 being void (category 255, score 0): categories [S] int64, scores [S]
        float32 (1 for semantic segments), crowd flags [S] bool. A segment may have no pixels; the last three are on
        the CPU.

    Raises:
        ValueError: Shapes that do not fit.
    """
    num = len(boxes)
    if semantic.dim() != 2 or semantic.is_floating_point():
        raise ValueError(f"semantic must be an integer image [H, W], got {semantic.dtype} {tuple(semantic.shape)}")
    if boxes.shape != (num, 4) or categories.shape != (num,) or scores.shape != (num,) or len(mask_logits) != num:
        raise ValueError(
            f"boxes, categories, scores and mask_logits must agree, got {tuple(boxes.shape)}, "
            f"{tuple(categories.shape)}, {tuple(scores.shape)}, {tuple(mask_logits.shape)}"
        )
    is_native = native_fusion.serves(semantic, mask_logits) and native.usable(
        semantic, boxes, categories, scores, mask_logits
    )
    implementation = native_fusion.fusion if is_native else reference.fusion
    return implementation(
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
