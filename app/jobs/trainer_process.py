"""A training as a process of its own: started, listened to line by line, paused, stopped, left alone.

It writes its events to a file in the folder of the new model and belongs to no window: it goes on when the window is
closed, and the next one finds it by that folder (see `training_record`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from seamseg_studio.app.jobs.event_tail import LineTail
from seamseg_studio.app.jobs.job import Job, Progress
from seamseg_studio.app.jobs.label_folder import Pace, duration_text
from seamseg_studio.app.jobs.training_events import (
    Outcome,
    Step,
    Validation,
    to_number,
    to_numbers,
    to_scores,
    to_whole,
)
from seamseg_studio.app.jobs.training_record import TrainingRecord, forget_record, read_record
from seamseg_studio.engine.files import open_own

EVENTS, LOG, SNAPSHOT = "events.jsonl", "training.log", "snapshot.pt"
_PROTOCOL = 1
_LOOK_MS = 100
_KILL_AFTER_MS = 10_000  # the trainer writes a snapshot when asked to stop
_KEPT_LINES = 12


class TrainerProcess(Job):
    """Runs the trainer and turns its events (JSON lines) into signals.

    Signals:
        started: The number of steps and of images, and the device.
        stepped: A `Step`.
        validated: A `Validation`; step 0 is the base.
        logged: A line of text that the trainer wrote beside its events.
        pause_changed: Whether it is paused now.
    """

    started = Signal(int, int, str)
    stepped = Signal(object)
    validated = Signal(object)
    logged = Signal(str)
    pause_changed = Signal(bool)

    can_pause = True

    def __init__(
        self,
        title: str,
        arguments: Sequence[str],
        parent: QObject | None = None,
        program: str = sys.executable,
        out: Path | None = None,
    ) -> None:
        """Starts nothing yet. `succeeded` will carry the path of the new bundle.

        Args:
            title: What it is called.
            arguments: Of the program; "--resume" is added to go on after a pause.
            parent: Owner.
            program: The interpreter.
            out: Folder of the new model, made if missing; None for a temporary one that ends with the window.
        """
        super().__init__(title, parent)
        self.outcome: Outcome | None = None
        self._temporary = tempfile.TemporaryDirectory() if out is None else None
        self.out = out if out is not None else Path(self._temporary.name if self._temporary else "")
        self._program, self._arguments = program, list(arguments)
        self._total = 0
        self._problem = ""
        self._wish = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._foreign_pid = 0
        self._pace = Pace()
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._events, self._log = LineTail(self.out / EVENTS), LineTail(self.out / LOG)
        self._looker = QTimer(self)
        self._looker.setInterval(_LOOK_MS)
        self._looker.timeout.connect(self._look)
        self._killer = QTimer(self)
        self._killer.setSingleShot(True)
        self._killer.setInterval(_KILL_AFTER_MS)
        self._killer.timeout.connect(self._kill)

    @classmethod
    def attached(cls, title: str, out: Path, parent: QObject | None = None) -> TrainerProcess | None:
        """Returns a training that a former window started into `out` and that is not done; it may be paused."""
        record = read_record(out)
        if record is None or (out / "model" / "manifest.json").is_file():
            return None
        process = cls(title, record.arguments, parent, record.program, out)
        if _is_alive(record.pid):
            process._foreign_pid = record.pid
        elif (out / SNAPSHOT).is_file():
            process.paused = True
        else:
            return None
        return process

    def start(self) -> None:
        """Starts the process, or follows the one that runs already."""
        if self.paused:
            self._catch_up()
            self._advance(Progress(self.progress.done, self._total, self.tr("paused")))
            self.pause_changed.emit(True)
        elif self._foreign_pid:
            self._looker.start()
        else:
            self._advance(Progress(0, 0, self.tr("starting")))
            self._launch([])

    def set_paused(self, paused: bool) -> None:
        """Ends the process with a snapshot, or goes on from there."""
        if self.is_over or paused == self.paused or self._wish:
            return
        if paused:
            self._ask_to_end("pause", self.tr("pausing"))
            return
        self.paused = False
        self._advance(Progress(self.progress.done, self._total, self.tr("starting")))
        self.pause_changed.emit(False)
        self._launch(["--resume"])

    def cancel(self) -> None:
        """Asks the trainer to stop; kills it if it does not within ten seconds. Without a model, its folder goes."""
        if self.paused:
            self._clean_up()
            self._end("cancelled")
        elif self._is_running():
            self._ask_to_end("stop", self.tr("stopping"))

    def end_now(self) -> None:
        """Ends the process before the window goes away, and its folder as `cancel` does; a paused one stays."""
        if self.paused or self.is_over:
            return
        self._wish = "stop"
        self._looker.stop()
        self._killer.stop()
        if self._is_running():
            self._terminate()
            if not self._wait(2.0):
                self._kill()
                self._wait(5.0)
        self._clean_up()

    def leave(self) -> None:
        """Lets the process go on without this window."""
        self._looker.stop()
        self._killer.stop()
        if self._process is not None and self._process.poll() is None:
            self._process.returncode = 0  # its end is nobody's business here any more

    def _launch(self, extra: list[str]) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        command = [self._program, *self._arguments, *extra]
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            with open_own(self.out / EVENTS, "ab") as events, open_own(self.out / LOG, "ab") as log:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=events, stderr=log, env=environment, **options
                )
            TrainingRecord(self._process.pid, self._program, self._arguments).write(self.out)
        except OSError as error:
            self._kill()  # one that no later window could find
            self._end("failed", self.tr("the training could not be started: {0}").format(error))
            return
        self._looker.start()

    def _ask_to_end(self, wish: str, text: str) -> None:
        if not self._wish:
            self._terminate()
            self._killer.start()
        self._wish = wish
        self._advance(Progress(self.progress.done, self._total, text))

    def _is_running(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return bool(self._foreign_pid) and _is_alive(self._foreign_pid)

    def _terminate(self) -> None:
        with suppress(OSError):
            if self._process is not None:
                self._process.terminate()
            elif self._foreign_pid:
                os.kill(self._foreign_pid, 15)

    def _kill(self) -> None:
        with suppress(OSError):
            if self._process is not None:
                self._process.kill()
            elif self._foreign_pid:
                os.kill(self._foreign_pid, 9)

    def _wait(self, seconds: float) -> bool:
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return False
            return True
        end = time.monotonic() + seconds
        while self._is_running() and time.monotonic() < end:
            time.sleep(0.05)
        return not self._is_running()

    def _look(self) -> None:
        is_over = not self._is_running()
        self._catch_up(whole=is_over)
        if is_over:
            self._looker.stop()
            self._killer.stop()
            self._on_process_over()

    def _catch_up(self, *, whole: bool = True) -> None:
        for line in self._log.read_all() if whole else self._log.read():
            if line:
                self._last_lines.append(line)
                self.logged.emit(line)
        for line in self._events.read_all() if whole else self._events.read():
            self._take_line(line)

    def _take_line(self, line: str) -> None:
        if not line:
            return
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict) or event.get("v") != _PROTOCOL:
            self.logged.emit(line)
            return
        try:
            self._take_event(event)
        except (KeyError, TypeError, ValueError):
            self.logged.emit(line)  # an event of this version with other fields: shown, not guessed at

    def _take_event(self, event: dict[str, object]) -> None:
        match event.get("event"):
            case "start":
                self._total = to_whole(event["total_steps"])
                self._pace.restart()
                self.started.emit(self._total, to_whole(event.get("num_images", 0)), str(event.get("device", "")))
                self._advance(Progress(0, self._total))
                base = to_scores(event.get("base_scores"))
                if base:
                    self.validated.emit(Validation(0, base))
            case "step":
                step = Step(to_whole(event["step"]), to_number(event["total"]), to_numbers(event.get("losses", {})))
                self._pace.tick()
                self._show_step(step)
                self.stepped.emit(step)
            case "validation":
                self.validated.emit(Validation(to_whole(event["step"]), to_scores(event)))
            case "done":
                gate = event.get("gate")
                self.outcome = Outcome(Path(str(event["bundle"])), gate if isinstance(gate, dict) else {})
            case "warning":
                self.logged.emit(str(event["message"]))
            case "error":
                self._problem = str(event["message"])

    def _show_step(self, step: Step) -> None:
        rate, detail = self._pace.per_second, ""
        if rate > 0 and self._total:
            detail = self.tr("{0} left").format(duration_text((self._total - step.number) / rate))
        self._advance(Progress(step.number, self._total, self.progress.detail if self._wish else detail))

    def _on_process_over(self) -> None:
        code = self._process.returncode if self._process is not None else None
        if self.outcome is not None and code in (0, None):
            self._end("succeeded", self.outcome.bundle)
        elif self._wish == "pause" and (self.out / SNAPSHOT).is_file():
            self._rest()
        elif self._wish:
            self._clean_up()
            self._end("cancelled")
        else:
            last = self._last_lines[-1] if self._last_lines else ""
            ended = self.tr("the training ended unexpectedly (code {0})").format(code)
            if code is None or code < 0:
                ended = self.tr("the training was ended by the system, perhaps for want of memory")
                if not self._problem and (self.out / SNAPSHOT).is_file():
                    self.logged.emit(ended)
                    self._rest()
                    return
            self._forget()
            self._end("failed", self._problem or last or ended)

    def _rest(self) -> None:
        """Waits to go on from the snapshot, which is there."""
        self._wish, self.paused = "", True
        self._process, self._foreign_pid = None, 0
        self._advance(Progress(self.progress.done, self._total, self.tr("paused")))
        self.pause_changed.emit(True)

    def _forget(self) -> None:
        """Lets no later window take this training for one that is to go on; leaves no folder that holds nothing."""
        forget_record(self.out)
        with suppress(OSError):
            if {path.name for path in self.out.iterdir()} <= {EVENTS, LOG}:
                for name in (EVENTS, LOG):
                    (self.out / name).unlink(missing_ok=True)
                self.out.rmdir()

    def _clean_up(self) -> None:
        """Leaves nothing of a training that was stopped, whose name is free again; who wants to keep it pauses it."""
        if read_record(self.out) is not None and not (self.out / "model" / "manifest.json").is_file():
            shutil.rmtree(self.out, ignore_errors=True)
        self._forget()


def _is_alive(pid: int) -> bool:
    """Whether a process of this number runs that may be a trainer of ours."""
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)  # os.kill(pid, 0) would interrupt it there
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True  # the system does not say more
    return status.rpartition(")")[2].split()[0] != "Z" and b"seamseg_studio.training" in command


def _is_alive_on_windows(pid: int) -> bool:
    import ctypes

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return bool(known) and code.value == still_active
