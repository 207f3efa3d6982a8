"""Draws the tools at work for the user guide: `python scripts/tool_pictures.py --project demo-out/samples.seamseg`.

Works with real events in the real window on a copy of the project, so nothing in it changes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.scene.geometry import Box

PRESS, MOVE, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease
SIZE = (1240, 620)
MARGIN_PX = 40
QUALITY = 80
PHOTO, TAXI = "000000423617.jpg", Box(290, 128, 398, 266)
TIMEOUT_S = 60


class Photographer:
    """Moves the mouse over the image and takes pictures of the canvas."""

    def __init__(self, window: MainWindow, document: Document, folder: Path) -> None:
        assert window.canvas is not None
        self.window = window
        self.canvas: Canvas = window.canvas
        self.document = document
        self.folder = folder
        area = self.canvas.findChild(QAbstractScrollArea)
        assert area is not None
        self.viewport: QWidget = area.viewport()

    def use(self, name: str, **options: object) -> None:
        self.window.use_tool(name)
        for key, value in options.items():
            self.canvas.active_tool.set_option(key, value, self.document)

    def send(self, kind: QEvent.Type, y: float, x: float) -> None:
        """Sends a mouse event at image point (y, x)."""
        v, u = self.canvas._view.to_device(y + 0.5, x + 0.5)
        spot = QPointF(u, v) / self.viewport.devicePixelRatioF()
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        held = none if kind == RELEASE else left
        event = QMouseEvent(
            kind, spot, self.viewport.mapToGlobal(spot), none if kind == MOVE else left, held, Qt.KeyboardModifier(0)
        )
        QApplication.sendEvent(self.viewport, event)

    def hover(self, y: float, x: float) -> None:
        v, u = self.canvas._view.to_device(y + 0.5, x + 0.5)
        spot = QPointF(u, v) / self.viewport.devicePixelRatioF()
        none = Qt.MouseButton.NoButton
        event = QMouseEvent(MOVE, spot, self.viewport.mapToGlobal(spot), none, none, Qt.KeyboardModifier(0))
        QApplication.sendEvent(self.viewport, event)

    def click(self, y: float, x: float) -> None:
        self.send(PRESS, y, x)
        self.send(RELEASE, y, x)
        QTest.qWait(400)  # the scissors look at the edges

    def drag(self, *points: tuple[float, float]) -> None:
        """Presses and moves; the button stays down."""
        self.send(PRESS, *points[0])
        for point in points[1:]:
            self.send(MOVE, *point)
            QTest.qWait(60)

    def take(self, name: str) -> None:
        """Takes a picture of the bar and the canvas, then ends the gesture without a trace."""
        QTest.qWait(700)
        bar = self.window.option_bar
        origin = bar.mapTo(self.window, bar.rect().topLeft())
        bottom = self.canvas.mapTo(self.window, self.canvas.rect().bottomRight())
        picture = self.window.grab(QRect(origin, bottom))
        path = self.folder / f"at-work-{name}.jpg"
        picture.save(str(path), "JPG", QUALITY)
        print(path)
        QTest.keyClick(self.viewport.parentWidget(), Qt.Key.Key_Escape)
        self.send(RELEASE, 0, 0)


def photograph(photographer: Photographer, box: Box) -> None:
    """Shows each tool on the object in `box`."""
    y, x = (box.y0 + box.y1) / 2, (box.x0 + box.x1) / 2
    top, bottom, left, right = box.y0 - 4, box.y1 + 4, box.x0 - 4, box.x1 + 4
    photographer.use("polygon")
    for corner in ((top, left), (top, right), (bottom, right)):
        photographer.click(*corner)
    photographer.hover(bottom, left)
    photographer.take("polygon")
    photographer.use("scissors")
    for place in ((box.y0 + 3, x + 4), (y, box.x1 - 4), (box.y1 - 4, x - 20)):
        photographer.click(*place)
    photographer.hover(y, box.x0 + 6)
    photographer.take("scissors")
    photographer.use("superpixels", size=16)
    photographer.hover(y, x)
    QTest.qWait(1500)
    photographer.drag((y, box.x0 + box.width / 4), (y, x), (y, box.x1 - box.width / 4))
    photographer.take("superpixels")
    photographer.use("wand", tolerance=30)
    photographer.drag((box.y0 - box.height / 4, x), (box.y0 - box.height / 4, x + 8))
    photographer.take("wand")
    photographer.use("split")
    photographer.drag((top - 8, x - 10), (y, x), (bottom + 8, x + 10))
    photographer.take("split")
    photographer.use("refine")
    photographer.drag((y, x), (y, x + 10), (y, x + 20))
    photographer.take("refine")
    photographer.use("area")
    photographer.drag((top - MARGIN_PX, left - MARGIN_PX), (bottom + MARGIN_PX, right + MARGIN_PX))
    photographer.send(RELEASE, bottom + MARGIN_PX, right + MARGIN_PX)
    photographer.use("brush", width=30)
    photographer.hover(y, right)
    photographer.take("area")


def wait_until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + TIMEOUT_S
    while not condition():
        QTest.qWait(20)
        if time.monotonic() > end_s:
            raise SystemExit("tool_pictures: the window did not get ready within a minute")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/user-guide"))
    options = parser.parse_args()
    application = QApplication(["tool pictures"])
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / options.project.name
        shutil.copytree(options.project, project)
        studio = Studio(application, Settings(Path(scratch) / "studio.ini"), device="cpu")
        window = MainWindow(studio)
        for dock in window.docks.values():
            dock.hide()
        window.resize(*SIZE)
        window.show()
        window.load_canvas()
        studio.session.open_project(project)
        wait_until(lambda: bool(studio.session.records))
        record = next(record for record in studio.session.records if record.name == PHOTO)
        studio.session.open_image(record.id)
        wait_until(lambda: studio.session.document is not None and studio.session.document.record.id == record.id)
        document = studio.session.document
        assert document is not None
        wait_until(lambda: bool(document.map.segments))
        document.set_current_category(document.taxonomy.index_of("car"))
        window.canvas.zoom_to_box(TAXI)
        options.out.mkdir(parents=True, exist_ok=True)
        photograph(Photographer(window, document, options.out), TAXI)
        studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
