"""A hand on the canvas: real mouse, wheel, pen and key events at image points."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from seamseg_studio.app.canvas import Canvas

LEFT, MIDDLE, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier


class Hand:
    """Sends events to the canvas' viewport, each with the buttons that are down."""

    def __init__(self, canvas: Canvas, qtbot: QtBot) -> None:
        self.canvas = canvas
        self.qtbot = qtbot
        self._held = NONE
        self._pen, self._rubber = (
            QPointingDevice(
                "pen",
                7 + end.value,
                QInputDevice.DeviceType.Stylus,
                end,
                QInputDevice.Capability.Position | QInputDevice.Capability.Pressure,
                1,
                3,
            )
            for end in (QPointingDevice.PointerType.Pen, QPointingDevice.PointerType.Eraser)
        )

    @property
    def viewport(self) -> QWidget:
        return self.canvas._need_stage().viewport()

    def spot(self, y: float, x: float) -> QPointF:
        """Where image point (y, x), counted from pixel centres, is in the viewport."""
        v, u = self.canvas._view.to_device(y + 0.5, x + 0.5)
        ratio = self.canvas._need_stage().device_ratio
        return QPointF(u / ratio, v / ratio)

    def press(self, y: float, x: float, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self._held |= button
        self._send(QEvent.Type.MouseButtonPress, self.spot(y, x), button, keys)

    def move(self, y: float, x: float, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.move_on_screen(self.spot(y, x), keys)

    def move_on_screen(self, spot: QPointF, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self._send(QEvent.Type.MouseMove, spot, NONE, keys)

    def release(self, y: float, x: float, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self._held &= ~button
        self._send(QEvent.Type.MouseButtonRelease, self.spot(y, x), button, keys)

    def lose(self) -> None:
        """The button goes up where the canvas is not told."""
        self._held = NONE

    def drag(
        self, *points: tuple[float, float], button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = PLAIN
    ) -> None:
        self.press(*points[0], button, keys)
        for point in points[1:]:
            self.move(*point, keys)
        self.release(*points[-1], button, keys)

    def click(self, y: float, x: float, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.drag((y, x), keys=keys)

    def double_click(self, y: float, x: float, keys: Qt.KeyboardModifier = PLAIN) -> None:
        self.click(y, x, keys)
        self._held |= LEFT
        self._send(QEvent.Type.MouseButtonDblClick, self.spot(y, x), LEFT, keys)
        self.release(y, x, keys=keys)

    def wheel(self, y: float, x: float, notches: float, keys: Qt.KeyboardModifier = PLAIN) -> None:
        spot = self.spot(y, x)
        event = QWheelEvent(
            spot,
            QPointF(self.viewport.mapToGlobal(spot.toPoint())),
            QPoint(),
            QPoint(0, round(120 * notches)),
            self._held,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.viewport, event)

    def pen(
        self, kind: QEvent.Type, y: float, x: float, pressure: float, *, rubber: bool = False, hovers: bool = False
    ) -> None:
        spot = self.spot(y, x)
        held = NONE if hovers or kind == QEvent.Type.TabletRelease else LEFT
        event = QTabletEvent(
            kind,
            self._rubber if rubber else self._pen,
            spot,
            QPointF(self.viewport.mapToGlobal(spot.toPoint())),
            pressure,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            PLAIN,
            NONE if kind == QEvent.Type.TabletMove else LEFT,
            held,
        )
        QApplication.sendEvent(self.viewport, event)

    def key_down(self, key: Qt.Key) -> None:
        QTest.keyPress(self.canvas._need_stage(), key)

    def key_up(self, key: Qt.Key) -> None:
        QTest.keyRelease(self.canvas._need_stage(), key)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = PLAIN) -> None:
        QTest.keyClick(self.canvas._need_stage(), key, keys)

    def settle(self) -> None:
        """Waits till the picture shows everything as it is."""
        stage = self.canvas._need_stage()
        self.viewport.update()
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: stage.is_complete and not stage._pyramid.isActive())
        QApplication.processEvents()

    def picture(self) -> QImage:
        """What the canvas shows, as pixels."""
        self.settle()
        return self.viewport.grab().toImage()

    def color(self, y: float, x: float) -> tuple[int, int, int]:
        """The colour that image point (y, x) is shown in."""
        picture, spot = self.picture(), self.spot(y, x)
        color = picture.pixelColor(math.floor(spot.x()), math.floor(spot.y()))
        return color.red(), color.green(), color.blue()

    def _send(self, kind: QEvent.Type, spot: QPointF, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        event = QMouseEvent(kind, spot, QPointF(self.viewport.mapToGlobal(spot.toPoint())), button, self._held, keys)
        QApplication.sendEvent(self.viewport, event)
