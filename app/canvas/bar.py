"""The bar that floats on the canvas: how strong the overlay and the image are, and what the colours mean."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from seamseg_studio.app.canvas.colours import OverlayMode

_GROUND = QColor(22, 24, 28, 240)
_SLIDER_PX = 84
_STYLE = """
QLabel { color: #d4d7dd; background: transparent; }
QLabel#hint { color: #8d929c; }
QFrame#modes { background: #16171b; border: 1px solid #33373f; border-radius: 5px; }
QToolButton { color: #d4d7dd; background: transparent; border: none; border-radius: 4px; padding: 4px 9px;
  margin: 1px; }
QToolButton:hover { background: #2a2d34; }
QToolButton:checked { background: #2e5799; color: #ffffff; }
QToolButton:focus { border: 1px solid #5a9bfa; padding: 3px 8px; }
QSlider { background: transparent; min-height: 20px; }
QSlider::groove:horizontal { height: 3px; background: #43474f; border-radius: 1px; }
QSlider::sub-page:horizontal { background: #5a9bfa; border-radius: 1px; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -5px 0; background: #f2f3f5; border-radius: 6px; }
QSlider::handle:horizontal:focus { background: #5a9bfa; border: 2px solid #f2f3f5; width: 8px; height: 8px; }
"""


class CanvasBar(QWidget):
    """Sliders and mode switch.

    Signals:
        opacity_changed: Of the overlay, 0 to 1, by hand.
        brightness_changed: Of the image, 0 to 2, by hand.
        mode_changed: An `OverlayMode` was chosen.
    """

    opacity_changed = Signal(float)
    brightness_changed = Signal(float)
    mode_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(_STYLE)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 8, 5)
        layout.setSpacing(8)
        self.opacity = self._add_slider(layout, self.tr("Overlay"), 0, 100, self.tr("How strong the colours are"))
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.brightness = self._add_slider(layout, self.tr("Image"), 0, 200, self.tr("How bright the image is"))
        self.brightness.valueChanged.connect(lambda value: self.brightness_changed.emit(value / 100))
        self._modes = QButtonGroup(self)
        self._modes.setExclusive(True)
        self._buttons: dict[OverlayMode, QToolButton] = {}
        frame = QFrame()
        frame.setObjectName("modes")
        row = QHBoxLayout(frame)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        titles = {
            OverlayMode.FILL: (self.tr("Fill + outline"), self.tr("Colours of the categories, with outlines")),
            OverlayMode.OUTLINE: (self.tr("Outline"), self.tr("Outlines only")),
            OverlayMode.INSTANCE: (self.tr("Instances"), self.tr("Each instance in a colour of its own")),
            OverlayMode.PROVENANCE: (self.tr("Who said so"), self.tr("Model blue, you orange, imported green")),
        }
        for mode, (title, tip) in titles.items():
            button = QToolButton()
            button.setText(title)
            button.setToolTip(tip)
            button.setCheckable(True)
            self._modes.addButton(button)
            self._buttons[mode] = button
            row.addWidget(button)
            button.toggled.connect(self._mode_teller(mode))
        layout.addSpacing(4)
        layout.addWidget(frame)
        hint = QLabel(self.tr("H peek"))
        hint.setObjectName("hint")
        hint.setToolTip(self.tr("Hold H to see the image alone"))
        layout.addWidget(hint)
        self._buttons[OverlayMode.FILL].setChecked(True)

    def show_values(self, opacity: float, brightness: float, mode: OverlayMode) -> None:
        """Shows values without telling them."""
        for widget in (self.opacity, self.brightness, *self._buttons.values()):
            widget.blockSignals(True)
        self.opacity.setValue(round(opacity * 100))
        self.brightness.setValue(round(brightness * 100))
        self._buttons[mode].setChecked(True)
        for widget in (self.opacity, self.brightness, *self._buttons.values()):
            widget.blockSignals(False)

    def button(self, mode: OverlayMode) -> QAbstractButton:
        """The button that chooses `mode`."""
        return self._buttons[mode]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_GROUND)
        painter.drawRoundedRect(self.rect(), 7, 7)

    def _add_slider(self, layout: QHBoxLayout, title: str, least: int, most: int, tip: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(least, most)
        slider.setFixedWidth(_SLIDER_PX)
        slider.setToolTip(tip)
        slider.setAccessibleName(title)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take the keyboard from the canvas
        label = QLabel(title)
        label.setBuddy(slider)
        layout.addWidget(label)
        layout.addWidget(slider)
        return slider

    def _mode_teller(self, mode: OverlayMode) -> Callable[[bool], None]:
        def tell(is_checked: bool) -> None:
            if is_checked:
                self.mode_changed.emit(mode)

        return tell
