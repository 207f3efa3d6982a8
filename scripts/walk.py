"""Walks the tutorial through the real window and says how long each step takes: `python scripts/walk.py`.

Works on the sample photos in a folder that is thrown away. Needs no display (QT_QPA_PLATFORM=offscreen).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication

from seamseg_studio.app.jobs.export_job import ExportOrder
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.run import begin
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Message

TIMEOUT_S = 900
NUM_ACCEPTED = 6
MODEL = "walked"


class Walk:
    """A first start, with a clock."""

    def __init__(self, home: Path) -> None:
        self._began_s = self._step_s = time.monotonic()
        application = QApplication.instance() or QApplication(["walk"])
        assert isinstance(application, QApplication)
        self.studio = Studio(application, Settings(home / "studio.ini"))
        self.window = MainWindow(self.studio)
        self.studio.session.message_posted.connect(self._on_message)
        self.window.show()

    def _on_message(self, message: Message) -> None:
        print(f"          card: {message.title}. {' '.join(message.text.split())[:140]}", flush=True)

    def until(self, condition: Callable[[], object]) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not condition():
            QTest.qWait(50)
            if time.monotonic() > end_s:
                raise SystemExit("walk: a step did not end")

    def done(self, step: str) -> None:
        """Says how long a step took."""
        now_s = time.monotonic()
        print(f"{now_s - self._step_s:7.1f} s  {step}", flush=True)
        self._step_s = now_s

    def trigger(self, action: str) -> None:
        """Does what a menu entry does, which must be possible."""
        self.window.actions_by_id.refresh()
        assert self.window.actions_by_id[action].isEnabled(), self.window.actions_by_id[action].toolTip()
        self.window.actions_by_id[action].trigger()

    def paint(self) -> None:
        """A stroke of the brush through the lower half of the photo."""
        canvas = self.window.canvas
        assert canvas is not None
        self.trigger("tool_brush")
        view = canvas.findChild(QAbstractScrollArea)
        assert view is not None
        viewport = view.viewport()
        start = QPoint(viewport.width() // 2 - 60, viewport.height() * 2 // 3)
        QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        for step in range(10):
            QTest.mouseMove(viewport, start + QPoint(12 * step, 0))
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(120, 0))

    def walk(self) -> None:
        """All steps of the tutorial."""
        session, labelling = self.studio.session, self.studio.labelling
        begin(self.studio, self.window, [])
        self.until(lambda: session.document is not None)
        self.done("1  the first photo is open")
        self.until(lambda: session.document is not None and session.document.map.segments)
        self.done("2  the first photo is labelled")
        self.until(lambda: labelling.folder_job is None and not labelling.unlabelled())
        self.done("2  all ten are")
        for _ in range(NUM_ACCEPTED):
            document = session.document
            assert document is not None
            before = document.undo_label
            self.paint()
            self.until(lambda document=document, before=before: document.undo_label != before)  # type: ignore[misc]
            self.trigger("accept")
            self.until(lambda document=document: session.document not in (None, document))  # type: ignore[misc]
        self.done(f"3  {NUM_ACCEPTED} photos have a stroke and are accepted")
        project = session.project
        assert project is not None
        out = project.folder / "exports" / "walked"
        self.studio.export(ExportOrder("coco-panoptic", out, accepted_only=True))
        self.until(lambda: self.studio.exporting is None)
        assert (out / "panoptic.json").is_file()
        self.done("5  they are exported")
        self.studio.train(MODEL)
        self.until(lambda: self.studio.training is None)
        assert self.studio.trained_bundle is not None
        self.done("6  a model has learned from them")
        self.studio.use_trained_model()
        self.until(lambda: self.studio.engine.model is not None and "starter +" in self.studio.engine.model.name)
        self.done("6  it is in use")
        self.until(lambda: session.document is not None)
        self.trigger("label_image")
        self.until(lambda: not labelling.is_labelling_open_image)
        self.done("7  and has labelled a photo")
        print(f"{time.monotonic() - self._began_s:7.1f} s  altogether")


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"XDG_DATA_HOME": f"{name}/data", "XDG_CONFIG_HOME": f"{name}/config"}
        walk = Walk(Path(name))
        try:
            walk.walk()
        finally:
            walk.studio.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
