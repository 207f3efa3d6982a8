"""Results and corrections as named arrays and back, for their way through shared memory. No torch here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart, Statement
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_result import PanopticResult, RawOutput
from seamseg_studio.engine.service.protocol import PartFacts
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


def from_arrays(arrays: Mapping[str, Array], timings_ms: Mapping[str, float], fingerprint: str = "") -> PanopticResult:
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
        fingerprint=fingerprint,
    )


def part_to_arrays(part: CorrectedPart) -> tuple[dict[str, Array], PartFacts]:
    """Names the arrays of a correction; the rest of it are facts."""
    arrays: dict[str, Array] = {
        "before": part.before.ids,
        "is_said_before": part.before.is_said,
        "after": part.after.ids,
        "is_said_after": part.after.is_said,
    }
    before, after = tuple(part.before.categories.items()), tuple(part.after.categories.items())
    denied, widened = tuple(sorted(part.denied)), tuple(sorted(part.widened))
    return arrays, PartFacts((*part.box,), before, after, denied, widened)


def part_from_arrays(arrays: Mapping[str, Array], facts: PartFacts) -> CorrectedPart:
    """Makes a correction of views on the arrays."""
    return CorrectedPart(
        Box(*facts.box),
        Statement(arrays["before"], arrays["is_said_before"], dict(facts.before)),
        Statement(arrays["after"], arrays["is_said_after"], dict(facts.after)),
        frozenset(facts.denied),
        frozenset(facts.widened),
    )


def consequences_to_arrays(found: Consequences) -> dict[str, Array]:
    """Names the arrays of consequences."""
    return {**to_arrays(found.result), "is_new": found.is_new, "joins": found.joins}


def consequences_from_arrays(
    arrays: Mapping[str, Array], box: tuple[int, int, int, int], timings_ms: Mapping[str, float]
) -> Consequences:
    """Makes consequences of copies of the arrays.

    Raises:
        ValueError: They do not fit together.
    """
    is_new, joins, part = np.array(arrays["is_new"]), np.array(arrays["joins"]), Box(*box)
    result = from_arrays(arrays, timings_ms)
    if is_new.dtype != np.bool_ or not is_new.shape == result.shape == part.shape or part.is_empty:
        raise ValueError(f"consequences are of {part}, {result.shape} and {is_new.dtype} {is_new.shape}")
    if joins.shape != result.categories.shape or int(result.ids.min()) < 0 or int(result.ids.max()) >= len(joins):
        raise ValueError("consequences name segments that they do not list")
    return Consequences(part, result, is_new, joins)
