"""What the model proposes for one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import PartitionError
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import VOID


@dataclass(frozen=True, slots=True)
class RawOutput:
    """The network's own output, at the resolution it saw; what `.npz` files keep for scripts and tests.

    Attributes:
        sem_pred: Category per pixel. [h, w] uint8.
        bbx_pred: Detected boxes in network input pixels, (y0, x0, y1, x1). [N, 4] float32.
        cls_pred: Thing index (category less the number of stuff categories) per detection. [N] int64.
        obj_pred: Score per detection. [N] float32.
        msk_pred: Mask probabilities or logits in each box. [N, 28, 28] float32.
    """

    sem_pred: NDArray[np.uint8]
    bbx_pred: NDArray[np.float32]
    cls_pred: NDArray[np.int64]
    obj_pred: NDArray[np.float32]
    msk_pred: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PanopticResult:
    """A panoptic proposal at the image's own resolution; entry 0 of the per-segment arrays is void.

    Attributes:
        ids: Segment per pixel, an index into the arrays below. [H, W] int32.
        categories: Category per segment, `[0]` is `VOID_CATEGORY`. [S] int64.
        scores: Confidence per segment, 0 to 1. [S] float32.
        is_crowd: Whether a segment is a group that could not be told apart. [S] bool.
        second_choice: Runner-up category per pixel, `VOID_CATEGORY` where there is none. [H, W] uint8.
        raw: The network's own output, if it was asked for.
        timings_ms: Milliseconds per stage, by name.
        uncertainty: How unsure the model is of every pixel, 0 to 255. [H, W] uint8.
        fingerprint: Tells the model that said so from others, also those of its name; empty if nobody knows.
    """

    ids: NDArray[np.int32]
    categories: NDArray[np.int64]
    scores: NDArray[np.float32]
    is_crowd: NDArray[np.bool_]
    second_choice: NDArray[np.uint8] | None = None
    raw: RawOutput | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    uncertainty: NDArray[np.uint8] | None = None
    fingerprint: str = ""

    def __post_init__(self) -> None:
        num_segments = len(self.categories)
        if self.ids.ndim != 2:
            raise PartitionError(f"the id image of a result has {self.ids.ndim} dimensions, not 2")
        if self.ids.dtype.kind not in "iu":
            raise PartitionError(f"the id image of a result is of {self.ids.dtype}, not of whole numbers")
        if not self.categories.ndim == self.scores.ndim == self.is_crowd.ndim == 1:
            raise PartitionError("the per-segment arrays of a result have more or less than one dimension")
        if num_segments < 1 or len(self.scores) != num_segments or len(self.is_crowd) != num_segments:
            raise PartitionError("the per-segment arrays of a result differ in length or lack void")
        if self.second_choice is not None and self.second_choice.shape != self.ids.shape:
            raise PartitionError("the second choice of a result is of another size than its id image")
        if self.uncertainty is not None and self.uncertainty.shape != self.ids.shape:
            raise PartitionError("the uncertainty of a result is of another size than its id image")

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return (self.ids.shape[0], self.ids.shape[1])

    @property
    def num_segments(self) -> int:
        """How many segments the arrays list, without void."""
        return len(self.categories) - 1

    def doubt(self) -> float:
        """How unsure the model is of the image, 0 to 1.

        The mean uncertainty of its pixels; where that is not known, 1 less the mean score of their segments, void's 0.
        """
        if self.uncertainty is not None:
            return float(self.uncertainty.mean()) / 255 if self.uncertainty.size else 0.0
        confidence = np.clip(self.scores.astype(np.float64), 0.0, 1.0)
        confidence[VOID] = 0.0
        areas = np.bincount(self.ids.ravel(), minlength=len(confidence))[: len(confidence)]
        return float(1.0 - (areas * confidence).sum() / max(1, self.ids.size))

    def to_map(self) -> PanopticMap:
        """Makes an independent panoptic map of the proposal, every labelled pixel and segment of origin `MODEL`.

        Segments that no pixel shows are left out; ids are kept.

        Raises:
            PartitionError: A pixel names a segment that the arrays do not list.
        """
        ids = np.array(self.ids, dtype=np.int32, order="C")
        segments = {
            index: Segment(
                category=int(self.categories[index]),
                is_crowd=bool(self.is_crowd[index]),
                score=float(self.scores[index]),
                origin=Origin.MODEL,
            )
            for index in range(1, len(self.categories))
        }
        provenance = (ids != VOID).view(np.uint8)
        provenance *= np.uint8(Origin.MODEL.code)
        return PanopticMap.from_arrays(ids, segments, provenance)
