"""A change that is shown over the image though no tool is at work: to be taken or left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seamseg_studio.app.tools.events import Shown


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """What is shown, and what becomes of it.

    Attributes:
        shown: Over the image.
        take: Called for Enter, while no gesture is under way.
        leave: Called for Esc, likewise.
    """

    shown: tuple[Shown, ...]
    take: Callable[[], object]
    leave: Callable[[], object]
