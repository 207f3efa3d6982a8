"""Depthwise convolutions by the kernels that a GPU is fastest with.

In training the memory order is found by trying: cuDNN is many times slower at the gradients of some of them with
channels last than PyTorch's own kernels are with channels first, and at others it is faster; which depends on the size,
the GPU and the versions. Without gradients, cuDNN compiles a plan for each of them at every new size of image, two
seconds in all for the starter's sixteen; PyTorch's own kernels need none and take about as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F

_TRIES = 3
_fastest: dict[tuple[object, ...], bool] = {}  # whether channels first won, by the kind of convolution


def is_for_inference(x_BCHW: Tensor) -> bool:
    """Whether to convolve by `convolve_at_once`: on a GPU, without gradients, and not while it is compiled."""
    return x_BCHW.is_cuda and not torch.is_grad_enabled() and not torch.compiler.is_compiling()


def convolve_at_once(
    x_BCHW: Tensor, weight_C1KK: Tensor, bias_C: Tensor | None, stride: int, padding: int | tuple[int, int]
) -> Tensor:
    """Convolves each channel with its own kernel on a GPU, by PyTorch's own kernels; see `convolve`."""
    pad = (padding, padding) if isinstance(padding, int) else padding
    size = tuple(weight_C1KK.shape[2:])
    y_BCHW: Tensor = torch.ops.aten._conv_depthwise2d(x_BCHW, weight_C1KK, size, bias_C, (stride, stride), pad, (1, 1))
    if x_BCHW.is_contiguous(memory_format=torch.channels_last):
        return y_BCHW.contiguous(memory_format=torch.channels_last)
    return y_BCHW


def convolve(
    x_BCHW: Tensor, weight_C1KK: Tensor, stride: int, padding: int | tuple[int, int], *, channels_first: bool
) -> Tensor:
    """Convolves each channel with its own kernel; the result has the memory order of `x`.

    Args:
        x_BCHW: With channels last.
        weight_C1KK: The kernels.
        stride: In pixels.
        padding: In pixels; one for both axes, or (y, x).
        channels_first: Whether to change the memory order for the convolution, and back.
    """
    groups = weight_C1KK.shape[0]
    if not channels_first:
        return F.conv2d(x_BCHW, weight_C1KK, None, stride, padding, 1, groups)
    # Kernels of one channel are both in one order; their strides must say so.
    weight = weight_C1KK.reshape(-1).view(weight_C1KK.shape)
    y_BCHW = F.conv2d(x_BCHW.contiguous(), weight, None, stride, padding, 1, groups)
    return y_BCHW.contiguous(memory_format=torch.channels_last)


def prefers_channels_first(x_BCHW: Tensor, weight_C1KK: Tensor, stride: int, padding: int | tuple[int, int]) -> bool:
    """Returns whether a step is faster with channels first; the first time for a size, both are tried.

    False wherever trying is not wanted: on a CPU, without gradients, without `cudnn_benchmark`, in deterministic runs.
    """
    if not x_BCHW.is_cuda or not torch.is_grad_enabled() or torch.compiler.is_compiling():
        return False
    if not torch.backends.cudnn.benchmark or torch.are_deterministic_algorithms_enabled():
        return False
    if x_BCHW.is_contiguous() or not x_BCHW.is_contiguous(memory_format=torch.channels_last):
        return False
    kind = (tuple(x_BCHW.shape), x_BCHW.dtype, tuple(weight_C1KK.shape), stride, padding, x_BCHW.device)
    if kind not in _fastest:
        x, weight = x_BCHW.detach().requires_grad_(), weight_C1KK.detach().requires_grad_()

        def step(channels_first: bool) -> None:
            y = convolve(x, weight, stride, padding, channels_first=channels_first)
            torch.autograd.grad(y, (x, weight), torch.ones_like(y))

        _fastest[kind] = _milliseconds(lambda: step(True)) < _milliseconds(lambda: step(False))
    return _fastest[kind]


def _milliseconds(work: Callable[[], None]) -> float:
    """Returns the shortest time of some tries on the GPU."""
    work()  # cuDNN looks for its fastest algorithm
    times = []
    for _ in range(_TRIES):
        event = cast(Any, torch.cuda.Event)  # PyTorch gives it no types
        start, end = event(enable_timing=True), event(enable_timing=True)
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(float(start.elapsed_time(end)))
    return min(times)
