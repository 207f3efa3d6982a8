"""Activated normalisation by the compiled ops: values and gradients, reconstructed from the output alone."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seamseg_studio.engine.model.norm import ABN
from seamseg_studio.engine.ops import abn as public
from seamseg_studio.engine.ops import native_abn, reference

TOLERANCE = {
    torch.float64: {"atol": 1e-7, "rtol": 1e-7},
    torch.float32: {"atol": 2e-4, "rtol": 2e-4},
    torch.float16: {"atol": 2e-2, "rtol": 2e-2},
    torch.bfloat16: {"atol": 1.5e-1, "rtol": 1e-1},
}
OPTIONS: dict[str, Any] = {"momentum": 0.1, "eps": 1e-5, "weight_eps": 1e-5, "slope": 0.01}
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def results(
    x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor, activation: str, training: bool, is_native: bool
) -> list[Tensor]:
    """Returns output, gradients and running statistics."""
    leaves = [value.detach().clone().requires_grad_() for value in (x, weight, bias)]
    running = [torch.zeros_like(weight), torch.ones_like(weight)]
    if is_native:
        y = native_abn.abn(*leaves, *running, training=training, activation=activation, group=None, **OPTIONS)
    else:
        y = reference.abn(*leaves, *running, training=training, activation=activation, **OPTIONS)
    y.backward(dy)
    return [y.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None), *running]


@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "identity"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("shape", [(3, 5, 6, 7), (2, 16, 8, 8)])
def test_equals_the_reference(
    device: torch.device,
    activation: str,
    training: bool,
    layout: torch.memory_format,
    dtype: torch.dtype,
    shape: tuple[int, ...],
) -> None:
    if device.type == "cuda" and dtype == torch.float64:
        pytest.skip("GPUs have no float64 here")
    generator = torch.Generator().manual_seed(0)
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    x = (torch.randn(shape, generator=generator) * 2 + 1).to(dtype)
    weight = torch.linspace(0.4, 2.0, shape[1], dtype=exact) * (1 - 2 * (torch.arange(shape[1]) % 2))
    bias = torch.randn(shape[1], generator=generator).to(exact)
    dy = torch.randn(shape, generator=generator).to(dtype)
    got = results(
        x.to(device).contiguous(memory_format=layout), weight.to(device), bias.to(device),
        dy.to(device).contiguous(memory_format=layout), activation, training, True,
    )  # fmt: skip
    expected = results(x.to(exact), weight, bias, dy.to(exact), activation, training, False)
    assert got[0].dtype == got[1].dtype == dtype
    assert got[0].is_contiguous(memory_format=layout)
    tolerance = TOLERANCE[dtype]
    if activation == "elu" and dtype == torch.bfloat16:
        tolerance = {"atol": 0.6, "rtol": 0.1}  # eight bits beside -1 say little of where an output came from
    for value, wanted in zip(got, expected, strict=True):
        torch.testing.assert_close(value.cpu().to(exact), wanted, **tolerance)


@given(
    st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9),
    st.sampled_from(["leaky_relu", "elu", "identity"]), st.booleans(), st.integers(0, 2**31),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_any_shape(
    device: torch.device, batch: int, channels: int, height: int, width: int, activation: str, last: bool, seed: int
) -> None:
    if batch * height * width < 2:
        return
    generator = torch.Generator().manual_seed(seed)
    layout = torch.channels_last if last else torch.contiguous_format
    x = torch.randn(batch, channels, height, width, generator=generator)
    weight, bias = torch.rand(channels, generator=generator) + 0.5, torch.randn(channels, generator=generator)
    dy = torch.randn(x.shape, generator=generator)
    on_device = [value.to(device).contiguous(memory_format=layout) for value in (x, dy)]
    got = results(on_device[0], weight.to(device), bias.to(device), on_device[1], activation, True, True)
    expected = results(x.double(), weight.double(), bias.double(), dy.double(), activation, True, False)
    # With two or three values a channel the variance may be tiny and its inverse huge.
    scale = max(1.0, float(expected[1].abs().max()))
    torch.testing.assert_close(got[0].cpu().double(), expected[0], atol=2e-3, rtol=2e-3)
    torch.testing.assert_close(got[1].cpu().double(), expected[1], atol=2e-2 * scale, rtol=2e-2)


def test_gradient_is_the_derivative() -> None:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(2, 3, 3, 2, dtype=torch.float64, generator=generator, requires_grad=True)
    weight = torch.tensor([0.9, -1.1, 1.7], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor([0.3, -0.2, 0.1], dtype=torch.float64, requires_grad=True)

    def run(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        running = [torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)]
        return native_abn.abn(
            x, weight, bias, *running, training=True, activation="leaky_relu", group=None, **OPTIONS | {"slope": 0.2}
        )

    assert torch.autograd.gradcheck(run, (x, weight, bias))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_scale_of_nothing_gives_no_wild_gradient(device: torch.device, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(5)
    x, dy = (torch.randn(2, 2, 32, 32, generator=generator).to(device, dtype) for _ in range(2))
    # 0.7 has no exact form in 16 bits: all outputs of the first channel are off by the same.
    weight, bias = torch.tensor([0.0, 1.0], device=device), torch.tensor([0.7, 1.0], device=device)
    _, dx, dweight, *_ = results(x, weight, bias, dy, "leaky_relu", True, True)
    # A sum of 2,048 products of unit normals has a deviation of 45.
    assert dweight.abs().max() < 200
    assert dx[:, 0].abs().max() < 1e-2


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("scale", [0.3, 0.015, 0.001, 1e-4])
def test_a_small_scale_learns_as_a_large_one_does(device: torch.device, dtype: torch.dtype, scale: float) -> None:
    generator = torch.Generator().manual_seed(6)
    x = torch.randn(4, 2, 32, 32, generator=generator).to(device, dtype)
    dy = (torch.randn(x.shape, generator=generator).to(device) + 0.5 * x.float()).to(dtype)
    weight, bias = torch.full((2,), scale, device=device), torch.zeros(2, device=device)
    _, dx, dweight, *_ = results(x, weight, bias, dy, "leaky_relu", True, True)
    _, exact_dx, exact, *_ = results(x.double(), weight.double(), bias.double(), dy.double(), "leaky_relu", True, False)
    torch.testing.assert_close(dweight.cpu().double(), exact.cpu(), rtol=0.02, atol=2.0)
    error = (dx.cpu().double() - exact_dx.cpu()).norm() / exact_dx.cpu().norm()
    assert error < 0.2


def make_blocks() -> nn.Sequential:
    torch.manual_seed(1)
    layers: list[tuple[str, nn.Module]] = []
    for block in range(6):
        layers += [(f"conv{block}", nn.Conv2d(8, 8, 3, padding=1, bias=False)), (f"norm{block}", ABN(8))]
    return nn.Sequential(OrderedDict(layers)).train()


def test_six_blocks_keep_one_buffer_each_beside_the_input(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native_abn, "serves", lambda x, activation, slope: True)
    network, x = make_blocks().to(device), torch.randn(2, 8, 16, 16, device=device)
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        if value.dim() == 4 and value.shape[-1] == 16:
            kept[value.untyped_storage().data_ptr()] = value.untyped_storage().nbytes()
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        y = network(x)
    # What convolution reads is what the norm before it kept; plain batch normalisation keeps its input, too.
    assert len(kept) == 7
    y.sum().backward()


def test_a_network_learns_the_same_either_way(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(2, 8, 16, 16, generator=torch.Generator().manual_seed(2)).to(device)
    gradients = []
    for is_native in (True, False):
        monkeypatch.setattr(native_abn, "serves", lambda x, activation, slope, is_native=is_native: is_native)
        network = make_blocks().to(device)
        network(x).square().mean().backward()
        gradients.append([p.grad for p in network.parameters()])
    for got, wanted in zip(*gradients, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-3)


def test_one_value_a_channel_uses_the_running_statistics() -> None:
    x, ones = torch.randn(1, 3, 1, 1), torch.ones(3)
    running = [torch.zeros(3), torch.ones(3)]
    y = native_abn.abn(x, ones, torch.zeros(3), *running, training=True, activation="identity", group=None, **OPTIONS)
    torch.testing.assert_close(y, x, atol=1e-4, rtol=1e-4)
    assert running[0].tolist() == [0, 0, 0]


def test_a_cpu_keeps_pytorchs_own() -> None:
    assert not native_abn.serves(torch.zeros(1, 2, 3, 3), "leaky_relu", 0.01)
    with pytest.raises(ValueError, match=r"weight must be floating point \[2\] .*\(3,\)"):
        public.abn(torch.zeros(1, 2, 3, 3), *[torch.zeros(3)] * 4, training=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mean": torch.zeros(4)}, "mean must be float32 [3], got float32 [4]"),
        ({"weight": torch.zeros(3).double()}, "weight must be float32 [3], got float64 [3]"),
        ({"x": torch.zeros(3)}, "x must be [B, C, ...], got float32 [3]"),
        ({"x": torch.zeros(2, 3, 4, 4, dtype=torch.int32)}, "must be float"),
        ({"x": torch.zeros(2, 4, 3, 4).transpose(1, 2)}, "x must be contiguous or channels_last, got strided"),
        ({"activation": 3}, "activation must be 0, 1 or 2, got 3"),
        ({"slope": -1.0}, "slope must be above 0, got -1"),
    ],
)
def test_what_does_not_fit_is_named(device: torch.device, change: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {
        "x": torch.zeros(2, 3, 4, 4), "mean": torch.zeros(3), "var": torch.ones(3), "weight": torch.ones(3),
        "bias": torch.zeros(3), "eps": 1e-5, "weight_eps": 1e-5, "activation": 1, "slope": 0.01,
    }  # fmt: skip
    arguments |= change
    values = [value.to(device) if isinstance(value, Tensor) else value for value in arguments.values()]
    with pytest.raises(RuntimeError) as raised:
        torch.ops.seamseg.abn_apply(*values)
    assert said in str(raised.value)
