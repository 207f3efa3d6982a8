"""Films the README's moving picture: `python scripts/film.py --project demo-out/samples.seamseg`.

One photo is corrected with the model's help, by real events in the real window on a copy of the project. What is seen
is what the window showed; only the pointer and the line of words below are drawn in, and waiting is cut out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QToolButton, QWidget
from stage import MOVE, PRESS, RELEASE, Mouse, Stage, wait_still, wait_until

from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.panels.fields import ChoiceBar

SIZE = (1240, 740)
WORDS_PX = 44
WEBP_QUALITY = 75
PHOTO = "000000423617.jpg"
BUS, BUS_IS = ((150, 160), (335, 450)), "truck or bus"  # its corners, (y, x)
REST = ((262, 214), (215, 192), (158, 190), (152, 240), (155, 285), (166, 335), (174, 385), (178, 300), (184, 222))
BRUSH_PX = 54
STEP_MS, READ_MS, END_MS = 60, 1100, 2600
NUM_STEPS = 10  # of a movement
ARROW = ((0, 0), (0, 17), (4, 13.4), (6.8, 19.6), (9.4, 18.5), (6.7, 12.4), (12.2, 12.2))
INK, PAPER = QColor("#f4f6fb"), QColor("#2b4a86")


class Camera:
    """Keeps what the window shows, frame by frame."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.mouse = Mouse(stage.canvas)
        self.words = ""
        self.frames: list[Image.Image] = []
        self.durations_ms: list[int] = []
        self._at = QPointF(self.stage.window.rect().center())

    def frame(self, duration_ms: int) -> None:
        """One frame; the same once more only lasts longer."""
        picture = self._picture()
        if self.frames and picture.tobytes() == self.frames[-1].tobytes():
            self.durations_ms[-1] += duration_ms
            return
        self.frames.append(picture)
        self.durations_ms.append(duration_ms)

    def rest(self, duration_ms: int = READ_MS) -> None:
        """Waits until the window stands still, then holds the picture."""
        wait_still(self.stage.window)
        self.frame(duration_ms)

    def say(self, words: str) -> None:
        """Changes the line below the window."""
        self.words = words
        self.rest()

    def go(self, y: float, x: float, is_down: bool = False, num_steps: int = NUM_STEPS) -> None:
        """Moves the mouse to an image point, as a hand does: slower at both ends."""
        target = self._on_window(self.mouse.viewport, self.mouse.spot(y, x))
        for at in self._way(target, num_steps):
            self._at = at
            inside = self.mouse.viewport.mapFrom(self.stage.window, at.toPoint())
            self.mouse.send(MOVE, *self._image_point(inside), is_down=is_down)
            self.frame(STEP_MS)

    def click(self, widget: QAbstractButton) -> None:
        """Moves to a button and presses it."""
        for at in self._way(self._on_window(widget, QPointF(widget.rect().center())), NUM_STEPS):
            self._at = at
            self.frame(STEP_MS)
        widget.click()

    def drag(self, *points: tuple[float, float]) -> None:
        """Goes to the first point and draws through the others."""
        self.go(*points[0])
        self.mouse.send(PRESS, *points[0])
        for point in points[1:]:
            self.go(*point, is_down=True, num_steps=NUM_STEPS if len(points) == 2 else NUM_STEPS // 2)
        self.mouse.send(RELEASE, *points[-1])

    def key(self, key: Qt.Key) -> None:
        """Presses a key and waits until what it did is done."""
        self.mouse.key(key)
        wait_until(lambda: not self.stage.document.working, "the edit")

    def _way(self, target: QPointF, num_steps: int) -> Iterator[QPointF]:
        start = self._at
        for step in range(1, num_steps + 1):
            part = step / num_steps
            yield start + (target - start) * (part * part * (3 - 2 * part))

    def _image_point(self, spot: QPoint) -> tuple[float, float]:
        """The inverse of the mouse's way to a spot, which is a shift and one scale."""
        zero, one = self.mouse.spot(0, 0), self.mouse.spot(1, 1)
        return (spot.y() - zero.y()) / (one.y() - zero.y()), (spot.x() - zero.x()) / (one.x() - zero.x())

    def _on_window(self, widget: QWidget, spot: QPointF) -> QPointF:
        return QPointF(widget.mapTo(self.stage.window, spot.toPoint()))

    def _picture(self) -> Image.Image:
        window = self.stage.window
        picture = QImage(window.width(), window.height() + WORDS_PX, QImage.Format.Format_RGB888)
        picture.fill(PAPER)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, window.grab())
        painter.setPen(INK)
        font = QFont(window.font())
        font.setPixelSize(19)
        painter.setFont(font)
        below = QRect(0, window.height(), window.width(), WORDS_PX)
        painter.drawText(QRectF(below), Qt.AlignmentFlag.AlignCenter, self.words)
        painter.setPen(QPen(Qt.GlobalColor.black, 1.2))
        painter.setBrush(Qt.GlobalColor.white)
        painter.drawPolygon(QPolygonF([self._at + QPointF(x, y) for x, y in ARROW]))
        painter.end()
        rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
        pixels = rows[:, : 3 * picture.width()].reshape(picture.height(), picture.width(), 3)
        return Image.fromarray(pixels.copy())


def shoot(camera: Camera) -> None:
    """The story: what the model got wrong, a box, its answer, one key, a stroke, accepted."""
    stage = camera.stage
    window, document = stage.window, stage.document
    camera.say("The model has labelled the photo. It took most of the bus for a building.")
    camera.click(window.tool_box.buttons["tool_prompt"])
    tool = stage.canvas.active_tool
    camera.say("Drag a box around it …")
    camera.drag(*BUS)
    wait_until(lambda: tool.busy and not tool._question.is_open, "the model's answer")
    camera.say("… the model doubts. Say which of the two it is …")
    choice = window.option_bar.control("category")
    assert isinstance(choice, ChoiceBar)
    camera.click(choice.button(str(document.taxonomy.index_of(BUS_IS))))
    wait_until(lambda: not tool._question.is_open, "the model's answer")
    camera.say("… and it proposes the segment.")
    camera.key(Qt.Key.Key_Return)
    camera.say("Enter takes it: one step, on disk at once.")
    neighbours = stage.studio.neighbours
    wait_until(lambda: not neighbours.is_asking, "what follows")
    if neighbours.proposal is not None:
        camera.say("The model follows: what it would now say around it is offered, too.")
        camera.key(Qt.Key.Key_Return)
        camera.rest()
    camera.click(window.tool_box.buttons["tool_brush"])
    document.set_current_category(document.taxonomy.index_of(BUS_IS))
    stage.canvas.active_tool.set_option("width", BRUSH_PX, document)
    camera.say("A stroke of the brush adds the rest of the bus.")
    camera.drag(*REST)
    camera.rest()
    camera.say("Accept: the next photo opens, and the next model learns from this one.")
    accept = window.actions_by_id["accept"]
    camera.click(next(button for button in window.findChildren(QToolButton) if button.defaultAction() is accept))
    camera.rest(END_MS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/images/correcting.webp"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        stage = Stage(options.project, PHOTO, Path(scratch), SIZE, ThemeChoice.DARK)
        stage.start_engine()
        camera = Camera(stage)
        shoot(camera)
        stage.studio.close()
    first, *others = camera.frames
    first.save(
        options.out,
        save_all=True,
        append_images=others,
        duration=camera.durations_ms,
        loop=0,
        quality=WEBP_QUALITY,
        method=6,
        minimize_size=True,
    )
    print(f"{options.out}: {len(camera.frames)} frames, {options.out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
