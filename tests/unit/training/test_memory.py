"""Memory is estimated before a training starts, and what would fit is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.training.config import TrainingOptions, load_training_config
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.memory import MemoryNeed, check_memory, estimate_need, free_bytes
from seamseg_studio.training.optim import freeze

GIB = 1 << 30


def test_more_pixels_cost_more_and_what_is_frozen_less(tiny_config: Path) -> None:
    config, options = load_training_config(tiny_config)
    network = build_network(config, (2, 2))
    small = estimate_need(network, config, options, (64, 96))
    large = estimate_need(network, config, options, (128, 192))
    assert small.fixed_bytes == large.fixed_bytes
    assert 2 < large.image_bytes / small.image_bytes < 4.5
    num_parameters = sum(p.numel() for p in network.parameters())
    assert small.fixed_bytes == 4 * num_parameters * 3
    freeze(network, ("body",))
    frozen = estimate_need(network, config, options, (128, 192))
    assert frozen.image_bytes < 0.8 * large.image_bytes
    assert frozen.fixed_bytes < small.fixed_bytes
    adam = estimate_need(network, config, TrainingOptions(optimizer="adamw", ema_decay=0.9), (64, 96), has_teacher=True)
    assert adam.fixed_bytes > frozen.fixed_bytes


def test_the_estimate_counts_what_a_real_step_keeps(tiny_config: Path) -> None:
    config, options = load_training_config(tiny_config)
    network = build_network(config, (2, 2))
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = network(torch.rand(1, 3, 128, 192))
    own = {p.untyped_storage().data_ptr() for p in network.parameters()}
    real = sum(size for place, size in kept.items() if place not in own)
    assert outputs
    assert 0.8 < estimate_need(network, config, options, (128, 192)).image_bytes / real < 2.5


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (
            6 * GIB,
            r"about 9.0 GiB .* 6.0 free: .*train_batch_size = 2 and \[training\] accumulate = 2",
        ),
        (2 * GIB, r"train_batch_size = 1 and \[training\] crop_size = \(704, 1440\)"),
        (GIB // 2, "choose a smaller network"),
    ],
)
def test_what_would_fit_is_said(free: int, words: str) -> None:
    need = MemoryNeed(GIB, 2 * GIB)
    with pytest.raises(TrainingInputError, match=words):
        check_memory(need, free, 4, (1024, 2048), "cuda:0")


def test_an_estimate_that_may_err_only_warns() -> None:
    need = MemoryNeed(GIB, 2 * GIB)
    assert "train_batch_size = 3" in check_memory(need, 8 * GIB, 4, (1024, 2048), "cpu")
    assert check_memory(need, 9 * GIB, 4, (1024, 2048), "cpu") == ""
    assert check_memory(need, None, 4, (1024, 2048), "cpu") == ""
    free = free_bytes(torch.device("cpu"))
    assert free is None or free > 0
