"""Mouse, wheel, pen and keys: looking around at any time, and gestures that nothing disturbs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import CAR, CAR_CATEGORY, ROAD_CATEGORY, SHAPE, SKY, MakeDocument
from hand import MIDDLE, Hand
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QInputDevice, QNativeGestureEvent, QPointingDevice, QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.canvas.rulers import WIDTH_PX
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import Brush, Eraser, make_tools

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


@pytest.fixture
def brush(canvas: Canvas, document: Document) -> Brush:
    brush = Brush()
    brush.setParent(canvas)
    brush.set_option("width", 9, document)
    document.set_current_category(CAR_CATEGORY)
    canvas.set_tool(brush)
    return brush


def painted(document: Document, segment_id: int) -> np.ndarray:
    return np.argwhere(document.map.ids == segment_id)


def test_a_fast_stroke_has_no_gap_and_is_one_step(brush: Brush, document: Document, hand: Hand) -> None:
    new = document.map.next_id()
    hand.drag((20, 20), (60, 380))  # one move over the whole picture
    ids = document.map.ids
    for t in np.linspace(0, 1, 200):
        assert ids[round(20 + 40 * t), round(20 + 360 * t)] == new
    points = painted(document, new)
    ys, xs = points[:, 0], points[:, 1]
    away = np.abs((ys - 20) * 360 - (xs - 20) * 40) / np.hypot(360, 40)
    assert away.max() <= 4.5
    assert document.undo_label == "paint car"
    assert document.undo()
    assert new not in document.map.segments
    assert not document.can_undo


def test_ring_and_paint_agree(canvas: Canvas, brush: Brush, document: Document, hand: Hand) -> None:
    """The pixel under the pointer is the middle of the dab, at any zoom."""
    for notches in (0, 5, -8):
        if notches:
            hand.wheel(40, 200, notches)
        new = document.map.next_id()
        hand.click(40, 200)
        assert painted(document, new).mean(0) == pytest.approx((40, 200), abs=0.5)
        assert document.undo()


def test_panning_and_zooming_in_mid_stroke_draws_nothing_on_the_way(
    canvas: Canvas, brush: Brush, document: Document, hand: Hand
) -> None:
    new = document.map.next_id()
    hand.press(50, 100)
    hand.move(50, 120)
    area = len(painted(document, new))
    view = canvas._view
    hand.key_down(Qt.Key.Key_Space)
    spot = hand.spot(50, 120)
    hand.move_on_screen(spot + QPointF(60, 45))
    assert canvas._view == view.panned(45, 60)
    assert len(painted(document, new)) == area
    hand.key_up(Qt.Key.Key_Space)
    hand.wheel(50, 120, 2)
    assert canvas._view.scale > view.scale
    assert len(painted(document, new)) == area
    hand.move(50, 140)
    hand.release(50, 140)
    points = painted(document, new)
    assert points[:, 0].min() >= 45
    assert points[:, 0].max() <= 55
    assert points[:, 1].min() >= 95
    assert points[:, 1].max() <= 145
    assert document.undo()
    assert not document.can_undo


def test_middle_drag_pans_with_any_tool(canvas: Canvas, document: Document, hand: Hand) -> None:
    before = document.map.ids.copy()
    for tool in make_tools().values():
        tool.setParent(canvas)
        canvas.set_tool(tool)
        view = canvas._view
        spot = hand.spot(100, 100)
        hand.press(100, 100, MIDDLE)
        hand.move_on_screen(spot + QPointF(13, -7))
        hand.release(100, 100, MIDDLE)
        assert canvas._view == view.panned(-7, 13)
    assert np.array_equal(document.map.ids, before)
    assert document.selection == frozenset()


def test_middle_button_pans_while_the_left_one_paints(
    canvas: Canvas, brush: Brush, document: Document, hand: Hand
) -> None:
    new = document.map.next_id()
    hand.press(50, 100)
    view, spot = canvas._view, hand.spot(50, 100)
    hand.press(50, 100, MIDDLE)
    hand.move_on_screen(spot + QPointF(30, 0))
    hand.release(50, 100, MIDDLE)
    assert canvas._view.left == view.left - 30
    assert document.stroke_active
    hand.move(50, 110)
    hand.release(50, 110)
    points = painted(document, new)
    assert points[:, 1].max() <= 115
    assert len(document.project.history(1)) == 1


def test_shift_wheel_pans_sideways(canvas: Canvas, hand: Hand) -> None:
    view = canvas._view
    hand.wheel(100, 100, 1, SHIFT)
    assert canvas._view.left < view.left
    assert (canvas._view.top, canvas._view.scale) == (view.top, view.scale)


def test_a_release_that_nobody_told_ends_the_stroke(brush: Brush, document: Document, hand: Hand) -> None:
    new = document.map.next_id()
    hand.press(50, 100)
    hand.move(50, 110)
    hand.lose()
    hand.move(200, 300)  # without a button: the stroke must not go there
    assert not document.stroke_active
    assert painted(document, new)[:, 0].max() <= 55
    assert document.can_undo


def test_space_and_peek_end_when_the_keyboard_goes(
    canvas: Canvas, brush: Brush, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    hand.key_down(Qt.Key.Key_Space)
    hand.key_down(Qt.Key.Key_H)
    assert not canvas._need_stage().shows_overlay
    QApplication.sendEvent(canvas._need_stage(), QFocusEvent(QEvent.Type.FocusOut))
    assert canvas._need_stage().shows_overlay
    hand.click(50, 100)
    assert document.can_undo, "a click pans although Space was let go elsewhere"


def test_escape_cancels_the_gesture_only(brush: Brush, document: Document, hand: Hand) -> None:
    before = document.map.ids.copy()
    hand.press(50, 100)
    hand.move(80, 200)
    hand.key_down(Qt.Key.Key_Escape)
    assert np.array_equal(document.map.ids, before)
    hand.move(80, 220)
    hand.release(80, 220)
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo
    document.map.check()


def test_alt_drag_changes_the_width_and_paints_nothing(
    canvas: Canvas, brush: Brush, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    before = document.map.ids.copy()
    with qtbot.waitSignal(brush.option_changed, check_params_cb=lambda key: key == "width"):
        hand.drag((50, 100), (50, 200), keys=ALT)
    assert brush.width_px > 18
    hand.drag((50, 200), (50, 20), keys=ALT)
    assert brush.width_px < 9
    assert np.array_equal(document.map.ids, before)
    width = brush.width_px
    hand.press(50, 100, keys=ALT)
    hand.move(50, 300, keys=ALT)
    hand.key_down(Qt.Key.Key_Escape)
    assert brush.width_px == width


def test_ctrl_turns_brush_and_eraser_around(canvas: Canvas, brush: Brush, document: Document, hand: Hand) -> None:
    hand.drag((150, 60), (150, 90), keys=CTRL)
    assert document.undo_label == "erase"
    assert document.map.ids[150, 75] != CAR
    eraser = Eraser()
    eraser.setParent(canvas)
    eraser.set_option("width", 9, document)
    canvas.set_tool(eraser)
    document.set_current_category(ROAD_CATEGORY)
    hand.drag((20, 60), (20, 90), keys=CTRL)
    assert document.undo_label == "paint road"
    hand.drag((20, 60), (20, 90))
    assert document.undo_label == "erase"
    assert document.map.ids[20, 75] == SKY


def test_pen_pressure_sets_the_width(brush: Brush, document: Document, hand: Hand) -> None:
    brush.set_option("width", 40, document)
    widths = []
    for pressure in (0.2, 1.0):
        new = document.map.next_id()
        hand.pen(QEvent.Type.TabletPress, 60, 100, pressure)
        hand.pen(QEvent.Type.TabletMove, 60, 200, pressure)
        hand.pen(QEvent.Type.TabletRelease, 60, 200, 0.0)
        assert not document.stroke_active
        widths.append(int((document.map.ids[:, 150] == new).sum()))
        assert document.undo()
    assert widths[1] == pytest.approx(40, abs=2)
    assert widths[0] == pytest.approx(40 * 0.28, abs=2)
    brush.set_option("pressure", False, document)
    new = document.map.next_id()
    hand.pen(QEvent.Type.TabletPress, 60, 100, 0.2)
    hand.pen(QEvent.Type.TabletRelease, 60, 100, 0.0)
    assert int((document.map.ids[:, 100] == new).sum()) == pytest.approx(40, abs=2)


def test_a_pen_that_hovered_leaves_the_mouse_its_width(brush: Brush, document: Document, hand: Hand) -> None:
    brush.set_option("width", 40, document)
    hand.pen(QEvent.Type.TabletMove, 60, 100, 0.0, hovers=True)
    new = document.map.next_id()
    hand.drag((60, 100), (60, 200))
    assert int((document.map.ids[:, 150] == new).sum()) == pytest.approx(40, abs=2)


def test_a_mouse_takes_over_from_a_pen_that_never_went_up(brush: Brush, document: Document, hand: Hand) -> None:
    brush.set_option("width", 40, document)
    hand.pen(QEvent.Type.TabletPress, 60, 100, 0.2)
    hand.move(60, 120)  # no button is held: the pen's stroke is over
    assert not document.stroke_active
    assert document.undo()
    new = document.map.next_id()
    hand.drag((60, 100), (60, 200))
    assert int((document.map.ids[:, 150] == new).sum()) == pytest.approx(40, abs=2)


def test_the_rubber_end_of_a_pen_erases(brush: Brush, document: Document, hand: Hand) -> None:
    brush.set_option("width", 20, document)
    hand.pen(QEvent.Type.TabletPress, 150, 75, 1.0, rubber=True)
    hand.pen(QEvent.Type.TabletMove, 150, 80, 1.0, rubber=True)
    hand.pen(QEvent.Type.TabletRelease, 150, 80, 0.0, rubber=True)
    assert document.undo_label == "erase"
    assert document.map.ids[150, 75] != CAR


def test_a_drag_with_the_select_tool_selects_nothing(canvas: Canvas, document: Document, hand: Hand) -> None:
    hand.click(150, 75)
    assert document.selection == {CAR}
    hand.drag((20, 20), (20, 60))
    assert document.selection == {CAR}
    hand.drag((20, 20), (20, 21))  # a trembling hand still clicks
    assert document.selection == {SKY}
    hand.click(20, 20, SHIFT)
    assert document.selection == frozenset()
    hand.click(150, 75, CTRL)
    assert document.selection == {CAR}


def test_cursor_signals(canvas: Canvas, document: Document, hand: Hand, qtbot: QtBot) -> None:
    with qtbot.waitSignal(canvas.cursor_moved) as moved:
        hand.move(150, 75)
    assert moved.args == [150, 75, CAR]
    with qtbot.waitSignal(canvas.cursor_left):
        hand.move(-20, 75)


def test_keys_of_the_canvas_do_nothing_in_a_text_field(canvas: Canvas, qtbot: QtBot) -> None:
    field = QLineEdit(canvas)
    field.show()
    field.setFocus()
    qtbot.keyClicks(field, "h h")
    assert field.text() == "h h"
    assert canvas._need_stage().shows_overlay


def test_nothing_lies_over_the_fitted_image(canvas: Canvas, hand: Hand) -> None:
    canvas.resize(900, 700)
    canvas.fit()
    height = SHAPE[0]
    bar = canvas._bar.geometry()
    assert canvas._bar.isVisible()
    assert hand.spot(height - 0.5, 0).y() <= bar.top()
    assert hand.spot(-0.5, 0).y() >= 0
    canvas.toggle("rulers")
    for point in (hand.spot(-0.5, -0.5), hand.spot(height - 0.5, SHAPE[1] - 0.5)):
        assert WIDTH_PX <= point.x() <= canvas.width()
        assert WIDTH_PX <= point.y() <= bar.top()
    canvas.toggle("rulers")
    assert hand.spot(-0.5, 0).y() < WIDTH_PX
    canvas.resize(900, 4 * bar.height())  # too little room to leave any of it out
    assert hand.spot(height - 0.5, 0).y() > canvas._bar.geometry().top()


def test_fit_100_and_steps(canvas: Canvas, hand: Hand, qtbot: QtBot) -> None:
    canvas.fit()
    fitted = canvas.zoom
    box = canvas._view.visible_box(SHAPE, canvas._need_stage().device_shape)
    assert (box.y1 - box.y0, box.x1 - box.x0) == SHAPE
    canvas.resize(500, 300)
    qtbot.waitUntil(lambda: canvas.zoom < fitted)  # goes on to fit
    canvas.zoom_100()
    assert canvas.zoom == 1
    canvas.zoom_in()
    assert canvas.zoom == pytest.approx(2**0.25)
    canvas.zoom_out()
    canvas.zoom_out()
    assert canvas.zoom == pytest.approx(2**-0.25)
    zoom = canvas.zoom
    canvas.resize(600, 400)
    QApplication.processEvents()
    assert canvas.zoom == pytest.approx(zoom)


def test_switching_the_tool_or_document_in_mid_stroke_keeps_the_stroke(
    canvas: Canvas, brush: Brush, document: Document, hand: Hand, make_document: MakeDocument
) -> None:
    eraser = Eraser()
    eraser.setParent(canvas)
    hand.press(50, 100)
    canvas.set_tool(eraser)
    assert not document.stroke_active
    assert document.can_undo
    hand.release(50, 100)
    canvas.set_tool(brush)
    hand.press(80, 100)
    canvas.set_document(make_document())
    assert not document.stroke_active
    assert len(document.project.history(1)) == 2
    hand.move(90, 150)
    hand.release(90, 150)
    assert canvas.document is not None
    assert not canvas.document.can_undo


def test_undo_in_mid_stroke_takes_the_stroke_back(brush: Brush, document: Document, hand: Hand) -> None:
    before = document.map.ids.copy()
    hand.press(50, 100)
    hand.move(50, 200)
    assert document.undo()
    assert np.array_equal(document.map.ids, before)
    hand.move(50, 300)
    hand.release(50, 300)
    assert np.array_equal(document.map.ids, before)


def test_another_screens_scale_keeps_what_is_seen(
    canvas: Canvas, document: Document, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.wheel(150, 75, 6)
    hand.settle()
    stage, view = canvas._need_stage(), canvas._view
    zoom = canvas.zoom
    rows, columns = stage.device_shape
    middle = view.to_image(rows / 2, columns / 2)
    monkeypatch.setattr(type(stage), "device_ratio", property(lambda self: 2.0))
    stage._follow_device_ratio()
    assert canvas.zoom == pytest.approx(zoom)
    assert canvas._view.scale == pytest.approx(2 * view.scale)
    rows, columns = stage.device_shape
    assert canvas._view.to_image(rows / 2, columns / 2) == pytest.approx(middle, abs=0.5)
    monkeypatch.setattr(type(stage), "device_ratio", property(lambda self: 1.0))
    stage._follow_device_ratio()
    assert canvas._view.scale == pytest.approx(view.scale)


@pytest.fixture
def touchpad() -> QPointingDevice:
    return QPointingDevice(
        "pad",
        11,
        QInputDevice.DeviceType.TouchPad,
        QPointingDevice.PointerType.Finger,
        QInputDevice.Capability.Position | QInputDevice.Capability.PixelScroll,
        2,
        0,
    )


def pinch(hand: Hand, pad: QPointingDevice, place: tuple[float, float], value: float) -> None:
    spot = hand.spot(*place)
    top = QPointF(hand.viewport.mapToGlobal(spot.toPoint()))
    kind = Qt.NativeGestureType.ZoomNativeGesture
    QApplication.sendEvent(hand.viewport, QNativeGestureEvent(kind, pad, 2, spot, spot, top, value, QPointF()))


def scroll(hand: Hand, pad: QPointingDevice, x: int, y: int, keys: Qt.KeyboardModifier) -> None:
    spot = hand.spot(100, 100)
    top = QPointF(hand.viewport.mapToGlobal(spot.toPoint()))
    event = QWheelEvent(
        spot,
        top,
        QPoint(x, y),
        QPoint(x * 8, y * 8),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.ScrollUpdate,
        False,
        Qt.MouseEventSource.MouseEventNotSynthesized,
        pad,
    )
    QApplication.sendEvent(hand.viewport, event)


def test_touchpad_pinches_about_the_fingers_and_scrolls_in_mid_stroke(
    canvas: Canvas, brush: Brush, document: Document, hand: Hand, touchpad: QPointingDevice
) -> None:
    new = document.map.next_id()
    hand.press(50, 100)
    hand.move(50, 110)
    area = len(painted(document, new))
    spot = hand.spot(50, 110)
    pinch(hand, touchpad, (50, 110), 0.5)
    assert canvas.zoom == pytest.approx(1.5)
    assert (hand.spot(50, 110) - spot).manhattanLength() <= 2, "the place under the fingers stays"
    view = canvas._view
    scroll(hand, touchpad, 12, -30, Qt.KeyboardModifier.NoModifier)
    assert canvas._view == view.panned(-30, 12)
    scroll(hand, touchpad, 0, 30, CTRL)
    assert canvas._view.scale > view.scale
    assert len(painted(document, new)) == area
    hand.move(50, 120)
    hand.release(50, 120)
    assert painted(document, new)[:, 1].max() <= 125
    assert len(document.project.history(1)) == 1


@pytest.mark.parametrize("name", sorted(make_tools()))
def test_one_can_look_around_in_the_midst_of_any_gesture(
    name: str, canvas: Canvas, document: Document, hand: Hand, touchpad: QPointingDevice
) -> None:
    """Space, the middle button, the wheel and a pinch; the gesture goes on after each as if nothing had been."""
    tool = make_tools()[name]
    tool.setParent(canvas)
    canvas.set_tool(tool)
    hand.press(60, 60)
    hand.move(60, 80)
    ids, at = document.map.ids.copy(), (60, 80)

    def looked(act: Callable[[], None]) -> None:
        view = canvas._view
        act()
        assert canvas._view != view
        assert np.array_equal(document.map.ids, ids), "looking around changes nothing"

    def pan(down: Callable[[], None], up: Callable[[], None]) -> None:
        spot = hand.spot(*at)
        down()
        hand.move_on_screen(spot + QPointF(21, -17))
        up()

    looked(lambda: hand.wheel(*at, 2))
    looked(lambda: pinch(hand, touchpad, at, 0.25))
    looked(lambda: pan(lambda: hand.press(*at, MIDDLE), lambda: hand.release(*at, MIDDLE)))
    looked(lambda: pan(lambda: hand.key_down(Qt.Key.Key_Space), lambda: hand.key_up(Qt.Key.Key_Space)))
    looked(lambda: hand.wheel(*at, -1))
    hand.move(64, 90)
    hand.release(64, 90)
    tool.finish(document)
    view = canvas._view
    hand.move(100, 100)
    assert canvas._view == view, "the pan has ended"
