"""What erased pixels become: the stuff around them, or the model's second choice."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.taxonomy import VOID

# A nearest-stuff search costs about 10 ns a pixel; above this many it is made on every k-th pixel.
_FINE_PIXELS = 1 << 18
_MARGIN_PX = 48


def stuff_around(
    ids: NDArray[np.int32],
    hole: Mask,
    box: Box,
    sources: Collection[int],
    excluded: Callable[[Box, int], Mask] | None = None,
) -> NDArray[np.int32]:
    """Finds for each pixel of a hole the nearest stuff outside it.

    Exact up to a quarter of a million pixels; for larger holes the border between two fills may be a few pixels off.

    Args:
        ids: The id image. [H, W] int32.
        hole: The pixels to fill. [h, w] bool, the shape of `box`.
        box: Where `hole` lies.
        sources: The segments that may grow into the hole.
        excluded: Gives the pixels of a box that are no sources, whatever their id (erased earlier in a stroke); of
            every n-th row and column only, n being its second argument.

    Returns:
        Ids for `box`, valid where `hole` is set; `VOID` if the image shows none of the sources outside it.
        [h, w] int32.
    """
    nothing = np.zeros(hole.shape, dtype=np.int32)
    if not sources or not hole.any():
        return nothing
    table = np.zeros(max(sources) + 1, dtype=np.bool_)
    table[list(sources)] = True
    shape = (ids.shape[0], ids.shape[1])
    margin = _MARGIN_PX
    while True:
        search = box.grown(margin, shape)
        step = max(1, math.ceil(math.sqrt(search.area / _FINE_PIXELS)))
        barred = None if excluded is None else excluded(search, step)
        found = _nearest(ids[search.slices], hole, box.moved(-search.y0, -search.x0), table, barred, step)
        if found is not None:
            return found
        if search == Box(0, 0, *shape):
            return nothing
        margin *= 8


def _nearest(
    ids: NDArray[np.int32], hole: Mask, inner: Box, table: NDArray[np.bool_], barred: Mask | None, step: int
) -> NDArray[np.int32] | None:
    """Searches one crop on a grid of every `step`-th pixel; None if it shows no source outside the hole."""
    coarse = ids[::step, ::step]
    # Ids beyond the table are no sources: clipped to entry 0 (void), which is none.
    source = table[np.where(coarse < len(table), coarse, VOID)]
    y0, x0 = -(-inner.y0 // step), -(-inner.x0 // step)
    hole_coarse = hole[y0 * step - inner.y0 :: step, x0 * step - inner.x0 :: step]
    source[y0 : y0 + hole_coarse.shape[0], x0 : x0 + hole_coarse.shape[1]] &= ~hole_coarse
    if barred is not None:
        source &= ~barred
    if not source.any():
        return None
    _, found = cv2.distanceTransformWithLabels(
        np.logical_not(source).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(found, dtype=np.int32)
    id_of_label: NDArray[np.int32] = np.zeros(int(labels.max()) + 1, dtype=np.int32)
    id_of_label[labels[source]] = coarse[source]
    if step == 1:
        return np.take(id_of_label, labels[inner.slices])
    around = Box(inner.y0 // step, inner.x0 // step, -(-inner.y1 // step), -(-inner.x1 // step))
    coarse_filled: NDArray[np.int32] = np.take(id_of_label, labels[around.slices])
    # opencv has no nearest resize for int32; as float32 the same four bytes are copied
    fine = cv2.resize(
        coarse_filled.view(np.float32), (around.width * step, around.height * step), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(fine).view(np.int32)[inner.moved(-around.y0 * step, -around.x0 * step).slices]
