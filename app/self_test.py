"""`seamseg-studio --self-test`: whether this installation works, for whoever packs or installs it.

Opens one of the sample photos in a folder that is thrown away, waits until the engine has labelled it, and paints the
window. It says how it went and ends with 0, or 1.
"""

from __future__ import annotations

import shutil
import sys
import time
from importlib.resources import as_file, files
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.messages import Level, Message

_LOOK_MS = 200
_TIMEOUT_S = 300


class SelfTest(QObject):
    """Watches a studio until its open photo is labelled, then ends the program."""

    def __init__(self, studio: Studio, window: MainWindow, folder: Path) -> None:
        """`folder` is for the photo and its project; it must be empty."""
        super().__init__(window)
        self._studio = studio
        self._window = window
        self._folder = folder
        self._started_s = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        studio.session.message_posted.connect(self._on_session_message_posted)

    def start(self) -> None:
        """Opens a photo and the engine."""
        with as_file(files("seamseg_studio.resources") / "samples" / "images") as samples:
            shutil.copy(min(samples.glob("*.jpg")), self._folder)
        self._studio.session.open_paths([self._folder])
        self._window.load_canvas()
        self._studio.engine.start()
        self._timer.start()

    def _look(self) -> None:
        document = self._studio.session.document
        seconds = time.monotonic() - self._started_s
        if document is not None and document.map.segments:
            picture = self._window.grab().toImage()
            colours = {picture.pixel(x, picture.height() // 2) for x in range(0, picture.width(), 7)}
            self._end(len(colours) > 1, f"{len(document.map.segments)} segments after {seconds:.0f} s")
        elif seconds > _TIMEOUT_S:
            self._end(False, f"no labels after {seconds:.0f} s")

    def _on_session_message_posted(self, message: Message) -> None:
        if message.level is Level.ERROR:
            self._end(False, f"{message.title}: {message.text}")

    def _end(self, is_good: bool, text: str) -> None:
        self._timer.stop()
        print(f"seamseg-studio: self-test {'passed' if is_good else 'failed'}: {text}", file=sys.stderr, flush=True)
        QApplication.exit(0 if is_good else 1)
