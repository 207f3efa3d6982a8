"""What is left of a failure: a text on this machine that a person can read and, if they like, send. Nothing is sent.

One file for each failure, in the folder `crashes` of this person's own files, the newest few are kept: when it was,
versions, and where in the program it happened. No image, no label and no name of a photograph is put there, but the
text of the error may name a file.
"""

from __future__ import annotations

import faulthandler
import platform
import sys
import time
import traceback
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from seamseg_studio.engine.files import atomic_write

KEPT = 10
_NATIVE = "native.txt"  # what the interpreter writes when a library takes the whole process down
_LIBRARIES = ("seamseg-studio", "PySide6-Essentials", "pyqtgraph", "numpy", "opencv-python-headless", "pillow")


class CrashReports:
    """The reports of one program."""

    def __init__(self, folder: Path) -> None:
        """Uses `folder`, which is made with the first report."""
        self.folder = folder
        self._native: IO[str] | None = None

    def watch(self) -> Path | None:
        """Has crashes of libraries written down too; returns the report of the one that ended the last run, if any.

        A disk that is full or read-only is no reason not to start.
        """
        left = self.folder / _NATIVE
        former: Path | None = None
        with suppress(OSError):
            if left.is_file() and left.stat().st_size:
                former = self.folder / f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(left.stat().st_mtime))}.txt"
                text = f"{_heading('A library ended the program.')}\n{left.read_text(errors='replace')}"
                atomic_write(former, text.encode(), durable=False)
            self.folder.mkdir(parents=True, exist_ok=True)
            self._native = left.open("w", encoding="utf-8")
            faulthandler.enable(self._native, all_threads=True)
        self._sweep()
        return former

    def write(self, error: BaseException) -> Path | None:
        """Writes a report of an error that nobody caught; returns it, None if the disk does not let us."""
        path = self.folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09}.txt"
        text = f"{_heading(f'{type(error).__name__}: {error}')}\n{''.join(traceback.format_exception(error))}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            atomic_write(path, text.encode("utf-8", "backslashreplace"))
        except OSError:
            return None
        self._sweep()
        return path

    def close(self) -> None:
        """Ends the watch: what ends after this ended well."""
        if self._native is not None:
            faulthandler.disable()
            self._native.close()
            self._native = None
            with suppress(OSError):
                (self.folder / _NATIVE).unlink(missing_ok=True)

    def _sweep(self) -> None:
        with suppress(OSError):
            reports = sorted(path for path in self.folder.glob("*.txt") if path.name != _NATIVE)
            for path in reports[:-KEPT]:
                path.unlink(missing_ok=True)


def _heading(what: str) -> str:
    lines = [
        "Seamseg Studio: report of a failure. It is only on this machine; send it if you like.",
        what,
        f"when: {time.strftime('%Y-%m-%d %H:%M:%S %z')}",
        f"system: {platform.platform()}, Python {platform.python_version()}, {sys.maxsize.bit_length() + 1} bits",
    ]
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            lines.append(f"{name}: {version(name)}")
    return "\n".join(lines) + "\n"
