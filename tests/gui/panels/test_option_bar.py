"""The option bar shows what a tool describes and tells it what was changed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSlider
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.panels.choice_menu import ChoiceMenu
from seamseg_studio.app.panels.fields import ChoiceBar
from seamseg_studio.app.panels.option_bar import OptionBar
from seamseg_studio.app.panels.option_controls import OptionGroup, slider_place, slider_value
from seamseg_studio.app.tools.base import Tool
from seamseg_studio.app.tools.options import ChoiceOption, Option, SliderOption, ToggleOption


class SampleTool(Tool):
    """One option of each kind."""

    name, title, icon, shortcut, hint = "sample", "Sample", "tag", "", ""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, object] = {"width": 64.0, "over": "all", "to": "void", "pen": True}

    def options(self, document: Document | None) -> tuple[Option, ...]:
        width, pen = self.values["width"], self.values["pen"]
        assert isinstance(width, float)
        return (
            SliderOption("width", "Size", width, 1, 2000, "px", True),
            ChoiceOption(
                "over", "Paint over", str(self.values["over"]), (("all", "Everything"), ("void", "Void only"))
            ),
            ChoiceOption(
                "to", "Erase to", str(self.values["to"]), (("void", "Void"), ("around", "Around")), is_folded=True
            ),
            ToggleOption("pen", "Pen pressure", bool(pen)),
        )

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        self.values[key] = value
        self.option_changed.emit(key)


@pytest.fixture
def tool(qtbot: QtBot) -> SampleTool:
    return SampleTool()


@pytest.fixture
def bar(tool: SampleTool, qtbot: QtBot) -> OptionBar:
    bar = OptionBar()
    qtbot.addWidget(bar)
    bar.set_tool(tool)
    bar.resize(1200, 42)
    bar.show()
    return bar


def test_every_kind_of_option_is_changed_by_hand(bar: OptionBar, tool: SampleTool, qtbot: QtBot) -> None:
    slider, choice, toggle = bar.control("width"), bar.control("over"), bar.control("pen")
    assert isinstance(slider, QSlider)
    assert isinstance(choice, ChoiceBar)
    assert isinstance(toggle, QCheckBox)
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert tool.values["width"] == 2000
    qtbot.mouseClick(choice.button("void"), Qt.MouseButton.LeftButton)
    assert tool.values["over"] == "void"
    toggle.click()
    assert tool.values["pen"] is False


def test_a_folded_choice_offers_the_others_on_a_click(bar: OptionBar, tool: SampleTool, qtbot: QtBot) -> None:
    choice = bar.control("to")
    assert isinstance(choice, ChoiceMenu)
    assert choice.text().startswith("Void")
    menu = choice.menu()
    with qtbot.waitExposed(menu):
        menu.popup(choice.mapToGlobal(choice.rect().bottomLeft()))
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(choice.action("around")).center())
    assert tool.values["to"] == "around"
    assert choice.text().startswith("Around")
    tool.set_option("to", "void", None)
    assert choice.value == "void"


def test_what_has_no_room_is_folded_and_then_put_behind_a_button(
    bar: OptionBar, tool: SampleTool, qtbot: QtBot
) -> None:
    whole = sum(group.width() for group in bar.findChildren(OptionGroup)) + 200
    bar.resize(whole, bar.height())
    assert isinstance(bar.control("over"), ChoiceBar)
    assert not bar.more.isVisible()
    bar.resize(whole - 260, bar.height())
    assert isinstance(bar.control("over"), ChoiceMenu)
    bar.resize(300, bar.height())
    assert bar.more.isVisible()
    pen = bar.control("pen")
    assert isinstance(pen, QCheckBox)
    assert not pen.isVisible()
    for key in ("width", "over", "to", "pen"):
        control = bar.control(key)
        right = control.mapTo(bar, control.rect().topRight()).x() if control.window() is bar else 0
        assert right <= bar.width()
    bar.more.menu().popup(bar.mapToGlobal(bar.rect().bottomLeft()))
    qtbot.waitUntil(pen.isVisible)
    qtbot.mouseClick(pen, Qt.MouseButton.LeftButton)
    assert tool.values["pen"] is False
    bar.more.menu().close()
    bar.resize(whole, bar.height())
    assert isinstance(bar.control("over"), ChoiceBar)
    assert bar.control("pen").isVisible()


def test_no_control_is_cut_when_the_text_grows(bar: OptionBar) -> None:
    font = bar.font()
    font.setPixelSize(26)
    bar.setFont(font)
    for key in ("width", "over", "to", "pen"):
        assert bar.control(key).sizeHint().height() <= bar.height()


def test_many_options_never_widen_the_window(bar: OptionBar) -> None:
    assert bar.minimumSizeHint().width() < 200


def test_the_bar_follows_the_tool(bar: OptionBar, tool: SampleTool) -> None:
    tool.set_option("width", 5.0, None)
    tool.set_option("over", "void", None)
    slider, choice = bar.control("width"), bar.control("over")
    assert isinstance(slider, QSlider)
    assert isinstance(choice, ChoiceBar)
    assert slider.value() == slider_place(tool.options(None)[0])  # type: ignore[arg-type]
    assert choice.value == "void"


def test_another_tool_brings_other_options(bar: OptionBar, tool: SampleTool) -> None:
    bar.set_tool(None)
    with pytest.raises(KeyError):
        bar.control("width")
    tool.set_option("width", 7.0, None)  # nobody listens any more


@given(
    place=st.integers(0, 1000),
    low=st.floats(1, 50),
    ratio=st.floats(30, 5000),
    logarithmic=st.booleans(),
)
def test_places_and_values_are_inverse(place: int, low: float, ratio: float, logarithmic: bool) -> None:
    option = SliderOption("k", "t", low, low, low * ratio, is_logarithmic=logarithmic)
    value = slider_value(option, place)
    moved = SliderOption("k", "t", value, low, low * ratio, is_logarithmic=logarithmic)
    # Whole numbers only: a place may move by what half a unit is worth there.
    nearest, farthest = max(low, value - 0.5), value + 0.5
    if logarithmic:
        worth = 1000 * max(math.log(farthest / value), math.log(value / nearest)) / math.log(ratio)
    else:
        worth = 500 / (low * ratio - low)
    assert abs(slider_place(moved) - place) <= worth + 1
