"""A studio with a fake model in a real engine process, its window, and photos to open."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio

sys.path.insert(0, str(Path(__file__).parent))  # the engine's process imports the same module by the same name

from gui_fake_engine import HEIGHT, WIDTH


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What the offscreen platform says of size hints, raising and grabbing: it has no window system to ask.
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


NAMES = ("a.jpg", "b.jpg", "c.jpg", "d.png")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits four times as long as usual for what must come: a busy machine is no reason to fail."""
    plain = QtBot.waitUntil

    def wait(self: QtBot, condition: Callable[[], object], *, timeout: int = 20_000) -> None:
        plain(self, condition, timeout=timeout)

    monkeypatch.setattr(QtBot, "waitUntil", wait)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of four small pictures."""
    folder = tmp_path / "street"
    folder.mkdir()
    rng = np.random.default_rng(7)
    for name in NAMES:
        Image.fromarray(rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file; while it exists the model does not answer."""
    path = tmp_path / "hold"
    monkeypatch.setenv("GUI_FAKE_ENGINE_HOLD", str(path))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "studio.ini")


@pytest.fixture
def studio(
    qapp: QApplication, qtbot: QtBot, settings: Settings, hold: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Studio]:
    """A studio whose engine runs the fake model; ended with the test."""
    folders = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
    studio = Studio(qapp, settings, factory="gui_fake_engine:load")
    yield studio
    hold.unlink(missing_ok=True)
    studio.close()


@pytest.fixture
def window(studio: Studio, qtbot: QtBot) -> Iterator[MainWindow]:
    """The studio's window, shown."""
    window = MainWindow(studio)
    window.resize(1200, 800)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


@pytest.fixture
def labelled(window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot) -> Document:
    """The document of the first photo, labelled by the fake model, with the keyboard in the canvas."""
    studio.session.open_paths([photos])
    document = wait_for_labels(studio, qtbot)
    qtbot.waitUntil(lambda: window.segments.view.model().rowCount() == len(document.map.segments))
    return document


def wait_for_labels(studio: Studio, qtbot: QtBot) -> Document:
    """Waits until the open image has labels."""

    def has_labels() -> bool:
        document = studio.session.document
        return document is not None and len(document.map.segments) > 0 and not studio.labelling.is_labelling_open_image

    qtbot.waitUntil(has_labels, timeout=30_000)
    document = studio.session.document
    assert document is not None
    return document


def wait_for_image(studio: Studio, qtbot: QtBot, name: str) -> Document:
    """Waits until the image called `name` is open."""
    qtbot.waitUntil(
        lambda: studio.session.document is not None and studio.session.document.record.name == name, timeout=20_000
    )
    assert studio.session.document is not None
    return studio.session.document


@pytest.fixture
def press(window: MainWindow, qtbot: QtBot) -> Callable[..., None]:
    """Presses a key where the keyboard is, as a person does."""

    def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget = QApplication.focusWidget() or window
        qtbot.keyClick(widget, key, modifiers)

    return press
