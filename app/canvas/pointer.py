"""Mouse, pen, wheel and touchpad: panning and zooming at any time, everything else to the tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QNativeGestureEvent, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QGestureEvent, QPinchGesture

from seamseg_studio.app.canvas.viewpoint import Viewpoint, stepped
from seamseg_studio.app.tools.events import Button, Modifier, ToolEvent

_NOTCH = 120  # eighths of a degree
_WHEEL_PAN_PX = 64

_BUTTONS = {
    Qt.MouseButton.LeftButton: Button.LEFT,
    Qt.MouseButton.RightButton: Button.RIGHT,
    Qt.MouseButton.MiddleButton: Button.MIDDLE,
}
_MODIFIERS = {
    Qt.KeyboardModifier.ShiftModifier: Modifier.SHIFT,
    Qt.KeyboardModifier.ControlModifier: Modifier.CTRL,
    Qt.KeyboardModifier.AltModifier: Modifier.ALT,
}


@dataclass(frozen=True, slots=True)
class Press:
    """Where a button went down, in the viewport's logical pixels, and whether the pointer has left that spot since."""

    position: QPointF
    is_drag: bool = False

    def moved(self, position: QPointF, threshold_px: int) -> Press:
        """The press after the pointer moved; a drag stays one when it comes back."""
        way = position - self.position
        return replace(self, is_drag=self.is_drag or way.manhattanLength() >= threshold_px)


@dataclass(slots=True)
class PointerTargets:
    """What the pointer acts on, given by the canvas."""

    viewpoint: Callable[[], Viewpoint]
    look: Callable[[Viewpoint], None]
    zoom_to: Callable[[float, float, float], None]  # scale, device v, u
    to_device: Callable[[QPointF], tuple[float, float]]
    device_ratio: Callable[[], float]
    press: Callable[[ToolEvent], None]
    move: Callable[[ToolEvent], None]
    release: Callable[[ToolEvent], None]
    leave: Callable[[], None]
    refresh_cursor: Callable[[], None]


class Pointer:
    """Sorts pointer events: Space or the middle button pans, the wheel and a pinch zoom, the rest is the tool's.

    A tool's gesture goes on where it was after panning or zooming in its midst: the image point under the pointer
    stays the same, so nothing is drawn on the way.
    """

    def __init__(self, targets: PointerTargets) -> None:
        self._to = targets
        self._press: Press | None = None
        self._tool_buttons = Button.NONE
        self._pan_from: QPointF | None = None
        self._has_space = False
        self._pen_pressure: float | None = None
        self.position: QPointF | None = None

    @property
    def is_panning(self) -> bool:
        return self._pan_from is not None

    @property
    def wants_pan(self) -> bool:
        """Whether a drag would pan."""
        return self._has_space or self.is_panning

    def set_space(self, is_down: bool) -> None:
        """Space went down or up: while it is held, a drag pans, also in the middle of a stroke."""
        self._has_space = is_down
        if is_down and self._tool_buttons and self.position is not None:
            self._pan_from = self.position
        elif not is_down:
            self._pan_from = None
        self._to.refresh_cursor()

    def reset(self) -> None:
        """Forgets what is held, as when the window loses the keyboard."""
        self._press = None
        self._tool_buttons = Button.NONE
        self._pan_from = None
        self._has_space = False

    def handle(self, event: QEvent) -> bool:
        """Takes a pointer event; whether it was used."""
        if isinstance(event, QMouseEvent):
            return self._handle_mouse(event)
        if isinstance(event, QWheelEvent):
            return self._handle_wheel(event)
        if isinstance(event, QTabletEvent):
            return self._handle_pen(event)
        if isinstance(event, QNativeGestureEvent):
            return self._handle_native_gesture(event)
        if isinstance(event, QGestureEvent):
            return self._handle_gesture(event)
        if event.type() == QEvent.Type.Leave:
            self.position = None
            self._to.leave()
            return True
        return False

    def _handle_mouse(self, event: QMouseEvent) -> bool:
        if self._pen_pressure is not None:
            if event.source() != Qt.MouseEventSource.MouseEventNotSynthesized:
                return True  # the pen's own event was used already
            self._pen_pressure = None  # a mouse: the pen went away without a word
        position = event.position()
        if event.type() == QEvent.Type.MouseMove:
            self._move(position, event)
        elif event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            num_clicks = 2 if event.type() == QEvent.Type.MouseButtonDblClick else 1
            self._down(position, _button(event.button()), event, num_clicks)
        else:
            self._up(position, _button(event.button()), event)
        return True

    def _handle_pen(self, event: QTabletEvent) -> bool:
        self._pen_pressure = event.pressure()
        if event.type() == QEvent.Type.TabletPress:
            self._down(event.position(), _button(event.button()), event, 1)
        elif event.type() == QEvent.Type.TabletMove:
            self._move(event.position(), event)
        else:
            self._pen_pressure = 1.0
            self._up(event.position(), _button(event.button()), event)
        if not self._tool_buttons & Button.LEFT:
            self._pen_pressure = None  # a pen that hovers, or is put away, must not make the mouse's next stroke thin
        return True

    def _down(self, position: QPointF, button: Button, event: QMouseEvent | QTabletEvent, num_clicks: int) -> None:
        self.position = position
        if button is Button.MIDDLE or (self._has_space and button is Button.LEFT):
            self._pan_from = position
            self._to.refresh_cursor()
        elif not self.is_panning:
            if self._press is None:  # a second button is part of the gesture of the first
                self._press = Press(position)
            self._tool_buttons |= button
            self._to.press(replace(self._tool_event(position, button, event), num_clicks=num_clicks))

    def _move(self, position: QPointF, event: QMouseEvent | QTabletEvent) -> None:
        self.position = position
        if self._lost_release(event):
            self._up(position, Button.LEFT, event)
        if self._pan_from is not None:
            way = (position - self._pan_from) * self._to.device_ratio()
            self._pan_from = position
            self._to.look(self._to.viewpoint().panned(way.y(), way.x()))
            return
        if self._press is not None:
            self._press = self._press.moved(position, QApplication.startDragDistance() // 2)
        self._to.move(self._tool_event(position, self._tool_buttons, event))

    def _lost_release(self, event: QMouseEvent | QTabletEvent) -> bool:
        """Whether the left button went up where nobody told us, such as over a dialog."""
        is_held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        return Button.LEFT in self._tool_buttons and self._pen_pressure is None and not is_held

    def _up(self, position: QPointF, button: Button, event: QMouseEvent | QTabletEvent) -> None:
        self.position = position
        if button in self._tool_buttons and button:
            self._tool_buttons &= ~button
            tool_event = self._tool_event(position, button, event)
            if not self._tool_buttons:
                self._press = None
            if self._has_space and self._pan_from is not None:
                self._pan_from = None
            self._to.release(tool_event)
        else:
            self._pan_from = None
            self._to.refresh_cursor()

    def _tool_event(self, position: QPointF, button: Button, event: QMouseEvent | QTabletEvent) -> ToolEvent:
        view = self._to.viewpoint()
        y, x = view.to_image(*self._to.to_device(position))
        # The scene counts from pixel centres, the view from pixel edges.
        return ToolEvent(
            y - 0.5,
            x - 0.5,
            modifiers_of(event.modifiers()),
            button,
            1.0 if self._pen_pressure is None else self._pen_pressure,
            view.scale / self._to.device_ratio(),
            self._press is not None and self._press.is_drag,
            is_eraser=event.pointerType() == QPointingDevice.PointerType.Eraser,
        )

    def _handle_wheel(self, event: QWheelEvent) -> bool:
        view = self._to.viewpoint()
        ratio = self._to.device_ratio()
        held = event.modifiers()
        is_touchpad = event.device().type() == QPointingDevice.DeviceType.TouchPad and not event.pixelDelta().isNull()
        if is_touchpad and not held & Qt.KeyboardModifier.ControlModifier:
            way = event.pixelDelta()
            self._to.look(view.panned(way.y() * ratio, way.x() * ratio))
            return True
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        if held & Qt.KeyboardModifier.ShiftModifier:
            self._to.look(view.panned(0, notches * _WHEEL_PAN_PX * ratio))
        elif notches:
            self._to.zoom_to(stepped(view.scale, notches), *self._to.to_device(event.position()))
        return True

    def _handle_native_gesture(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            scale = self._to.viewpoint().scale * max(1.0 + event.value(), 0.1)
            self._to.zoom_to(scale, *self._to.to_device(event.position()))
            return True
        return False

    def _handle_gesture(self, event: QGestureEvent) -> bool:
        pinch = event.gesture(Qt.GestureType.PinchGesture)
        if not isinstance(pinch, QPinchGesture):
            return False
        view = self._to.viewpoint()
        way = (pinch.centerPoint() - pinch.lastCenterPoint()) * self._to.device_ratio()
        self._to.look(view.panned(way.y(), way.x()))
        self._to.zoom_to(view.scale * pinch.scaleFactor(), *self._to.to_device(pinch.centerPoint()))
        return True


def modifiers_of(held: Qt.KeyboardModifier) -> Modifier:
    """Qt's modifier keys as a tool's."""
    modifiers = Modifier.NONE
    for key, modifier in _MODIFIERS.items():
        if held & key:
            modifiers |= modifier
    return modifiers


def _button(button: Qt.MouseButton) -> Button:
    return _BUTTONS.get(button, Button.NONE)
