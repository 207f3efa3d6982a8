"""A PanopticResult as named arrays and back, for its way through shared memory. No torch here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seamseg_studio.engine.scene.panoptic_result import PanopticResult, RawOutput
from seamseg_studio.engine.service.shared_pixels import Array

_RAW = ("sem_pred", "bbx_pred", "cls_pred", "obj_pred", "msk_pred")


def to_arrays(result: PanopticResult) -> dict[str, Array]:
    """Names the arrays of a result; what it does not have is left out."""
    arrays: dict[str, Array] = {
        "ids": result.ids,
        "categories": result.categories,
        "scores": result.scores,
        "is_crowd": result.is_crowd,
    }
    if result.second_choice is not None:
        arrays["second_choice"] = result.second_choice
    if result.uncertainty is not None:
        arrays["uncertainty"] = result.uncertainty
    if result.raw is not None:
        arrays |= {name: getattr(result.raw, name) for name in _RAW}
    return arrays


def from_arrays(arrays: Mapping[str, Array], timings_ms: Mapping[str, float]) -> PanopticResult:
    """Makes a result of copies of the arrays, so that it owns ordinary memory."""
    own = {name: np.array(array) for name, array in arrays.items()}
    return PanopticResult(
        ids=own["ids"],
        categories=own["categories"],
        scores=own["scores"],
        is_crowd=own["is_crowd"],
        second_choice=own.get("second_choice"),
        raw=RawOutput(**{name: own[name] for name in _RAW}) if _RAW[0] in own else None,
        timings_ms=dict(timings_ms),
        uncertainty=own.get("uncertainty"),
    )
