"""A widget that one looks around in: where the view is, and how it is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.canvas.display import DisplayWidget
from seamseg_studio.app.canvas.navigation import Navigation
from seamseg_studio.app.canvas.offer import Offer
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.tools.events import Shown
from seamseg_studio.engine.scene.geometry import Box

if TYPE_CHECKING:
    from seamseg_studio.app.canvas.stage import Stage


class LookingWidget(DisplayWidget):
    """Shows a part of an image. There is nothing to look at before the canvas makes a stage and a navigation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stage: Stage | None = None
        self._navigation: Navigation | None = None
        self._offer: Offer | None = None

    def set_offer(self, offer: Offer | None) -> None:
        """Shows a change to be taken or left, or none."""
        self._offer = offer
        if self._stage is not None:
            self._stage.viewport().update()

    @property
    def zoom(self) -> float:
        """Screen pixels per image pixel."""
        return self._view.scale / (self._stage.device_ratio if self._stage is not None else 1.0)

    def fit(self) -> None:
        """Shows the whole image, and goes on to when the canvas changes its size."""
        if self._navigation is not None:
            self._navigation.fit()

    def zoom_to_box(self, box: Box) -> None:
        """Shows `box` as large as it goes, with some of what is around it."""
        if self._navigation is not None:
            self._navigation.zoom_to_box(box)

    def zoom_100(self) -> None:
        """Shows one image pixel per screen pixel, about the middle."""
        if self._navigation is not None and self._stage is not None:
            self._navigation.zoom_about_middle(self._stage.device_ratio)

    def zoom_in(self) -> None:
        if self._navigation is not None:
            self._navigation.step(1)

    def zoom_out(self) -> None:
        if self._navigation is not None:
            self._navigation.step(-1)

    def look_from(self, view: Viewpoint) -> None:
        """Looks from `view`, moved so far that some of the image is seen."""
        if self._navigation is not None:
            self._navigation.look(view)

    # Within

    @property
    def _offered(self) -> tuple[Shown, ...]:
        return self._offer.shown if self._offer is not None else ()

    @property
    def _view(self) -> Viewpoint:
        return self._stage.viewpoint if self._stage is not None else Viewpoint()

    def _pan(self, way: QPointF) -> None:
        """Moves the picture by logical pixels."""
        ratio = self._stage.device_ratio if self._stage is not None else 1.0
        self.look_from(self._view.panned(way.y() * ratio, way.x() * ratio))

    def _zoom_to(self, scale: float, v: float, u: float) -> None:
        if self._navigation is not None:
            self._navigation.zoom_to(scale, v, u)

    def _on_minimap_centre_requested(self, y: float, x: float) -> None:
        if self._navigation is not None:
            self._navigation.centre_on(y, x)
