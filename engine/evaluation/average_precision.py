"""Average precision (AP) of boxes and masks of things, by COCO's rules.

https://cocodataset.org/#detection-eval. Instances of a panoptic map do not overlap and have passed a score threshold,
so the figures lie below those of the detections that they were made from.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hotcoco import COCO, COCOeval
from numpy.typing import NDArray

from seamseg_studio.engine.formats.coco_instances import thing_instances
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Precision:
    """Average precision, 0 to 1; NaN where the ground truth has no instances.

    Attributes:
        ap: Mean over IoU 0.50 to 0.95.
        ap_50, ap_75: At one IoU.
        by_category: `ap` of every category of the taxonomy, NaN for stuff. [C] float64.
    """

    ap: float
    ap_50: float
    ap_75: float
    by_category: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Average precision of boxes and of masks."""

    box: Precision
    mask: Precision


class InstanceCollector:
    """Gathers the things of both sides, image by image, as run lengths; safe to use from several threads."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._lock = threading.Lock()
        self._images: list[dict[str, Any]] = []
        self._truths: list[dict[str, Any]] = []
        self._guesses: list[dict[str, Any]] = []

    def add(
        self,
        true_ids: NDArray[np.int32],
        true_segments: Mapping[int, Segment],
        guessed_ids: NDArray[np.int32],
        guessed_segments: Mapping[int, Segment],
    ) -> None:
        """Adds an image. Categories are those of the collector's taxonomy; guesses without a score count as certain.

        Args:
            true_ids, guessed_ids: [H, W] int32.
            true_segments, guessed_segments: By id.
        """
        truths = thing_instances(true_ids, true_segments, self._taxonomy)
        guesses = thing_instances(guessed_ids, guessed_segments, self._taxonomy)
        with self._lock:
            number = len(self._images) + 1
            height, width = true_ids.shape
            self._images.append({"id": number, "width": width, "height": height, "file_name": str(number)})
            for truth in truths:
                self._truths.append({"id": len(self._truths) + 1, "image_id": number, **truth})
            for guess in guesses:
                self._guesses.append({"id": len(self._guesses) + 1, "image_id": number, "score": 1.0, **guess})

    def compute(self) -> AveragePrecision:
        """Evaluates what was gathered."""
        return AveragePrecision(box=self._evaluate("bbox"), mask=self._evaluate("segm"))

    def _evaluate(self, kind: str) -> Precision:
        categories = [
            {"id": index, "name": category.name}
            for index, category in enumerate(self._taxonomy.categories)
            if self._taxonomy.is_thing(index)
        ]
        by_category = np.full(len(self._taxonomy), np.nan)
        if not self._truths:
            return Precision(float("nan"), float("nan"), float("nan"), by_category)
        if not self._guesses:
            by_category[sorted({truth["category_id"] for truth in self._truths if not truth["iscrowd"]})] = 0
            return Precision(0.0, 0.0, 0.0, by_category)
        truth = COCO({"images": self._images, "annotations": self._truths, "categories": categories})
        evaluation = COCOeval(truth, truth.load_res(self._guesses), kind)
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        # [IoU, recall, category, area range, max detections]; -1 where there is no ground truth
        assert evaluation.eval is not None
        precision = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]
        for place, category in enumerate(evaluation.params.cat_ids):
            values = precision[:, :, place]
            by_category[category] = values[values > -1].mean() if (values > -1).any() else np.nan
        ap, ap_50, ap_75 = (float(value) if value > -1 else float("nan") for value in evaluation.stats[:3])
        return Precision(ap, ap_50, ap_75, by_category)
