"""Draws the documents' pictures: `python scripts/screenshot.py --project demo-out/samples.seamseg`.

Runs the real window and engine on a copy of the project, so nothing in it changes. Needs a display, such as
`xvfb-run -a` gives.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio

TIMEOUT_S = 60
JPEG_QUALITY = 84


def wait_until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + TIMEOUT_S
    while not condition():
        QApplication.processEvents()
        if time.monotonic() > end_s:
            raise SystemExit("screenshot: the window did not get ready within a minute")
    for _ in range(20):
        QTest.qWait(50)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--image", default="000000303818.jpg", help="the photo to show")
    parser.add_argument("--size", default="1600x900", help="of the window, in pixels")
    parser.add_argument("--theme", default="dark", choices=("dark", "light"))
    parser.add_argument("--name", default="studio", help="name of the picture")
    options = parser.parse_args()
    application = QApplication(["screenshot"])
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / options.project.name
        shutil.copytree(options.project, project)
        settings = Settings(Path(scratch) / "studio.ini")
        settings.change(theme=ThemeChoice(options.theme))
        studio = Studio(application, settings, device="cpu")
        window = MainWindow(studio)
        window.resize(*map(int, options.size.split("x")))
        window.show()
        window.load_canvas()
        studio.engine.start()
        studio.session.open_project(project)
        wait_until(lambda: bool(studio.session.records))
        record = next(record for record in studio.session.records if record.name == options.image)
        studio.session.open_image(record.id)
        wait_until(lambda: studio.session.document is not None and studio.session.document.record.id == record.id)
        wait_until(lambda: studio.engine.model is not None)
        draw_stroke(window, studio)
        QTest.qWait(1500)
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"{options.name}.jpg"
        window.grab().toImage().save(str(path), quality=JPEG_QUALITY)
        print(path)
        studio.close()
    return 0


def draw_stroke(window: MainWindow, studio: Studio) -> None:
    """Paints a little pavement with the brush and selects the largest thing, so that the picture shows work."""
    document, canvas = studio.session.document, window.canvas
    assert document is not None
    assert canvas is not None
    window.actions_by_id["tool_brush"].trigger()
    document.set_current_category(document.taxonomy.index_of("pavement"))
    view = canvas.findChild(QAbstractScrollArea)
    assert view is not None
    viewport = view.viewport()
    start = QPoint(viewport.width() // 2 - 90, viewport.height() - 190)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in range(12):
        QTest.mouseMove(viewport, start + QPoint(14 * step, -2 * step))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(160, -22))
    things = [
        (document.map.area(identifier), identifier)
        for identifier, segment in document.map.segments.items()
        if document.taxonomy.is_thing(segment.category) and not segment.is_crowd
    ]
    if things:
        document.set_selection(frozenset({max(things)[1]}))


if __name__ == "__main__":
    sys.exit(main())
