"""An outline while it is drawn: corners that can be added, moved and removed until it is committed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

Point = tuple[float, float]
"""A place in image pixels, (y, x)."""


@dataclass(frozen=True, slots=True)
class OutlineDraft:
    """The corners of an outline so far, in their order. Every change gives another draft."""

    points_yx: tuple[Point, ...] = ()

    def __len__(self) -> int:
        return len(self.points_yx)

    @property
    def encloses(self) -> bool:
        """Whether there are corners enough for an area."""
        return len(self.points_yx) >= 3

    def with_corner(self, point_yx: Point, place: int | None = None) -> OutlineDraft:
        """Adds a corner before corner number `place`, at the end by default."""
        at = len(self.points_yx) if place is None else place
        return replace(self, points_yx=(*self.points_yx[:at], point_yx, *self.points_yx[at:]))

    def moved(self, corner: int, point_yx: Point) -> OutlineDraft:
        """Moves a corner."""
        return replace(self, points_yx=(*self.points_yx[:corner], point_yx, *self.points_yx[corner + 1 :]))

    def without(self, corner: int = -1) -> OutlineDraft:
        """Removes a corner, the last one by default; an empty draft stays empty."""
        points = list(self.points_yx)
        if points:
            del points[corner]
        return replace(self, points_yx=tuple(points))

    def corner_near(self, point_yx: Point, reach_px: float) -> int | None:
        """Returns the nearest corner within reach, the later one of two at the same place; None if there is none."""
        best, nearest = None, reach_px
        for number, corner in enumerate(self.points_yx):
            distance = math.dist(point_yx, corner)
            if distance <= nearest:
                best, nearest = number, distance
        return best

    def side_near(self, point_yx: Point, reach_px: float) -> int | None:
        """Returns where a corner at a point would belong if it lies on a side: before the corner of that number.

        The side that closes the outline counts once there are three corners.
        """
        best, nearest = None, reach_px
        points = self.points_yx
        num_sides = len(points) if self.encloses else len(points) - 1
        for number in range(num_sides):
            distance = distance_to_side(point_yx, points[number], points[(number + 1) % len(points)])
            if distance <= nearest:
                best, nearest = number + 1, distance
        return best


def distance_to_side(point_yx: Point, start_yx: Point, end_yx: Point) -> float:
    """Returns how far a point is from the segment between two others."""
    (y, x), (ay, ax), (by, bx) = point_yx, start_yx, end_yx
    square = (by - ay) ** 2 + (bx - ax) ** 2
    part = 0.0 if square == 0 else min(max(((y - ay) * (by - ay) + (x - ax) * (bx - ax)) / square, 0.0), 1.0)
    return math.dist(point_yx, (ay + part * (by - ay), ax + part * (bx - ax)))
