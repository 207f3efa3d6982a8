"""A training as a process of its own: started, listened to line by line, stopped."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from seamseg_studio.app.jobs.job import Job, Progress
from seamseg_studio.app.jobs.label_folder import Pace, duration_text

_PROTOCOL = 1
_KILL_AFTER_MS = 10_000  # the trainer writes a checkpoint when asked to stop
_KEPT_LINES = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a training: its number from 1, each loss by name, their weighted sum."""

    number: int
    total: float
    losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Validation:
    """How good the model was after `step`, in the part of the images held back; 0 to 1 each."""

    step: int
    scores: Mapping[str, float]


def command_line(project: Path, out: Path, base: str | None, device: str, extra: Sequence[str] = ()) -> list[str]:
    """The arguments of the Python interpreter that train on the corrections of `project`."""
    arguments = ["-m", "seamseg_studio.training.cli", "--from-corrections", str(project), "--out", str(out)]
    if base:
        arguments += ["--base", base]
    if device != "auto":
        arguments += ["--device", device]
    return [*arguments, "--events", "-", *extra]


class TrainerProcess(Job):
    """Runs the trainer and turns its events (JSON lines) into signals.

    Signals:
        started: The number of steps and of images, and the device.
        stepped: A `Step`.
        validated: A `Validation`.
        logged: A line of text that the trainer wrote beside its events.
    """

    started = Signal(int, int, str)
    stepped = Signal(object)
    validated = Signal(object)
    logged = Signal(str)

    def __init__(
        self, title: str, arguments: Sequence[str], parent: QObject | None = None, program: str = sys.executable
    ) -> None:
        """Starts nothing yet. `succeeded` will carry the path of the new bundle."""
        super().__init__(title, parent)
        self._total = 0
        self._bundle: Path | None = None
        self._problem = ""
        self._stopping = False
        self._pace = Pace()
        self._rest = b""
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._process = QProcess(self)
        self._process.setProgram(program)
        self._process.setArguments(list(arguments))
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        self._process.setProcessEnvironment(environment)
        self._process.readyReadStandardOutput.connect(self._on_process_output)
        self._process.readyReadStandardError.connect(self._on_process_log)
        self._process.finished.connect(self._on_process_finished)
        self._process.errorOccurred.connect(self._on_process_error)
        self._killer = QTimer(self)
        self._killer.setSingleShot(True)
        self._killer.setInterval(_KILL_AFTER_MS)
        self._killer.timeout.connect(self._process.kill)

    def start(self) -> None:
        """Starts the process."""
        self._advance(Progress(0, 0, self.tr("starting")))
        self._process.start()

    def cancel(self) -> None:
        """Asks the trainer to stop; kills it if it does not within ten seconds."""
        if self._process.state() is not QProcess.ProcessState.NotRunning and not self._stopping:
            self._stopping = True
            self._advance(Progress(self.progress.done, self._total, self.tr("stopping")))
            self._process.terminate()
            self._killer.start()

    def end_now(self) -> None:
        """Ends the process before the window goes away."""
        self._stopping = True
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.terminate()
            if not self._process.waitForFinished(2000):
                self._process.kill()
                self._process.waitForFinished(5000)

    def _on_process_output(self) -> None:
        self._rest += bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._take_line(line.decode("utf-8", "replace").strip())

    def _on_process_log(self) -> None:
        for line in bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").splitlines():
            if line.strip():
                self._last_lines.append(line.rstrip())
                self.logged.emit(line.rstrip())

    def _take_line(self, line: str) -> None:
        if not line:
            return
        try:
            event = json.loads(line)
        except ValueError:
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
                self._total = _whole(event["total_steps"])
                self._pace.restart()
                self.started.emit(self._total, _whole(event.get("num_images", 0)), str(event.get("device", "")))
                self._advance(Progress(0, self._total))
            case "step":
                step = Step(_whole(event["step"]), _number(event["total"]), _numbers(event.get("losses", {})))
                self._pace.tick()
                self._show_step(step)
                self.stepped.emit(step)
            case "validation":
                names = ("pq", "miou")
                scores = {name: _number(event[name]) for name in names if event.get(name) is not None}
                self.validated.emit(Validation(_whole(event["step"]), scores))
            case "done":
                self._bundle = Path(str(event["bundle"]))
            case "error":
                self._problem = str(event["message"])

    def _show_step(self, step: Step) -> None:
        rate, detail = self._pace.per_second, ""
        if rate > 0 and self._total:
            detail = self.tr("{0} left").format(duration_text((self._total - step.number) / rate))
        self._advance(Progress(step.number, self._total, self.tr("stopping") if self._stopping else detail))

    def _on_process_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._killer.stop()
        self._on_process_output()
        self._on_process_log()
        self._take_line(self._rest.decode("utf-8", "replace").strip())
        if self._bundle is not None and code == 0:
            self._end("succeeded", self._bundle)
        elif self._stopping:
            self._end("cancelled")
        else:
            last = self._last_lines[-1] if self._last_lines else ""
            ended = self.tr("the training ended unexpectedly (code {0})").format(code)
            if status is QProcess.ExitStatus.CrashExit:
                ended = self.tr("the training was ended by the system, perhaps for want of memory")
            self._end("failed", self._problem or last or ended)

    def _on_process_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._end("failed", self.tr("the training could not be started: {0}").format(self._process.errorString()))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _whole(value: object) -> int:
    return int(_number(value))


def _numbers(values: object) -> dict[str, float]:
    if not isinstance(values, dict):
        raise ValueError("losses are a dictionary")
    return {str(name): _number(value) for name, value in values.items() if value is not None}
