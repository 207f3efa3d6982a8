"""Starts the studio: command line, look, window, and what happens when something goes wrong."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NoReturn

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QApplication

from seamseg_studio.app.folders import APP_NAME, user_data_folder
from seamseg_studio.app.help.crash_reports import CrashReports
from seamseg_studio.app.help.troubles import GENERAL
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.self_test import SelfTest
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.languages import speak
from seamseg_studio.app.words.messages import Level, Message

_log = logging.getLogger(__name__)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SystemExit: With 2 for wrong usage, 0 after `--help` and `--version`.
    """
    parser = _Parser(
        prog="seamseg-studio",
        description="Label every pixel of images with a panoptic network that learns from your corrections.",
        epilog="Without a path the sample photos open the first time, and later the project opened last.",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="images, a folder of images, or a project")
    parser.add_argument("--project", type=Path, metavar="P", help="open the project in this folder (NAME.seamseg)")
    parser.add_argument("--model", metavar="M", help="label with this model: a path, or the name of an installed one")
    parser.add_argument(
        "--device", default="auto", type=_device, metavar="D", help="auto (default), cpu, cuda or cuda:NUMBER"
    )
    parser.add_argument(
        "--segmenter",
        type=_segmenter,
        metavar="FILE.py:FUNCTION",
        help="have masks made by a model of your own (see the page on extending the program)",
    )
    parser.add_argument(
        "--self-test", action="store_true", help="label one sample photo in the window, say whether that works, and end"
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the studio until its window is closed. Returns the exit code: 0, 1 after a failure, 2 for bad usage."""
    options = parse(arguments)
    paths = [*([options.project] if options.project else []), *options.paths]
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        print(f"seamseg-studio: {missing}: no such file or folder; check the name", file=sys.stderr)
        return 2
    if not _has_display():
        print("seamseg-studio: there is no display here; start it where there is one", file=sys.stderr)
        return 2
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([APP_NAME])
    application.setApplicationName(APP_NAME)
    application.setApplicationDisplayName("Seamseg Studio")
    scratch = TemporaryDirectory(prefix="seamseg-studio-") if options.self_test else None
    settings = Settings(Path(scratch.name) / "studio.ini" if scratch is not None else None)
    translators = speak(application, settings.preferences.language)
    studio = Studio(
        application, settings, model=options.model, device=options.device, segmenter=options.segmenter or ""
    )
    window = MainWindow(studio)
    window.restore_layout()
    reports = CrashReports(user_data_folder() / "crashes")
    if (former := reports.watch()) is not None:
        _log.warning("the last run was ended by a library; see %s", former)
    failures = Failures(window, reports)
    sys.excepthook = failures.hook

    def start() -> None:
        if scratch is not None:
            photos = Path(scratch.name) / "photos"
            photos.mkdir()
            SelfTest(studio, window, photos).start()
            return
        begin(studio, window, paths)
        # What was made until now stays till the end. Python would look through all of it again and again for circles
        # of objects to free, each time in the midst of somebody's work and for longer than a few frames.
        gc.freeze()

    window.painted.connect(lambda: QTimer.singleShot(0, start))
    window.show()
    try:
        code = application.exec()
    finally:
        sys.excepthook = sys.__excepthook__
        studio.close()
        reports.close()
        window.deleteLater()
        for translator in translators:
            application.removeTranslator(translator)
        if scratch is not None:
            scratch.cleanup()
    return code or (1 if failures.count else 0)


def _has_display() -> bool:
    # Without one Qt ends the process itself, with a core dump.
    if sys.platform in {"win32", "darwin"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def begin(studio: Studio, window: MainWindow, paths: Sequence[Path]) -> None:
    """Opens what was asked for, after the first paint: then the canvas and the engine may take their time."""
    recent = studio.settings.recent_projects
    if paths:
        studio.session.open_paths(paths)
    elif not recent:
        studio.open_sample_project()
        studio.tour.start_with_an_image()
    elif recent[0].exists():
        studio.session.open_project(recent[0])
    window.load_canvas()
    studio.engine.start()


class Failures:
    """Tells a person about errors that nobody caught; the program and the work in it go on."""

    def __init__(self, window: MainWindow, reports: CrashReports | None = None) -> None:
        """With `reports`, each error is written down too."""
        self._window = window
        self._reports = reports
        self.count = 0

    def hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """The program's `sys.excepthook`."""
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        self.count += 1
        _log.error("Unexpected error\n%s", "".join(traceback.format_exception(kind, error, trace)))
        report = self._reports.write(error) if self._reports is not None else None
        if isinstance(error, MemoryError):
            self._window.show_message(_out_of_memory())
            return
        text = QCoreApplication.translate(
            "Failures",
            "{0}: {1}\nYour work is saved up to the last finished stroke. You can go on; if it comes again, restart.",
        )
        said = text.format(kind.__name__, error)
        if report is not None:
            where = QCoreApplication.translate("Failures", "A report lies in {0}. Nothing is sent.")
            said += "\n" + where.format(report)
        message = Message(
            QCoreApplication.translate("Failures", "Something went wrong"),
            said,
            Level.ERROR,
            key="failure",
            topic=GENERAL,
        )
        self._window.show_message(message)


def _out_of_memory() -> Message:
    title = QCoreApplication.translate("Failures", "There is not enough memory")
    text = QCoreApplication.translate(
        "Failures",
        "What you asked for was not done. Close other programs, then do it again. "
        "Your work is saved up to the last finished stroke.",
    )
    return Message(title, text, Level.ERROR, key="failure")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def _device(text: str) -> str:
    name, _, number = text.partition(":")
    if text in {"auto", "cpu", "cuda"} or (name == "cuda" and number.isdecimal()):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no device; use auto, cpu, cuda or cuda:NUMBER")


def _segmenter(text: str) -> str:
    """With the whole path of a file: the engine's process may have another current folder."""
    place, _, function = text.rpartition(":")
    if not place or not function.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} names no function; use FILE.py:FUNCTION or MODULE:FUNCTION")
    if not place.endswith(".py"):
        return text
    if not Path(place).is_file():
        raise argparse.ArgumentTypeError(f"{place}: no such file; check the name")
    return f"{Path(place).resolve()}:{function}"


def _version() -> str:
    try:
        return version("seamseg-studio")
    except PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
