"""The trainer's lines become signals; it is stopped kindly, and its failures become sentences."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from seamseg_studio.app.jobs import trainer_process
from seamseg_studio.app.jobs.event_tail import LineTail
from seamseg_studio.app.jobs.trainer_process import TrainerProcess
from seamseg_studio.app.jobs.training_events import Step, Validation, command_line

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


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({**START, "total_steps": 2**31}),
        json.dumps({**START, "num_images": 10**400}),
        json.dumps({**START, "total_steps": -1}),
        json.dumps(STEP).replace('"step": 1', '"step": 1e999'),
        json.dumps(STEP).replace('"total": 2.0', '"total": NaN'),
        json.dumps(STEP).replace("0.5", "-1e999"),
        "[" * 100_000,
    ],
    ids=["more than a signal carries", "vast", "negative", "infinite", "no number", "infinite loss", "deep"],
)
def test_events_without_sense_are_shown_as_lines(qtbot: QtBot, line: str, tmp_path: Path) -> None:
    process = TrainerProcess("Training", [], out=tmp_path)
    (tmp_path / trainer_process.EVENTS).write_text(line + "\n")
    facts: list[object] = []
    lines: list[str] = []
    for signal in (process.started, process.stepped, process.validated):
        signal.connect(lambda *values: facts.append(values))
    process.logged.connect(lines.append)
    process._catch_up()
    assert facts == []
    assert lines == [line]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("name", [trainer_process.EVENTS, trainer_process.LOG])
def test_nothing_is_written_through_a_link_in_the_project(name: str, qtbot: QtBot, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    out = tmp_path / "project" / "models" / "better"
    out.mkdir(parents=True)
    (out / name).symlink_to(mine)
    process = TrainerProcess("Training", script(START), out=out)
    with qtbot.waitSignal(process.failed, timeout=20_000) as failed:
        process.start()
    assert "could not be started" in failed.args[0]
    assert mine.read_text() == "mine"


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


def test_a_training_that_does_not_listen_is_killed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_process, "_KILL_AFTER_MS", 100)
    deaf = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    process = TrainerProcess("Training", ["-c", f"{deaf}print({json.dumps(START)!r}, flush=True)\ntime.sleep(60)"])
    with qtbot.waitSignal(process.started, timeout=20_000):
        process.start()
    try:
        with qtbot.waitSignal(process.cancelled, timeout=20_000):
            process.cancel()
    finally:
        process.end_now()


# Writes a step, then waits; asked to end it leaves a snapshot, as the trainer does. Resumed, it comes to its end.
STUBBORN = """
import json, pathlib, signal, sys, time
out = pathlib.Path(sys.argv[sys.argv.index("seamseg_studio.training") + 1])
def tell(**event):
    print(json.dumps({"v": 1, **event}), flush=True)
def stop(*_):
    (out / "snapshot.pt").write_bytes(b"")
    tell(event="stopped", step=1, snapshot=str(out))
    sys.exit(130)
signal.signal(signal.SIGTERM, stop)
tell(event="start", total_steps=2, num_images=3, device="cpu", base_scores={"pq": 0.5, "miou": None})
if "--resume" not in sys.argv:
    tell(event="step", step=1, losses={}, total=2.0)
    while True:
        time.sleep(0.05)
tell(event="step", step=2, losses={}, total=1.0)
tell(event="done", bundle=str(out / "model"), gate={"status": "candidate", "reason": "it is no better"})
"""


def stubborn(out: Path) -> list[str]:
    return ["-c", STUBBORN, "seamseg_studio.training", str(out)]


def test_a_pause_leaves_a_snapshot_and_the_training_goes_on_from_there(qtbot: QtBot, tmp_path: Path) -> None:
    out = tmp_path / "better"
    process = TrainerProcess("Training", stubborn(out), out=out)
    steps: list[int] = []
    process.stepped.connect(lambda step: steps.append(step.number))
    with qtbot.waitSignal(process.stepped, timeout=20_000):
        process.start()
    with qtbot.waitSignal(process.pause_changed, timeout=20_000):
        process.set_paused(True)
    assert process.paused
    assert not process.is_over
    with qtbot.waitSignal(process.succeeded, timeout=20_000):
        process.set_paused(False)
    assert steps == [1, 2]
    assert process.outcome is not None
    assert not process.outcome.is_promoted
    assert process.outcome.reason == "it is no better"


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed by a signal there")
def test_a_training_that_the_system_killed_goes_on_from_its_snapshot(qtbot: QtBot, tmp_path: Path) -> None:
    killed = f"import os, sys; open({str(tmp_path / 'snapshot.pt')!r}, 'w').close()"
    killed += "; '--resume' in sys.argv or os.kill(os.getpid(), 9)"
    process = TrainerProcess("Training", ["-c", f"{killed}; print({json.dumps(DONE)!r})"], out=tmp_path)
    lines: list[str] = []
    process.logged.connect(lines.append)
    with qtbot.waitSignal(process.pause_changed, timeout=20_000) as changed:
        process.start()
    assert changed.args == [True]
    assert "ended by the system" in lines[-1]
    with qtbot.waitSignal(process.succeeded, timeout=20_000):
        process.set_paused(False)


def test_a_training_goes_on_without_its_window_and_the_next_one_finds_it(qtbot: QtBot, tmp_path: Path) -> None:
    out = tmp_path / "better"
    first = TrainerProcess("Training", stubborn(out), out=out)
    with qtbot.waitSignal(first.stepped, timeout=20_000):
        first.start()
    first.leave()
    second = TrainerProcess.attached("Training", out)
    assert second is not None
    checks: list[Validation] = []
    second.validated.connect(checks.append)
    with qtbot.waitSignal(second.stepped, timeout=20_000) as stepped:
        second.start()
    assert stepped.args == [Step(1, 2.0, {})]
    assert checks == [Validation(0, {"pq": 0.5})]
    with qtbot.waitSignal(second.pause_changed, timeout=20_000):
        second.set_paused(True)
    # After a restart of the machine the snapshot is there, and the process is not.
    third = TrainerProcess.attached("Training", out)
    assert third is not None
    assert third.paused
    third.start()
    assert third.progress.done == 1
    with qtbot.waitSignal(third.cancelled, timeout=20_000):
        third.cancel()
    assert TrainerProcess.attached("Training", out) is None
    assert not out.exists()
    os.waitpid(-1, 0)  # the test is the parent of what its first window left


def test_a_project_cannot_name_what_is_started_or_ended(qtbot: QtBot, tmp_path: Path) -> None:
    """A folder from a stranger that looks like a paused training, or like one that runs as somebody's program."""
    out = tmp_path / "from a stranger.seamseg" / "models" / "better"
    out.mkdir(parents=True)
    victim = tmp_path / "victim"
    record = {"pid": os.getpid(), "program": "/bin/sh", "arguments": ["-c", f"touch '{victim}'"]}
    for name in ("process.json", "record.json", "training.json"):
        (out / name).write_text(json.dumps(record))
    (out / "snapshot.pt").write_bytes(b"anything")
    (out / "events.jsonl").write_text(json.dumps(START) + "\n" + json.dumps(DONE) + "\n")
    process = TrainerProcess.attached("Training", out)
    assert process is None
    assert not victim.exists()


def test_a_stopped_training_leaves_its_name_free(qtbot: QtBot, tmp_path: Path) -> None:
    out = tmp_path / "better"
    process = TrainerProcess("Training", stubborn(out), out=out)
    with qtbot.waitSignal(process.stepped, timeout=20_000):
        process.start()
    assert out.is_dir()
    with qtbot.waitSignal(process.cancelled, timeout=20_000):
        process.cancel()
    assert not out.exists()


def test_stopping_it_with_the_window_leaves_nothing_to_go_on_with(qtbot: QtBot, tmp_path: Path) -> None:
    out = tmp_path / "better"
    process = TrainerProcess("Training", stubborn(out), out=out)
    with qtbot.waitSignal(process.stepped, timeout=20_000):
        process.start()
    (out / "snapshot.pt").write_bytes(b"what a trainer writes when it is asked to stop")
    process.end_now()
    assert TrainerProcess.attached("Training", out) is None
    assert not out.exists()


def test_a_model_that_came_out_stays_although_its_training_was_stopped(qtbot: QtBot, tmp_path: Path) -> None:
    out = tmp_path / "better"
    process = TrainerProcess("Training", stubborn(out), out=out)
    with qtbot.waitSignal(process.stepped, timeout=20_000):
        process.start()
    (out / "model").mkdir()
    (out / "model" / "manifest.json").write_text("{}")
    with qtbot.waitSignal(process.cancelled, timeout=20_000):
        process.cancel()
    assert (out / "model" / "manifest.json").is_file()
    assert TrainerProcess.attached("Training", out) is None


def test_a_refused_training_leaves_no_folder(qtbot: QtBot, tmp_path: Path) -> None:
    out = tmp_path / "better"
    error = {"v": 1, "event": "error", "message": "nothing to learn from"}
    process = TrainerProcess("Training", script(error, code=2), out=out)
    with qtbot.waitSignal(process.failed, timeout=20_000):
        process.start()
    assert not out.exists()


def test_lines_that_are_half_written_wait_for_their_end(tmp_path: Path) -> None:
    path = tmp_path / "events"
    tail = LineTail(path)
    assert tail.read() == []
    path.write_bytes(b"one\ntw")
    assert tail.read() == ["one"]
    with path.open("ab") as file:
        file.write(b"o\nthree")
    assert tail.read() == ["two"]
    assert tail.read_all() == ["three"]
    assert tail.read_all() == []


def test_command_line_names_what_is_used() -> None:
    arguments = command_line(Path("/p/a.seamseg"), Path("/p/out"), "starter", "cuda:1", ["--steps", "3"])
    arguments.remove("--low-priority")
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
