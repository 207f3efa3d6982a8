"""What a step asks of the host and of the GPU: counted, so that it does not grow again."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from seamseg_studio.engine.model import depthwise
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.training.batch import Batch, Collate
from seamseg_studio.training.config import load_training_config
from seamseg_studio.training.events import EventLog, read_events
from seamseg_studio.training.forward import ForwardOptions, LossModel, normalise
from seamseg_studio.training.optim import make_optimizer
from seamseg_studio.training.sample import Sample
from seamseg_studio.training.steps import leave_out
from seamseg_studio.training.timings import PARTS, StepTimes
from seamseg_studio.training.trainer import Trainer

MakeSample = Callable[..., Sample]
MOST_OPERATORS = 2800  # of a step of the tiny network


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "training_step", Path(__file__).resolve().parents[3] / "benchmarks" / "training_step.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_host_does_not_wait_and_its_work_does_not_grow_with_the_batch(
    bench: ModuleType, tiny_config: Path, tmp_path: Path
) -> None:
    counts = []
    for batch_size in (3, 6):
        step, trainer = bench.make_step(tiny_config, batch_size, (64, 64), torch.device("cpu"), tmp_path)
        # As on a GPU.
        trainer._losses._options = ForwardOptions(mask_positives_only=True, fixed_sizes=True)
        step()
        with bench.WorkCounter() as counter:
            step()
        counts.append(counter.operators.total())
        waits = {name: count for name, count in counter.waits.items() if count}
        assert set(waits) <= {"constant"}, waits
        assert waits.get("constant", 0) <= 6
    assert counts[1] == counts[0]
    assert counts[0] <= MOST_OPERATORS


def test_the_counter_sees_what_would_wait(bench: ModuleType) -> None:
    values = torch.tensor([1.0, 0.0, 2.0])
    with bench.WorkCounter() as counter:
        values[values > 0].sum().item()
        values.nonzero()
    assert counter.waits["index by a mask"] == 1
    assert counter.waits["_local_scalar_dense"] == 1
    assert counter.waits["nonzero"] == 1


def make_batch(make_sample: MakeSample, things: tuple[int, ...] = (2, 0, 3)) -> Batch:
    return Collate(2, 2)([make_sample(64, 96 - 16 * (i % 2), count, f"photo{i}") for i, count in enumerate(things)])


@pytest.mark.parametrize("positives_only", [False, True])
@pytest.mark.parametrize("things", [(2, 0, 3), (0, 0)])
def test_fixed_sizes_give_the_same_losses_and_gradients(
    positives_only: bool, things: tuple[int, ...], tiny_config: Path, make_sample: MakeSample
) -> None:
    # So many samples that none is left out by chance; norms that do not depend on the batch.
    text = tiny_config.read_text().replace("num_samples = 64", "num_samples = 100000")
    config, _ = load_training_config(text.replace("num_samples = 16", "num_samples = 200"))
    batch = make_batch(make_sample, things)
    images = normalise(batch.images, batch.sizes, (0.5,) * 3, (0.5,) * 3)
    found = []
    for fixed_sizes in (False, True):
        torch.manual_seed(1)
        network = build_network(config, (2, 2)).eval()
        options = ForwardOptions(True, True, positives_only, fixed_sizes)
        losses = LossModel(network, options, None)(images, batch)
        losses.sum().backward()
        found.append((losses.detach(), {name: p.grad for name, p in network.named_parameters()}))
    (losses, gradients), (fixed_losses, fixed_gradients) = found
    torch.testing.assert_close(fixed_losses, losses, rtol=1e-5, atol=1e-6)
    for name, wanted in gradients.items():
        got = fixed_gradients[name]
        if wanted is None:
            assert got is None or not got.any(), name
        else:
            torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-5 + 1e-4 * float(wanted.abs().max()))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_wrong_step_leaves_weights_alone_and_the_next_one_does_not(optimizer: str, tiny_config: Path) -> None:
    config, options = load_training_config(tiny_config)
    network = torch.nn.Linear(3, 2)
    made = make_optimizer(network, config.optimizer, dataclasses.replace(options, optimizer=optimizer))
    before = [p.detach().clone() for p in network.parameters()]
    for is_wrong in (True, False):
        network(torch.ones(1, 3)).sum().backward()
        leave_out(made, torch.tensor(is_wrong))
        made.step()
        unchanged = [torch.equal(p, old) for p, old in zip(network.parameters(), before, strict=True)]
        assert all(unchanged) == is_wrong


def test_step_events_say_where_the_time_went(tiny_config: Path, make_sample: MakeSample, tmp_path: Path) -> None:
    trainer = make_trainer(tiny_config, make_batch(make_sample), tmp_path)
    trainer.run()
    trainer._events.close()
    steps = [event for event in read_events(tmp_path / "events.jsonl") if event["event"] == "step"]
    assert [event["step"] for event in steps] == [1, 2]
    for event in steps:
        assert tuple(event["timings"]) == PARTS
        assert all(value >= 0 for value in event["timings"].values())
        assert event["timings"]["backward"] > 0


class _Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("wait", "work", "share"), [(3.0, 1.0, 0.75), (0.1, 0.9, 0.1)])
def test_how_much_a_training_waits_for_images(
    wait: float, work: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    monkeypatch.setattr("time.perf_counter", clock)
    times = StepTimes(torch.device("cpu"))

    def images() -> Iterator[int]:
        clock.now += 100  # the workers start
        for number in range(200):
            clock.now += wait
            yield number

    for number in times.waiting(images()):
        if number < 30:
            assert times.waiting_share() == 0
        clock.now += work
    assert times.waiting_share() == pytest.approx(share, rel=0.02)


def test_slow_data_is_told_once(
    tiny_config: Path, make_sample: MakeSample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StepTimes, "waiting_share", lambda _: 0.5)
    trainer = make_trainer(tiny_config, make_batch(make_sample), tmp_path)
    trainer.run()
    trainer._events.close()
    (warning,) = [event for event in read_events(tmp_path / "events.jsonl") if event["event"] == "warning"]
    assert warning["message"].startswith("50 % of the time is spent waiting for images: raise [dataloader] num_workers")


def make_trainer(config_path: Path, batch: Batch, out: Path) -> Trainer:
    config, options = load_training_config(config_path)
    batches: Any = type("Batches", (list,), {"set_epoch": lambda *_: None})([0])
    network = build_network(config, (2, 2))
    events = EventLog(out / "events.jsonl")
    return Trainer(network, config, options, [batch], batches, out=out, device=torch.device("cpu"), events=events)


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 0), (1, (2, 1))])
def test_depthwise_convolutions_are_the_same_in_both_orders(stride: int, padding: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 6, 9, 11, generator=generator).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight = torch.randn(6, 1, 3, 3, generator=generator).to(memory_format=torch.channels_last).requires_grad_()
    found = []
    for channels_first in (False, True):
        y = depthwise.convolve(x, weight, stride, padding, channels_first=channels_first)
        assert y.is_contiguous(memory_format=torch.channels_last)
        found.append([y.detach(), *torch.autograd.grad(y.square().sum(), (x, weight))])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)
    assert not depthwise.prefers_channels_first(x, weight, stride, padding)
