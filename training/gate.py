"""Whether a newly trained model may take the place of the one that it began with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_FALL = 0.005  # of PQ on old data: half a point
PROMOTED, CANDIDATE = "promoted", "candidate"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The base and the new model on the same images; PQ from 0 to 1, None where nothing can be scored.

    Attributes:
        base, new: What `measure_panoptic` returns.
    """

    base: Mapping[str, Any]
    new: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Returns both PQ and mIoU, and PQ by category."""
        categories = {
            name: {"base": self.base.get("categories", {}).get(name, {}).get("pq"), "new": values.get("pq")}
            for name, values in self.new.get("categories", {}).items()
        }
        return {
            "pq": {"base": self.base.get("pq"), "new": self.new.get("pq")},
            "miou": {"base": self.base.get("miou"), "new": self.new.get("miou")},
            "categories": categories,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says.

    Attributes:
        is_promoted: Whether the new model is better on what people corrected and no worse on the rest.
        reason: A sentence.
    """

    is_promoted: bool
    reason: str

    @property
    def status(self) -> str:
        """ "promoted" or "candidate"."""
        return PROMOTED if self.is_promoted else CANDIDATE


def decide(held_out: Comparison | None, old: Comparison | None) -> Verdict:
    """Judges a new model.

    Args:
        held_out: On corrected images that neither has learned from; None if there are too few to hold some back.
        old: On images of what the base was trained for; None if no such images are known.
    """
    if held_out is None:
        return Verdict(False, "there are too few corrected images to hold some back and compare; correct 5 or more")
    base, new = held_out.base.get("pq"), held_out.new.get("pq")
    if new is None or base is None:
        return Verdict(False, "the held-back corrections hold nothing that can be scored")
    told = f"PQ on held-back corrections {_points(base)} -> {_points(new)}"
    if new <= base:
        return Verdict(False, f"it is no better than its base ({told})")
    if old is None:
        return Verdict(True, f"{told}; old data was not judged, as no replay set is known")
    old_base, old_new = old.base.get("pq"), old.new.get("pq")
    if old_base is None or old_new is None:
        return Verdict(True, told)
    told += f", on old data {_points(old_base)} -> {_points(old_new)}"
    if old_new < old_base - MAX_FALL:
        return Verdict(False, f"it has forgotten too much ({told})")
    return Verdict(True, told)


def _points(value: float) -> str:
    return f"{100 * value:.1f}"
