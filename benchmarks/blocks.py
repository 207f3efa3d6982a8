"""Looks for what holds the window up: python benchmarks/blocks.py [--quick] [--engine]

Works in the real window as a person does, on pictures of 24 and 67 megapixels with 500 segments: opens, paints, fills,
undoes, looks around, changes what the colours mean, switches images, closes; and paints while the engine starts,
labels, is killed, frozen and restarted, and answers prompts and corrections. A timer that should come every few
milliseconds tells how long the window's thread did not listen, and how much of that it was computing itself: the rest
it waited for a processor or the disk. The longest waits of each kind of work are listed; more than 50 ms of own
computing is a stutter that people see.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from canvas import Bench
from canvas_project import CROWDED, LARGE, MEDIUM, PROJECT, make_project
from PySide6.QtCore import QEvent, QPointF, QTimer
from PySide6.QtWidgets import QApplication
from timing import Timing, load

from seamseg_studio.app.canvas import OverlayMode
from seamseg_studio.engine.service.protocol import BoxPrompt, EngineKind

BEAT_MS = 4
STUTTER_MS = 50.0
FREEZE_S = 30.0  # an engine that is silent for so long is replaced
PATIENCE_S = 180.0
TOOLS = ("wand", "lasso", "superpixels", "scissors", "polygon", "fill")
COMMANDS = ("grow", "shrink", "fill_holes", "smooth", "delete", "undo", "redo")


class Listener:
    """Notes how long the window's thread did not come back to its events, by what was being done."""

    def __init__(self) -> None:
        self.longest: dict[str, Timing] = {}
        self._doing = ""
        self._wall, self._own = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._on_timer_timeout)
        self._timer.start(BEAT_MS)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        self._on_timer_timeout()
        self._doing = what
        yield
        self._on_timer_timeout()
        self._doing = ""

    def _on_timer_timeout(self) -> None:
        wall, own = time.perf_counter(), time.thread_time()
        block = Timing(1e3 * (wall - self._wall), 1e3 * (own - self._own))
        if self._doing and block.cpu_ms > self.longest.get(self._doing, Timing(0, -1)).cpu_ms:
            self.longest[self._doing] = block
        self._wall, self._own = time.perf_counter(), time.thread_time()


def work(bench: Bench, listener: Listener) -> None:
    """What people do in an hour, in a minute."""
    for name in (MEDIUM, LARGE):
        with listener.doing(f"open {name}"):
            bench.open(name)
        points = bench.path(12, 40)
        for width in (64, 2000):
            with listener.doing(f"brush {width} px wide"):
                gesture(bench, "brush", points, width=width)
        for tool in TOOLS:
            with listener.doing(tool):
                gesture(bench, tool, points[:6])
        for command in COMMANDS:
            with listener.doing("select"):
                gesture(bench, "select", points[3:4])
            with listener.doing(command):
                bench.window.actions_by_id[command].trigger()
                bench.until(lambda: not bench.document.working)
                bench.settle(0.1)
        for mode in (*OverlayMode, OverlayMode.FILL):
            with listener.doing("another meaning of the colours"):
                bench.canvas.set_overlay_mode(mode)
                bench.settle(0.1)
        with listener.doing("pan and zoom"):
            bench.zoom(12)
            bench.pan(20)
    with listener.doing("open 5,000 segments"):
        bench.open(CROWDED)
    with listener.doing("accept, next image"):
        bench.studio.session.accept()
        bench.settle()


def close(bench: Bench, listener: Listener) -> None:
    """Ends the program."""
    with listener.doing("close"):
        bench.window.close()
        bench.studio.session.close_project()
        bench.until(lambda: not bench.studio.session.is_closing)
    bench.studio.close()


def work_beside_the_engine(bench: Bench, listener: Listener) -> None:
    """Paints all the time, whatever becomes of the engine."""
    bench.open(MEDIUM)
    engine, labelling, neighbours = bench.studio.engine, bench.studio.labelling, bench.studio.neighbours
    points = bench.path(6, 30)

    def paint_until(condition: Callable[[], object]) -> None:
        deadline = time.perf_counter() + PATIENCE_S
        while not condition():
            gesture(bench, "brush", points, width=24)
            if time.perf_counter() > deadline:
                raise TimeoutError("the engine did not get there")

    def label_and(signal_number: int | None) -> None:
        labelling.label_open_image()
        if signal_number is not None:
            bench.until(lambda: engine.state.kind is EngineKind.BUSY)
            client = engine._client
            assert client is not None
            assert client.pid is not None
            os.kill(client.pid, signal_number)
        paint_until(lambda: not labelling.is_labelling_open_image)

    with listener.doing("painting, without an engine"):
        end = time.perf_counter() + FREEZE_S  # the longer one looks, the longer is the longest
        paint_until(lambda: time.perf_counter() > end)
    with listener.doing("the engine starts"):
        engine.start()
        paint_until(lambda: engine.model is not None)
    with listener.doing("the image is labelled"):
        label_and(None)
    with listener.doing("the engine is killed at work"):
        label_and(signal.SIGKILL)
    with listener.doing("the engine freezes at work"):
        label_and(signal.SIGSTOP)
    with listener.doing("the engine is restarted by hand"):
        engine.restart()
        bench.until(lambda: engine.state.kind is not EngineKind.READY)
        paint_until(lambda: engine.state.kind is EngineKind.READY)
    with listener.doing("the engine is moved to other numbers"):
        bench.until(lambda: engine.state.kind is EngineKind.READY)
        engine.configure("cpu", "fp32")
        bench.until(lambda: engine.state.kind is not EngineKind.READY)
        paint_until(lambda: engine.state.kind is EngineKind.READY)
    with listener.doing("a box prompt"):
        answer = labelling.prompt(BoxPrompt(100, 100, 300, 400))
        assert answer is not None
        is_there: list[object] = []
        answer.ended.connect(lambda: is_there.append(True))
        paint_until(lambda: is_there)
    with listener.doing("a correction and what follows"):
        document = bench.document
        document.set_selection({max(document.map.segments, key=document.map.area)})
        document.delete_selection()
        bench.until(lambda: not document.working and not neighbours.is_asking)
    with listener.doing("all images are labelled"):
        labelling.label_all(again=True)
        paint_until(lambda: labelling.folder_job is None)


def gesture(bench: Bench, tool: str, points: list[QPointF], **options: object) -> None:
    """One drag, or a click, and what it leads to."""
    bench.window.use_tool(tool)
    for key, value in options.items():
        bench.canvas.active_tool.set_option(key, value, bench.document)
    bench.mouse(QEvent.Type.MouseButtonPress, points[0])
    for point in points[1:]:
        bench.mouse(QEvent.Type.MouseMove, point)
        bench.app.processEvents()
    bench.mouse(QEvent.Type.MouseButtonRelease, points[-1])
    bench.until(lambda: not bench.document.working)
    bench.settle(0.1)
    bench.window.use_tool("select")


def main() -> int:
    """Prints the table; 1 if the window computed longer than it may without listening."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small pictures: does it run at all")
    parser.add_argument("--engine", action="store_true", help="only what is about the engine")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make is not None:
        make_project(options.make, quick=options.quick)
        return 0
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        quick = ["--quick"] if options.quick else []
        subprocess.run([sys.executable, __file__, "--make", folder, *quick], check=True)
        bench = Bench(application, Path(folder) / PROJECT, quick=options.quick)
        listener = Listener()
        bench.window.use_tool("select")
        gc.collect()
        gc.freeze()  # as the program does (app/run.py)
        if not options.engine:
            work(bench, listener)
        work_beside_the_engine(bench, listener)
        close(bench, listener)
    print(f"{'longest without listening, ms':40s}{'wall':>9s}{'own':>9s}   load {load():.1f}")
    for what, block in sorted(listener.longest.items(), key=lambda item: -item[1].cpu_ms):
        verdict = "" if block.cpu_ms <= STUTTER_MS else "   STUTTER"
        print(f"{what:40s}{block.wall_ms:9.0f}{block.cpu_ms:9.0f}{verdict}")
    return 0 if all(block.cpu_ms <= STUTTER_MS for block in listener.longest.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
