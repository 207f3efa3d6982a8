"""Starting the worker as a child process and connecting to it. No torch here.

See `protocol` for why this is a plain `subprocess` and for the greeting.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import asdict
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

from seamseg_studio.engine.service.channel import Channel
from seamseg_studio.engine.service.errors import EngineError, ProtocolError
from seamseg_studio.engine.service.protocol import PROTOCOL, Hello, WorkerConfig

_log = logging.getLogger(__name__)

_NUM_LOG_LINES = 100
_WORKER = "seamseg_studio.engine.service.worker"


class Child:
    """A running worker and the channel to it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Use `start_child`."""
        self.process = process
        self.channel: Channel | None = None
        self._lines: deque[str] = deque(maxlen=_NUM_LOG_LINES)
        self._drain = threading.Thread(target=self._keep_log, name="engine-log", daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self.process.pid

    def connect(self, authkey: bytes) -> None:
        """Waits until the worker listens, connects to it and hears its greeting.

        Raises:
            EngineError: It ended before.
            ProtocolError: It is of another version.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        try:
            address = json.loads(line)["address"]
            connection = Client(address, authkey=authkey)
        except (ValueError, KeyError, OSError, EOFError, AuthenticationError) as error:
            raise EngineError("the engine ended while it was starting") from error
        self.channel = Channel(connection)
        try:
            hello, _ = self.channel.receive()
        except (EOFError, OSError) as error:
            raise EngineError("the engine ended while it was starting") from error
        if not isinstance(hello, Hello) or hello.protocol != PROTOCOL:
            raise ProtocolError("the engine is of another version than this program; install Seamseg Studio again")

    def dismiss(self) -> None:
        """Tells the worker to end at once; follow with `end`."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            self.process.stdin.close()

    def end(self, timeout_s: float) -> None:
        """Has the worker end, kills it after `timeout_s`, and frees all that belongs to it."""
        self.dismiss()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # Only now: until the process is dead another thread may be blocked in a send and hold the channel's lock.
        if self.channel is not None:
            self.channel.close()
        self._drain.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def kill(self) -> None:
        """Ends the worker at once; follow with `end`."""
        self.process.kill()

    def log(self) -> str:
        """The last lines that the worker printed."""
        return "\n".join(self._lines)

    def _keep_log(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                text = line.decode(errors="replace").rstrip()
                self._lines.append(text)
                _log.debug("engine: %s", text)


def start_child(
    *, device: str, precision: str, num_threads: int, factory: str, segmenter: str = ""
) -> tuple[Child, bytes]:
    """Starts a worker; `connect` to it with the returned key.

    Raises:
        EngineError: The system does not let us.
    """
    authkey = secrets.token_bytes(32)
    config = WorkerConfig(PROTOCOL, authkey.hex(), device, precision, num_threads, factory, segmenter)
    environment = dict(os.environ)
    if num_threads:
        environment |= {"OMP_NUM_THREADS": str(num_threads), "MKL_NUM_THREADS": str(num_threads)}
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            bufsize=-1,
            start_new_session=sys.platform != "win32",  # the terminal's Ctrl-C is for the parent
            creationflags=_WINDOWS_FLAGS,
        )
    except OSError as error:
        raise EngineError(f"the engine could not be started ({error.strerror}); close other programs") from error
    child = Child(process)
    assert process.stdin is not None
    with suppress(OSError):  # it ended at once; connect will say so
        process.stdin.write(json.dumps(asdict(config)).encode() + b"\n")
        process.stdin.flush()
    return child, authkey


_WINDOWS_FLAGS = 0
if sys.platform == "win32":
    # No console window; lower priority, so that the window stays smooth; Ctrl-C is for the parent.
    _WINDOWS_FLAGS = (
        subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
    )
