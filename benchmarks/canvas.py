"""Times the real window under real events: python benchmarks/canvas.py [--quick] [--repaints N]

Opens a project with large labelled pictures, sends mouse and wheel events to the canvas, lets Qt paint, and looks at
the pixels of the map after every stroke, so that no event can be a no-op. A time is from the event to the end of the
paint that shows it; what the window does before it takes the next event (tiles sharpened, lists, status bar) is told
in a row of its own. Run it
under a 1920 x 1080 X server (``xvfb-run -s "-screen 0 1920x1080x24"``); without a display Qt's offscreen platform is
used. The peers' figures are medians / 95th percentiles on a machine of the same kind, events sent to their programs.
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
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

if not os.environ.get("DISPLAY") and sys.platform == "linux":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_HOME = tempfile.TemporaryDirectory(prefix="canvas-benchmark-")
for _variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
    os.environ[_variable] = _HOME.name

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.canvas.viewpoint import Viewpoint
from seamseg_studio.app.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

NUM_STUFF, NUM_THINGS = 20, 20
TAXONOMY = Taxonomy(
    "benchmark",
    tuple(Category(f"stuff {i}", Kind.STUFF, (40 + 9 * i, 200 - 7 * i, 90)) for i in range(NUM_STUFF))
    + tuple(Category(f"thing {i}", Kind.THING, (230 - 9 * i, 60, 20 + 11 * i)) for i in range(NUM_THINGS)),
)
PROJECT = "benchmark.seamseg"
LARGE, MEDIUM, CROWDED = "large.jpg", "medium.jpg", "crowded.jpg"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, times in milliseconds."""

    what: str
    times_ms: list[float]
    target_ms: float | None
    peers: str = ""

    def __str__(self) -> str:
        p50, p95 = np.percentile(self.times_ms, [50, 95])
        verdict = "" if self.target_ms is None else ("ok" if p95 <= self.target_ms else "MISSED")
        target = "" if self.target_ms is None else f"{self.target_ms:.0f}"
        return f"{self.what:54s}{p50:9.1f}{p95:9.1f}{target:>9s}  {verdict:7s}{self.peers}"


def cells(shape: tuple[int, int], num_segments: int, seed: int) -> PanopticMap:
    """Irregular cells: a fifth of them stuff, merged by category, the rest instances."""
    rng = np.random.default_rng(seed)
    small = (1024, max(1024 * shape[1] // shape[0], 64))
    seeds = np.ones(small, np.uint8)
    seeds[rng.integers(0, small[0], num_segments), rng.integers(0, small[1], num_segments)] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.where(labels % 5 == 0, 1 + labels // 5 % NUM_STUFF, labels + NUM_STUFF)
    ids = cv2.resize(labels.astype(np.float32), shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.int32)
    segments = {
        int(i): Segment(int(i) - 1 if i <= NUM_STUFF else NUM_STUFF + int(i) % NUM_THINGS) for i in np.unique(ids)
    }
    return PanopticMap(ids, segments)


def photo(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Something with edges and noise at every scale."""
    rng = np.random.default_rng(1)
    picture = np.zeros((*shape, 3), np.float32)
    for side in (8, 64, 512):
        noise = rng.random((side, side, 3), np.float32)
        picture += cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC) * (80 if side > 8 else 120)
    return np.clip(picture, 0, 255).astype(np.uint8)


def make_project(folder: Path, *, quick: bool) -> None:
    """A project of three labelled pictures: 67 and 24 megapixels with 500 segments, 2 with 5,000."""
    shapes = {LARGE: (8192, 8192), MEDIUM: (4000, 6000), CROWDED: (1080, 1920)}
    if quick:
        shapes = {LARGE: (2048, 2048), MEDIUM: (1000, 1500), CROWDED: (540, 960)}
    for name, shape in shapes.items():
        cv2.imwrite(str(folder / name), photo(shape)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    with Project.create(folder / PROJECT, TAXONOMY) as project:
        for record in project.add_images([folder / name for name in shapes]):
            project.load_map(record.id)
            num_segments = 5400 if record.name == CROWDED else 600
            project.store_labels(record.id, cells((record.height, record.width), num_segments, record.id))


class Bench:
    """The window with one image after another, and the hand that works in it."""

    def __init__(self, application: QApplication, project: Path, *, quick: bool) -> None:
        self.app = application
        self.quick = quick
        self.rests_ms: list[float] = []
        self.peak_mib = 0.0
        self.studio = Studio(application, Settings(Path(_HOME.name) / "studio.ini"))
        self.window = MainWindow(self.studio)
        self.window.resize(1920, 1040)
        self.window.show()
        self.window.load_canvas()
        self.until(self.window.isVisible)
        self.studio.session.open_project(project)
        self.until(lambda: self.studio.session.document is not None)
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
        while not condition():
            self.app.processEvents()
            if time.perf_counter() > deadline:
                raise TimeoutError("the window did not get there")

    def settle(self, pause_s: float = 0.3) -> None:
        """Lets the window finish what it is at."""
        end = time.perf_counter() + pause_s
        self.until(lambda: time.perf_counter() > end and self.canvas._need_stage().is_complete)

    def timed(self, action: Callable[[], object]) -> float:
        """From the event to the end of its paint. What the window does afterwards is kept in `rests_ms`."""
        num_frames = self.canvas._need_stage().num_frames
        start = time.perf_counter()
        action()
        QCoreApplication.sendPostedEvents()
        painted = time.perf_counter()
        assert self.canvas._need_stage().num_frames > num_frames, "the event painted nothing"
        self.app.processEvents()
        self.rests_ms.append(1e3 * (time.perf_counter() - painted))
        return 1e3 * (painted - start)

    def open(self, name: str) -> float:
        """Opens an image and returns the time till it is seen with its labels."""
        session = self.studio.session
        image_id = next(record.id for record in session.records if record.name == name)
        if session.wanted_image == image_id:
            self.open(MEDIUM if name != MEDIUM else CROWDED)
        num_frames = self.canvas._need_stage().num_frames
        start = time.perf_counter()
        session.open_image(image_id)
        self.until(lambda: session.document is not None and session.document.record.id == image_id)
        self.until(lambda: self.canvas._need_stage().num_frames > num_frames)
        elapsed = time.perf_counter() - start
        self.settle()
        return 1e3 * elapsed

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

    def stroke(self, width_px: float, num_moves: int) -> list[float]:
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

    def pan(self, num_moves: int) -> list[float]:
        points = self.path(num_moves, 12)
        self.mouse(QEvent.Type.MouseButtonPress, points[0], Qt.MouseButton.MiddleButton)
        times = [
            self.timed(lambda point=point: self.mouse(QEvent.Type.MouseMove, point, Qt.MouseButton.MiddleButton))
            for point in points[1:]
        ]
        self.mouse(QEvent.Type.MouseButtonRelease, points[-1], Qt.MouseButton.MiddleButton)
        return times

    def zoom(self, num_notches: int) -> list[float]:
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


def peak_mib() -> float:
    """The most memory this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 2**20


def rows(bench: Bench, num: int) -> Iterator[Row]:
    """Everything that is measured, in order."""
    opened = [bench.open(LARGE)]
    bench.open(CROWDED)
    yield Row("open 67 MP with labels, to first paint", [*opened, bench.open(LARGE)], 650, "labelme 1331, X-Any 653")
    for name, scale in (("at 100 %", 1.0), ("zoomed out", None)):
        limits = (8.0, 16.0)
        for width, limit, peers in (
            (64, limits[0], "napari 53/59, digitalsreeni 139/162"),
            (2000, limits[1], "napari 76/85"),
        ):
            times: list[float] = []
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
    bench.peak_mib = peak_mib()  # the next image is read while this one is still shown
    yield Row("open 24 MP with labels, to first paint", [bench.open(MEDIUM)], 250, "labelme 453, X-Any 250")
    opened = [bench.open(CROWDED)]
    yield Row("open 5,000 segments", opened, 1000, "labelme 2900, X-Any 2100")
    bench.at(None)
    yield Row("5,000 segments: repaint", [bench.timed(bench.viewport.update) for _ in range(num)], 30, "labelme 1245")
    yield Row("5,000 segments: click", list(clicks(bench, num)), 50)
    bench.at(4.0)
    yield Row("5,000 segments: pan at 400 %", bench.pan(2 * num), 8)


def clicks(bench: Bench, num: int) -> Iterator[float]:
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


def main() -> int:
    """Prints the table; 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small pictures and few events: does it run at all")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--repaints", type=int, default=0, metavar="N", help="repaint the whole canvas N times at last")
    options = parser.parse_args()
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
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {application.platformName()}, ",
            end="",
        )
        print(f"canvas {bench.viewport.width()} x {bench.viewport.height()}")
        print(f"{'':54s}{'p50 ms':>9s}{'p95 ms':>9s}{'target':>9s}")
        is_fine = True
        for row in rows(bench, 12 if options.quick else 60):
            print(row, flush=True)
            is_fine = is_fine and row.target_ms is not None and np.percentile(row.times_ms, 95) <= row.target_ms
        print(Row("between paint and next event", bench.rests_ms, None))
        print(f"peak memory with 67 MP open {bench.peak_mib:.0f} MiB (target 800, labelme 1021)")
        for _ in range(options.repaints):
            bench.timed(bench.viewport.update)
        if options.repaints:
            print(f"{options.repaints} repaints survived")
        bench.window.close()
        bench.studio.close()
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
