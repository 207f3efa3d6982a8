"""Batches and learning rates of the original, and the mixture of sets."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seamseg_studio.engine.model.config import ConfigError
from seamseg_studio.engine.model.sections import SchedulerConfig
from seamseg_studio.training.optim import cosine_rate, learning_rate
from seamseg_studio.training.sampler import AspectSampler, MixtureSampler


@pytest.fixture(scope="module")
def document(stored: Path) -> dict[str, Any]:
    return json.loads((stored / "ops_samplers_schedules.json").read_text())


def test_batches_of_one_process(document: dict[str, Any]) -> None:
    sizes = [tuple(size) for size in document["img_sizes"]]
    assert document["ar"]
    for key, wanted in document["ar"].items():
        batch_size, drop_last, epoch = (int("".join(c for c in part if c.isdigit())) for part in key.split("_"))
        sampler = AspectSampler(sizes, batch_size, drop_last=bool(drop_last))
        sampler.set_epoch(epoch)
        assert list(sampler) == wanted, key
        assert len(sampler) == len(wanted)


def test_batches_of_two_processes(document: dict[str, Any]) -> None:
    sizes = [tuple(size) for size in document["img_sizes"]]
    assert document["dist"]
    for key, wanted in document["dist"].items():
        batch, drop, rank = key.split("_")
        sampler = AspectSampler(
            sizes, int(batch[2:]), drop_last=drop == "drop1", rank=int(rank[4]), num_ranks=int(rank[-1])
        )
        assert list(sampler) == wanted, key
        assert len(sampler) == len(wanted)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=40), st.integers(1, 5))
def test_every_image_comes_once_an_epoch(sizes: list[tuple[int, int]], batch_size: int) -> None:
    sampler = AspectSampler(sizes, batch_size)
    assert sorted(i for batch in sampler for i in batch) == list(range(len(sizes)))


def test_a_mixture_draws_the_sets_by_their_shares_and_skips_empty_ones() -> None:
    sampler = MixtureSampler([list(range(10)), [10, 11], []], [3.0, 1.0, 5.0], 20, 100)
    counts = Counter(i >= 10 for batch in sampler for i in batch)
    assert counts[True] == pytest.approx(500, abs=80)
    within = Counter(i for batch in sampler for i in batch if i < 10)
    assert max(within.values()) - min(within.values()) <= 1
    assert list(sampler) == list(sampler)
    first = list(sampler)
    sampler.set_epoch(1)
    assert list(sampler) != first


def _schedule(key: str) -> tuple[SchedulerConfig, int]:
    kinds: dict[str, tuple[str, dict[str, Any], int, int]] = {
        "multistep_30_45_burnin20x0.333": ("multistep", {"gamma": 0.1, "milestones": [30, 45]}, 20, 60),
        "poly_60_gamma0.9_burnin10x0.333": ("poly", {"gamma": 0.9}, 10, 60),
        "linear_1_to_0.1_over_50": ("linear", {"alpha_0": 1.0, "alpha_1": 0.1}, 0, 50),
        "step_20_0.1": ("step", {"gamma": 0.1, "step_size": 20}, 0, 60),
    }
    kind, params, burn_in, total = kinds[key]
    return SchedulerConfig(type=kind, params=params, burn_in_steps=burn_in, burn_in_start=0.333), total


def test_learning_rates(document: dict[str, Any]) -> None:
    assert len(document["lr"]) == 4
    for key, wanted in document["lr"].items():
        config, total = _schedule(key)
        rates = [learning_rate(0.01, step, total, 0, config) for step in range(len(wanted))]
        assert rates == pytest.approx(wanted, rel=1e-6), key


def test_a_schedule_without_its_parameters_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"milestones|gamma"):
        learning_rate(0.01, 5, 10, 0, SchedulerConfig(type="multistep", burn_in_steps=0))


def test_cosine_rises_then_falls_to_one_percent() -> None:
    config = SchedulerConfig(burn_in_steps=10, burn_in_start=0.1)
    assert cosine_rate(1.0, 0.0, 0, config) == pytest.approx(0.1)
    assert cosine_rate(1.0, 0.0, 10, config) == pytest.approx(1.0)
    assert cosine_rate(1.0, 1.0, 100, config) == pytest.approx(0.01)
