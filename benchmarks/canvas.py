"""Times the real window under real events: python benchmarks/canvas.py [--quick] [--repaints N]

Opens a project with large labelled pictures, sends mouse and wheel events to the canvas, lets Qt paint, and looks at
the pixels of the map after every stroke, so that no event can be a no-op. A time is from the event to the end of the
paint that shows it; what the window does before it takes the next event (tiles sharpened, lists, status bar) is told
in a row of its own. Beside each time stands how long the thread itself computed, which other programs' load does not
change. Run it under a 1920 x 1080 X server (``xvfb-run -s "-screen 0 1920x1080x24"``); without a display Qt's offscreen
platform is used. The peers' figures are medians / 95th percentiles on a machine of the same kind, events sent to
their programs.
"""

# ruff: noqa: E402  (where settings and data go must be said before Qt and appdirs are imported)
from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

if not os.environ.get("DISPLAY") and sys.platform == "linux":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_HOME = tempfile.TemporaryDirectory(prefix="canvas-benchmark-")
for _variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
    os.environ[_variable] = _HOME.name

from canvas_program import list_rows, start_row
from canvas_project import CROWDED, LARGE, MEDIUM, NUM_STUFF, PROJECT, TAXONOMY, make_project
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from timing import Row, Stopwatch, Timing, load, waiting

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio


class Bench:
    """The window with one image after another, and the hand that works in it."""

    def __init__(self, application: QApplication, project: Path, *, quick: bool, first: str = CROWDED) -> None:
        self.app = application
        self.quick = quick
        self.rests: list[Timing] = []
        self.studio = Studio(application, Settings(Path(_HOME.name) / "studio.ini"))
        self.studio.labelling.by_itself = False
        self.window = MainWindow(self.studio)
        self.window.resize(1920, 1040)
        self.window.show()
        self.window.load_canvas()
        self.until(self.window.isVisible)
        self.studio.session.open_project(project)
        self.until(lambda: bool(self.studio.session.records))
        self.studio.session.open_image(next(one.id for one in self.studio.session.records if one.name == first))
        self.until(lambda: self.studio.session.document is not None and self.document.record.name == first)
        self.settle()

    @property
    def canvas(self) -> Canvas:
        assert self.window.canvas is not None
        return self.window.canvas

    @property
    def document(self) -> Document:
        assert self.studio.session.document is not None
        return self.studio.session.document

    @property
    def viewport(self) -> QWidget:
        return self.canvas._need_stage().viewport()

    def until(self, condition: Callable[[], bool], timeout_s: float = 60) -> None:
        deadline = time.perf_counter() + timeout_s
        with waiting() as step:
            while not condition():
                step()
                if time.perf_counter() > deadline:
                    raise TimeoutError("the window did not get there")

    def settle(self, pause_s: float = 0.3) -> None:
        """Lets the window finish what it is at."""
        end = time.perf_counter() + pause_s
        self.until(lambda: time.perf_counter() > end and self.canvas._need_stage().is_complete)

    def timed(self, action: Callable[[], object]) -> Timing:
        """From the event to the end of its paint. What the window does afterwards is kept in `rests`."""
        num_frames = self.canvas._need_stage().num_frames
        watch = Stopwatch()
        action()
        QCoreApplication.sendPostedEvents()
        elapsed = watch.read()
        assert self.canvas._need_stage().num_frames > num_frames, "the event painted nothing"
        watch = Stopwatch()
        self.app.processEvents()
        self.rests.append(watch.read())
        return elapsed

    def open(self, name: str) -> tuple[Timing, Timing]:
        """Opens an image; the time till it is seen, and till it can be worked on with its labels."""
        session = self.studio.session
        image_id = next(record.id for record in session.records if record.name == name)
        if session.wanted_image == image_id:
            self.open(MEDIUM if name != MEDIUM else CROWDED)
        stage = self.canvas._need_stage()
        watch = Stopwatch(own=False)
        session.open_image(image_id)
        self.until(lambda: session.preview is not None or self._shows(image_id))
        num_frames = stage.num_frames
        self.until(lambda: stage.num_frames > num_frames)
        seen = watch.read()
        self.until(lambda: self._shows(image_id))
        num_frames = stage.num_frames
        self.until(lambda: stage.num_frames > num_frames)
        ready = watch.read()
        self.settle()
        return seen, ready

    def _shows(self, image_id: int) -> bool:
        document = self.studio.session.document
        return document is not None and document.record.id == image_id

    # The hand

    def mouse(self, kind: QEvent.Type, spot: QPointF, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        is_move = kind == QEvent.Type.MouseMove
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        event = QMouseEvent(
            kind,
            spot,
            QPointF(self.viewport.mapToGlobal(spot.toPoint())),
            Qt.MouseButton.NoButton if is_move else button,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(self.viewport, event)

    def wheel(self, spot: QPointF, notches: int) -> None:
        event = QWheelEvent(
            spot,
            QPointF(self.viewport.mapToGlobal(spot.toPoint())),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.viewport, event)

    def image_point(self, spot: QPointF) -> tuple[int, int]:
        y, x = self.canvas._view.to_image(*self.canvas._need_stage().to_device(spot))
        return int(y), int(x)

    def path(self, num: int, step: float) -> list[QPointF]:
        """Points of a winding path around the middle of the viewport."""
        middle = QPointF(self.viewport.width() / 2, self.viewport.height() / 2)
        ways = np.cumsum(np.full(num, step / 200))
        return [middle + QPointF(200 * np.sin(way), 110 * np.sin(2.3 * way)) for way in ways]

    def stroke(self, width_px: float, num_moves: int) -> list[Timing]:
        """One stroke of the brush: the time of every move, after which the map is looked at."""
        self.window.use_tool("brush")
        tool = self.canvas.active_tool
        tool.set_option("width", width_px, self.document)
        self.document.set_selection(())
        self.document.set_current_category(NUM_STUFF + 3)
        self.settle(0.05)
        points = self.path(num_moves, 9)
        next_id = self.document.map.next_id()
        times = [self.timed(lambda: self.mouse(QEvent.Type.MouseButtonPress, points[0]))]
        for point in points[1:]:
            times.append(self.timed(lambda point=point: self.mouse(QEvent.Type.MouseMove, point)))
            assert self.document.map.ids[self.image_point(point)] == next_id, "the brush left a gap"
        self.mouse(QEvent.Type.MouseButtonRelease, points[-1])
        assert self.document.map.area(next_id) > width_px**2 / 2
        self.settle(0.05)
        self.check_picture(points[-1])
        return times

    def check_picture(self, spot: QPointF) -> None:
        """The picture must show what the map says: the overlay's colour at `spot` is that of its segment."""
        y, x = self.image_point(spot)
        category = self.document.map.segments[int(self.document.map.ids[y, x])].category
        mixed = np.array(self.viewport.grab().toImage().pixelColor(spot.toPoint()).toTuple()[:3], float)
        fill = np.array(TAXONOMY[category].color, float)
        self.canvas.set_peek(True)
        alone = np.array(self.viewport.grab().toImage().pixelColor(spot.toPoint()).toTuple()[:3], float)
        self.canvas.set_peek(False)
        self.settle(0.02)
        towards = float(np.abs(mixed - fill).sum() - np.abs(alone - fill).sum())
        assert towards < 0 or np.abs(mixed - alone).sum() < 6, "the picture does not show the stroke"

    def pan(self, num_moves: int) -> list[Timing]:
        points = self.path(num_moves, 12)
        self.mouse(QEvent.Type.MouseButtonPress, points[0], Qt.MouseButton.MiddleButton)
        times = [
            self.timed(lambda point=point: self.mouse(QEvent.Type.MouseMove, point, Qt.MouseButton.MiddleButton))
            for point in points[1:]
        ]
        self.mouse(QEvent.Type.MouseButtonRelease, points[-1], Qt.MouseButton.MiddleButton)
        return times

    def zoom(self, num_notches: int) -> list[Timing]:
        spot = QPointF(self.viewport.width() / 2 + 31, self.viewport.height() / 2 - 17)
        signs = [1, 1, -1, -1, -1, 1] * (num_notches // 6)
        return [self.timed(lambda sign=sign: self.wheel(spot, sign)) for sign in signs]

    def at(self, scale: float | None) -> None:
        """Looks at the middle at `scale`, or at the whole image."""
        self.canvas.fit()
        if scale is not None:
            height, width = self.document.map.shape
            rows, columns = self.canvas._need_stage().device_shape
            view = Viewpoint(scale, round(height * scale / 2 - rows / 2), round(width * scale / 2 - columns / 2))
            self.canvas.look_from(view)
        self.settle()


def rows(bench: Bench, num: int) -> Iterator[Row]:
    """Everything that is measured, in order."""
    opened = [bench.open(LARGE)]
    bench.open(CROWDED)
    opened.append(bench.open(LARGE))
    yield Row("open 67 MP: first paint", [seen for seen, _ in opened], 650, "labelme 1331, X-Any 653")
    yield Row("open 67 MP: sharp, with 500 segments, editable", [ready for _, ready in opened], None)
    for name, scale in (("at 100 %", 1.0), ("zoomed out", None)):
        limits = (8.0, 16.0)
        for width, limit, peers in (
            (64, limits[0], "napari 53/59, digitalsreeni 139/162"),
            (2000, limits[1], "napari 76/85"),
        ):
            times: list[Timing] = []
            for _ in range(3):
                bench.at(scale)
                times += bench.stroke(width, num)
            yield Row(f"brush {width} px wide, 8192 x 8192, {name}", times, limit, peers)
        bench.window.use_tool("select")
        bench.at(scale)
        limit = 8.0 if scale else 16.0
        yield Row(f"pan, {name}", bench.pan(2 * num), limit, "labelme 3.5/4.5, napari 46/51")
        bench.at(scale)
        yield Row(f"zoom, {name}", bench.zoom(num), limit, "labelme 6.4/9.6, napari 67/76")
    bench.at(None)
    times = []
    for _ in range(6):
        times.append(bench.timed(bench.document.undo))
        bench.settle(0.05)
    yield Row("undo a stroke", times, 30, "napari 1113-1837")
    times = []
    for _ in range(6):
        times.append(bench.timed(bench.document.redo))
        bench.settle(0.05)
    yield Row("redo a stroke", times, 30)
    yield Row("select by a click", list(clicks(bench, num)), 50)
    opened = []
    for _ in range(3):
        opened.append(bench.open(MEDIUM))
        bench.open(CROWDED)
    yield Row("open 24 MP: first paint", [seen for seen, _ in opened], 250, "labelme 453, X-Any 250")
    yield Row("open 24 MP: sharp, with 500 segments, editable", [ready for _, ready in opened], None)
    bench.open(MEDIUM)
    crowded = [bench.open(CROWDED)[1]]
    yield Row("open 5,000 segments, editable", crowded, 1000, "labelme 2900, X-Any 2100")
    bench.at(None)
    yield Row("5,000 segments: repaint", [bench.timed(bench.viewport.update) for _ in range(num)], 30, "labelme 1245")
    yield Row("5,000 segments: click", list(clicks(bench, num)), 50)
    bench.at(4.0)
    yield Row("5,000 segments: pan at 400 %", bench.pan(2 * num), 8)


def clicks(bench: Bench, num: int) -> Iterator[Timing]:
    """Clicks on segments: the time till the outline is yellow."""
    bench.window.use_tool("select")
    for point in bench.path(num, 40):
        y, x = bench.image_point(point)
        bench.mouse(QEvent.Type.MouseButtonPress, point)

        def release(point: QPointF = point) -> None:
            bench.mouse(QEvent.Type.MouseButtonRelease, point)

        before = bench.document.selection
        wanted = frozenset({int(bench.document.map.ids[y, x])})
        if wanted == before:
            release()
            continue
        yield bench.timed(release)
        assert bench.document.selection == wanted


def peak_so_far() -> float:
    """The most memory that this process has had, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` would be that of the process that started this one, if it had more
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 2**20


def work_on_the_largest(project: Path) -> tuple[float, float]:
    """Opens the large image alone, paints and undoes; the peak till then, and till its labels are written as files."""
    bench = Bench(QApplication([]), project, quick=False, first=LARGE)
    bench.stroke(64, 20)
    bench.stroke(2000, 20)
    bench.document.undo()
    bench.settle()
    worked = peak_so_far()
    bench.window.close()
    bench.studio.close()
    return worked, peak_so_far()


def peaks_mib(project: Path) -> tuple[float, float]:
    """What `work_on_the_largest` gives in a process of its own."""
    command = [sys.executable, __file__, "--memory", str(project)]
    worked, closed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-2:]
    return float(worked), float(closed)


def main() -> int:
    """Prints the table; 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small pictures and few events: does it run at all")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--repaints", type=int, default=0, metavar="N", help="repaint the whole canvas N times at last")
    parser.add_argument("--memory", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory is not None:
        print(*work_on_the_largest(options.memory))
        return 0
    if options.make is not None:
        make_project(options.make, quick=options.quick)
        return 0
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: what it needs is not the studio's memory.
        quick = ["--quick"] if options.quick else []
        subprocess.run([sys.executable, __file__, "--make", folder, *quick], check=True)
        project = Path(folder) / PROJECT
        bench = Bench(application, project, quick=options.quick)
        machine = platform.processor() or platform.machine()
        size = f"{bench.viewport.width()} x {bench.viewport.height()}"
        print(f"{machine}, {os.cpu_count()} cores, {application.platformName()}, canvas {size}, load {load():.1f}")
        print(f"{'ms':50s}{'median':>9s}{'p95':>9s}{'own p95':>9s}{'target':>8s}")
        is_fine = True
        for row in rows(bench, 12 if options.quick else 60):
            print(row, flush=True)
            is_fine = is_fine and row.is_fine
        print(Row("between paint and next event", bench.rests, None))
        for _ in range(options.repaints):
            bench.timed(bench.viewport.update)
        if options.repaints:
            print(f"{options.repaints} repaints survived")
        bench.window.close()
        bench.studio.close()
        for row in (
            *list_rows(Path(folder), Path(_HOME.name) / "lists.ini", quick=options.quick),
            start_row(_HOME.name),
        ):
            print(row, flush=True)
            is_fine = is_fine and row.is_fine
        worked, closed = peaks_mib(project)
        print(
            f"peak memory with 67 MP open and worked on: {worked:.0f} MiB (target 800, labelme 1021, X-Any 628);",
            end="",
        )
        print(f" {closed:.0f} MiB while its labels are written at the end")
        print(f"load at the end {load():.1f}; 'own' is what the thread computed, without waiting for a processor")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
