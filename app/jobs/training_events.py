"""What a trainer tells, as values, and how it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LARGEST_COUNT = 2**31 - 1
_LARGEST_NUMBER = 1e30


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a training: its number from 1, each loss by name, their weighted sum."""

    number: int
    total: float
    losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validation:
    """How good the model was after `step`, in the part of the images held back; 0 to 1 each."""

    step: int
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training made.

    Attributes:
        bundle: The new model.
        gate: What the comparison with its base says: "status" ("promoted" or "candidate"), "reason", scores. Empty if
            it was not judged.
    """

    bundle: Path
    gate: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_promoted(self) -> bool:
        """Whether it may take the base's place; true if nobody judged."""
        return bool(self.gate.get("status", "promoted") == "promoted")

    @property
    def reason(self) -> str:
        """Why, as a sentence."""
        return str(self.gate.get("reason", ""))


def command_line(project: Path, out: Path, base: str | None, device: str, extra: Sequence[str] = ()) -> list[str]:
    """The arguments of the Python interpreter that train on the corrections of `project`."""
    arguments = ["-m", "seamseg_studio.training.cli", "--from-corrections", str(project), "--out", str(out)]
    if base:
        arguments += ["--base", base]
    if device != "auto":
        arguments += ["--device", device]
    return [*arguments, "--low-priority", "--events", "-", *extra]


def to_scores(values: object) -> dict[str, float]:
    """Returns PQ and mIoU of an event, as far as it has them."""
    if not isinstance(values, dict):
        return {}
    return {name: to_number(values[name]) for name in ("pq", "miou") if values.get(name) is not None}


def to_number(value: object) -> float:
    """Returns a number of an event; ValueError if it is none, or one that nothing can be drawn from."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no number")
    if not abs(value) <= _LARGEST_NUMBER:  # nor are infinity and NaN
        raise ValueError("no number that a training has")
    return float(value)


def to_whole(value: object) -> int:
    """Returns a count of an event; ValueError if it is none, or more than Qt's signals carry."""
    whole = int(to_number(value))
    if not 0 <= whole <= _LARGEST_COUNT:
        raise ValueError("no count that a training has")
    return whole


def to_numbers(values: object) -> dict[str, float]:
    """Returns the numbers of an event by name; ValueError if there are other things."""
    if not isinstance(values, dict):
        raise ValueError("losses are a dictionary")
    return {str(name): to_number(value) for name, value in values.items() if value is not None}
