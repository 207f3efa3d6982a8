"""How long the lists beside the canvas take: `python benchmarks/panels.py` (needs no display).

A folder's list is usable when its rows are shown and "next" works; the photographs themselves are not read. Median of
the runs, with the processor's time beside the clock's, as other programs may be running.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.panels.image_model import ImageOrder
from seamseg_studio.app.panels.segment_rows import Grouping, Order
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.engine.project import Project, schema
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment

NUM_SEGMENTS = 5000
SIDE = 1000


class Table:
    """Prints rows as they are measured."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        print(f"{'what':<44}{'median ms':>12}{'worst ms':>12}{'processor ms':>14}")

    def row(self, name: str, action: Callable[[], object]) -> None:
        walls, cpus = [], []
        for _ in range(self._runs):
            wall, cpu = time.perf_counter(), time.process_time()
            action()
            QApplication.processEvents()
            walls.append(1000 * (time.perf_counter() - wall))
            cpus.append(1000 * (time.process_time() - cpu))
        print(f"{name:<44}{statistics.median(walls):>12.0f}{max(walls):>12.0f}{statistics.median(cpus):>14.0f}")


def make_project(folder: Path, num_images: int) -> None:
    """A project of images that are only rows, as their list needs no more."""
    Project.create(folder).close()
    import sqlite3

    connection = sqlite3.connect(folder / "project.db")
    assert schema.version_of(connection) > 0
    connection.executemany(
        "INSERT INTO images (path, name, height, width, num_bytes) VALUES (?, ?, 1000, 2000, 1)",
        ((f"/photos/{n // 1000}/{n:08d}.jpg", f"{n:08d}.jpg") for n in range(num_images)),
    )
    connection.commit()
    connection.close()


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        QApplication.processEvents()
        time.sleep(0.001)


def measure_images(table: Table, studio: Studio, window: MainWindow, folder: Path, num_images: int) -> None:
    session, panel = studio.session, window.images
    project = folder / f"{num_images}.seamseg"
    make_project(project, num_images)

    def close() -> None:
        session.close_project()
        wait_for(lambda: not session.is_closing)

    def open_list() -> None:
        close()
        session.open_project(project)
        wait_for(lambda: panel.view.model().rowCount() == num_images)

    def filtered(text: str) -> None:
        panel.filter.setText(text)
        panel._show_records()

    table.row(f"{num_images} images: open to a usable list", open_list)
    table.row(f"{num_images} images: filter by name", lambda: (filtered("00012"), filtered("")))
    table.row(f"{num_images} images: sort by name", lambda: panel.set_order(ImageOrder.NAME))
    panel.set_order(ImageOrder.ADDED)
    close()


def measure_segments(table: Table, studio: Studio, window: MainWindow, folder: Path) -> None:
    from PIL import Image

    photos = folder / "photos"
    photos.mkdir()
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(photos / "a.png")
    session, panel = studio.session, window.segments
    session.open_paths([photos])
    wait_for(lambda: session.document is not None)
    document, project = session.document, session.project
    assert document is not None
    assert project is not None
    thing = project.taxonomy.num_stuff
    ids = np.repeat(np.arange(1, NUM_SEGMENTS + 1, dtype=np.int32), SIDE * SIDE // NUM_SEGMENTS).reshape(SIDE, SIDE)
    segments = {n: Segment(thing, score=n % 100 / 100) for n in range(1, NUM_SEGMENTS + 1)}
    project.store_labels(document.record.id, PanopticMap(ids, segments))
    session.close_project()
    wait_for(lambda: not session.is_closing)
    session.open_paths([photos])
    wait_for(lambda: session.document is not None and len(session.document.map.segments) == NUM_SEGMENTS)
    document = session.document
    assert document is not None
    numbers = iter(np.random.default_rng(1).integers(1, NUM_SEGMENTS, 10_000).tolist())
    for grouping in (Grouping.NONE, Grouping.CATEGORY):
        panel.set_grouping(grouping)
        name = f"{NUM_SEGMENTS} segments, {'no headings' if grouping is Grouping.NONE else 'under categories'}"
        table.row(f"{name}: after an edit", panel.refresh)
        table.row(f"{name}: select one", lambda: document.set_selection({next(numbers)}))
        table.row(f"{name}: select all", lambda: (document.set_selection(segments), document.set_selection(())))
        table.row(f"{name}: sort", lambda: (panel.set_order(Order.SCORE), panel.set_order(Order.AREA)))
    session.close_project()
    wait_for(lambda: not session.is_closing)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--images", type=int, nargs="*", default=[10_000, 100_000])
    options = parser.parse_args()
    application = QApplication(["panels"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        studio = Studio(application, Settings(folder / "studio.ini"), device="cpu")
        studio.change_preferences(labels_by_itself=False)
        window = MainWindow(studio)
        window.resize(1366, 768)
        window.show()
        window.load_canvas()
        table = Table(options.runs)
        for num_images in options.images:
            measure_images(table, studio, window, folder, num_images)
        measure_segments(table, studio, window, folder)
        studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
