"""What a person may ask of the model about one place of an image, and what it answers. No torch here.

Coordinates are pixels of the image as in `engine.scene.geometry`: pixel (i, j) has its centre at (i, j), and a box is
half-open. All values are plain numbers and bytes, so that they travel as messages.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Protocol

from seamseg_studio.engine.errors import InputError

# The window knows these messages before its first paint, so numpy and OpenCV wait for the first mask.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seamseg_studio.engine.scene.geometry import Box

_MAX_STROKE_POINTS = 100_000


class PromptError(InputError):
    """A prompt that asks for nothing, or for something outside the image."""


@dataclass(frozen=True, slots=True)
class PackedMask:
    """A mask on a part of an image, small enough for a message.

    Attributes:
        y0: First row of the part.
        x0: First column.
        height: Rows of the part.
        width: Columns.
        bits: The part row by row, eight pixels a byte, deflated.
    """

    y0: int
    x0: int
    height: int
    width: int
    bits: bytes

    @classmethod
    def of(cls, mask: NDArray[np.bool_], y0: int = 0, x0: int = 0) -> PackedMask:
        """Packs a mask [h, w] whose first pixel is (y0, x0) of the image; empty borders are cut off."""
        import numpy as np

        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows) == 0:
            return cls(y0, x0, 0, 0, zlib.compress(b""))
        part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        bits = zlib.compress(np.packbits(part).tobytes(), 1)
        return cls(y0 + int(rows[0]), x0 + int(columns[0]), part.shape[0], part.shape[1], bits)

    @property
    def box(self) -> Box:
        """The part of the image that `pixels` covers."""
        from seamseg_studio.engine.scene.geometry import Box

        return Box(self.y0, self.x0, self.y0 + self.height, self.x0 + self.width)

    def pixels(self) -> NDArray[np.bool_]:
        """The mask of the part. [height, width] bool.

        Raises:
            PromptError: The bits are damaged.
        """
        import numpy as np

        count = self.height * self.width
        num_bytes = -(-count // 8)
        try:
            packed = zlib.decompressobj().decompress(self.bits, num_bytes) if num_bytes else b""
        except zlib.error as error:
            raise PromptError("the mask of a prompt is damaged; draw it again") from error
        if len(packed) < num_bytes:
            raise PromptError("the mask of a prompt is damaged; draw it again")
        bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=count)
        return bits.astype(bool).reshape(self.height, self.width)


@dataclass(frozen=True, slots=True)
class Line:
    """A click or a stroke: where its centre went and how wide it is.

    Attributes:
        points_yx: One pixel for a click, the corners of the path for a stroke.
        width_px: Its width.
    """

    points_yx: tuple[tuple[float, float], ...]
    width_px: float = 1.0


@dataclass(frozen=True, slots=True)
class BoxPrompt:
    """What is in this box? Half-open, in pixels; `category` asks for the mask of that one and not of the likeliest."""

    y0: float
    x0: float
    y1: float
    x1: float
    category: int | None = None


@dataclass(frozen=True, slots=True)
class ClickPrompt:
    """What is at this pixel? The same pixel again with the next `turn` gives the next proposal, round and round."""

    y: float
    x: float
    turn: int = 0


@dataclass(frozen=True, slots=True)
class StrokesPrompt:
    """Refine a mask by clicks and strokes on what belongs to it and what does not.

    Attributes:
        positive: All lines so far on pixels that belong to it; they always will.
        negative: The same of those that do not.
        start: The mask to refine; None begins with what is at the first positive line.
        category: Its category; None leaves that to the model.
    """

    positive: tuple[Line, ...] = ()
    negative: tuple[Line, ...] = ()
    start: PackedMask | None = None
    category: int | None = None


@dataclass(frozen=True, slots=True)
class CategoryPrompt:
    """What else could this be? A segment's pixels, or a pixel."""

    mask: PackedMask | None = None
    y: float = 0.0
    x: float = 0.0


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """A category of the model and how likely it is, 0 to 1."""

    category: int
    probability: float


@dataclass(frozen=True, slots=True)
class PromptAnswer:
    """What the model proposes.

    Attributes:
        mask: Its pixels; empty if there is nothing.
        categories: All categories, the likeliest first (but the one that was asked for before all others).
        score: How sure the model is of the mask, 0 to 1.
        turn: Which of the proposals at a click this is, from 0.
        num_turns: How many there are.
    """

    mask: PackedMask
    categories: tuple[CategoryScore, ...]
    score: float
    turn: int = 0
    num_turns: int = 1

    @property
    def category(self) -> int | None:
        """The category of the mask; None if nothing is proposed."""
        return self.categories[0].category if self.categories else None


Prompt = BoxPrompt | ClickPrompt | StrokesPrompt | CategoryPrompt


class Segmenter(Protocol):
    """Another model that answers prompts for a mask, in place of the network (a plug-in of the user's).

    It is made by a function `(device: str) -> Segmenter` that is named as "module:function" or "file.py:function".
    """

    def segment(
        self, image: NDArray[np.uint8], prompt: BoxPrompt | ClickPrompt | StrokesPrompt, key: str
    ) -> tuple[NDArray[np.bool_], float]:
        """Returns the mask [H, W] bool and how sure it is of it (0 to 1); the network adds the categories.

        Args:
            image: RGB values. [H, W, 3] uint8.
            prompt: What is asked; inside the image.
            key: The same for the same image, so that what is computed once can be kept.
        """


def check_prompt(prompt: Prompt, shape: tuple[int, int]) -> None:
    """Checks that a prompt asks for something in an image of `shape`.

    Raises:
        PromptError: One sentence saying what is wrong.
    """
    match prompt:
        case BoxPrompt(y0, x0, y1, x1):
            if not (all(map(isfinite, (y0, x0, y1, x1))) and y1 > y0 and x1 > x0):
                raise PromptError("the box has no area; drag from one corner of the thing to the other")
            if min(y1, shape[0]) - max(y0, 0) <= 0 or min(x1, shape[1]) - max(x0, 0) <= 0:
                raise PromptError("the box lies outside the image; draw it on the image")
        case ClickPrompt(y, x):
            _check_point(y, x, shape)
        case StrokesPrompt(positive, negative, start):
            if not positive and start is None:
                raise PromptError("there is nothing to refine; first click on what belongs to the segment")
            lines = (*positive, *negative)
            if sum(len(line.points_yx) for line in lines) > _MAX_STROKE_POINTS:
                raise PromptError("the strokes are too long; accept what there is and go on from there")
            for line in lines:
                values = (line.width_px, *(value for point in line.points_yx for value in point))
                if not line.points_yx or not all(map(isfinite, values)):
                    raise PromptError("a stroke has no points; draw it again")
            if positive and start is None:
                _check_point(*positive[0].points_yx[0], shape)
            if start is not None:
                _check_mask(start, shape)
        case CategoryPrompt(None, y, x):
            _check_point(y, x, shape)
        case CategoryPrompt(mask):
            assert mask is not None
            _check_mask(mask, shape)


def _check_point(y: float, x: float, shape: tuple[int, int]) -> None:
    if not (-0.5 <= y < shape[0] - 0.5 and -0.5 <= x < shape[1] - 0.5):
        raise PromptError("the click is outside the image; click on the image")


def _check_mask(mask: PackedMask, shape: tuple[int, int]) -> None:
    if mask.box.is_empty or mask.box.clipped(shape) != mask.box:
        raise PromptError("the mask is empty or not of this image; choose a segment of the image")
