"""Whatever happens while a snapshot is written, a whole one is there to go on from."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seamseg_studio.engine import files
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training import snapshots
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.events import EventLog, read_events
from seamseg_studio.training.runs import RunOptions, clear_former, prepare_folder, train_dataset
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.snapshots import Progress, load_snapshot, save_best, save_snapshot, snapshot_files

CALLS = (
    (snapshots.torch, "save"),
    (snapshots.os, "link"),
    (files.tempfile, "mkstemp"),
    (files.os, "fsync"),
    (Path, "chmod"),
    (Path, "replace"),
    (Path, "unlink"),
)


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it happens."""


def write(folder: Path, step: int, keep: int = 3) -> None:
    save_snapshot(folder, {"value": torch.full((4,), float(step))}, Progress(step=step), keep=keep)


def arm(monkeypatch: pytest.MonkeyPatch, fatal: int, error: BaseException) -> list[int]:
    """Lets the call number `fatal` of all that touch the disk fail, after a kill all further ones too; counts them."""
    count = [0]

    def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            if count[0] == fatal or (count[0] > fatal and isinstance(error, Killed)):
                raise error
            return real(*args, **kwargs)

        return call

    for owner, name in CALLS:
        monkeypatch.setattr(owner, name, wrapped(getattr(owner, name)))
    return count


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), Killed()], ids=["full", "killed"])
def test_a_write_that_fails_anywhere_leaves_a_whole_snapshot(error: BaseException, tmp_path: Path) -> None:
    num_failed = 0
    for fatal in range(1, 40):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        for step in (1, 2, 3):
            write(folder, step)
        failed = False
        with pytest.MonkeyPatch.context() as monkeypatch:
            count = arm(monkeypatch, fatal, error)
            try:
                write(folder, 4)
            except (OSError, Killed):
                failed = True
        state, progress = load_snapshot(folder)
        assert progress.step in ((3, 4) if failed else (4,)), fatal
        assert state["value"].tolist() == [float(progress.step)] * 4
        write(folder, 5)
        assert load_snapshot(folder)[1].step == 5
        num_failed += failed
        if count[0] < fatal:
            break
    assert 7 <= num_failed < 39


def test_the_last_so_many_are_kept_and_an_older_one_serves_for_a_damaged_one(tmp_path: Path) -> None:
    for step in range(1, 6):
        write(tmp_path, step)
    newest, second, third = snapshot_files(tmp_path)
    assert [path.name for path in (newest, second, third)] == ["snapshot.pt", "snapshot.1.pt", "snapshot.2.pt"]
    assert load_snapshot(tmp_path)[1].step == 5
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2])
    assert load_snapshot(tmp_path)[1].step == 4
    second.write_bytes(b"")
    assert load_snapshot(tmp_path)[1].step == 3
    third.write_bytes(b"PK\x03\x04")
    with pytest.raises(TrainingInputError, match=r"snapshot\.pt: is damaged"):
        load_snapshot(tmp_path)


def test_a_log_goes_on_when_the_disk_has_room_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"v": 1, "event": "st')

    class FullDisk:
        """Takes a few bytes of the first line, then none."""

        def __init__(self, file: Any) -> None:
            self.file, self.rooms = file, [7, 0]

        def write(self, data: bytes) -> int:
            if not self.rooms:
                return int(self.file.write(data))
            room = self.rooms.pop(0)
            if not room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.file.write(data[:room]))

        def close(self) -> None:
            self.file.close()

    with EventLog(path) as events:
        events.emit("epoch", epoch=1, step=1)
        events._file = FullDisk(events._file)  # type: ignore[assignment]
        for epoch in (2, 3, 4):
            events.emit("epoch", epoch=epoch, step=epoch)
    assert [event["epoch"] for event in read_events(path)] == [1, 2, 3, 4]


def test_a_full_disk_does_not_end_a_run_that_has_hours_to_go(
    tiny_config: Path, make_sample: Callable[..., Sample], write_dataset: Callable[..., None], taxonomy: Taxonomy,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write_dataset(tmp_path / "data", [make_sample(name=name) for name in "abc"], taxonomy)
    tiny_config.write_text(tiny_config.read_text() + "[training]\nsnapshot_minutes = 0.0000001\nmax_steps = 3\n")
    real, count = torch.save, [0]

    def save(*args: Any) -> None:
        count[0] += 1
        if count[0] == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*args)

    monkeypatch.setattr(torch, "save", save)
    with EventLog(tmp_path / "log") as events:
        assert train_dataset(tiny_config, tmp_path / "data", RunOptions(tmp_path / "out", "cpu"), events)
    kinds = [event["event"] for event in read_events(tmp_path / "log")]
    assert kinds.count("warning") == 1
    assert "snapshot" in kinds


def test_a_killed_run_that_goes_on_writes_the_bundle_of_one_that_was_not(
    tiny_config: Path, make_sample: Callable[..., Sample], write_dataset: Callable[..., None], taxonomy: Taxonomy,
    tmp_path: Path,
) -> None:  # fmt: skip
    samples = [make_sample(64, 96, i % 3, f"photo{i}") for i in range(6)]
    write_dataset(tmp_path / "data", samples, taxonomy)
    tiny_config.write_text(
        tiny_config.read_text().replace("num_workers = 0", "num_workers = 1").replace("epochs = 2", "epochs = 3")
        + "[training]\nsnapshot_minutes = 0.0000001\nema_decay = .9\noptimizer = adamw\ncolor_jitter = .2\n"
        + "accumulate = 2\ncopy_paste = .5\nval_max_images = 1\n"
    )
    command = [sys.executable, "-m", "seamseg_studio.training.cli", str(tiny_config), str(tmp_path / "data")]
    command += ["--out", str(tmp_path / "parts"), "--device", "cpu", "--events", "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if '"snapshot"' in line and '"step": 3' in line:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait(60) == -signal.SIGKILL
    (tmp_path / "parts" / ".snapshot.pt.abc.part").write_bytes(b"half")
    assert load_snapshot(tmp_path / "parts")[1].step >= 3
    threads = torch.get_num_threads()
    whole = train_dataset(tiny_config, tmp_path / "data", RunOptions(tmp_path / "whole", "cpu"), EventLog(None))
    again = RunOptions(tmp_path / "parts", "cpu", resume=True)
    parts = train_dataset(tiny_config, tmp_path / "data", again, EventLog(None))
    assert torch.get_num_threads() == threads
    assert whole
    assert parts
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()
    assert not list((tmp_path / "parts").glob(".*.part"))
    assert os.listdir(tmp_path / "parts")


def test_a_disk_that_is_really_full_is_an_error_of_the_disk(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # Windows has none
    write(tmp_path, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(OSError, match=r"snapshot\.pt"):
            save_snapshot(tmp_path, {"value": torch.zeros(1 << 20)}, Progress(step=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert load_snapshot(tmp_path)[1].step == 1
    assert [path.name for path in tmp_path.iterdir()] == ["snapshot.pt"]


@pytest.mark.parametrize("damage", ["one bit", {"version": 1}, {"version": 1, "progress": {"steps": 1}}], ids=str)
def test_damage_that_pytorch_does_not_see_is_seen(damage: Any, tmp_path: Path) -> None:
    for step in (1, 2):
        save_snapshot(tmp_path, {"value": torch.zeros(10_000)}, Progress(step=step), keep=2)
    newest = tmp_path / "snapshot.pt"
    content = bytearray(newest.read_bytes())
    if damage == "one bit":
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)
    else:
        torch.save(damage, newest)
    state, progress = load_snapshot(tmp_path)
    assert progress.step == 1
    assert not state["value"].any()


def test_a_new_start_in_a_used_folder_leaves_no_snapshot_of_the_former_run(tmp_path: Path) -> None:
    for step in range(3):
        save_snapshot(tmp_path, {}, Progress(step), keep=2)
    save_best(tmp_path, {}, 0.5, 1)
    prepare_folder(RunOptions(tmp_path, resume=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.pt", "snapshot.1.pt", "snapshot.pt"]
    prepare_folder(RunOptions(tmp_path))  # something may still refuse the new one
    assert (tmp_path / "snapshot.pt").exists()
    clear_former(tmp_path)
    assert not list(tmp_path.iterdir())
