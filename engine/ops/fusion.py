"""Fusing instances and the semantic image into one panoptic map (MODEL.md section 5).

Shapes: N instances, H and W in pixels of the map, M side of the masks (28), S segments.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_fusion, reference
from seamseg_studio.engine.ops.checks import ANY, check_device, check_floating, check_indices, check_integer_image


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
        semantic: Category per pixel, stuff first; 255 for none, and so is what is outside 0..254. [H, W] integer.
        boxes: Corners in pixels of the map, (y0, x0, y1, x1); one that is not finite or of a side beyond float32
            covers nothing. [N, 4] floating point, used as float32.
        categories: Thing category, from 0. [N] int64.
        scores: [N] floating point, used as float32.
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
        ValueError: Shapes, types, devices or numbers that do not fit.
    """
    check_integer_image("semantic", semantic)
    check_floating("boxes", boxes, (ANY, 4), "[N, 4]")
    num = boxes.shape[0]
    check_indices("categories", categories, (num,), f"[{num}]")
    check_floating("scores", scores, (num,), f"[{num}]")
    check_floating("mask_logits", mask_logits, (num, ANY, ANY), f"[{num}, M, M]")
    side = mask_logits.shape[1]
    if side != mask_logits.shape[2] or (num and not side):
        raise ValueError(f"mask_logits must be square and have pixels, got {tuple(mask_logits.shape)}")
    for name, value in (("boxes", boxes), ("categories", categories), ("scores", scores), ("mask_logits", mask_logits)):
        check_device(name, value, "semantic", semantic)
    if num_stuff < 0:
        raise ValueError(f"num_stuff must not be negative, got {num_stuff}")
    for name, number in (
        ("score_threshold", score_threshold),
        ("overlap_threshold", overlap_threshold),
        ("min_stuff_area", min_stuff_area),
    ):
        if math.isnan(number):
            raise ValueError(f"{name} must be a number, got {number}")
    boxes, scores = boxes.float(), scores.float()
    if semantic.dtype != torch.uint8:
        semantic = semantic.long().masked_fill((semantic < 0) | (semantic > 255), 255).to(torch.uint8)
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
