"""The photo on the canvas: nearest above 100 %, so that pixels are seen as they are; smooth below."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from seamseg_studio.app.canvas.pyramid import ImagePyramid
from seamseg_studio.app.canvas.sampling import patchwork
from seamseg_studio.app.canvas.tiles import TILE_PX, Rect, Tile, TileLayer


class ImageLayer(TileLayer):
    """Tiles of an image pyramid at the scale shown."""

    def __init__(self, image: NDArray[np.uint8]) -> None:
        """Shows `image` [H, W, 3] RGB, which is not copied."""
        super().__init__((image.shape[0], image.shape[1]))
        self.pyramid = ImagePyramid(image)
        self._tones: NDArray[np.uint8] | None = None
        self._overview: QImage | None = None

    def set_tones(self, brightness: float = 1.0, contrast: float = 1.0, gamma: float = 1.0) -> None:
        """Shows the image's values by a curve: `gamma` first, then `contrast` about the middle, then `brightness`."""
        tones = None if brightness == contrast == gamma == 1.0 else tone_curve(brightness, contrast, gamma)
        if tones is None and self._tones is None:
            return
        self._tones = tones
        self._overview = None
        self.invalidate()

    def overview(self) -> QImage:
        """A small picture of the whole image, to stand in for tiles not made yet."""
        if self._overview is None:
            self._overview = to_qimage(
                self._toned(self.pyramid.overview()[:: self._overview_step(), :: self._overview_step()])
            )
        return self._overview

    def _overview_step(self) -> int:
        return max(int(max(self.pyramid.overview().shape[:2])) // 512, 1)

    def step_pyramid(self) -> bool:
        """Does a little of the pyramid's work; returns whether there is more to do."""
        before = self.pyramid.num_levels
        more = self.pyramid.step()
        if self.pyramid.num_levels != before:
            self._overview = None
            self.invalidate()
        return more

    def _toned(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return pixels if self._tones is None else cv2.LUT(np.ascontiguousarray(pixels), self._tones)  # type: ignore[return-value]

    def render(self, tile: Tile, part: Rect, scale: float) -> None:
        image = self.pyramid.image
        if scale >= 1:
            pixels = patchwork(*part, scale, (image.shape[0], image.shape[1])).take(image)
        else:
            pixels = _shrunk(self.pyramid, part, scale)
        bytes_BGRA = tile.sheet.words.view(np.uint8).reshape(TILE_PX, TILE_PX, 4)
        bytes_BGRA[tile.span(part)] = cv2.cvtColor(self._toned(pixels), cv2.COLOR_RGB2BGRA)
        self.num_rendered += 1


def tone_curve(brightness: float, contrast: float, gamma: float) -> NDArray[np.uint8]:
    """What each value of an image is shown as; 1, 1 and 1 leave all as they are. [256] uint8."""
    values = (np.arange(256) / 255.0) ** (1.0 / gamma)
    values = ((values - 0.5) * contrast + 0.5) * brightness
    return np.clip(np.rint(values * 255.0), 0, 255).astype(np.uint8)


def _shrunk(pyramid: ImagePyramid, part: Rect, scale: float) -> NDArray[np.uint8]:
    """Bilinear sampling of the pyramid level just finer than `scale` at the device pixels of `part`."""
    index, level = pyramid.level(scale)
    ratio = scale * 2**index  # device pixels per level pixel
    if ratio < 0.5 and pyramid.is_ready(scale):  # a level was left out to save memory: averaged here instead
        rows, columns = (part.top / ratio, part.bottom / ratio), (part.left / ratio, part.right / ratio)
        block = level[int(rows[0]) : max(int(rows[1]), int(rows[0]) + 1), int(columns[0]) : int(columns[1]) + 1]
        size = (part.right - part.left, part.bottom - part.top)
        return np.asarray(cv2.resize(block, size, interpolation=cv2.INTER_AREA), np.uint8)
    if ratio < 0.5:  # the level wanted is still to be made: every n-th pixel must do till then
        return patchwork(*part, ratio, (level.shape[0], level.shape[1])).take(level)
    y0 = max(int(part.top / ratio) - 2, 0)
    x0 = max(int(part.left / ratio) - 2, 0)
    crop = level[y0 : int(part.bottom / ratio) + 3, x0 : int(part.right / ratio) + 3]
    # Centre of device pixel u lies at level coordinate (u + 0.5) / ratio - 0.5.
    shift = 0.5 / ratio - 0.5
    matrix = np.array([[1 / ratio, 0, part.left / ratio + shift - x0], [0, 1 / ratio, part.top / ratio + shift - y0]])
    return cv2.warpAffine(  # type: ignore[return-value]
        crop,
        matrix,
        (part.right - part.left, part.bottom - part.top),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """An RGB array [H, W, 3] as an image of its own."""
    height, width = pixels.shape[:2]
    words = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGRA)
    return QImage(words.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()
