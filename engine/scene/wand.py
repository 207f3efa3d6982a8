"""The magic wand: pixels of a like colour around a place, looked for no farther than asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene import morphology
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask, tight_box


def like_colored(
    image: NDArray[np.uint8],
    seed_yx: tuple[int, int],
    tolerance: int,
    reach_px: int,
    region: Box | None = None,
    *,
    fills_holes: bool = False,
) -> tuple[Mask, Box]:
    """Finds the connected pixels around a place that look like it.

    Args:
        image: The picture. [H, W, 3] uint8.
        seed_yx: The place, inside the picture.
        tolerance: The largest difference from its colour in a channel, 0 to 255.
        reach_px: How far from it, in rows and columns, is looked.
        region: If given, nothing outside is looked at.
        fills_holes: Whether enclosed pixels of another colour belong to it too.

    Returns:
        The pixels as a mask of their smallest box, and that box; empty if the place lies outside `region`.
    """
    y, x = seed_yx
    box = Box(y, x, y + 1, x + 1)
    if region is not None and not region.contains(box):
        return np.zeros((0, 0), dtype=np.bool_), EMPTY_BOX
    box = box.grown(reach_px, (image.shape[0], image.shape[1]))
    if region is not None:
        box = box.intersection(region)
    mask = morphology.similar_at(image[box.slices], (y - box.y0, x - box.x0), tolerance)
    if fills_holes:
        mask |= morphology.holes(mask)
    tight = tight_box(mask, box)
    return np.ascontiguousarray(mask[tight.moved(-box.y0, -box.x0).slices]), tight
