"""The trainer's lines become signals; it is stopped kindly, and its failures become sentences."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from seamseg_studio.app.jobs.trainer_process import Step, TrainerProcess, Validation, command_line

START = {"v": 1, "event": "start", "total_steps": 2, "num_images": 3, "device": "cpu"}
STEP = {"v": 1, "event": "step", "step": 1, "losses": {"obj": 0.5, "sem": 1.5}, "total": 2.0, "lr": 0.01, "seconds": 1}
CHECK = {"v": 1, "event": "validation", "step": 2, "pq": 0.25, "miou": None}
DONE = {"v": 1, "event": "done", "bundle": "/somewhere/model"}


def script(*events: object, code: int = 0) -> list[str]:
    """A program that prints the events, in the trainer's place."""
    lines = "\n".join(event if isinstance(event, str) else json.dumps(event) for event in events)
    return ["-c", f"import sys; print({lines!r}, flush=True); sys.exit({code})"]


def test_events_become_signals(qtbot: QtBot) -> None:
    process = TrainerProcess("Training", script(START, "a line of text", STEP, {**STEP, "v": 2}, CHECK, DONE))
    started: list[tuple[int, int, str]] = []
    steps: list[Step] = []
    checks: list[Validation] = []
    lines: list[str] = []
    process.started.connect(lambda *values: started.append(values))
    process.stepped.connect(steps.append)
    process.validated.connect(checks.append)
    process.logged.connect(lines.append)
    with qtbot.waitSignal(process.succeeded, timeout=20_000) as ended:
        process.start()
    assert ended.args == [Path("/somewhere/model")]
    assert started == [(2, 3, "cpu")]
    assert steps == [Step(1, 2.0, {"obj": 0.5, "sem": 1.5})]
    assert checks == [Validation(2, {"pq": 0.25})]
    assert lines[0] == "a line of text"
    assert json.loads(lines[1])["v"] == 2
    assert (process.progress.done, process.progress.total) == (1, 2)


def test_error_event_is_the_sentence(qtbot: QtBot) -> None:
    error = {"v": 1, "event": "error", "message": "no image is accepted; accept some first"}
    process = TrainerProcess("Training", script(START, error, code=2))
    with qtbot.waitSignal(process.failed, timeout=20_000) as failed:
        process.start()
    assert failed.args == ["no image is accepted; accept some first"]


def test_success_without_a_bundle_is_a_failure(qtbot: QtBot) -> None:
    process = TrainerProcess("Training", script(START, STEP))
    with qtbot.waitSignal(process.failed, timeout=20_000) as failed:
        process.start()
    assert "unexpectedly" in failed.args[0]


def test_last_words_are_told_when_there_is_no_event(qtbot: QtBot) -> None:
    process = TrainerProcess("Training", ["-c", "import sys; sys.exit('the disk is full')"])
    with qtbot.waitSignal(process.failed, timeout=20_000) as failed:
        process.start()
    assert failed.args == ["the disk is full"]


def test_missing_program_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    process = TrainerProcess("Training", [], program=str(tmp_path / "nothing"))
    with qtbot.waitSignal(process.failed, timeout=20_000) as failed:
        process.start()
    assert "could not be started" in failed.args[0]


def test_cancel_ends_a_running_training(qtbot: QtBot) -> None:
    loop = f"import time\nprint({json.dumps(START)!r}, flush=True)\nwhile True: time.sleep(1)"
    process = TrainerProcess("Training", ["-c", loop])
    with qtbot.waitSignal(process.started, timeout=20_000):
        process.start()
    with qtbot.waitSignal(process.cancelled, timeout=20_000):
        process.cancel()


def test_command_line_names_what_is_used() -> None:
    arguments = command_line(Path("/p/a.seamseg"), Path("/p/out"), "starter", "cuda:1", ["--steps", "3"])
    assert arguments[:2] == ["-m", "seamseg_studio.training.cli"]
    pairs = dict(zip(arguments[2::2], arguments[3::2], strict=True))
    assert pairs == {
        "--from-corrections": "/p/a.seamseg",
        "--out": "/p/out",
        "--base": "starter",
        "--device": "cuda:1",
        "--events": "-",
        "--steps": "3",
    }
    assert "--device" not in command_line(Path("p"), Path("o"), None, "auto")
    assert sys.executable  # the program that runs it
