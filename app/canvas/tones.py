"""Contrast and gamma of the image, behind a small button of the canvas's bar."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QMenu, QPushButton, QSlider, QToolButton, QWidget, QWidgetAction

from seamseg_studio.app.words.plain_text import PlainLabel

_SLIDER_PX = 84
_STOPS = 100  # of the gamma's slider on each side of the middle
_GAMMA_RANGE = 4.0


def make_slider(title: str, least: int, most: int, tip: str) -> QSlider:
    """A slider of the canvas's bar."""
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(least, most)
    slider.setFixedWidth(_SLIDER_PX)
    slider.setToolTip(tip)
    slider.setAccessibleName(title)
    slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take the keyboard from the canvas
    return slider


class TonesButton(QToolButton):
    """Opens two sliders.

    Signals:
        reset_requested: The image as it is, brightness included.
    """

    reset_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("\u25d0")
        self.setToolTip(self.tr("Contrast and gamma of the image"))
        self.setAccessibleName(self.tr("Contrast and gamma"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.contrast = make_slider(self.tr("Contrast"), 0, 200, self.tr("How far light and dark lie apart"))
        gamma_tip = self.tr("Lightens the shadows, or darkens them")
        self.gamma = make_slider(self.tr("Gamma"), -_STOPS, _STOPS, gamma_tip)
        self.reset = QPushButton(self.tr("As it is"))
        self.reset.clicked.connect(self.reset_requested)
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(10, 8, 10, 8)
        for row, (title, slider) in enumerate(((self.tr("Contrast"), self.contrast), (self.tr("Gamma"), self.gamma))):
            label = PlainLabel(title)
            label.setBuddy(slider)
            grid.addWidget(label, row, 0)
            grid.addWidget(slider, row, 1)
        grid.addWidget(self.reset, 2, 0, 1, 2)
        menu = QMenu(self)
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(box)
        menu.addAction(holder)
        self.setMenu(menu)
        self.show_values(1.0, 1.0)

    @property
    def contrast_value(self) -> float:
        """0 to 4, 1 in the middle: below it evenly, above it by powers."""
        place = self.contrast.value() / 100
        return place if place <= 1 else 4.0 ** (place - 1)

    @property
    def gamma_value(self) -> float:
        """1/4 to 4, 1 in the middle."""
        return float(_GAMMA_RANGE ** (self.gamma.value() / _STOPS))

    def show_values(self, contrast: float, gamma: float) -> None:
        """Puts both sliders to where these values are."""
        place = contrast if contrast <= 1 else 1 + math.log(contrast, 4.0)
        self.contrast.setValue(round(place * 100))
        self.gamma.setValue(round(math.log(gamma, _GAMMA_RANGE) * _STOPS))
