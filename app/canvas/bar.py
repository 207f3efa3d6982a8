"""The bar that floats on the canvas: how strong the overlay and the image are, and what the colours mean."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QMenu, QSlider, QToolButton, QWidget

from seamseg_studio.app.canvas.colours import OverlayMode
from seamseg_studio.app.canvas.display import Display
from seamseg_studio.app.canvas.tones import TonesButton, make_slider
from seamseg_studio.app.words.plain_text import PlainLabel

_GROUND_ALPHA = 240
_COMMON_MODES = (OverlayMode.FILL, OverlayMode.OUTLINE, OverlayMode.INSTANCE)


class CanvasBar(QWidget):
    """Sliders and mode switch.

    Signals:
        opacity_changed: Of the overlay, 0 to 1, by hand.
        tones_changed: Brightness, contrast and gamma of the image, by hand.
        mode_changed: An `OverlayMode` was chosen.
    """

    opacity_changed = Signal(float)
    tones_changed = Signal(float, float, float)
    mode_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_compact = False
        self._full_width = 0
        self._words: list[QLabel] = []  # can be done without
        self._mode = OverlayMode.FILL
        self.setObjectName("canvas_bar")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 8, 5)
        layout.setSpacing(8)
        self.opacity = self._add_slider(layout, self.tr("Overlay"), 100, self.tr("How strong the colours are"))
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.brightness = self._add_slider(layout, self.tr("Image"), 200, self.tr("How bright the image is"))
        self.tones = TonesButton(self)
        layout.addWidget(self.tones)
        for slider in (self.brightness, self.tones.contrast, self.tones.gamma):
            slider.valueChanged.connect(self._on_tone_changed)
        self.tones.reset_requested.connect(lambda: self.tones_changed.emit(1.0, 1.0, 1.0))
        layout.addSpacing(4)
        layout.addWidget(self._make_modes())
        hint = PlainLabel(self.tr("H peek"))
        hint.setProperty("role", "hint")
        hint.setToolTip(self.tr("Hold H to see the image alone"))
        layout.addWidget(hint)
        self._words.append(hint)
        self._buttons[OverlayMode.FILL].setChecked(True)

    def _make_modes(self) -> QFrame:
        """The buttons of the common modes, and one that holds the others."""
        self._modes = QButtonGroup(self)
        self._modes.setExclusive(True)
        self._buttons: dict[OverlayMode, QToolButton] = {}
        self._choices: dict[OverlayMode, QAction] = {}
        self._frame = frame = QFrame()
        frame.setObjectName("modes")
        row = QHBoxLayout(frame)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        self.more = QToolButton()
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.setToolTipsVisible(True)
        for mode, (title, tip) in self._mode_texts().items():
            action = menu.addAction(title)
            action.setToolTip(tip)
            action.triggered.connect(lambda _=False, mode=mode: self.mode_changed.emit(mode))
            self._choices[mode] = action
            if mode in _COMMON_MODES:
                self._buttons[mode] = button = QToolButton()
                button.clicked.connect(lambda _=False, mode=mode: self.mode_changed.emit(mode))
                button.setText(title)
                button.setToolTip(tip)
        self.more.setMenu(menu)
        for button in (*self._buttons.values(), self.more):
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._modes.addButton(button)
            row.addWidget(button)
        return frame

    def _mode_texts(self) -> dict[OverlayMode, tuple[str, str]]:
        """Title and tip of every mode, in the order to show them."""
        return {
            OverlayMode.FILL: (self.tr("Fill + outline"), self.tr("Colours of the categories, with outlines")),
            OverlayMode.OUTLINE: (self.tr("Outline"), self.tr("Outlines only")),
            OverlayMode.INSTANCE: (self.tr("Instances"), self.tr("Each instance in a colour of its own")),
            OverlayMode.CATEGORY: (self.tr("Categories"), self.tr("Colours of the categories, without outlines")),
            OverlayMode.UNCERTAINTY: (
                self.tr("Uncertainty"),
                self.tr("Blue where the model is sure, yellow where it is not; plain where you have said so"),
            ),
            OverlayMode.PROVENANCE: (self.tr("Who said so"), self.tr("Model blue, you orange, imported green")),
            OverlayMode.DIFFERENCE: (
                self.tr("Difference"),
                self.tr("Only where the category is not what the model said; light grey where nothing is left"),
            ),
        }

    def show_display(self, display: Display) -> None:
        """Shows values without telling them."""
        widgets = (self.opacity, self.brightness, self.tones.contrast, self.tones.gamma, *self._buttons.values())
        for widget in widgets:
            widget.blockSignals(True)
        self.opacity.setValue(round(display.opacity * 100))
        self.brightness.setValue(round(display.brightness * 100))
        self.tones.show_values(display.contrast, display.gamma)
        self._mode = display.mode
        self._show_mode()
        for widget in widgets:
            widget.blockSignals(False)

    def fit_into(self, width: int) -> None:
        """Takes its size, leaving out what can be done without if `width` is not enough for all."""
        if not self._is_compact:
            self._full_width = self.sizeHint().width()
        is_compact = self._full_width > width
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            for widget in (*self._buttons.values(), *self._words):
                widget.setVisible(not is_compact)
            self._show_mode()
        for layout in (self._frame.layout(), self.layout()):
            if layout is not None:
                layout.activate()  # sizes count now, not with the next event
        self.adjustSize()

    @property
    def is_compact(self) -> bool:
        """Whether there is no room for everything."""
        return self._is_compact

    def _show_mode(self) -> None:
        button = None if self._is_compact else self._buttons.get(self._mode)
        chosen = self._choices[self._mode] if button is None else None
        (button or self.more).setChecked(True)
        self.more.setText(chosen.text() if chosen is not None else self.tr("More"))
        self.more.setToolTip(chosen.toolTip() if chosen is not None else self.tr("Further meanings of the colours"))

    def choose(self, mode: OverlayMode) -> None:
        """Chooses `mode` as a click does."""
        if mode in self._buttons and not self._is_compact:
            self._buttons[mode].click()
        else:
            self._choices[mode].trigger()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        ground = self.palette().color(QPalette.ColorRole.Window)
        ground.setAlpha(_GROUND_ALPHA)
        painter.setBrush(ground)
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 7, 7)

    def _on_tone_changed(self) -> None:
        self.tones_changed.emit(self.brightness.value() / 100, self.tones.contrast_value, self.tones.gamma_value)

    def _add_slider(self, layout: QHBoxLayout, title: str, most: int, tip: str) -> QSlider:
        slider = make_slider(title, 0, most, tip)
        label = PlainLabel(title)
        label.setBuddy(slider)
        self._words.append(label)
        layout.addWidget(label)
        layout.addWidget(slider)
        return slider
