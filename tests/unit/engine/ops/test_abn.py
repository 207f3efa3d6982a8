"""Activated batch normalisation: definition, small batches, several processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, multiprocessing

from seamseg_studio.engine.ops.abn import abn, folded_scale_and_shift
from seamseg_studio.engine.ops.activation import absolute_scale, activate

EPS = 1e-5


def make(num_channels: int = 4) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "weight": torch.randn(num_channels, generator=generator),
        "bias": torch.randn(num_channels, generator=generator),
        "running_mean": torch.randn(num_channels, generator=generator),
        "running_var": torch.rand(num_channels, generator=generator) + 0.5,
    }


def test_scale_is_the_absolute_weight_and_its_slope_at_zero_is_one() -> None:
    weight = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    scale = absolute_scale(weight, EPS)
    torch.testing.assert_close(scale, torch.tensor([2.0, 0.0, 3.0]) + EPS)
    scale.sum().backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [-1.0, 1.0, 1.0]


def test_outside_training_it_is_the_folded_scale_and_shift() -> None:
    norm, x = make(), torch.randn(2, 4, 3, 5)
    y = abn(x, **norm, training=False, activation="identity")
    scale, shift = folded_scale_and_shift(**norm, eps=EPS, weight_eps=EPS)
    torch.testing.assert_close(y.double(), x.double() * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1))


def test_one_value_a_channel_has_no_statistics() -> None:
    norm, x = make(), torch.randn(1, 4)
    before = norm["running_mean"].clone()
    y = abn(x, **norm, training=True)
    torch.testing.assert_close(y, abn(x, **norm, training=False))
    assert torch.equal(norm["running_mean"], before)


def test_an_empty_batch_passes() -> None:
    norm = make()
    before = norm["running_var"].clone()
    assert abn(torch.randn(0, 4, 3, 3), **norm, training=True).shape == (0, 4, 3, 3)
    assert torch.equal(norm["running_var"], before)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"weight must be floating point \[5\] as x \(2, 5, 3\)"):
        abn(torch.randn(2, 5, 3), **make(4), training=True)
    with pytest.raises(ValueError, match="activation must be"):
        activate(torch.zeros(2), "relu7")


def _synchronised(rank: int, sizes: list[int], file: str, result: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=len(sizes))
    try:
        generator = torch.Generator().manual_seed(1)
        everything = torch.randn(sum(sizes), 4, 3, 2, generator=generator)
        start = sum(sizes[:rank])
        x = everything[start : start + sizes[rank]].clone().requires_grad_()
        norm = make()
        norm["weight"].requires_grad_()
        y = abn(x, **norm, training=True, group=distributed.group.WORLD)
        (y * torch.arange(y.numel()).view_as(y).add(start * 24).sin()).sum().backward()
        torch.save(
            {"y": y.detach(), "dx": x.grad, "dw": norm["weight"].grad, "mean": norm["running_mean"]}, f"{result}{rank}"
        )
    finally:
        distributed.destroy_process_group()


def test_processes_share_their_statistics(tmp_path: Path) -> None:
    sizes = [3, 0, 2]  # one process has no samples, and must not make the others wait for ever
    multiprocessing.spawn(
        _synchronised, (sizes, os.fspath(tmp_path / "meet"), os.fspath(tmp_path / "result")), nprocs=len(sizes)
    )
    parts = [torch.load(tmp_path / f"result{rank}", weights_only=True) for rank in range(len(sizes))]
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(sum(sizes), 4, 3, 2, generator=generator).requires_grad_()
    norm = make()
    norm["weight"].requires_grad_()
    y = abn(x, **norm, training=True)
    (y * torch.arange(y.numel()).view_as(y).sin()).sum().backward()
    torch.testing.assert_close(torch.cat([part["y"] for part in parts]), y.detach())
    torch.testing.assert_close(torch.cat([part["dx"] for part in parts]), x.grad)
    torch.testing.assert_close(sum(part["dw"] for part in parts), norm["weight"].grad)
    for part in parts:
        torch.testing.assert_close(part["mean"], norm["running_mean"])
