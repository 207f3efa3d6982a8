"""Polygon and lasso: corners until committed, one undo step, locks, modes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import BUS, CAR, CAR_CATEGORY, ROAD, ROAD_CATEGORY, SKY
from hand import MIDDLE, Hand
from PySide6.QtCore import QEvent, Qt

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import Tool
from seamseg_studio.engine.scene.geometry import Box

Take = Callable[..., Tool]
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
SQUARE = ((20, 20), (20, 60), (50, 60), (50, 20))


def click_all(
    hand: Hand, *points: tuple[float, float], keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    for point in points:
        hand.click(*point, keys=keys)


@pytest.fixture
def polygon(take: Take, document: Document) -> Tool:
    document.set_current_category(CAR_CATEGORY)
    return take("polygon")


def is_one_step(document: Document, before: np.ndarray) -> bool:
    """Whether one undo brings everything back, and redo the change again."""
    after = document.map.ids.copy()
    assert document.undo()
    back = np.array_equal(document.map.ids, before) and not document.can_undo
    assert document.redo()
    return back and np.array_equal(document.map.ids, after)


def test_enter_commits_a_new_instance_as_one_step(polygon: Tool, document: Document, hand: Hand) -> None:
    before, new = document.map.ids.copy(), document.map.next_id()
    click_all(hand, *SQUARE)
    assert np.array_equal(document.map.ids, before)  # nothing until committed
    hand.key(Qt.Key.Key_Return)
    assert (document.map.ids[20:51, 20:61] == new).all()
    assert document.map.area(new) == 31 * 41
    assert document.selection == {new}
    assert not polygon.busy
    assert document.undo_label == "polygon: new car"
    assert is_one_step(document, before)


@pytest.mark.parametrize("way", ["double click", "first corner", "another tool"])
def test_other_ways_to_commit(way: str, polygon: Tool, take: Take, document: Document, hand: Hand) -> None:
    new = document.map.next_id()
    click_all(hand, *SQUARE[:3])
    if way == "double click":
        hand.double_click(*SQUARE[3])
    else:
        hand.click(*SQUARE[3])
        if way == "first corner":
            hand.click(21, 21)
        else:
            take("select")
    assert document.map.area(new) == 31 * 41
    assert not polygon.busy


def test_corners_are_dragged_inserted_and_removed(polygon: Tool, document: Document, hand: Hand) -> None:
    new = document.map.next_id()
    click_all(hand, *SQUARE, (80, 300))
    hand.key(Qt.Key.Key_Backspace)  # takes the stray corner back
    hand.drag((50, 60), (55, 65), (60, 70))  # moves a corner
    hand.drag((20, 40), (15, 40), (10, 40))  # pulls a new corner out of a side
    hand.click(50, 20, keys=ALT)  # removes a corner
    hand.click(50, 20)  # and sets it again
    assert polygon.points_yx == ((20, 20), (10, 40), (20, 60), (60, 70), (50, 20))  # type: ignore[attr-defined]
    hand.key(Qt.Key.Key_Enter)
    ids = document.map.ids
    assert ids[11, 40] == ids[58, 68] == ids[49, 22] == new
    assert ids[10, 25] == ids[25, 65] == SKY


def test_undo_inside_the_gesture_takes_a_corner_back(polygon: Tool, document: Document, hand: Hand) -> None:
    document.relabel([CAR], ROAD_CATEGORY)
    click_all(hand, *SQUARE)
    hand.key(Qt.Key.Key_Z, CTRL)
    assert len(polygon.points_yx) == 3  # type: ignore[attr-defined]
    assert document.can_undo
    assert CAR not in document.map.segments


def test_esc_leaves_no_trace(polygon: Tool, document: Document, hand: Hand) -> None:
    before = document.map.ids.copy()
    click_all(hand, *SQUARE)
    hand.key(Qt.Key.Key_Escape)
    assert not polygon.busy
    hand.key(Qt.Key.Key_Return)
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo


def test_two_corners_do_not_commit(polygon: Tool, document: Document, hand: Hand, canvas: Canvas) -> None:
    said: list[str] = []
    canvas.tool_hint_changed.connect(said.append)
    click_all(hand, *SQUARE[:2])
    hand.key(Qt.Key.Key_Return)
    assert polygon.busy
    assert "three corners" in said[-1]
    assert not document.can_undo


def test_panning_with_space_in_the_midst_adds_no_corner(polygon: Tool, hand: Hand) -> None:
    click_all(hand, *SQUARE[:2])
    hand.key_down(Qt.Key.Key_Space)
    hand.drag((100, 100), (120, 130))
    hand.key_up(Qt.Key.Key_Space)
    assert len(polygon.points_yx) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("by_keys", [False, True])
def test_add_and_subtract_are_about_the_selected_segment(
    by_keys: bool, take: Take, document: Document, hand: Hand
) -> None:
    tool = take("polygon")
    area = document.map.area(CAR)
    document.set_selection({CAR})
    across = Box(*document.map.bbox(CAR))
    corners = ((120, 30), (120, 60), (140, 60), (140, 30))  # across the left side of the car
    for mode, keys in (("add", SHIFT), ("subtract", CTRL)):
        if not by_keys:
            tool.set_option("mode", mode, document)
        hand.click(*corners[0], keys=keys if by_keys else Qt.KeyboardModifier.NoModifier)
        click_all(hand, *corners[1:])
        hand.key(Qt.Key.Key_Return)
        grown = document.map.area(CAR)
        assert grown > area if mode == "add" else grown < area
    ids = document.map.ids[120:141, 30:61]
    assert not (ids == CAR).any()
    assert document.map.bbox(CAR) == across
    assert (ids == SKY).all()  # filled by the stuff around


def test_replace_gives_the_segment_another_shape(take: Take, document: Document, hand: Hand) -> None:
    take("polygon", mode="replace")
    document.set_selection({BUS})
    before = document.map.ids.copy()
    click_all(hand, *SQUARE)
    hand.key(Qt.Key.Key_Return)
    assert document.map.bbox(BUS) == Box(20, 20, 51, 61)
    assert document.map.area(BUS) == 31 * 41
    assert is_one_step(document, before)


def test_replace_without_a_selection_says_what_to_do(take: Take, document: Document, hand: Hand) -> None:
    take("polygon", mode="replace")
    said: list[str] = []
    document.edit_failed.connect(said.append)
    click_all(hand, *SQUARE)
    hand.key(Qt.Key.Key_Return)
    assert said == ["select the segment that the region belongs to first"]
    assert not document.can_undo


def test_locked_pixels_stay_and_the_region_bounds(take: Take, document: Document, hand: Hand) -> None:
    document.set_locked([CAR], True)
    document.set_current_category(ROAD_CATEGORY)
    document.change_policy(region=Box(0, 0, 120, 400))
    take("polygon")
    car = document.map.ids == CAR
    click_all(hand, (90, 40), (90, 120), (160, 120), (160, 40))
    hand.key(Qt.Key.Key_Return)
    assert np.array_equal(document.map.ids == CAR, car)
    assert set(np.unique(document.map.ids[90:120, 40:121])) == {ROAD, CAR}
    assert set(np.unique(document.map.ids[120:150, 40:121])) == {SKY, CAR}


def test_the_lasso_is_a_drag(take: Take, document: Document, hand: Hand) -> None:
    document.set_current_category(CAR_CATEGORY)
    lasso = take("lasso")
    before, new = document.map.ids.copy(), document.map.next_id()
    hand.press(20, 20)
    for point in ((20, 60), (50, 60)):
        hand.move(*point)
    assert lasso.busy
    assert np.array_equal(document.map.ids, before)
    hand.release(50, 20)
    assert document.map.area(new) == 31 * 41
    assert document.undo_label == "lasso: new car"
    assert is_one_step(document, before)


def test_another_button_in_the_midst_leaves_the_lasso_alone(take: Take, document: Document, hand: Hand) -> None:
    document.set_current_category(CAR_CATEGORY)
    take("lasso")
    new = document.map.next_id()
    hand.press(20, 20)
    hand.move(20, 60)
    hand.press(20, 60, Qt.MouseButton.RightButton)
    hand.release(20, 60, Qt.MouseButton.RightButton)
    hand.move(50, 60)
    hand.release(50, 20)
    assert document.map.area(new) == 31 * 41


def test_the_lasso_and_the_polygon_follow_a_pen(take: Take, document: Document, hand: Hand) -> None:
    document.set_current_category(CAR_CATEGORY)
    take("lasso")
    new = document.map.next_id()
    hand.pen(QEvent.Type.TabletPress, 20, 20, 0.5)
    for point in ((20, 60), (50, 60), (50, 20)):
        hand.pen(QEvent.Type.TabletMove, *point, 0.5)
    hand.pen(QEvent.Type.TabletRelease, 50, 20, 0.0)
    assert document.map.area(new) == 31 * 41
    document.undo()
    take("polygon")
    new = document.map.next_id()
    for point in (*SQUARE, SQUARE[0]):
        hand.pen(QEvent.Type.TabletPress, *point, 0.5)
        hand.pen(QEvent.Type.TabletRelease, *point, 0.0)
    assert document.map.area(new) == 31 * 41


def test_wheel_and_pan_in_the_midst_of_an_outline_keep_it(
    take: Take, document: Document, hand: Hand, canvas: Canvas
) -> None:
    document.set_current_category(CAR_CATEGORY)
    take("polygon")
    new = document.map.next_id()
    click_all(hand, *SQUARE[:2])
    hand.wheel(35, 40, 3)
    hand.drag((35, 40), (60, 80), button=MIDDLE)
    click_all(hand, *SQUARE[2:])
    hand.key(Qt.Key.Key_Return)
    assert document.map.area(new) == 31 * 41


def test_a_click_or_esc_with_the_lasso_draws_nothing(take: Take, document: Document, hand: Hand) -> None:
    lasso = take("lasso")
    hand.click(30, 30)
    hand.press(20, 20)
    hand.move(20, 60)
    hand.move(50, 60)
    hand.key(Qt.Key.Key_Escape)
    hand.move(60, 70)
    hand.release(60, 70)
    assert not lasso.busy
    assert not document.can_undo


def test_a_read_only_project_stays_as_it_is(polygon: Tool, document: Document, hand: Hand) -> None:
    document.project.read_only = True  # type: ignore[misc]
    said: list[str] = []
    document.edit_failed.connect(said.append)
    before = document.map.ids.copy()
    click_all(hand, *SQUARE)
    hand.key(Qt.Key.Key_Return)
    assert np.array_equal(document.map.ids, before)
    assert len(said) == 1
