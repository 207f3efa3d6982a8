"""Masks as COCO run lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hotcoco import mask as coco_mask
from numpy.typing import NDArray


def encode_mask(mask: NDArray[np.bool_], box: tuple[int, int, int, int], shape: tuple[int, int]) -> dict[str, Any]:
    """Encodes a crop of an otherwise empty mask.

    Args:
        mask: The pixels of the box.
        box: Where the crop lies, (y0, x0, y1, x1).
        shape: Height and width of the image.

    Returns:
        `{"size": [H, W], "counts": text}`, as pycocotools reads and JSON holds it.
    """
    y0, x0, _, _ = box
    # The borders of the runs down the columns of the crop, then where they are in the image. Its size does not matter,
    # which it does for a library that is given the whole mask of every small instance.
    columns = np.zeros((mask.shape[1], mask.shape[0] + 2), np.bool_)
    columns[:, 1:-1] = mask.T
    column, row = np.divmod(np.flatnonzero(columns[:, 1:] != columns[:, :-1]), mask.shape[0] + 1)
    borders = (x0 + column) * shape[0] + y0 + row
    starts, ends = borders[0::2], borders[1::2]
    apart = starts[1:] != ends[:-1]  # a run that goes on at the top of the next column is one
    starts, ends = starts[np.append(True, apart)[: len(starts)]], ends[np.append(apart, True)[: len(ends)]]
    bounds = np.stack([starts, ends], axis=1).reshape(-1)
    lengths = np.diff(bounds, prepend=0, append=shape[0] * shape[1]).tolist()
    if lengths[-1] == 0:
        lengths.pop()
    encoded = coco_mask.frPyObjects({"size": list(shape), "counts": lengths}, *shape)
    counts = encoded["counts"]
    return {"size": list(shape), "counts": counts.decode("ascii") if isinstance(counts, bytes) else counts}


def decode_mask(
    segmentation: Mapping[str, Any] | list[list[float]], shape: tuple[int, int]
) -> tuple[NDArray[np.bool_], tuple[int, int, int, int]]:
    """Decodes run lengths (compressed or not) or fills polygons as COCO does.

    Args:
        segmentation: What a COCO annotation holds.
        shape: Height and width of the image.

    Returns:
        The mask of the smallest box around its pixels, and that box (y0, x0, y1, x1).

    Raises:
        ValueError: The segmentation is none, or of another size than the image.
    """
    height, width = shape
    if isinstance(segmentation, list):
        polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
        if not polygons:
            return np.zeros((0, 0), np.bool_), (0, 0, 0, 0)
        # Shorter ones are left out above: four numbers would be taken for a box.
        runs = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    else:
        if list(segmentation.get("size", ())) != [height, width]:
            raise ValueError(f"the run lengths are for {segmentation.get('size')}, the image is {[height, width]}")
        runs = dict(segmentation)
        if isinstance(runs["counts"], list):
            if sum(runs["counts"]) != height * width:
                raise ValueError(f"the run lengths cover {sum(runs['counts'])} pixels of {height * width}")
            runs = coco_mask.frPyObjects(runs, height, width)
    x, y, across, down = (int(value) for value in coco_mask.toBbox(runs))
    crop = coco_mask.decode(runs)[y : y + down, x : x + across]
    return np.ascontiguousarray(crop, np.bool_), (y, x, y + down, x + across)
