"""Runs a build in processes of its own that end with this one, however it ends, and with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_END_TIMEOUT_S = 10.0
# Runs a command until it ends or standard input does: that is a pipe held open by the program that wants the build.
_WATCHED = """
exec 3<&0
"$@" 3<&- </dev/null & command=$!
{ read -r _ <&3; kill "$command"; } 2>/dev/null & watch=$!
wait "$command"; status=$?
kill "$watch" 2>/dev/null
exit "$status"
"""

_running: set[subprocess.Popen[bytes]] = set()
# Nobody forks between the start of a build and its entry above.
_starting = threading.RLock()
_over = threading.Event()


def run(command: Sequence[str], log: Path, timeout_s: float) -> int | None:
    """Runs `command`, its output going to `log`, and returns its exit status; None if it took longer and was ended.

    Raises:
        OSError: It cannot be started, or `log` not be written.
    """
    with log.open("wb") as output:
        with _starting:
            process = subprocess.Popen(
                ["sh", "-c", _WATCHED, "sh", *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the program, which decides what becomes of the build
            )
            _running.add(process)
        try:
            if is_over():
                _close(process)
            return process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _running.discard(process)
            _end(process)


def stop_all() -> None:
    """Ends the builds of this process and lets none begin: the program ends."""
    _over.set()
    for process in tuple(_running):
        _close(process)


def is_over() -> bool:
    """Returns whether builds were stopped because the program ends."""
    return _over.is_set()


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    # ninja gives each compiler a process group of its own, and ends them all when it is told to end.
    _close(process)
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _forget() -> None:
    """Lets go of the builds of the process that this one was forked from: they end with that one."""
    for process in _running:
        _close(process)
    _running.clear()
    _starting.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_forget)
