"""Where the canvas looks: the map between image pixels and the device pixels of the viewport, as pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from seamseg_studio.engine.scene.geometry import Box

MIN_VISIBLE_PX = 48  # of the image, so that it cannot be thrown off the viewport
MAX_SCALE = 128.0
FIT_MARGIN_PX = 12
_MIN_COVERED_TIMES = 4  # what covers more than this part of the viewport is not made room for
# Round stops, so that 100 % and 50 % are met again after zooming about.
_WHEEL_STEPS_PER_OCTAVE = 4


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """A scale and a whole-pixel shift: image (y, x) lies at device (y * scale - top, x * scale - left).

    The shift is whole so that tiles rendered at a scale are only ever copied, never resampled, while panning.

    Attributes:
        scale: Device pixels per image pixel.
        top: Device row of the viewport's upper edge in the scaled image.
        left: Device column of the viewport's left edge in the scaled image.
    """

    scale: float = 1.0
    top: int = 0
    left: int = 0

    def to_image(self, v: float, u: float) -> tuple[float, float]:
        """The image point (y, x) under device pixel (v, u) of the viewport."""
        return (v + self.top) / self.scale, (u + self.left) / self.scale

    def to_device(self, y: float, x: float) -> tuple[float, float]:
        """The device point (v, u) of the viewport at which image point (y, x) is drawn."""
        return y * self.scale - self.top, x * self.scale - self.left

    def panned(self, dv: float, du: float) -> Viewpoint:
        """The picture moved by (dv, du) device pixels, down and right being positive."""
        return replace(self, top=self.top - round(dv), left=self.left - round(du))

    def zoomed(self, scale: float, v: float, u: float) -> Viewpoint:
        """The view at `scale` that keeps the image point under device pixel (v, u) where it is."""
        y, x = self.to_image(v, u)
        return Viewpoint(scale, round(y * scale - v), round(x * scale - u))

    def clamped(self, image_shape: tuple[int, int], view_shape: tuple[int, int]) -> Viewpoint:
        """The nearest view in which some of the image is still to be seen."""
        shifts = []
        for start, length, extent in zip((self.top, self.left), image_shape, view_shape, strict=True):
            scaled = length * self.scale
            margin = min(MIN_VISIBLE_PX, scaled)
            shifts.append(round(min(max(start, margin - extent), scaled - margin)))
        return replace(self, top=shifts[0], left=shifts[1])

    def visible_box(self, image_shape: tuple[int, int], view_shape: tuple[int, int]) -> Box:
        """The image pixels that the viewport shows (empty boxes have equal sides)."""
        edges = []
        for start, length, extent in zip((self.top, self.left), image_shape, view_shape, strict=True):
            first = min(max(math.floor(start / self.scale), 0), length)
            last = min(max(math.ceil((start + extent) / self.scale), first), length)
            edges.append((first, last))
        return Box(edges[0][0], edges[1][0], edges[0][1], edges[1][1])


def fitting(
    box: Box, view_shape: tuple[int, int], *, max_scale: float = MAX_SCALE, covered_px: int = 0, edge_px: int = 0
) -> Viewpoint:
    """The view that shows the whole of `box` (image pixels), centred, in a viewport of `view_shape` device pixels.

    Args:
        box: What is to be seen.
        view_shape: Height and width of the viewport.
        max_scale: Larger it is not shown.
        covered_px: Rows at the foot of the viewport that something lies over; they count if there is much more.
        edge_px: Rows at its top and columns at its left that something lies over.
    """
    height, width = max(box.y1 - box.y0, 1), max(box.x1 - box.x0, 1)
    rows = view_shape[0] - edge_px - (covered_px if covered_px * _MIN_COVERED_TIMES <= view_shape[0] else 0)
    columns = view_shape[1] - edge_px
    room = [max(extent - 2 * FIT_MARGIN_PX, 16) for extent in (rows, columns)]
    scale = min(room[0] / height, room[1] / width, max_scale)
    top = (box.y0 + box.y1) / 2 * scale - rows / 2 - edge_px
    left = (box.x0 + box.x1) / 2 * scale - columns / 2 - edge_px
    return Viewpoint(scale, round(top), round(left))


def min_scale(image_shape: tuple[int, int], view_shape: tuple[int, int]) -> float:
    """The smallest scale allowed: a quarter of the fitting one, or 1 if that is smaller still."""
    fit = fitting(Box(0, 0, *image_shape), view_shape)
    return min(fit.scale / 4, 1.0)


def stepped(scale: float, steps: float) -> float:
    """The scale `steps` wheel notches away, met on the round stops (powers of 2 ** 0.25) for whole steps."""
    exponent = math.log2(scale) * _WHEEL_STEPS_PER_OCTAVE
    if steps == int(steps):
        nearest = round(exponent)
        aligned = abs(exponent - nearest) < 1e-6
        if not aligned:  # the first notch goes to the next stop in its direction
            exponent = math.floor(exponent) if steps > 0 else math.ceil(exponent)
        else:
            exponent = nearest
    return float(2.0 ** ((exponent + steps) / _WHEEL_STEPS_PER_OCTAVE))
