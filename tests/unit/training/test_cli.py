"""What `seamseg-train` says when it cannot work, and its options."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from seamseg_studio.engine.model.config import ConfigError
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.cli import main
from seamseg_studio.training.config import TrainingOptions, dump_training_config, load_training_config
from seamseg_studio.training.events import EVENTS, EventLog, read_events
from seamseg_studio.training.sample import Sample

WriteDataset = Callable[[Path, list[Sample], Taxonomy], None]


def test_help_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for word in ("--from-corrections", "--base", "--resume", "--events", "--device", "--out", "exit codes"):
        assert word in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "CONFIG and DATASET"),
        (["a.ini"], "CONFIG and DATASET"),
        (["a.ini", "data", "--from-corrections", "p"], "not both"),
        (["a.ini", "data", "--base", "m"], "goes with --from-corrections"),
        (["--from-corrections", "p", "--max-steps", "-1"], "must not be negative"),
        (["missing.ini", "data"], r"missing\.ini"),
        (["--from-corrections", "nowhere"], "nowhere"),
        (["--from-corrections", "nowhere", "--base", "nosuch"], "nosuch"),
        (["missing.ini", "data", "--events", "nosuch/events.jsonl"], "nosuch"),
    ],
)
def test_wrong_usage_is_one_sentence(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert len(message.strip().splitlines()) == 1
    assert re.search(words, message)


def test_an_empty_split_is_named(
    tiny_config: Path, taxonomy: Taxonomy, make_sample: Callable[..., Sample], write_dataset: WriteDataset,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write_dataset(tmp_path / "data", [make_sample(name="a"), make_sample(name="b")], taxonomy)
    (tmp_path / "data" / "lst" / "train.txt").write_text("")
    out = tmp_path / "out"
    assert main([str(tiny_config), str(tmp_path / "data"), "--out", str(out), "--device", "cpu"]) == 2
    assert "lists no images" in capsys.readouterr().err
    assert not out.exists()
    assert main([str(tiny_config), str(tmp_path / "data"), "--out", str(out), "--events", "-"]) == 2
    assert json.loads(capsys.readouterr().out)["event"] == "error"


def test_an_unknown_device_and_a_missing_snapshot_are_named(
    tiny_config: Path, taxonomy: Taxonomy, make_sample: Callable[..., Sample], write_dataset: WriteDataset,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    write_dataset(tmp_path / "data", [make_sample(name="a"), make_sample(name="b")], taxonomy)
    arguments = [str(tiny_config), str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--device", "cuda:97"]) == 2
    assert "cuda:97" in capsys.readouterr().err
    assert main([*arguments, "--device", "cpu", "--resume"]) == 2
    assert "no snapshot" in capsys.readouterr().err


def test_training_options_come_from_the_same_file(tiny_config: Path) -> None:
    config, options = load_training_config(tiny_config)
    assert options == TrainingOptions()
    text = (
        tiny_config.read_text() + "[training]\namp = bf16\ncrop_size = (64, 96)\nfreeze = ('body',)\nema_decay = .9\n"
    )
    again_config, again = load_training_config(text)
    assert again_config == config
    assert (again.amp, again.crop_size, again.freeze, again.ema_decay) == ("bf16", (64, 96), ("body",), 0.9)
    assert load_training_config(dump_training_config(config, again)) == (config, again)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ema_decai = 0.9", "ema_decay"),
        ("amp = half", "use one of off, bf16, fp16"),
        ("crop_size = (64,)", "crop_size"),
        ("ema_decay = 1.0", "ema_decay"),
        ("max_steps = many", "max_steps"),
    ],
)
def test_wrong_training_options_are_named(line: str, words: str, tiny_config: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        load_training_config(tiny_config.read_text() + f"[training]\n{line}\n")


def test_events_are_lines_that_survive_a_crash_and_hold_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    with EventLog(path) as events:
        events.emit("step", step=1, total=float("nan"), losses={"sem": float("inf"), "obj": 1.0})
    with path.open("a") as file:
        file.write('{"v": 1, "event": "do')
    with EventLog(path) as events:
        events.emit("done", step=2, bundle="x")
    read = read_events(path)
    assert [event["event"] for event in read][:1] == ["step"]
    assert read[0]["v"] == 1
    assert read[0]["total"] is None
    assert read[0]["losses"] == {"sem": None, "obj": 1.0}


def test_a_damaged_log_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"v": 1, "event": "step"}\n\xff\xfe\n' + b"[" * 100_000 + b'\n{"v": 1, "event": "done"}\n')
    assert [event["event"] for event in read_events(path)] == ["step", "done"]


def test_the_manual_names_every_option_and_event() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "training.md").read_text()
    for field in dataclasses.fields(TrainingOptions):
        assert f"| `{field.name}` |" in manual, field.name
    for event in EVENTS:
        assert f"| `{event}` |" in manual, event


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("accumulate = 0", "accumulate = 0 must be at least 1"),
        ("keep_snapshots = 0", "keep_snapshots"),
        ("layer_decay = 0", "layer_decay"),
        ('lr_factors = {"sem_head": "much"}', "lr_factors"),
        ("distill = -1", "distill"),
    ],
)
def test_options_out_of_range_are_named(line: str, words: str, tiny_config: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        load_training_config(tiny_config.read_text() + f"[training]\n{line}\n")
