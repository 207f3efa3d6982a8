"""What a tool is told and what it shows: plain values, without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, Flag, StrEnum, auto

from seamseg_studio.engine.scene.geometry import Box, Mask


class Modifier(Flag):
    """The keys held during an event."""

    NONE = 0
    SHIFT = auto()
    CTRL = auto()
    ALT = auto()


class Button(Flag):
    """The mouse buttons that an event is about or that are held."""

    NONE = 0
    LEFT = auto()
    RIGHT = auto()
    MIDDLE = auto()


class ToolKey(Enum):
    """The keys that a tool may take for itself while a gesture of it is under way."""

    FINISH = auto()  # Enter
    BACK = auto()  # Backspace, and undo


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """A pointer event on the image.

    Attributes:
        y: Row of the image; pixel i has its centre at i (the frame of `engine.scene.geometry`). May lie outside.
        x: Column of the image, likewise.
        modifiers: Keys held.
        button: The button pressed or released; for a move, those held.
        pressure: Of the pen, 0 to 1; 1 for a mouse.
        scale: Screen pixels per image pixel.
        is_drag: Whether the pointer has left the drag threshold around where it was pressed.
        num_clicks: 2 for the press of a double click.
        is_eraser: Whether it is the rubber end of a pen.
    """

    y: float
    x: float
    modifiers: Modifier = Modifier.NONE
    button: Button = Button.LEFT
    pressure: float = 1.0
    scale: float = 1.0
    is_drag: bool = False
    num_clicks: int = 1
    is_eraser: bool = False

    @property
    def pixel(self) -> tuple[int, int]:
        """The pixel (row, column) under the pointer; may lie outside the image."""
        return math.floor(self.y + 0.5), math.floor(self.x + 0.5)


class CursorKind(StrEnum):
    """The pointer that a tool shows over the image."""

    ARROW = "arrow"
    CROSS = "cross"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class CursorShape:
    """The pointer of a tool: a disk shows exactly what a click would reach.

    Attributes:
        kind: Its form.
        radius_px: Of a disk, in image pixels.
        rgb: Of a disk's inner ring: the colour that it would leave; None for a plain ring.
        anchor_yx: Where a disk stands if it does not follow the pointer (while its size is dragged).
    """

    kind: CursorKind = CursorKind.ARROW
    radius_px: float = 0.0
    rgb: tuple[int, int, int] | None = None
    anchor_yx: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Sketch:
    """A line that a tool shows over the image before anything is changed.

    Attributes:
        points_yx: Its corners in image pixels.
        is_closed: Whether the last corner joins the first.
        corners_yx: Corners with a handle.
        fill_rgb: The colour of the area inside, if it is to be filled.
    """

    points_yx: tuple[tuple[float, float], ...] = field(default=())
    is_closed: bool = False
    corners_yx: tuple[tuple[float, float], ...] = field(default=())
    fill_rgb: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MaskSketch:
    """Pixels that a tool shows over the image before anything is changed.

    Attributes:
        mask: The pixels. [h, w] bool, never changed once shown.
        box: Where they lie in the image.
        rgb: The colour that they would get.
    """

    mask: Mask
    box: Box
    rgb: tuple[int, int, int]


Shown = Sketch | MaskSketch
"""Anything that a tool shows over the image."""
