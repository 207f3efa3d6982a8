"""The tools' pure functions and their options."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_street import TAXONOMY, street
from hypothesis import given
from hypothesis import strategies as st
from memory_project import MemoryProject, record_of
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.actions.segment_actions import TOOLS as TOOL_ACTIONS
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.look.icons import has_icon
from seamseg_studio.app.tools import TOOLS, ChoiceOption, SliderOption, make_tools
from seamseg_studio.app.tools.brush_size import MAX_PX, MIN_PX, SizeDrag, clipped, pressed_radius, stepped
from seamseg_studio.app.tools.events import ToolEvent
from seamseg_studio.app.tools.select import clicked_selection
from seamseg_studio.engine.scene.policy import Editable, FillPolicy

widths = st.floats(MIN_PX, MAX_PX).map(clipped)


@given(widths, st.integers(-20, 20))
def test_notches_change_the_width_till_the_limits(width: float, steps: int) -> None:
    changed = stepped(width, steps)
    assert MIN_PX <= changed <= MAX_PX
    assert changed == round(changed)
    if steps > 0:
        assert changed > width or width == MAX_PX
    elif steps < 0:
        assert changed < width or width == MIN_PX
    else:
        assert changed == width


@given(widths, st.floats(-4000, 4000), st.floats(0.05, 30))
def test_a_size_drag_is_steady_and_begins_where_it_was(width: float, way_px: float, scale: float) -> None:
    drag = SizeDrag((0.0, 100.0), width)
    assert drag.width(100.0, scale) == width
    wider, narrower = drag.width(100 + abs(way_px) / scale, scale), drag.width(100 - abs(way_px) / scale, scale)
    assert MIN_PX <= narrower <= width <= wider <= MAX_PX


@given(widths, st.floats(-1, 2))
def test_pressure_narrows_but_never_to_nothing(width: float, pressure: float) -> None:
    assert pressed_radius(width, pressure, by_pressure=False) == width / 2
    assert width / 20 <= pressed_radius(width, pressure, by_pressure=True) <= width / 2 * 1.0000001


@pytest.mark.parametrize(
    ("selection", "clicked", "extend", "expected"),
    [
        ({1}, 2, False, {2}),
        ({1}, 2, True, {1, 2}),
        ({1, 2}, 2, True, {1}),
        ({1, 2}, 2, False, {2}),
        ({1}, 0, False, set()),
        ({1}, 0, True, {1}),
    ],
)
def test_clicked_selection(selection: set[int], clicked: int, extend: bool, expected: set[int]) -> None:
    assert clicked_selection(selection, clicked, extend=extend) == expected


@pytest.mark.parametrize(("y", "x", "pixel"), [(0.49, 0.5, (0, 1)), (-0.5, -0.51, (0, -1)), (7.0, 2.9, (7, 3))])
def test_the_pixel_under_a_point_is_the_nearest_centre(y: float, x: float, pixel: tuple[int, int]) -> None:
    assert ToolEvent(y, x).pixel == pixel


@pytest.fixture
def document(qapp: QApplication) -> Document:
    panoptic_map = street()
    image = np.zeros((*panoptic_map.shape, 3), np.uint8)
    return Document(MemoryProject(TAXONOMY), record_of(panoptic_map.shape), image, panoptic_map)  # type: ignore[arg-type]


def test_every_tool_says_what_it_is(qapp: QApplication, document: Document) -> None:
    tools = make_tools()
    told = [(tool.name, tool.title, tool.shortcut, tool.icon) for tool in TOOLS]
    assert told == [(name, text.replace("&", ""), key, icon) for name, text, key, icon in TOOL_ACTIONS]
    assert list(tools) == [tool.name for tool in TOOLS]
    for tool in tools.values():
        assert tool.title
        assert tool.hint
        assert has_icon(tool.icon)
        assert not tool.busy
        keys = [option.key for option in tool.options(document)]
        assert len(keys) == len(set(keys))
        with pytest.raises(ValueError, match="no option"):
            tool.set_option("colour of the sky", 1, document)


def test_options_reach_tool_and_policy(qapp: QApplication, document: Document, qtbot: QtBot) -> None:
    brush = make_tools()["brush"]
    by_key = {option.key: option for option in brush.options(document)}
    width = by_key["width"]
    assert isinstance(width, SliderOption)
    assert width.unit == "px"
    with qtbot.waitSignal(brush.option_changed):
        brush.set_option("width", 12.4, document)
    assert {option.key: option.value for option in brush.options(document)}["width"] == 12
    brush.step_size(1)
    assert {option.key: option.value for option in brush.options(document)}["width"] > 12
    for key, member in (("editable", Editable.VOID_ONLY), ("fill", FillPolicy.VOID)):
        option = by_key[key]
        assert isinstance(option, ChoiceOption)
        assert member.value in dict(option.choices)
        with qtbot.waitSignal(document.policy_changed):
            brush.set_option(key, member.value, document)
        assert getattr(document.policy, key) is member
    with pytest.raises(ValueError, match="valid"):
        brush.set_option("fill", "concrete", document)


def test_brush_and_eraser_cursor_is_the_width(qapp: QApplication, document: Document) -> None:
    tools = make_tools()
    document.set_current_category(2)
    for name in ("brush", "eraser"):
        tools[name].set_option("width", 30, document)
        assert tools[name].cursor(document).radius_px == 15
    assert tools["brush"].cursor(document).rgb == TAXONOMY[2].color
    assert tools["eraser"].cursor(document).rgb is None
