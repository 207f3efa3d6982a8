"""What floats on the canvas: the bar below on the left, the minimap on the right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.canvas.bar import CanvasBar
from seamseg_studio.app.canvas.layers import Layers
from seamseg_studio.app.canvas.minimap import Minimap, overview_picture

_MARGIN_PX = 12
_MINIMAP_DELAY_MS = 250


class Floating:
    """Bar and minimap of a canvas, hidden while there is no document."""

    def __init__(self, canvas: QWidget, on_drawn: Callable[[], object]) -> None:
        """`on_drawn` is called when the minimap has a new picture."""
        self._canvas = canvas
        self._on_drawn = on_drawn
        self.bar = CanvasBar(canvas)
        self.minimap = Minimap(canvas)
        self._layers: Layers | None = None
        self._timer = QTimer(canvas, singleShot=True, interval=_MINIMAP_DELAY_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self.bar.hide()
        self.minimap.hide()

    def show_layers(self, layers: Layers | None) -> None:
        """Shows the overview of `layers`, or nothing."""
        self._layers = layers
        if layers is not None:
            self.minimap.fit_to(layers.image.shape)
            self._timer.start()
        self.bar.setVisible(layers is not None)
        self.minimap.setVisible(layers is not None)
        self.place()

    def draw_soon(self) -> None:
        """The picture changed; the minimap follows within a blink, during a long stroke now and then."""
        if not self._timer.isActive():
            self._timer.start()

    @property
    def covered_px(self) -> int:
        """How much of the canvas's foot the bar takes, whether it is shown already or not."""
        return max(self.bar.height(), self.bar.sizeHint().height()) + _MARGIN_PX

    def place(self) -> None:
        """Puts both into their corners; above each other where the canvas is narrow."""
        height, width = self._canvas.height(), self._canvas.width()
        self.bar.fit_into(width - 2 * _MARGIN_PX)
        self.bar.move(_MARGIN_PX, height - self.bar.height() - _MARGIN_PX)
        left = width - self.minimap.width() - _MARGIN_PX
        is_narrow = left < self.bar.geometry().right() + _MARGIN_PX
        bottom = self.bar.y() if is_narrow else height
        self.minimap.move(left, bottom - self.minimap.height() - _MARGIN_PX)
        self.bar.raise_()
        self.minimap.raise_()

    def _on_timer_timeout(self) -> None:
        self.minimap.set_picture(self.overview(self.minimap.size() * self.minimap.devicePixelRatioF()))
        self._on_drawn()

    def overview(self, size: QSize) -> QImage:
        """The whole image with its labels, no larger than `size`; a null picture if there is none."""
        if self._layers is None or size.isEmpty():
            return QImage()
        return overview_picture(self._layers.image, self._layers.document, size)
