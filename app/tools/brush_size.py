"""The width of a round brush: its limits, its notches, and how a drag changes it."""

from __future__ import annotations

from dataclasses import dataclass

MIN_PX = 1.0
MAX_PX = 4000.0
_RATIO = 1.2  # of one notch to the next
_DRAG_RATIO_PER_PX = 1.01


@dataclass(frozen=True, slots=True)
class SizeDrag:
    """A drag that changes the width: where it began and the width then."""

    start_yx: tuple[float, float]
    start_px: float

    def width(self, x: float, scale: float) -> float:
        """The width when the pointer is at column `x`; right is wider, by equal ratios on the screen."""
        return clipped(self.start_px * _DRAG_RATIO_PER_PX ** ((x - self.start_yx[1]) * scale))


def clipped(width_px: float) -> float:
    """`width_px` within the limits, in whole pixels."""
    return float(round(min(max(width_px, MIN_PX), MAX_PX)))


def stepped(width_px: float, steps: int) -> float:
    """The width `steps` notches away; every notch is at least one pixel."""
    for _ in range(abs(steps)):
        wanted = width_px * _RATIO if steps > 0 else width_px / _RATIO
        if abs(wanted - width_px) < 1:
            wanted = width_px + (1 if steps > 0 else -1)
        width_px = clipped(wanted)
    return width_px


def pressed_radius(width_px: float, pressure: float, *, by_pressure: bool) -> float:
    """The radius of a dab in image pixels; a pen that presses lightly paints down to a tenth of the width."""
    factor = 0.1 + 0.9 * min(max(pressure, 0.0), 1.0) if by_pressure else 1.0
    return width_px * factor / 2
