"""Real mouse, wheel and key events on the canvas, and the pixels of the map after them."""

from __future__ import annotations

import numpy as np
import pytest
from gui_fake_engine import CAR, HEIGHT, ROAD, SKY, WIDTH
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow


@pytest.fixture
def canvas(labelled: Document, window: MainWindow, qtbot: QtBot) -> Canvas:
    canvas = window.canvas
    assert canvas is not None
    qtbot.waitUntil(lambda: canvas.zoom > 1)
    return canvas


def viewport(canvas: Canvas) -> QWidget:
    return canvas._need_stage().viewport()


def place(canvas: Canvas, y: float, x: float) -> QPoint:
    """Where the middle of an image pixel is on the screen."""
    v, u = canvas._view.to_device(y + 0.5, x + 0.5)
    ratio = canvas._need_stage().device_ratio
    return QPoint(round(u / ratio), round(v / ratio))


def drag(canvas: Canvas, qtbot: QtBot, *points: tuple[int, int], release: bool = True) -> None:
    target = viewport(canvas)
    qtbot.mousePress(target, Qt.MouseButton.LeftButton, pos=place(canvas, *points[0]))
    for point in points[1:]:
        qtbot.mouseMove(target, place(canvas, *point))
    if release:
        qtbot.mouseRelease(target, Qt.MouseButton.LeftButton, pos=place(canvas, *points[-1]))


def small_brush(window: MainWindow, width: float = 9) -> None:
    window.use_tool("brush")
    assert window.canvas is not None
    window.canvas.active_tool.set_option("width", width, None)


def test_click_selects_and_shift_adds(canvas: Canvas, labelled: Document, qtbot: QtBot) -> None:
    target = viewport(canvas)
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton, pos=place(canvas, HEIGHT // 2 + 5, WIDTH // 4))
    assert labelled.selection == {CAR}
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton, shift, place(canvas, 5, 5))
    assert labelled.selection == {CAR, SKY}


def test_brush_paints_what_the_ring_covers_in_one_step(
    canvas: Canvas, labelled: Document, window: MainWindow, qtbot: QtBot
) -> None:
    small_brush(window)
    labelled.set_current_category(0)
    before = labelled.map.ids.copy()
    drag(canvas, qtbot, (20, 30), (20, 60), (20, 90))
    changed = labelled.map.ids != before
    assert changed[20, 30:91].all()
    assert set(np.unique(labelled.map.ids[changed])) == {ROAD}
    rows, columns = np.nonzero(changed)
    assert 16 <= rows.min() <= rows.max() <= 24
    assert 25 <= columns.min() <= columns.max() <= 95
    labelled.undo()
    assert np.array_equal(labelled.map.ids, before)


def test_escape_takes_the_stroke_back(canvas: Canvas, labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    small_brush(window)
    before = labelled.map.ids.copy()
    drag(canvas, qtbot, (10, 10), (10, 60), release=False)
    assert not np.array_equal(labelled.map.ids, before)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert np.array_equal(labelled.map.ids, before)
    qtbot.mouseRelease(viewport(canvas), Qt.MouseButton.LeftButton, pos=place(canvas, 10, 60))
    assert np.array_equal(labelled.map.ids, before)
    assert not labelled.can_undo


def test_space_and_middle_drag_pan_and_draw_nothing(
    canvas: Canvas, labelled: Document, window: MainWindow, qtbot: QtBot
) -> None:
    small_brush(window)
    before, view = labelled.map.ids.copy(), canvas._view
    focus = QApplication.focusWidget()
    qtbot.keyPress(focus, Qt.Key.Key_Space)
    drag(canvas, qtbot, (40, 40), (50, 60))
    qtbot.keyRelease(focus, Qt.Key.Key_Space)
    moved = canvas._view
    assert (moved.top, moved.left) != (view.top, view.left)
    target = viewport(canvas)
    qtbot.mousePress(target, Qt.MouseButton.MiddleButton, pos=QPoint(200, 200))
    qtbot.mouseMove(target, QPoint(230, 220))
    qtbot.mouseRelease(target, Qt.MouseButton.MiddleButton, pos=QPoint(230, 220))
    assert (canvas._view.top, canvas._view.left) == (moved.top - 20, moved.left - 30)
    assert np.array_equal(labelled.map.ids, before)


def test_wheel_zooms_about_the_pointer(canvas: Canvas, labelled: Document, qtbot: QtBot) -> None:
    spot = QPointF(place(canvas, 30, 40))
    before = canvas._view.to_image(spot.y(), spot.x())
    event = QWheelEvent(
        spot,
        QPointF(viewport(canvas).mapToGlobal(spot.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    zoom = canvas.zoom
    QApplication.sendEvent(viewport(canvas), event)
    assert canvas.zoom > zoom
    after = canvas._view.to_image(spot.y(), spot.x())
    assert after == pytest.approx(before, abs=1 / canvas.zoom)


def test_peek_shows_the_photo_alone_while_held(canvas: Canvas, labelled: Document, qtbot: QtBot) -> None:
    def picture() -> QImage:
        return viewport(canvas).grab().toImage()

    qtbot.waitUntil(lambda: canvas._need_stage().is_complete)
    spot = place(canvas, 5, 5)
    with_overlay = picture().pixelColor(spot)
    qtbot.keyPress(QApplication.focusWidget(), Qt.Key.Key_H)
    alone = picture().pixelColor(spot)
    assert alone != with_overlay
    assert [alone.red(), alone.green(), alone.blue()] == labelled.image[5, 5].tolist()
    qtbot.keyRelease(QApplication.focusWidget(), Qt.Key.Key_H)
    assert picture().pixelColor(spot) == with_overlay


def test_switching_the_image_in_mid_stroke_keeps_the_stroke(
    canvas: Canvas, labelled: Document, window: MainWindow, qtbot: QtBot
) -> None:
    small_brush(window)
    labelled.set_current_category(0)
    drag(canvas, qtbot, (10, 10), (10, 60), release=False)
    image_id = labelled.record.id
    session = window.commands.studio.session
    with qtbot.waitSignal(session.document_changed, timeout=20_000):
        session.step(1)
    assert session.project is not None
    assert session.project.load_map(image_id).ids[10, 30] == ROAD
    assert len(session.project.history(image_id)) == 1


def test_the_pointer_is_told(canvas: Canvas, labelled: Document, window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(canvas.cursor_moved) as moved:
        qtbot.mouseMove(viewport(canvas), place(canvas, HEIGHT // 2 + 5, WIDTH // 4))
    assert moved.args == [HEIGHT // 2 + 5, WIDTH // 4, CAR]
    assert window.status.pointer.text().startswith("car 0.95")
