"""Sampling by the compiled op: values, gradients, types, layouts, and boxes of any kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seamseg_studio.engine.ops import boxes as box_ops
from seamseg_studio.engine.ops import native_sampling, reference

MakeBoxes = Callable[..., Tensor]
TOLERANCE = {
    torch.float64: {"atol": 1e-5, "rtol": 1e-5},
    torch.float32: {"atol": 2e-5, "rtol": 2e-5},
    torch.float16: {"atol": 4e-3, "rtol": 4e-3},
    torch.bfloat16: {"atol": 4e-2, "rtol": 4e-2},
}
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def supported(device: torch.device, dtype: torch.dtype) -> bool:
    return device.type == "cpu" or dtype != torch.float64


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding", ["border", "zero"])
def test_one_map(
    device: torch.device,
    make_boxes: MakeBoxes,
    layout: torch.memory_format,
    dtype: torch.dtype,
    interpolation: str,
    padding: str,
) -> None:
    if not supported(device, dtype):
        pytest.skip("GPUs have no float64 here")
    x = torch.randn(2, 8, 17, 23, generator=torch.Generator().manual_seed(0)).to(dtype)
    boxes, batch_index = make_boxes(12, 1, extent=20.0), torch.arange(12) % 2
    expected, inside = reference.roi_sampling(x.float(), boxes, batch_index, (7, 4), interpolation, padding)
    on_device = x.to(device).contiguous(memory_format=layout)
    got, got_inside = native_sampling.roi_sampling(
        on_device, boxes.to(device), batch_index.to(device), (7, 4), interpolation, padding
    )
    assert got.dtype == dtype
    assert got.is_contiguous(memory_format=layout)
    assert torch.equal(got_inside.cpu(), inside)
    torch.testing.assert_close(got.cpu().float(), expected, **TOLERANCE[dtype])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("channels", [1, 6, 16])
def test_all_levels_at_once_and_their_gradients(
    device: torch.device, make_boxes: MakeBoxes, layout: torch.memory_format, dtype: torch.dtype, channels: int
) -> None:
    if not supported(device, dtype):
        pytest.skip("GPUs have no float64 here")
    generator = torch.Generator().manual_seed(3)
    levels = [torch.randn(2, channels, side, side + 3, generator=generator).to(dtype) for side in (24, 12, 6)]
    boxes, batch_index, level = make_boxes(15, 2), torch.arange(15) % 2, torch.arange(15) % 3
    mapped = torch.stack([box_ops.feature_boxes(boxes, (x.shape[2], x.shape[3]), (96, 108)) for x in levels])
    own = mapped.gather(0, level.view(1, -1, 1).expand(1, -1, 4))[0]
    theirs = [x.clone().double().requires_grad_() for x in levels]
    expected = reference.pyramid_sampling(theirs, own, level, batch_index, (5, 5))
    dy = torch.randn(expected.shape, generator=generator).to(dtype)
    expected.backward(dy.double())
    mine = [x.to(device).contiguous(memory_format=layout).requires_grad_() for x in levels]
    arguments = (boxes.to(device), batch_index.to(device), level.to(device), (5, 5))
    y = native_sampling.pyramid_sampling(mine, *arguments, image_size=(96, 108))
    torch.testing.assert_close(y.cpu().double(), expected, **TOLERANCE[dtype])
    y.backward(dy.to(device))
    for x, other in zip(mine, theirs, strict=True):
        assert x.grad is not None
        assert x.grad.dtype == dtype
        torch.testing.assert_close(x.grad.cpu().double(), other.grad, **TOLERANCE[dtype])


def test_gradient_is_the_derivative(make_boxes: MakeBoxes) -> None:
    levels = [torch.randn(1, 2, side, side, dtype=torch.float64, requires_grad=True) for side in (6, 3)]
    boxes, level = make_boxes(4, 5, extent=20.0), torch.tensor([0, 1, 1, 0])

    def run(*maps: Tensor) -> Tensor:
        return native_sampling.pyramid_sampling(
            maps, boxes, torch.zeros(4, dtype=torch.long), level, (3, 2), image_size=(24, 24)
        )

    assert torch.autograd.gradcheck(run, levels)


HARD = st.sampled_from([0.0, 1.0, 4.5, 9.0, -3.0, 40.0, 1e9, -1e9, 3e38, float("inf"), float("-inf"), float("nan")])


@given(st.lists(st.tuples(HARD, HARD, HARD, HARD), min_size=1, max_size=8), st.booleans(), st.booleans())
@settings(deadline=None)
def test_no_box_reaches_outside_the_map(
    device: torch.device, rows: list[tuple[float, ...]], nearest: bool, zero_padding: bool
) -> None:
    boxes = torch.tensor(rows)
    index = torch.zeros(len(rows), dtype=torch.long)
    x = torch.rand(1, 4, 5, 6, device=device)
    for layout in LAYOUTS:
        leaf = x.contiguous(memory_format=layout).requires_grad_()
        y = native_sampling.pyramid_sampling(
            [leaf],
            boxes.to(device),
            index.to(device),
            index.to(device),
            (3, 3),
            nearest=nearest,
            zero_padding=zero_padding,
        )
        y.sum().backward()
        finite = boxes.isfinite().all(1) & (boxes.abs() < 1e6).all(1)
        values = y[finite.to(device)]
        assert ((values >= 0) & (values <= 1.000001)).all()


def test_no_boxes_give_no_samples(device: torch.device) -> None:
    empty = torch.zeros(0, dtype=torch.long, device=device)
    x = torch.zeros(1, 2, 3, 3, device=device, requires_grad=True)
    y = native_sampling.pyramid_sampling([x], torch.zeros(0, 4, device=device), empty, empty, (7, 7))
    assert y.shape == (0, 2, 7, 7)
    y.sum().backward()
    assert x.grad is not None
    assert not x.grad.any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"levels": []}, "levels must hold at least one feature map"),
        ({"levels": [torch.zeros(2, 3, 4)]}, "levels[0] must be [B, C, H, W], got float32 [2, 3, 4]"),
        ({"levels": [torch.zeros(1, 2, 4, 4), torch.zeros(1, 3, 4, 4)]}, "levels[1] must agree with levels[0]"),
        ({"levels": [torch.zeros(1, 2, 4, 4, dtype=torch.int32)]}, "must be float"),
        ({"boxes": torch.zeros(2, 5)}, "boxes must be float32 [*, 4], got float32 [2, 5]"),
        ({"batch_index": torch.zeros(2, dtype=torch.int32)}, "batch_index must be int64 [2], got int32 [2]"),
        ({"level": torch.zeros(3, dtype=torch.long)}, "level must be int64 [2], got int64 [3]"),
        ({"out_size": [0, 3]}, "out_size must be two numbers from 1 to 4096, got 0 x 3"),
    ],
)
def test_what_does_not_fit_is_named(device: torch.device, change: dict[str, Any], said: str) -> None:
    index = torch.zeros(2, dtype=torch.long)
    arguments: dict[str, Any] = {
        "levels": [torch.zeros(1, 2, 4, 4)], "boxes": torch.zeros(2, 4), "batch_index": index, "level": index,
        "out_size": [3, 3],
    }  # fmt: skip
    arguments |= change
    values = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in arguments.items()}
    values["levels"] = [x.to(device) for x in values["levels"]]
    with pytest.raises(RuntimeError) as raised:
        torch.ops.seamseg.pyramid_sampling(*values.values(), [0, 0], False, False)
    assert said in str(raised.value)


def test_an_index_outside_is_named_on_a_cpu_and_zero_on_a_gpu(device: torch.device) -> None:
    index, wrong = torch.zeros(2, dtype=torch.long, device=device), torch.tensor([0, 7], device=device)
    arguments = ([torch.ones(1, 2, 4, 4, device=device)], torch.zeros(2, 4, device=device), wrong, index, (2, 2))
    if device.type == "cpu":
        with pytest.raises(RuntimeError, match=r"batch_index\[1\] must be between 0 and 0, got 7"):
            native_sampling.pyramid_sampling(*arguments)
    else:
        assert native_sampling.pyramid_sampling(*arguments)[1].abs().sum() == 0
