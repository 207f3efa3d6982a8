"""The program as a program: its command line, what it imports, how it begins and what it says when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from seamseg_studio.app.help.troubles import topic_of
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.panels.message_cards import Card
from seamseg_studio.app.run import Failures, begin, main, parse
from seamseg_studio.app.studio import Studio, copy_missing
from seamseg_studio.app.words.messages import Level

HEAVY = ("torch", "pyqtgraph", "cv2", "numpy")


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running `code`."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    return {line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}


def test_importing_the_program_brings_nothing_heavy() -> None:
    modules = modules_after("import seamseg_studio.app.run")
    assert "seamseg_studio.app.main_window" in modules
    assert {name for name in modules if name.partition(".")[0] in HEAVY} == set()


def test_the_window_is_painted_before_anything_heavy_is_imported() -> None:
    code = (
        "import sys\n"
        "from seamseg_studio.app import run\n"
        "def begin(studio, window, paths):\n"
        f"    print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "    window.close()\n"
        "run.begin = begin\n"
        "sys.exit(run.main([]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert "heavy: []" in done.stdout


def test_what_stays_till_the_end_is_not_looked_through_again_and_again() -> None:
    code = (
        "import gc, sys\n"
        "from seamseg_studio.app import run\n"
        "from PySide6.QtCore import QTimer\n"
        "def begin(studio, window, paths):\n"
        "    QTimer.singleShot(0, lambda: (print('left:', len(gc.get_objects())), window.close()))\n"
        "run.begin = begin\n"
        "sys.exit(run.main([]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert int(done.stdout.rpartition("left:")[2]) < 1000


def test_the_canvas_and_the_engine_client_bring_no_torch() -> None:
    modules = modules_after(
        "from seamseg_studio.app import canvas, run, tools;"
        "from seamseg_studio.app.editing import document;"
        "from seamseg_studio.app.project import session;"
        "from seamseg_studio.engine import project;"
        "from seamseg_studio.engine.formats import registry;"
        "from seamseg_studio.engine.service import client"
    )
    assert "numpy" in modules
    assert {name for name in modules if name.partition(".")[0] == "torch"} == set()


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in ("PATH", "--project", "--model", "--device", "--segmenter"))


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:", ""])
def test_unknown_device_is_one_sentence(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(["--device", device])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "use auto, cpu, cuda or cuda:NUMBER" in error
    assert error.count("\n") == 1


def test_a_model_for_masks_is_named_by_its_file_or_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "masks.py").touch()
    monkeypatch.chdir(tmp_path)
    assert parse([]).segmenter is None
    assert parse(["--segmenter", "masks.py:make"]).segmenter == f"{tmp_path / 'masks.py'}:make"
    assert parse(["--segmenter", "own.masks:make"]).segmenter == "own.masks:make"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        *((place, "names no function") for place in ("masks.py", "own:", "", "own:not a name")),
        ("nowhere.py:make", "no such file"),
    ],
)
def test_a_model_for_masks_that_is_not_there_is_one_sentence(
    place: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        parse(["--segmenter", place])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_missing_path_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nothing.jpg")]) == 2
    error = capsys.readouterr().err
    assert "nothing.jpg: no such file or folder" in error
    assert error.count("\n") == 1


def test_program_starts_shows_and_ends(photos: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from PySide6.QtCore import QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from seamseg_studio.app import run\n"
        "def begun(studio, window, paths):\n"
        "    begin(studio, window, paths)\n"
        "    studio.session.document_changed.connect(lambda: studio.session.document and window.close())\n"
        "begin, run.begin = run.begin, begun\n"
        "QTimer.singleShot(60000, lambda: sys.exit(9))\n"
        "sys.exit(run.main(sys.argv[1:]))\n"
    )
    home = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    result = subprocess.run(
        [sys.executable, "-c", code, str(photos), "--device", "cpu"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **home, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert (photos.with_name("street.seamseg") / "project.db").is_file()
    assert (tmp_path / "XDG_CONFIG_HOME" / "seamseg-studio" / "studio.ini").is_file()


def test_uncaught_error_is_told_and_the_program_goes_on(window: MainWindow) -> None:
    failures = Failures(window)
    try:
        raise RuntimeError("a defect")
    except RuntimeError as error:
        failures.hook(type(error), error, error.__traceback__)
    card = window.cards.cards[0]
    assert card.message.level is Level.ERROR
    assert "a defect" in card.message.text
    assert "saved" in card.message.text
    assert window.isVisible()
    assert failures.count == 1


def test_a_lack_of_memory_says_what_to_do(window: MainWindow) -> None:
    Failures(window).hook(MemoryError, MemoryError(), None)
    message = window.cards.cards[0].message
    assert message.level is Level.ERROR
    assert message.title == "There is not enough memory"
    assert "Close other programs" in message.text
    assert "MemoryError" not in message.text
    assert topic_of(message.title, message.text) == "there-is-not-enough-memory"


def test_first_start_opens_the_samples_and_later_the_last_project(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(studio, "open_sample_project", lambda: asked.append("samples"))
    begin(studio, window, [])
    assert asked == ["samples"]
    studio.session.open_paths([photos])
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    studio.session.close_project()
    begin(studio, window, [])
    qtbot.waitUntil(lambda: studio.session.document is not None, timeout=20_000)
    assert asked == ["samples"]


def test_the_tour_comes_with_the_first_image_and_leads_to_its_end(
    window: MainWindow, studio: Studio, photos: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio, "open_sample_project", lambda: studio.session.open_paths([photos]))

    def cards() -> list[Card]:
        return [card for card in window.cards.cards if card.message.key == "tour"]

    studio.change_preferences(keymap=studio.preferences.keymap.with_keys("tool_brush", ["F9"]))
    begin(studio, window, [])
    assert cards() == []
    qtbot.waitUntil(lambda: bool(cards()))
    titles = []
    while cards():
        card = cards()[0]
        titles.append(card.message.title)
        if len(titles) == 2:
            assert "F9" in card.message.text, "the keys in force"
        qtbot.mouseClick(card.buttons[0], Qt.MouseButton.LeftButton)
    assert len(set(titles)) == len(titles) == 4
    studio.session.close_project()
    begin(studio, window, [])
    qtbot.waitUntil(lambda: studio.session.document is not None)
    assert cards() == [], "only once"


def test_samples_are_copied_once_and_never_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "images").mkdir(parents=True)
    (source / "images" / "a.jpg").write_bytes(b"new")
    (source / "__init__.py").write_text("")
    copy_missing(source, target)
    (target / "images" / "a.jpg").write_bytes(b"mine")
    copy_missing(source, target)
    assert (target / "images" / "a.jpg").read_bytes() == b"mine"
    assert not (target / "__init__.py").exists()


def test_layout_is_remembered(window: MainWindow, studio: Studio, qtbot: QtBot) -> None:
    window.show_panel("history")
    window.docks["images"].hide()
    window.close()
    other = MainWindow(studio)
    qtbot.addWidget(other)
    other.restore_layout()
    other.show()
    assert other.docks["images"].isHidden()
    assert not other.docks["history"].isHidden()


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="there is always a display")
def test_without_a_display_it_says_so() -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "seamseg_studio.app.run"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "no display" in result.stderr
