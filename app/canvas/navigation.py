"""Where the canvas looks: fitting, zooming, and going on to fit when the canvas changes its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

from seamseg_studio.app.canvas.viewpoint import MAX_SCALE, Viewpoint, fitting, min_scale, stepped
from seamseg_studio.engine.scene.geometry import Box

if TYPE_CHECKING:
    from seamseg_studio.app.canvas.stage import Stage

_MAX_BOX_SCALE = 16.0
_LEAST_MARGIN_PX = 16


class Navigation:
    """Moves the viewpoint of a stage over an image of `shape`."""

    def __init__(self, stage: Stage, shape: tuple[int, int]) -> None:
        self._stage = stage
        self.shape = shape
        self._is_fitted = True

    @property
    def seen(self) -> QRectF:
        """What the viewport shows, in fractions of the image."""
        view, (rows, columns) = self._stage.viewpoint, self._stage.device_shape
        top, left = view.to_image(0, 0)
        bottom, right = view.to_image(rows, columns)
        height, width = self.shape
        return QRectF(left / width, top / height, (right - left) / width, (bottom - top) / height)

    def fit(self) -> None:
        """Shows the whole image, from now on in every size of the viewport."""
        self._is_fitted = True
        self.keep_fitted()

    def keep_fitted(self) -> None:
        """Fits again if the view still is the fitting one."""
        if self._is_fitted:
            self._stage.set_viewpoint(self._stage.fitting(self.shape))

    def look(self, view: Viewpoint) -> None:
        """Looks from `view`."""
        self._is_fitted = False
        self._stage.set_viewpoint(view)

    def zoom_to(self, scale: float, v: float, u: float) -> None:
        """Shows `scale` device pixels per image pixel, keeping what is at device pixel (v, u)."""
        least = min_scale(self.shape, self._stage.device_shape)
        self.look(self._stage.viewpoint.zoomed(min(max(scale, least), MAX_SCALE), v, u))

    def zoom_about_middle(self, scale: float) -> None:
        rows, columns = self._stage.device_shape
        self.zoom_to(scale, rows / 2, columns / 2)

    def step(self, steps: float) -> None:
        """Zooms by notches about the middle."""
        self.zoom_about_middle(stepped(self._stage.viewpoint.scale, steps))

    def zoom_to_box(self, box: Box) -> None:
        """Shows `box` as large as it goes, with some of what is around it."""
        if not box.is_empty:
            margin = max(box.y1 - box.y0, box.x1 - box.x0, _LEAST_MARGIN_PX) // 3
            around = Box(box.y0 - margin, box.x0 - margin, box.y1 + margin, box.x1 + margin)
            self.look(fitting(around, self._stage.device_shape, max_scale=_MAX_BOX_SCALE))

    def centre_on(self, y: float, x: float) -> None:
        """Looks at image point (y, x), both as fractions of the image, at the same scale."""
        (height, width), (rows, columns) = self.shape, self._stage.device_shape
        scale = self._stage.viewpoint.scale
        self.look(Viewpoint(scale, round(y * height * scale - rows / 2), round(x * width * scale - columns / 2)))
