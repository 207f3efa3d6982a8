"""Wand, superpixel brush and scissors: they look at the picture beside the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from canvas_street import CAR, CAR_CATEGORY, SHAPE, MakeDocument, street
from hand import Hand
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import MaskSketch, Scissors, Superpixels, Tool, Wand
from seamseg_studio.engine.scene import guides, wand
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.superpixel_grid import SuperpixelGrid

Take = Callable[..., Tool]
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
BRIGHT = Box(30, 40, 90, 160)  # a bright rectangle on a dark ground
FAINT = Box(50, 60, 70, 80)  # a little darker part of it


def picture() -> np.ndarray:
    image = np.full((*SHAPE, 3), 60, np.uint8)
    image[BRIGHT.slices] = 200
    image[FAINT.slices] = 180
    return image


@pytest.fixture
def document(make_document: MakeDocument) -> Document:
    document = make_document(street(), picture())
    document.set_current_category(CAR_CATEGORY)
    return document


def area_of(document: Document, new: int) -> Box:
    return document.map.bbox(new)


def is_one_step(document: Document, before: np.ndarray) -> bool:
    assert document.undo()
    return np.array_equal(document.map.ids, before) and not document.can_undo


# Wand


def test_the_wand_takes_what_looks_alike(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("wand", tolerance=10, holes=False)
    before, new = document.map.ids.copy(), document.map.next_id()
    hand.click(35, 45)
    qtbot.waitUntil(lambda: not tool.busy)
    bright = np.zeros(SHAPE, bool)
    bright[BRIGHT.slices] = True
    bright[FAINT.slices] = False
    assert np.array_equal(document.map.ids == new, bright)
    assert document.undo_label == "magic wand: new car"
    assert document.selection == {new}
    assert is_one_step(document, before)


def test_a_drag_sets_the_tolerance_and_shows_what_it_takes(
    take: Take, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    tool = take("wand", tolerance=10, holes=False)
    assert isinstance(tool, Wand)
    new = document.map.next_id()
    hand.press(55, 65)  # on the faint part
    hand.move(55, 75)
    hand.move(55, 105)
    assert tool.tolerance == 30  # two screen pixels a level, at 100 %
    qtbot.waitUntil(lambda: not tool._search.busy)
    (shown,) = tool.sketch(document)
    assert isinstance(shown, MaskSketch)
    assert shown.box == BRIGHT
    assert shown.mask.all()
    assert not document.can_undo  # only shown
    hand.release(55, 105)
    qtbot.waitUntil(lambda: not tool.busy)
    assert document.map.area(new) == BRIGHT.area


def test_specks_inside_belong_to_it_if_wished(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("wand", tolerance=5, holes=True)
    new = document.map.next_id()
    hand.click(35, 45)
    qtbot.waitUntil(lambda: not tool.busy)
    assert document.map.area(new) == BRIGHT.area


def test_the_wand_looks_no_farther_than_its_reach_and_the_work_area(
    take: Take, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    tool = take("wand", tolerance=100, reach=32)
    document.change_policy(region=Box(0, 0, 60, 400))
    new = document.map.next_id()
    hand.click(50, 100)
    qtbot.waitUntil(lambda: not tool.busy)
    assert area_of(document, new) == Box(30, 68, 60, 133)
    hand.click(80, 100)  # outside the work area
    qtbot.waitUntil(lambda: not tool.busy)
    assert document.map.next_id() == new + 1


def test_esc_with_the_wand_takes_nothing_and_puts_the_tolerance_back(
    take: Take, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    tool = take("wand", tolerance=10)
    hand.press(35, 45)
    hand.move(35, 80)
    hand.move(35, 90)
    hand.key(Qt.Key.Key_Escape)
    hand.release(35, 90)
    assert isinstance(tool, Wand)
    assert tool.tolerance == 10
    assert not tool.busy
    assert not tool.sketch(document)
    tool._search.finish()
    assert not document.can_undo


def test_what_looks_at_the_picture_is_not_in_the_windows_thread(
    take: Take, document: Document, hand: Hand, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[threading.Thread] = []

    def told(function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            seen.append(threading.current_thread())
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(wand.morphology, "similar_at", told(wand.morphology.similar_at))
    monkeypatch.setattr(guides, "superpixels", told(guides.superpixels))
    monkeypatch.setattr(guides.Scissors, "set_anchor", told(guides.Scissors.set_anchor))
    for name in ("wand", "superpixels", "scissors"):
        tool = take(name)
        num = len(seen)
        hand.click(35, 45)
        qtbot.waitUntil(lambda num=num: len(seen) > num)
        tool.finish(document)
        if isinstance(tool, Scissors):
            tool._worker.finish()
    assert threading.main_thread() not in seen


# Superpixels


def test_the_superpixel_brush_takes_whole_pieces(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("superpixels", size=16)
    assert isinstance(tool, Superpixels)
    before, new = document.map.ids.copy(), document.map.next_id()
    hand.drag((40, 50), (40, 60), (40, 100))
    qtbot.waitUntil(lambda: not tool.busy)
    grid = SuperpixelGrid(document.image, 16)
    for tile in grid.missing_around((40, 70)):
        grid.put(tile, grid.compute(tile))
    expected = np.zeros(SHAPE, bool)
    for number in {grid.piece_at((40, x)) for x in range(50, 101)}:
        mask, box = grid.piece(number)
        expected[box.slices] |= mask
    assert np.array_equal(document.map.ids == new, expected)
    assert not expected[:30].any()  # the edge of the bright part is kept
    assert document.undo_label == "superpixel brush: new car"
    assert is_one_step(document, before)


def test_a_piece_is_shown_before_it_is_taken(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("superpixels", size=16)
    hand.move(40, 50)
    qtbot.waitUntil(lambda: bool(tool.sketch(document)))
    (shown,) = tool.sketch(document)
    assert isinstance(shown, MaskSketch)
    assert shown.mask[40 - shown.box.y0, 50 - shown.box.x0]
    assert not document.can_undo


def test_what_was_worked_out_stays_till_the_image_is_closed(
    take: Take, document: Document, hand: Hand, qtbot: QtBot, canvas: Canvas
) -> None:
    tool = take("superpixels", size=16)
    assert isinstance(tool, Superpixels)
    hand.move(40, 50)
    qtbot.waitUntil(lambda: bool(tool.sketch(document)))
    take("brush")
    canvas.set_tool(tool)
    hand.move(41, 51)
    assert tool.sketch(document)  # at once: nothing had to be worked out
    document.close()
    assert not tool.sketch(document)
    assert tool._grid is None


def test_the_size_of_pieces_follows_the_bracket_keys(take: Take) -> None:
    tool = take("superpixels", size=16)
    assert isinstance(tool, Superpixels)
    tool.step_size(1)
    assert tool.size_px == 20
    tool.set_option("size", 4, None)
    tool.step_size(-1)
    assert tool.size_px == 4


def test_esc_with_the_superpixel_brush_takes_nothing(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("superpixels", size=16)
    assert isinstance(tool, Superpixels)
    hand.press(40, 50)
    hand.move(40, 90)
    hand.key(Qt.Key.Key_Escape)
    hand.release(40, 90)
    tool._worker.finish()
    assert not tool.busy
    assert not document.can_undo


def test_pieces_leave_locked_segments_alone(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    document.set_locked([CAR], True)
    car = document.map.ids == CAR
    tool = take("superpixels", size=24)
    new = document.map.next_id()
    hand.drag((110, 40), (110, 120))  # across the car
    qtbot.waitUntil(lambda: not tool.busy)
    assert document.map.area(new) > 0
    assert np.array_equal(document.map.ids == CAR, car)


# Scissors


def click_and_wait(hand: Hand, tool: Tool, qtbot: QtBot, *points: tuple[float, float]) -> None:
    assert isinstance(tool, Scissors)
    for point in points:
        hand.click(*point)
        qtbot.waitUntil(lambda: tool.is_ready, timeout=20_000)


CORNERS = ((30, 40), (30, 159), (89, 159), (89, 40))


def test_scissors_follow_the_edges(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("scissors")
    before, new = document.map.ids.copy(), document.map.next_id()
    click_and_wait(hand, tool, qtbot, (31, 41), *CORNERS[1:])
    hand.key(Qt.Key.Key_Return)
    assert not tool.busy
    bright = np.zeros(SHAPE, bool)
    bright[BRIGHT.slices] = True
    taken = document.map.ids == new
    assert (taken & bright).sum() > 0.96 * BRIGHT.area
    assert (taken & ~bright).sum() < 0.06 * BRIGHT.area
    assert document.undo_label == "smart scissors: new car"
    assert is_one_step(document, before)


def test_the_path_to_the_pointer_is_live(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("scissors")
    click_and_wait(hand, tool, qtbot, (30, 50))
    hand.move(36, 150)
    (shown,) = tool.sketch(document)
    rows = [y for y, _ in shown.points_yx[5:-12]]  # type: ignore[union-attr]
    assert max(rows) <= 33  # along the upper edge, not straight to the pointer
    assert len(rows) > 50


def test_clicks_faster_than_the_edges_are_kept_in_order(
    take: Take, document: Document, hand: Hand, qtbot: QtBot
) -> None:
    tool = take("scissors")
    new = document.map.next_id()
    for corner in CORNERS[:3]:
        hand.click(*corner)
    hand.double_click(*CORNERS[3])
    assert tool.busy  # the edges are still looked at
    qtbot.waitUntil(lambda: not tool.busy, timeout=20_000)
    assert document.map.area(new) > 0.9 * BRIGHT.area


def test_backspace_goes_back_and_esc_ends(take: Take, document: Document, hand: Hand, qtbot: QtBot) -> None:
    tool = take("scissors")
    assert isinstance(tool, Scissors)
    click_and_wait(hand, tool, qtbot, *CORNERS[:3])
    hand.key(Qt.Key.Key_Backspace)
    (shown,) = tool.sketch(document)
    assert len(shown.corners_yx) == 2  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: tool.is_ready)
    hand.key(Qt.Key.Key_Return)
    assert tool.busy  # two places are no outline
    hand.key(Qt.Key.Key_Escape)
    assert not tool.busy
    tool._worker.finish()
    assert not document.can_undo


def test_taking_another_tool_keeps_the_outline(
    take: Take, document: Document, hand: Hand, qtbot: QtBot, canvas: Canvas
) -> None:
    tool = take("scissors")
    new = document.map.next_id()
    click_and_wait(hand, tool, qtbot, *CORNERS)
    take("select")
    assert not tool.busy
    assert document.map.area(new) > 0.8 * BRIGHT.area
