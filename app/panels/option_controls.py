"""One option of a tool as widgets: its title, its control and, of a number, its value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QWidget

from seamseg_studio.app.panels.choice_menu import ChoiceMenu
from seamseg_studio.app.panels.fields import ChoiceBar, rule
from seamseg_studio.app.words.languages import tool_text
from seamseg_studio.app.words.plain_text import PlainLabel

if TYPE_CHECKING:
    from seamseg_studio.app.tools.options import ChoiceOption, Option, SliderOption

_STEPS = 1000
_GAP_PX = 9
_SLIDER_PX = 110
_VALUE_TEXT = "8888 px"  # the widest


def slider_place(option: SliderOption) -> int:
    """Where the slider of `option` stands, 0 to 1000."""
    value = min(max(option.value, option.minimum), option.maximum)
    if option.is_logarithmic:
        low, high = math.log(option.minimum), math.log(option.maximum)
        return round(_STEPS * (math.log(value) - low) / (high - low))
    return round(_STEPS * (value - option.minimum) / (option.maximum - option.minimum))


def slider_value(option: SliderOption, place: int) -> float:
    """The value at `place`, the inverse of `slider_place`; whole numbers where the range is wide."""
    part = place / _STEPS
    if option.is_logarithmic:
        value = option.minimum * (option.maximum / option.minimum) ** part
    else:
        value = option.minimum + (option.maximum - option.minimum) * part
    return float(round(value)) if option.maximum - option.minimum >= 10 else round(value, 2)


class OptionGroup(QWidget):
    """Title and control of one option.

    Signals:
        changed: The option's key and the value that a person gave it.
    """

    changed = Signal(str, object)

    def __init__(self, option: Option, *, is_folded: bool, has_rule: bool, parent: QWidget | None = None) -> None:
        """Shows `option`.

        Args:
            option: What is shown.
            is_folded: Whether of several choices only the one in force is shown.
            has_rule: Whether a line keeps it apart from what is left of it.
            parent: Qt's owner.
        """
        super().__init__(parent)
        from seamseg_studio.app.tools.options import ChoiceOption, SliderOption  # not before there is a tool

        self._option = option
        self._value: QLabel | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP_PX)
        self.rule = rule(self)
        self.rule.setVisible(has_rule)
        row.addWidget(self.rule)
        title = tool_text(option.title)
        self.control: QWidget
        if isinstance(option, SliderOption):
            self.control = self._make_slider()
        elif isinstance(option, ChoiceOption):
            self.control = self._make_choice(option, is_folded=is_folded)
        else:
            self.control = check = QCheckBox(title)
            check.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            check.toggled.connect(lambda value: self.changed.emit(option.key, value))
        if not isinstance(self.control, QCheckBox):
            row.addWidget(PlainLabel(title, self))
        self.control.setAccessibleName(title)
        self.control.setToolTip(tool_text(option.tip) if option.tip else "")
        row.addWidget(self.control)
        if self._value is not None:
            row.addWidget(self._value)
        self.show_option(option)

    def show_option(self, option: Option) -> None:
        """Shows the value that the option has now, without telling it."""
        from seamseg_studio.app.tools.options import ChoiceOption, SliderOption

        self._option = option
        control = self.control
        with QSignalBlocker(control):
            if isinstance(option, SliderOption) and isinstance(control, QSlider):
                if not control.isSliderDown():
                    control.setValue(slider_place(option))
                assert self._value is not None
                self._value.setText(f"{option.value:g} {option.unit}".rstrip())
            elif isinstance(option, ChoiceOption) and isinstance(control, ChoiceBar | ChoiceMenu):
                control.set_value(option.value)
            elif isinstance(control, QCheckBox):
                control.setChecked(bool(option.value))

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setFixedWidth(_SLIDER_PX)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take the keyboard from the canvas
        slider.valueChanged.connect(self._on_slider_value_changed)
        self._value = PlainLabel(self)
        self._value.setMinimumWidth(self.fontMetrics().horizontalAdvance(_VALUE_TEXT))
        return slider

    def _make_choice(self, option: ChoiceOption, *, is_folded: bool) -> ChoiceBar | ChoiceMenu:
        kind = ChoiceMenu if is_folded or option.is_folded else ChoiceBar
        choice = kind([(value, tool_text(title)) for value, title in option.choices], tool_text(option.title))
        choice.chosen.connect(lambda value: self.changed.emit(option.key, value))
        return choice

    def _on_slider_value_changed(self, place: int) -> None:
        from seamseg_studio.app.tools.options import SliderOption

        assert isinstance(self._option, SliderOption)
        self.changed.emit(self._option.key, slider_value(self._option, place))
