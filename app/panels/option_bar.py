"""The bar above the canvas: the options of the tool in use, shown from its own description of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolBar, QWidget

from seamseg_studio.app.languages import tool_text
from seamseg_studio.app.panels.choice_menu import ChoiceMenu
from seamseg_studio.app.panels.fields import ChoiceBar, muted, rule

if TYPE_CHECKING:
    from seamseg_studio.app.document import Document
    from seamseg_studio.app.tools.base import Tool
    from seamseg_studio.app.tools.options import Option, SliderOption

_STEPS = 1000
_GAP_PX = 9
_SLIDER_PX = 110
_VALUE_PX = 48
_HEIGHT_PX = 42  # the same for every tool, so that the image does not jump


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


class OptionBar(QToolBar):
    """Title and options of one tool."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("options")
        self.setWindowTitle(self.tr("Tool options"))
        self.setAccessibleName(self.windowTitle())
        self.setMovable(False)
        self.setFixedHeight(_HEIGHT_PX)
        self._tool: Tool | None = None
        self._document: Document | None = None
        self._controls: dict[str, QWidget] = {}
        self._values: dict[str, QLabel] = {}
        self._title = QLabel(self)
        self._title.setObjectName("tool_title")
        self._hint = muted(self.tr("hold Space to pan · wheel to zoom · hold H to peek"), self)
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        content = QWidget(self)
        content.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # never widens the window
        self._row = QHBoxLayout(content)
        self._row.setContentsMargins(8, 0, 6, 0)
        self._row.setSpacing(_GAP_PX)
        self._row.addWidget(self._title)
        self._row.addWidget(self._hint, 1)
        self.addWidget(content)
        self._options_box: QWidget | None = None
        self._build()

    def set_tool(self, tool: Tool | None) -> None:
        """Shows the options of `tool`."""
        if self._tool is not None:
            self._tool.option_changed.disconnect(self._refresh)
        self._tool = tool
        if tool is not None:
            tool.option_changed.connect(self._refresh)
        self._build()

    def set_document(self, document: Document | None) -> None:
        """Tells the tool which document its options are about."""
        self._document = document
        self._refresh()

    @property
    def title(self) -> str:
        """What the bar says it is about."""
        return self._title.text()

    def control(self, key: str) -> QWidget:
        """The widget of one option."""
        return self._controls[key]

    def _options(self) -> tuple[Option, ...]:
        return () if self._tool is None else self._tool.options(self._document)

    def _build(self) -> None:
        if self._options_box is not None:
            self._row.removeWidget(self._options_box)
            self._options_box.hide()
            self._options_box.deleteLater()
        self._controls, self._values = {}, {}
        self._title.setText("" if self._tool is None else tool_text(self._tool.title))
        self._options_box = QWidget(self)
        row = QHBoxLayout(self._options_box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP_PX)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetFixedSize)  # rather cut off than squeezed
        for place, option in enumerate(self._options()):
            if place:
                row.addWidget(rule(self._options_box))
            self._add(option, row)
        self._row.insertWidget(1, self._options_box)
        self._refresh()

    def _add(self, option: Option, row: QHBoxLayout) -> None:
        from seamseg_studio.app.tools.options import ChoiceOption, SliderOption

        key = option.key
        control: QWidget
        if isinstance(option, SliderOption):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setRange(0, _STEPS)
            slider.setFixedWidth(_SLIDER_PX)
            slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take the keyboard from the canvas
            slider.valueChanged.connect(lambda place: self._set_slider(key, place))
            self._values[key] = QLabel()
            self._values[key].setMinimumWidth(_VALUE_PX)
            control = slider
        elif isinstance(option, ChoiceOption):
            kind = ChoiceMenu if option.is_folded else ChoiceBar
            control = kind([(value, tool_text(title)) for value, title in option.choices], tool_text(option.title))
            control.chosen.connect(lambda value: self._set(key, value))
        else:
            control = QCheckBox(tool_text(option.title))
            control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            control.toggled.connect(lambda value: self._set(key, value))
        if not isinstance(control, QCheckBox):
            row.addWidget(QLabel(tool_text(option.title)))
        control.setAccessibleName(tool_text(option.title))
        control.setToolTip(tool_text(option.tip) if option.tip else "")
        row.addWidget(control)
        if key in self._values:
            row.addWidget(self._values[key])
        self._controls[key] = control

    def _refresh(self) -> None:
        options = self._options()
        if [option.key for option in options] != list(self._controls):
            self._build()
            return
        if not options:
            return
        from seamseg_studio.app.tools.options import ChoiceOption, SliderOption  # not before there is a tool

        for option in options:
            control = self._controls[option.key]
            with QSignalBlocker(control):
                if isinstance(option, SliderOption) and isinstance(control, QSlider):
                    if not control.isSliderDown():
                        control.setValue(slider_place(option))
                    self._values[option.key].setText(f"{option.value:g} {option.unit}".rstrip())
                elif isinstance(option, ChoiceOption) and isinstance(control, ChoiceBar | ChoiceMenu):
                    control.set_value(option.value)
                elif isinstance(control, QCheckBox):
                    control.setChecked(bool(option.value))

    def _set_slider(self, key: str, place: int) -> None:
        from seamseg_studio.app.tools.options import SliderOption

        option = next(option for option in self._options() if option.key == key)
        assert isinstance(option, SliderOption)
        self._set(key, slider_value(option, place))

    def _set(self, key: str, value: object) -> None:
        if self._tool is not None:
            self._tool.set_option(key, value, self._document)
