"""One labelled image on its way into a training batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

VOID = 0  # the id of unlabelled pixels
VOID_CATEGORY = 255
FIRST_CATEGORY_SET = 256  # category values from here on stand for "one of a set of categories"


@dataclass(frozen=True, slots=True)
class Sample:
    """An image with its panoptic ground truth.

    Attributes:
        name: What messages call it.
        image: RGB. [H, W, 3] uint8.
        ids: The segment of each pixel; index into `categories`. [H, W] int32.
        categories: Category of each segment; entry 0 is void (255). 256 + k means "one of category set k": known to be
            one of several categories, not which. [S] int64.
        is_crowd: Segments that may hold several instances, or instances that nobody told apart: they teach what the
            pixels are, but nothing about boxes, and proposals on them are no negatives. [S] bool.
        weights: How much each segment counts in the losses; None for 1 each. [S] float32.
    """

    name: str
    image: NDArray[np.uint8]
    ids: NDArray[np.int32]
    categories: NDArray[np.int64]
    is_crowd: NDArray[np.bool_]
    weights: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.image.shape[:2] != self.ids.shape:
            raise ValueError(f"{self.name}: image {self.image.shape[:2]} and labels {self.ids.shape} differ in size")
        if len(self.categories) != len(self.is_crowd):
            raise ValueError(f"{self.name}: {len(self.categories)} categories but {len(self.is_crowd)} crowd flags")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) pixels."""
        return self.ids.shape[0], self.ids.shape[1]


def compact(sample: Sample) -> Sample:
    """Returns the sample with only the segments that occur, numbered without gaps in their old order; 0 stays void."""
    present = np.zeros(len(sample.categories), dtype=bool)
    present[sample.ids.ravel()] = True
    present[VOID] = True
    new_ids = np.cumsum(present, dtype=np.int32) - 1
    return replace(
        sample,
        ids=new_ids[sample.ids].astype(np.int32),
        categories=sample.categories[present],
        is_crowd=sample.is_crowd[present],
        weights=None if sample.weights is None else sample.weights[present],
    )


def extract_boxes(ids: NDArray[np.int32], num_segments: int) -> NDArray[np.float32]:
    """Returns the corners (y0, x0, y1, x1) of each segment in pixels, -1 where it does not occur. [S, 4] float32."""
    height, width = ids.shape
    boxes = np.full((num_segments, 4), -1, dtype=np.float32)
    flat = ids.ravel()
    rows = np.repeat(np.arange(height, dtype=np.float32), width)
    # Of several assignments to one place the last one stays: in row order that is the lowest row, reversed the highest.
    boxes[flat, 2] = rows + 1
    boxes[flat[::-1], 0] = rows[::-1]
    flat = ids.T.ravel()
    columns = np.repeat(np.arange(width, dtype=np.float32), height)
    boxes[flat, 3] = columns + 1
    boxes[flat[::-1], 1] = columns[::-1]
    return boxes
