"""Which implementation of the network's ops runs here. Only a process with torch knows, and the window has none."""

from __future__ import annotations

import subprocess
import sys

from seamseg_studio.app.help.diagnostics import UNKNOWN
from seamseg_studio.app.jobs.job import JobContext

_COMMAND = ("-P", "-m", "seamseg_studio.engine.cli.models", "info", "--ops")
_LOOK_S = 0.1


def ask_ops(context: JobContext) -> str:
    """Returns what `seamseg-models info --ops` says: "compiled for the CPU (built earlier)"; a dash if it cannot.

    Raises:
        JobCancelled: The window is closing.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
    try:
        process = subprocess.Popen(
            [sys.executable, *_COMMAND],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            creationflags=flags,
        )
    except OSError:
        return UNKNOWN
    with process:
        while True:
            try:
                output, _ = process.communicate(timeout=_LOOK_S)
            except subprocess.TimeoutExpired:
                try:
                    context.check()
                except BaseException:
                    process.kill()
                    raise
                continue
            lines = output.strip().splitlines()
            return lines[-1].partition(": ")[2] if lines and process.returncode == 0 else UNKNOWN
