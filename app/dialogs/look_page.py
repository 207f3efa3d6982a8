"""Preferences of the look: theme, size of text, colours of categories, language."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QSlider, QWidget

from seamseg_studio.app.look.palettes import PaletteChoice, palette_color
from seamseg_studio.app.look.theme import MAX_SCALE, MIN_SCALE, ThemeChoice
from seamseg_studio.app.panels.fields import ChoiceBar, muted
from seamseg_studio.app.preferences import LANGUAGES, Preferences
from seamseg_studio.app.words.plain_text import PlainLabel

_NUM_SWATCHES = 12
_SWATCH_PX = 18


class Swatches(QWidget):
    """A row of the first colours of a palette."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colors: list[QColor] = []
        self.setFixedHeight(_SWATCH_PX + 2)

    def set_palette(self, choice: PaletteChoice) -> None:
        """Shows `choice`; nothing for the project's own colours, which differ from project to project."""
        is_own = choice is PaletteChoice.PROJECT
        self._colors = [] if is_own else [QColor(*palette_color(choice, place)) for place in range(_NUM_SWATCHES)]
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, color in enumerate(self._colors):
            painter.setBrush(color)
            painter.drawRoundedRect(place * (_SWATCH_PX + 4), 1, _SWATCH_PX, _SWATCH_PX, 4, 4)


class LookPage(QWidget):
    """Signals:
    changed: The preferences that are different, by name.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        themes = [
            (ThemeChoice.SYSTEM, self.tr("As the system")),
            (ThemeChoice.LIGHT, self.tr("Light")),
            (ThemeChoice.DARK, self.tr("Dark")),
            (ThemeChoice.CONTRAST, self.tr("High contrast")),
        ]
        self.theme = ChoiceBar(themes, self.tr("Theme"), self)
        self.scale = QSlider(Qt.Orientation.Horizontal, self)
        self.scale.setRange(round(MIN_SCALE * 10), round(MAX_SCALE * 10))
        self.scale.setPageStep(1)
        self.scale.setAccessibleName(self.tr("Size of text"))
        self._percent = PlainLabel(self)
        self._percent.setMinimumWidth(52)
        sizes = QHBoxLayout()
        sizes.addWidget(self.scale, 1)
        sizes.addWidget(self._percent)
        self.palette_box = QComboBox(self)
        self.palette_box.setAccessibleName(self.tr("Colours of categories"))
        for choice, text in (
            (PaletteChoice.PROJECT, self.tr("The project's own")),
            (PaletteChoice.OKABE_ITO, self.tr("For colour-blind eyes: Okabe and Ito")),
            (PaletteChoice.TOL, self.tr("For colour-blind eyes: Tol, muted")),
        ):
            self.palette_box.addItem(text, choice)
        self.swatches = Swatches(self)
        self.language = QComboBox(self)
        self.language.setAccessibleName(self.tr("Language"))
        for code, name in LANGUAGES.items():
            self.language.addItem(name or self.tr("As the system"), code)
        form = self._form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(self.tr("Theme"), self.theme)
        form.addRow(self.tr("Size of text"), sizes)
        form.addRow(self.tr("Colours of categories"), self.palette_box)
        form.addRow("", self.swatches)
        form.addRow(self.tr("Language"), self.language)
        form.addRow("", muted(self.tr("Another language is spoken from the next start."), self))

        self.theme.chosen.connect(lambda choice: self.changed.emit({"theme": choice}))
        self.scale.valueChanged.connect(self._on_scale_value_changed)
        self.palette_box.activated.connect(
            lambda: self.changed.emit({"palette": PaletteChoice(self.palette_box.currentData())})
        )
        self.language.activated.connect(lambda: self.changed.emit({"language": self.language.currentData()}))

    def show_preferences(self, preferences: Preferences) -> None:
        """Shows what is in force."""
        self.theme.set_value(preferences.theme)
        self.scale.setValue(round(preferences.font_scale * 10))
        self._percent.setText(f"{preferences.font_scale * 100:.0f} %")
        self.palette_box.setCurrentIndex(self.palette_box.findData(preferences.palette))
        self.swatches.set_palette(preferences.palette)
        self._form.setRowVisible(self.swatches, preferences.palette is not PaletteChoice.PROJECT)
        self.language.setCurrentIndex(self.language.findData(preferences.language))

    def _on_scale_value_changed(self, value: int) -> None:
        self._percent.setText(f"{value * 10} %")
        self.changed.emit({"font_scale": value / 10})
