"""The longest time that the window does not answer while a tool works: python benchmarks/tools.py [--quick]

Each tool makes its gesture with real events on a labelled picture of 24 megapixels, in the program's own window; the
map is looked at afterwards, so that no gesture can be a no-op. A figure is the longest single event, or the longest
round of the event loop, between the press and the change being shown. What is worked out beside the window's thread
counts only as far as it holds the window up. "own" is what the window's thread computed of it, the rest it waited for
a core; "done" says when the change was there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from canvas import Bench
from canvas_project import MEDIUM, NUM_STUFF, PROJECT, make_project
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from seamseg_studio.engine.scene.policy import FillPolicy

TARGET_MS = 50.0
PRESS, MOVE, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease


class ToolBench:
    """One picture and one hand; keeps the longest time that nothing else could have happened."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.longest_ms = self.own_ms = 0.0

    def timed(self, action: Callable[[], object]) -> None:
        start, own_start = time.perf_counter(), time.thread_time()
        action()
        self.longest_ms = max(self.longest_ms, 1e3 * (time.perf_counter() - start))
        self.own_ms = max(self.own_ms, 1e3 * (time.thread_time() - own_start))

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.perf_counter() + 60
        while not condition():
            self.timed(self.bench.app.processEvents)
            if time.perf_counter() > deadline:
                raise TimeoutError("the tool did not get there")

    def drag(self, *spots: QPointF) -> None:
        self.timed(lambda: self.bench.mouse(PRESS, spots[0]))
        for spot in spots[1:]:
            self.timed(lambda spot=spot: self.bench.mouse(MOVE, spot))
            self.timed(self.bench.app.processEvents)
        self.timed(lambda: self.bench.mouse(RELEASE, spots[-1]))

    def key(self, key: Qt.Key) -> None:
        self.timed(lambda: QTest.keyClick(self.bench.canvas._need_stage(), key))

    def measure(self, title: str, gesture: Callable[[], None]) -> None:
        """Makes a gesture, waits for its change, undoes it, and prints a line."""
        document = self.bench.document
        times, own, waits = [], [], []
        for _ in range(3):
            self.bench.settle(0.2)
            before = document.map.ids.copy()
            label = document.undo_label
            self.longest_ms, self.own_ms, start = 0.0, 0.0, time.perf_counter()
            gesture()
            self.until(lambda: not self.bench.canvas.active_tool.busy and not document.working)
            waits.append(1e3 * (time.perf_counter() - start))
            self.timed(self.bench.app.processEvents)
            times.append(self.longest_ms)
            own.append(self.own_ms)
            assert not np.array_equal(before, document.map.ids), f"{title} changed nothing"
            assert document.undo_label != label
            document.undo()
            assert np.array_equal(before, document.map.ids)
        verdict = "ok" if min(times) <= TARGET_MS else "MISSED"
        print(f"{title:44s}{min(times):9.1f}{TARGET_MS:9.0f}  {verdict:7s}{min(own):9.1f}{min(waits):9.0f}", flush=True)


def run(bench: Bench) -> None:
    bench.open(MEDIUM)
    hand, document = ToolBench(bench), bench.document
    document.set_current_category(NUM_STUFF + 1)
    document.change_policy(fill=FillPolicy.AROUND)
    middle = QPointF(bench.viewport.width() / 2, bench.viewport.height() / 2)
    around = [middle + QPointF(x, y) for x, y in ((-200, -150), (200, -150), (200, 150), (-200, 150))]
    stuff = next(i for i in document.map.segments if i <= NUM_STUFF)

    def use(name: str, **options: object) -> None:
        bench.window.use_tool(name)
        for key, value in options.items():
            bench.canvas.active_tool.set_option(key, value, document)

    def clicks_then_enter(*spots: QPointF) -> None:
        for spot in spots:
            hand.drag(spot)
        hand.key(Qt.Key.Key_Return)

    print(f"{'longest time without an answer, ms':44s}{'longest':>9s}{'target':>9s}  {'':7s}{'own':>9s}{'done':>9s}")
    use("polygon")
    hand.measure("polygon, a third of the picture", lambda: clicks_then_enter(*around))
    use("lasso")
    hand.measure("lasso, the same", lambda: hand.drag(*around))
    use("scissors")
    places = [middle + QPointF(x, y) for x, y in ((0, 0), (20, 4), (6, 22))]
    hand.measure("smart scissors, three places", lambda: clicks_then_enter(*places))
    use("superpixels", size=24)
    hand.measure("superpixel brush, 400 screen pixels", lambda: hand.drag(around[0], middle, around[2]))
    use("wand", tolerance=60, reach=8192)
    hand.measure("wand, whole picture in reach", lambda: hand.drag(middle))
    use("fill")
    hand.measure("fill of a part", lambda: hand.drag(middle))
    use("refine", refining="grow", amount=8)
    hand.measure("grow by 8 px", lambda: hand.drag(middle))
    use("refine", refining="smooth", amount=4)
    hand.measure("smooth by 4 px", lambda: hand.drag(middle))
    use("select")
    for title, command in (
        ("smooth stuff all over the picture", lambda: document.smooth([stuff], 3)),
        ("grow it", lambda: document.grow(stuff, 3)),
        ("convert it to instances", lambda: document.to_instances([stuff], NUM_STUFF + 1)),
        ("delete it", lambda: document.delete([stuff])),
    ):
        hand.measure(title, lambda command=command: hand.timed(command))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small pictures, to see that it runs")
    options = parser.parse_args()
    application = QApplication(["tools"])
    with tempfile.TemporaryDirectory(prefix="tools-benchmark-") as folder:
        make_project(Path(folder), quick=options.quick)
        bench = Bench(application, Path(folder) / PROJECT, quick=options.quick)
        try:
            run(bench)
        finally:
            bench.window.close()
            bench.studio.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
