"""What the scripts that take pictures share: the real window, a mouse in it, and waiting for what is seen."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio

PRESS, MOVE, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease
TIMEOUT_S = 300
_TICK_MS = 30
_NUM_EQUAL = 5  # pictures in a row without a change: nothing moves any more


def wait_until(condition: Callable[[], object], what: str = "the window") -> None:
    """Lets the window live until something is so.

    Raises:
        SystemExit: It does not come about within five minutes.
    """
    end_s = time.monotonic() + TIMEOUT_S
    while not condition():
        QTest.qWait(_TICK_MS)
        if time.monotonic() > end_s:
            raise SystemExit(f"pictures: {what} did not get ready within five minutes")


def wait_still(widget: QWidget) -> QImage:
    """Waits until what is seen of a widget does not change any more, and returns it."""
    equal, seen = 0, widget.grab().toImage()

    def is_still() -> bool:
        nonlocal equal, seen
        now = widget.grab().toImage()
        equal, seen = (equal + 1 if now == seen else 0), now
        return equal >= _NUM_EQUAL

    wait_until(is_still, "a picture that stands still")
    return seen


class Stage:
    """The studio's window on a copy of a project, with one photo open. Nothing in the project changes."""

    def __init__(self, project: Path, photo: str, scratch: Path, size: tuple[int, int], theme: ThemeChoice) -> None:
        application = QApplication.instance() or QApplication(["pictures"])
        assert isinstance(application, QApplication)
        copy = scratch / project.name
        shutil.copytree(project, copy)
        settings = Settings(scratch / "studio.ini")
        settings.change(theme=theme)
        self.studio = Studio(application, settings, device="cpu")
        self.window = MainWindow(self.studio)
        self.window.resize(*size)
        self.window.show()
        self.window.load_canvas()
        self.studio.session.open_project(copy)
        wait_until(lambda: self.studio.session.records, "the project")
        self.open(photo)

    @property
    def canvas(self) -> Canvas:
        assert self.window.canvas is not None
        return self.window.canvas

    @property
    def document(self) -> Document:
        assert self.studio.session.document is not None
        return self.studio.session.document

    def open(self, photo: str) -> None:
        """Opens a photo by its name and waits until it is there with its labels."""
        session = self.studio.session
        record = next(record for record in session.records if record.name == photo)
        session.open_image(record.id)
        wait_until(lambda: session.document is not None and session.document.record.id == record.id, photo)
        wait_until(lambda: self.document.map.segments, f"the labels of {photo}")

    def start_engine(self) -> None:
        """Starts the engine and waits for its model."""
        self.studio.engine.start()
        wait_until(lambda: self.studio.engine.model is not None, "the engine")

    def wait_for_tool(self) -> None:
        """Waits until the tool at work has answered whatever it computes beside the window."""
        tool = self.canvas.active_tool
        workers = [value for value in vars(tool).values() if isinstance(value, Background)]
        wait_until(lambda: not any(worker.busy for worker in workers), tool.title)


class Mouse:
    """Sends what a mouse sends, at image points."""

    def __init__(self, canvas: Canvas) -> None:
        area = canvas.findChild(QAbstractScrollArea)
        assert area is not None
        self._canvas = canvas
        self.viewport: QWidget = area.viewport()

    def spot(self, y: float, x: float) -> QPointF:
        """Where image point (y, x) is in the viewport."""
        v, u = self._canvas._view.to_device(y + 0.5, x + 0.5)
        return QPointF(u, v) / self.viewport.devicePixelRatioF()

    def send(self, kind: QEvent.Type, y: float, x: float, is_down: bool = True) -> None:
        """One event; the button is down while moving, unless `is_down` says otherwise."""
        spot, left, none = self.spot(y, x), Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        held = left if is_down and kind != RELEASE else none
        button = none if kind == MOVE else left
        event = QMouseEvent(kind, spot, self.viewport.mapToGlobal(spot), button, held, Qt.KeyboardModifier(0))
        QApplication.sendEvent(self.viewport, event)

    def hover(self, y: float, x: float) -> None:
        self.send(MOVE, y, x, is_down=False)

    def click(self, y: float, x: float) -> None:
        self.send(PRESS, y, x)
        self.send(RELEASE, y, x)

    def drag(self, *points: tuple[float, float]) -> None:
        """Presses and moves; the button stays down."""
        self.send(PRESS, *points[0])
        for point in points[1:]:
            self.send(MOVE, *point)

    def key(self, key: Qt.Key) -> None:
        """A key, where the canvas gets it."""
        QTest.keyClick(self.viewport.parentWidget(), key)
