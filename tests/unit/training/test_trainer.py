"""Runs from end to end on tiny data: they learn, stop, resume, and keep what was good."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seamseg_studio.engine.checkpoints.bundle import load_bundle
from seamseg_studio.engine.model.config import ConfigError
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training import snapshots
from seamseg_studio.training.batch import Batch, Collate
from seamseg_studio.training.chance import seed_everything
from seamseg_studio.training.config import TrainingOptions, load_training_config
from seamseg_studio.training.dataset import KeyedBatches, MemorySource, TrainingSet, make_loader
from seamseg_studio.training.errors import DivergedError, TrainingInputError
from seamseg_studio.training.events import EventLog, read_events
from seamseg_studio.training.optim import make_optimizer, rate_factor
from seamseg_studio.training.runs import RunOptions, train_dataset
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.sampler import AspectSampler
from seamseg_studio.training.snapshots import load_snapshot
from seamseg_studio.training.trainer import Trainer
from seamseg_studio.training.transforms import TrainTransform

MakeSample = Callable[..., Sample]
WriteDataset = Callable[[Path, list[Sample], Taxonomy], None]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make_trainer(config_path: Path, samples: list[Sample], out: Path, events: EventLog, **options: Any) -> Trainer:
    out.mkdir(exist_ok=True)
    config, read = load_training_config(config_path)
    chosen = dataclasses.replace(read, **options)
    seed_everything(0)
    network = build_network(config, (2, 2))
    batches = KeyedBatches(AspectSampler([sample.size for sample in samples], 2))
    dataset = TrainingSet(MemorySource(samples), TrainTransform(64, 128, True, (0.8, 1.2)))
    loader = make_loader(dataset, batches, Collate(2, 2), num_workers=0, pin_memory=False)
    return Trainer(network, config, chosen, loader, batches, out=out, device=torch.device("cpu"), events=events)


@pytest.fixture
def samples(make_sample: MakeSample) -> list[Sample]:
    return [make_sample(64, 96, 1 + i % 3, f"photo{i}") for i in range(4)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimizer": "adamw", "schedule": "cosine", "ema_decay": 0.9, "clip_grad_norm": 1.0, "channels_last": True},
        {"amp": "bf16", "color_jitter": 0.3, "ignore_void": True, "negatives_everywhere": True, "frozen_norms": True},
        {"mask_positives_only": True, "freeze": ("body.backbone", "rpn_head"), "body_lr_factor": 0.1},
        {"amp": "fp16", "clip_grad_norm": 5.0, "optimizer": "adamw"},
    ],
    ids=["original", "averaged", "mixed-precision", "frozen", "scaled"],
)
def test_every_combination_of_options_trains(
    options: dict[str, Any], tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    with EventLog(tmp_path / "events.jsonl") as events:
        trainer = make_trainer(tiny_config, samples, tmp_path / "out", events, **options)
        before = {name: value.clone() for name, value in trainer.network.named_parameters()}
        assert trainer.run()
    assert trainer.progress.step == 4
    assert trainer.progress.epoch == 2
    changed = {name for name, value in trainer.network.named_parameters() if not torch.equal(value, before[name])}
    assert "sem_head.conv_sem.weight" in changed
    frozen = options.get("freeze", ())
    assert not any(name.startswith(prefix) for name in changed for prefix in frozen)
    if options.get("frozen_norms"):
        assert not any(".bn" in name for name in changed)
    steps = [event for event in read_events(tmp_path / "events.jsonl") if event["event"] == "step"]
    assert [event["step"] for event in steps] == [1, 2, 3, 4]
    assert all(np.isfinite(list(event["losses"].values())).all() for event in steps)


def test_the_loss_falls(tiny_config: Path, samples: list[Sample], tmp_path: Path) -> None:
    with EventLog(tmp_path / "events.jsonl") as events:
        make_trainer(tiny_config, samples, tmp_path / "out", events, max_steps=30, optimizer="adamw").run()
    totals = [event["total"] for event in read_events(tmp_path / "events.jsonl") if event["event"] == "step"]
    assert np.mean(totals[-5:]) < 0.7 * np.mean(totals[:3])


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_run_that_was_stopped_and_resumed_equals_one_that_was_not(
    stop_after: int, tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    whole = make_trainer(tiny_config, samples, tmp_path / "whole", EventLog(None), ema_decay=0.9)
    whole.run()

    first = make_trainer(tiny_config, samples, tmp_path / "parts", EventLog(None), ema_decay=0.9)
    step = first.train_step

    def stopping_step(batch: Sequence[Batch]) -> Any:
        if first.progress.step + 1 == stop_after:
            first.stop_requested.set()
        return step(batch)

    first.train_step = stopping_step  # type: ignore[method-assign]
    assert not first.run()
    second = make_trainer(tiny_config, samples, tmp_path / "parts", EventLog(None), ema_decay=0.9)
    second.resume()
    assert second.progress.step == stop_after
    assert second.run()
    for name, value in whole.final_state().items():
        assert torch.equal(value, second.final_state()[name]), name


def test_sigterm_ends_the_run_with_a_snapshot(tiny_config: Path, samples: list[Sample], tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), max_steps=1000)
    step = trainer.train_step

    def step_and_signal(batch: Sequence[Batch]) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return step(batch)

    trainer.train_step = step_and_signal  # type: ignore[method-assign]
    assert threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    assert not trainer.run()
    assert load_snapshot(tmp_path / "out")[1].step == 1
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_snapshot(
    tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None))
    trainer.save()
    good = load_snapshot(tmp_path / "out")[0]["network"]
    step = trainer.train_step

    def poisoned_step(batch: Sequence[Batch]) -> Any:
        if trainer.progress.step == 1:
            trainer.network.sem_head.conv_sem.bias.data.fill_(float("nan"))
        return step(batch)

    trainer.train_step = poisoned_step  # type: ignore[method-assign]
    with pytest.raises(DivergedError, match=r"step 1 .*photo"):
        trainer.run()
    kept = load_snapshot(tmp_path / "out")[0]["network"]
    assert all(torch.equal(kept[name], value) for name, value in good.items())


@pytest.mark.parametrize("content", [b"", b"not a snapshot", b"PK\x03\x04cut off"])
def test_a_damaged_snapshot_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "snapshot.pt").write_bytes(content)
    with pytest.raises(TrainingInputError, match=r"snapshot\.pt: is damaged"):
        load_snapshot(tmp_path)


def test_training_on_a_dataset_validates_and_writes_a_bundle(
    tiny_config: Path, make_sample: MakeSample, write_dataset: WriteDataset, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    # One without instances, one tall, one of a single category.
    samples = [make_sample(64, 96, 2, "a"), make_sample(64, 96, 0, "b"), make_sample(96, 64, 1, "c")]
    plain = make_sample(64, 96, 0, "d")
    samples.append(dataclasses.replace(plain, ids=np.ones_like(plain.ids)))
    write_dataset(tmp_path / "data", samples, taxonomy)
    with EventLog(tmp_path / "events.jsonl") as events:
        path = train_dataset(tiny_config, tmp_path / "data", RunOptions(tmp_path / "out", "cpu"), events)
    assert path == tmp_path / "out" / "model"
    bundle = load_bundle(path)
    assert [c.name for c in bundle.taxonomy.categories] == ["road", "sky", "person", "car"]
    assert bundle.manifest["lineage"]["images"] == 3
    kinds = [event["event"] for event in read_events(tmp_path / "events.jsonl")]
    assert kinds[0] == "start"
    assert kinds[-1] == "done"
    assert kinds.count("validation") == 2
    validation = next(e for e in read_events(tmp_path / "events.jsonl") if e["event"] == "validation")
    assert set(validation["categories"]) == {"road", "sky", "person", "car"}
    assert validation["pq"] is not None
    assert json.dumps(validation)


def test_one_image_alone_can_be_trained_on(
    tiny_config: Path, make_sample: MakeSample, write_dataset: WriteDataset, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    write_dataset(tmp_path / "data", [make_sample(name="v"), make_sample(name="t")], taxonomy)
    assert train_dataset(tiny_config, tmp_path / "data", RunOptions(tmp_path / "out", "cpu"), EventLog(None))


def test_resuming_with_another_network_is_refused(tiny_config: Path, samples: list[Sample], tmp_path: Path) -> None:
    make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None)).save()
    tiny_config.write_text(tiny_config.read_text().replace("fc_channels = 16", "fc_channels = 8"))
    other = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None))
    with pytest.raises(TrainingInputError, match="belongs to another configuration"):
        other.resume()


def test_options_default_to_the_originals_way() -> None:
    options = TrainingOptions()
    assert options.optimizer == "sgd"
    assert options.schedule == "config"
    assert options.amp == "off"
    assert not any((options.ema_decay, options.crop_size, options.copy_paste, options.ignore_void))


def test_gradients_of_several_batches_make_one_step(tiny_config: Path, samples: list[Sample], tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), accumulate=3, max_steps=2)
    sizes: list[int] = []
    step = trainer.train_step

    def counting_step(group: Sequence[Batch]) -> Any:
        sizes.append(len(group))
        return step(group)

    trainer.train_step = counting_step  # type: ignore[method-assign]
    assert trainer.run()
    assert sizes == [2, 2]  # an epoch has two batches
    assert trainer.progress.epoch == 2


def test_deeper_layers_and_named_parts_learn_at_their_own_rate(tiny_config: Path) -> None:
    config, _ = load_training_config(tiny_config)
    network = build_network(config, (2, 2))
    options = TrainingOptions(body_lr_factor=0.5, layer_decay=0.5, lr_factors={"sem_head": 3.0})
    assert rate_factor("body.backbone.mod5.block1.conv.weight", options) == 0.5
    assert rate_factor("body.backbone.mod3.block1.conv.weight", options) == 0.125
    assert rate_factor("sem_head.conv_sem.weight", options) == 3.0
    assert rate_factor("rpn_head.conv1.weight", options) == 1.0
    optimizer = make_optimizer(network, config.optimizer, options)
    assert {group["factor"] for group in optimizer.param_groups} >= {0.5, 0.125, 3.0, 1.0}
    with pytest.raises(ConfigError, match="no part 'sem_haed'"):
        make_optimizer(network, config.optimizer, TrainingOptions(lr_factors={"sem_haed": 1.0}))


def test_a_run_ends_when_validations_do_not_get_better_and_keeps_the_best(
    tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    options = {"early_stop": 2, "use_best": True, "max_steps": 100}
    told: list[dict[str, Any]] = []
    events = EventLog(None)
    events.listeners.append(told.append)
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", events, **options)
    scores = iter([0.2, 0.5, 0.4, None, 0.5, 0.9])
    seen: list[dict[str, torch.Tensor]] = []

    def validate(network: Any) -> dict[str, Any]:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"pq": next(scores), "miou": None}

    trainer._validate = validate
    assert trainer.run()
    assert trainer.progress.epoch == 5
    assert (trainer.best.score, trainer.best.step) == (0.5, 4)
    kept = trainer.final_state()
    assert all(torch.equal(kept[name], value) for name, value in seen[1].items())
    (tmp_path / "out" / "best.pt").write_bytes(b"")
    last = trainer.final_state()
    assert "best.pt is damaged" in told[-1]["message"]
    assert all(torch.equal(last[name], value) for name, value in trainer.network.state_dict().items())


def test_the_best_weights_wait_for_a_full_disk(
    tiny_config: Path, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    events = EventLog(None)
    events.listeners.append(told.append)
    options = {"use_best": True, "max_steps": 6, "snapshot_minutes": 0.0}
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", events, **options)
    scores = iter([0.5, 0.4, 0.3, 0.2])
    seen: list[dict[str, torch.Tensor]] = []

    def validate(network: Any) -> dict[str, Any]:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"pq": next(scores), "miou": None}

    real, count = snapshots.save_best, [0]

    def save_best(*arguments: Any) -> Path:
        count[0] += 1
        if count[0] == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(snapshots, "save_best", save_best)
    trainer._validate = validate
    assert trainer.run()
    assert ["best weights" in event["message"] for event in told if event["event"] == "warning"] == [True]
    assert count[0] == 2  # the second time with the snapshot at the end
    best = snapshots.load_best(tmp_path / "out")
    assert best is not None
    for kept in (best, trainer.final_state()):
        assert all(torch.equal(kept[name], value) for name, value in seen[0].items())


def test_what_is_validated_is_the_moving_average_that_is_kept(
    tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), ema_decay=0.9, max_steps=2)
    seen: list[torch.Tensor] = []

    def validate(network: Any) -> dict[str, Any]:
        seen.append(network.sem_head.conv_sem.weight.detach().clone())
        return {"pq": 0.1}

    trainer._validate = validate
    trainer.run()
    assert torch.equal(seen[-1], trainer.final_state()["sem_head.conv_sem.weight"])
    assert not torch.equal(seen[-1], trainer.network.sem_head.conv_sem.weight)


def test_a_deterministic_run_asks_for_it_and_puts_things_back(
    tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    asked: list[bool] = []
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), deterministic=True, max_steps=1)
    step = trainer.train_step

    def asking_step(group: Sequence[Batch]) -> Any:
        asked.append(torch.are_deterministic_algorithms_enabled())
        return step(group)

    trainer.train_step = asking_step  # type: ignore[method-assign]
    trainer.run()
    assert asked == [True]
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_body_is_compiled_where_asked(
    tiny_config: Path, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Any] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: compiled.append(module))
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), compile=True)
    assert compiled == [trainer.network.body]


def test_a_run_that_is_killed_at_its_first_step_can_go_on(
    tiny_config: Path, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}

    def killed(group: Sequence[Batch]) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "train_step", killed)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    state, progress = load_snapshot(tmp_path / "out")
    assert progress.step == 0
    assert all(torch.equal(state["network"][name], value) for name, value in before.items())


@pytest.mark.parametrize("clip_grad_norm", [0.0, 1.0])
def test_a_gradient_that_is_no_number_leaves_the_weights_alone_and_names_the_images(
    clip_grad_norm: float, tiny_config: Path, samples: list[Sample], tmp_path: Path
) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), clip_grad_norm=clip_grad_norm)
    bias = trainer.network.sem_head.conv_sem.bias
    assert bias is not None
    bias.register_hook(lambda gradient: gradient * float("inf"))
    before = {name: value.detach().clone() for name, value in trainer.network.named_parameters()}
    with pytest.raises(DivergedError, match=r"step 0 .*gradient (inf|nan).*photo"):
        trainer.run()
    assert all(torch.equal(before[name], value) for name, value in trainer.network.named_parameters())
    kept = load_snapshot(tmp_path / "out")[0]["network"]
    assert all(value.isfinite().all() for value in kept.values())


def test_processes_stop_where_they_have_agreed_to_and_not_where_the_signal_came(
    tiny_config: Path, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = make_trainer(tiny_config, samples, tmp_path / "out", EventLog(None), max_steps=100)
    advance = trainer._advance

    def advance_then_signal(group: Sequence[Batch]) -> None:
        advance(group)
        trainer.stop_requested.set()  # after the exchange of step 1: another process may be at work on step 2 already

    monkeypatch.setattr(trainer, "_advance", advance_then_signal)
    monkeypatch.setattr(trainer._batches, "_batches", AspectSampler([sample.size for sample in samples], 1))
    assert not trainer.run()
    assert trainer.progress.step == 2
