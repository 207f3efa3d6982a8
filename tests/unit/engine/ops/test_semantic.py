"""Averages over wide windows."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from seamseg_studio.engine.ops.semantic import window_average


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 45), st.integers(1, 45))
def test_equals_average_pooling(height: int, width: int, window_height: int, window_width: int) -> None:
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    clipped = (min(window_height, height), min(window_width, width))
    found = window_average(x, (window_height, window_width))
    torch.testing.assert_close(found, F.avg_pool2d(x, clipped, stride=1), rtol=1e-12, atol=1e-12)


def test_no_more_rounding_than_pooling_has() -> None:
    x = torch.rand(1, 8, 128, 160) + 10
    exact = F.avg_pool2d(x.double(), 64, stride=1)
    assert (window_average(x, (64, 64)) - exact).abs().max() < 5e-6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halves_are_summed_in_full(dtype: torch.dtype) -> None:
    x = torch.full((1, 1, 64, 64), 100.0, dtype=dtype)
    assert window_average(x, (64, 64)).item() == 100.0


def test_gradient() -> None:
    x = torch.randn(1, 1, 6, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: window_average(values, (3, 5)), x)
