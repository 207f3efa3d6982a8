"""What a patch would change, as pixels to show before it is committed."""

from __future__ import annotations

import numpy as np

from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.patch import Patch


def changed_pixels(patch: Patch) -> tuple[Mask, Box]:
    """Returns the pixels whose segment a patch changes, as a mask of the patch's box, and that box."""
    box, runs = patch.box, patch.runs
    mask = np.zeros(box.area, dtype=np.bool_)
    moves = runs.before != runs.after
    starts = (runs.y[moves].astype(np.int64) - box.y0) * box.width + runs.x[moves] - box.x0
    lengths = runs.length[moves]
    # All pixels of all runs at once: where each run starts, and how far into it each pixel is.
    first = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths)
    mask[first + np.arange(len(first))] = True
    return mask.reshape(box.shape), box
