"""The window itself with projects from strangers: it shows them or says in a sentence why not, and lives on."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import msgpack

from tests.torture import message_targets, seeds
from tests.torture.target import Target

if TYPE_CHECKING:
    from seamseg_studio.app.main_window import MainWindow
    from seamseg_studio.app.studio import Studio

PATIENCE_S = 20.0
ACTIONS = ("undo", "redo", "select_all", "accept")
_HOSTILE_TEXTS = (
    "<img src='file:///etc/passwd'><b>bold</b>", "a" * 100_000, "\u202egnp.elif", "&a &b\tc", "two\nlines", "%1 {0} %s",
    "\U0001f6a6" * 40, "e" + "\u0301" * 500, " ", "{\"scale\": 1e308}", "file:///x", "\x01\x02",
)  # fmt: skip
_NUMBERS = (float("inf"), -1, 2**62, 1e308)


@cache
def _window() -> tuple[Studio, MainWindow]:
    """A studio without an engine, and its window; the process's only one."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    home = Path(mkdtemp(prefix="torture-window-"))
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        os.environ[variable] = str(home / variable)
    from PySide6.QtWidgets import QApplication

    from seamseg_studio.app.main_window import MainWindow
    from seamseg_studio.app.settings import Settings
    from seamseg_studio.app.studio import Studio

    application = QApplication.instance() or QApplication(["torture"])
    assert isinstance(application, QApplication)
    studio = Studio(application, Settings(home / "studio.ini"))
    window = MainWindow(studio)
    window.resize(1366, 768)
    window.show()
    window.load_canvas()
    return studio, window


@contextmanager
def _everything_told() -> Iterator[list[str]]:
    """Collects what would only be printed: errors in slots and jobs, and complaints of Qt."""
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    errors: list[BaseException] = []
    told: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                errors.append(record.exc_info[1])

    def hear(kind: QtMsgType, _: Any, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and "This plugin does not support" not in text:
            told.append(text)

    collector, former_hook = Collector(logging.ERROR), sys.excepthook
    logging.getLogger().addHandler(collector)
    sys.excepthook = lambda _, error, __: errors.append(error)
    former = qInstallMessageHandler(hear)
    try:
        yield told
    except AssertionError:
        if not errors:  # what was waited for in vain is their doing
            raise
    finally:
        qInstallMessageHandler(former)
        sys.excepthook = former_hook
        logging.getLogger().removeHandler(collector)
    if errors:
        raise errors[0]


def window(data: bytes, room: Path) -> None:
    """Values in the rows of a project that a person opens, looks through, changes and closes."""
    folder = message_targets.changed_project(data, room)
    if folder is None:
        return
    studio, main_window = _window()
    with _everything_told() as told:
        _look_through(studio, main_window, folder)
    assert not told, told[0]


def _look_through(studio: Studio, main_window: MainWindow, folder: Path) -> None:
    from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop

    def pump(is_over: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_over():
            assert time.monotonic() < deadline, f"the window waits for ever: {what}"
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)

    session, messages = studio.session, []
    connection = session.message_posted.connect(messages.append)
    try:
        session.open_project(folder)
        pump(lambda: session.project is not None or bool(messages), "opening")
        for record in session.records:
            num_messages = len(messages)
            session.open_image(record.id)
            pump(
                lambda record=record, before=num_messages: (
                    (  # type: ignore[misc]
                        session.document is not None and session.document.record.id == record.id
                    )
                    or len(messages) > before
                ),
                "an image",
            )
            for name in ACTIONS:
                if main_window.actions_by_id[name].isEnabled():
                    main_window.actions_by_id[name].trigger()
                QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
            main_window.grab()
        for message in messages:
            assert message.text, "a message without a sentence"
    finally:
        session.message_posted.disconnect(connection)
        session.close_project()
        pump(lambda: not session.is_closing, "closing")
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _window_seeds() -> list[bytes]:
    found = [msgpack.packb([])]
    shown = {"bundles": ["name"], "images": ["name", "path", "note", "bundle", "exif", "look", "timings", "seconds"]}
    shown |= {"journal": ["label", "time"], "settings": ["value"], "views": ["content"], "taxonomies": ["content"]}
    for number, (table, names) in enumerate(message_targets.columns()):
        for name in shown.get(table, ()):
            text = _HOSTILE_TEXTS[len(found) % len(_HOSTILE_TEXTS)]  # each of them somewhere
            value: Any = text
            if table == "taxonomies":
                value = seeds.TAXONOMY.to_json()
                value["categories"][0]["name"] = value["name"] = text
            found.append(msgpack.packb([[number, names.index(name), 0, value]]))
    for number, (_, names) in enumerate(message_targets.columns()):
        found += [msgpack.packb([[number, place, 0, _NUMBERS[place % 4]]]) for place in range(len(names))]
    return found


TARGETS = {"window": Target(window, _window_seeds, "msgpack")}
