"""How long the program takes to start, and to list many images."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from canvas_project import make_long_project
from PySide6.QtWidgets import QApplication
from timing import Row, Stopwatch, Timing, waiting

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio


def start_row(home: str) -> Row:
    """Starts the program anew; the time from the system's call to the first paint, without an image."""
    code = (
        "import sys, time\n"
        "from seamseg_studio.app import run\n"
        "def begin(studio, window, paths):\n"
        "    print(time.time(), 1e3 * time.process_time(), int('torch' in sys.modules), flush=True)\n"
        "    window.close()\n"
        "run.begin = begin\n"
        "run.main([])\n"
    )
    times = []
    for _ in range(4):
        start = time.time()
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, "HOME": home}
        )
        painted, own, num_torch = done.stdout.split()[:3]
        assert num_torch == "0", "the window's process has imported torch"
        times.append(Timing(1e3 * (float(painted) - start), float(own)))
    return Row("start to first paint, warm", times[1:], 700, "labelme 810, X-Any 2280")


def list_rows(folder: Path, settings: Path, *, quick: bool) -> Iterator[Row]:
    """Opens long lists of images; the time till their names are listed and can be scrolled."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    for num_images, target in ((1_000, 300),) if quick else ((10_000, 300), (100_000, 2000)):
        path = make_long_project(folder, num_images)
        studio = Studio(application, Settings(settings))
        studio.labelling.by_itself = False
        window = MainWindow(studio)
        window.resize(1920, 1040)
        window.show()
        window.load_canvas()
        watch = Stopwatch(own=False)
        studio.session.open_project(path)
        with waiting() as step:
            while window.images.view.model().rowCount() < num_images:
                step()
        window.images.view.scrollToBottom()
        application.processEvents()
        peers = "labelme 780, X-Any 320" if num_images == 10_000 else ""
        yield Row(f"folder of {num_images:,} images, listed", [watch.read()], target, peers)
        window.close()
        studio.close()
        (folder / "one.jpg").unlink()
