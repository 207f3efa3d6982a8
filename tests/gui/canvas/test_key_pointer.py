"""Every tool without a mouse: arrows move a pointer on the canvas, a comma clicks, a full stop holds."""

from __future__ import annotations

import numpy as np
import pytest
from canvas_street import CAR, CAR_CATEGORY, SHAPE
from hand import Hand
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import make_tools

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def told(canvas: Canvas) -> list[tuple[int, int]]:
    """Where the pointer was, pixel by pixel."""
    places: list[tuple[int, int]] = []
    canvas.cursor_moved.connect(lambda y, x, _: places.append((y, x)))
    return places


def steer(hand: Hand, told: list[tuple[int, int]], y: int, x: int) -> None:
    """Takes the pointer to a pixel with the arrow keys alone."""
    hand.key(Qt.Key.Key_Right, SHIFT)
    for _ in range(500):
        if told[-1] == (y, x):
            return
        down, right = y - told[-1][0], x - told[-1][1]
        way = abs(down) if down else abs(right)
        key = (Qt.Key.Key_Down if down > 0 else Qt.Key.Key_Up) if down else None
        key = key or (Qt.Key.Key_Right if right > 0 else Qt.Key.Key_Left)
        hand.key(key, Qt.KeyboardModifier.NoModifier if way >= 8 else SHIFT)
    pytest.fail(f"the keys lead to {told[-1]}, not to {(y, x)}")


def test_a_segment_is_selected_by_keys(
    canvas: Canvas, hand: Hand, document: Document, told: list[tuple[int, int]]
) -> None:
    steer(hand, told, 150, 75)
    assert told[-1] == (150, 75)
    hand.key(Qt.Key.Key_Comma)
    assert document.selection == {CAR}


def test_the_brush_paints_by_keys_as_one_step(
    canvas: Canvas, hand: Hand, document: Document, told: list[tuple[int, int]]
) -> None:
    brush = make_tools()["brush"]
    canvas.set_tool(brush)
    brush.set_option("width", 20, document)
    document.set_current_category(CAR_CATEGORY)
    before, new = document.map.ids.copy(), document.map.next_id()
    steer(hand, told, 60, 100)
    hand.key(Qt.Key.Key_Period)
    assert document.stroke_active
    steer(hand, told, 60, 200)
    assert document.stroke_active
    hand.key(Qt.Key.Key_Period)
    assert not document.stroke_active
    columns = np.flatnonzero((document.map.ids == new).any(axis=0))
    assert abs(int(columns[0]) - 90) <= 1
    assert abs(int(columns[-1]) - 210) <= 1
    assert document.undo()
    assert np.array_equal(document.map.ids, before)


def test_esc_takes_back_what_keys_began(canvas: Canvas, hand: Hand, document: Document) -> None:
    canvas.set_tool(make_tools()["brush"])
    before = document.map.ids.copy()
    hand.key(Qt.Key.Key_Period)
    hand.key(Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Escape)
    assert np.array_equal(document.map.ids, before)
    hand.key(Qt.Key.Key_Period, SHIFT)  # lets go, as it is typed on some keyboards
    assert np.array_equal(document.map.ids, before)
    assert not document.can_undo


def test_the_picture_follows_at_the_edge(canvas: Canvas, hand: Hand, told: list[tuple[int, int]]) -> None:
    for _ in range(8):
        canvas.zoom_in()
    steer(hand, told, SHAPE[0] - 1, SHAPE[1] - 1)
    spot = hand.spot(SHAPE[0] - 1, SHAPE[1] - 1)
    assert hand.viewport.rect().contains(spot.toPoint())


def test_the_mouse_takes_the_pointer_back(canvas: Canvas, hand: Hand, document: Document) -> None:
    canvas.set_tool(make_tools()["brush"])
    hand.key(Qt.Key.Key_Right)
    shown = hand.color(40, 300)
    hand.key(Qt.Key.Key_Period)
    assert canvas._key_pointer.is_shown
    middle = hand.viewport.rect().center()
    hand.move(50, 50)
    picture = hand.picture()
    assert shown == hand.color(40, 300)
    colors = {picture.pixelColor(x, middle.y()).rgb() for x in range(4, 40)}
    assert len(colors) == 1, "no line is left across the ground"
    assert not canvas._key_pointer.is_shown
    assert not document.stroke_active, "no button is held"


def test_what_is_held_is_let_go_of_with_the_keyboard(
    canvas: Canvas, hand: Hand, document: Document, qtbot: QtBot
) -> None:
    canvas.set_tool(make_tools()["brush"])
    canvas.setFocus()
    hand.key(Qt.Key.Key_Period)
    field = QLineEdit(canvas)
    field.show()
    canvas._need_stage().clearFocus()
    canvas.focus_lost()
    assert not document.stroke_active
    qtbot.keyClicks(field, ",.")
    assert field.text() == ",."
    assert not document.stroke_active
