"""What a tool lets people choose, described so that any window can show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SliderOption:
    """A number within limits.

    Attributes:
        key: Its name for `Tool.set_option`.
        title: What people read.
        value: The number now.
        minimum: The least.
        maximum: The most.
        unit: Written behind the number, such as "px".
        is_logarithmic: Whether equal ways on a slider are equal ratios.
        tip: A sentence for the tool tip.
    """

    key: str
    title: str
    value: float
    minimum: float
    maximum: float
    unit: str = ""
    is_logarithmic: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceOption:
    """One of a few values; `choices` are pairs of value and title, in the order to show them."""

    key: str
    title: str
    value: str
    choices: tuple[tuple[str, str], ...]
    tip: str = ""
    is_folded: bool = False  # only the one in force is shown, the others on a click


@dataclass(frozen=True, slots=True)
class ToggleOption:
    """Yes or no."""

    key: str
    title: str
    value: bool
    tip: str = ""


Option = SliderOption | ChoiceOption | ToggleOption
