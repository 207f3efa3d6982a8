"""A studio that paints until it is killed: python -m tests.torture.painting_window FOLDER SAVED SEED

SAVED gets a line `tried IMAGE STEPS` before the journal is waited for and `saved IMAGE STEPS` when all steps of the
image are said to be on disk.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from hand import Hand
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio


def main() -> None:
    folder, seed = Path(sys.argv[1]), int(sys.argv[3])
    saved = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    application = QApplication(["painting"])
    studio = Studio(application, Settings(folder / "studio.ini"), factory="gui_fake_engine:load")
    window = MainWindow(studio)
    window.resize(1000, 700)
    window.show()
    window.load_canvas()
    studio.engine.start()
    project = folder / "photos.seamseg"
    if project.exists():
        studio.session.open_project(project)
    else:
        studio.session.open_paths([folder / "photos"])
    rng = np.random.default_rng(seed)

    def pump() -> None:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)

    while (document := studio.session.document) is None or not document.map.segments:
        pump()
    window.actions_by_id["tool_brush"].trigger()
    assert window.canvas is not None
    hand = Hand(window.canvas, None)  # type: ignore[arg-type]  # only its settling waits
    while True:
        opened = studio.session.project
        assert opened is not None
        document = studio.session.document
        assert document is not None
        image_id = document.record.id
        steps = len(opened.history(image_id))
        for _ in range(int(rng.integers(1, 5))):
            document.set_current_category(int(rng.integers(0, len(document.taxonomy))))
            mark = document.map.mark
            y, x = (int(rng.integers(9, side - 20)) for side in document.map.shape)
            hand.drag((y, x), (y + 4, x + 5), (y, x + 9))
            steps += document.map.mark != mark
            os.write(saved, f"tried {image_id} {steps}\n".encode())
        while studio.session.num_unsaved:
            pump()
        os.write(saved, f"saved {image_id} {steps}\n".encode())
        if rng.random() < 0.3:
            ids = [record.id for record in opened.images()]
            studio.session.open_image(ids[(ids.index(image_id) + 1) % len(ids)])
            while studio.session.document is None or studio.session.document.record.id == image_id:
                pump()
            while not studio.session.document.map.segments:
                pump()


if __name__ == "__main__":
    main()
