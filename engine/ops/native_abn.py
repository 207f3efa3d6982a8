"""Activated batch normalisation by the compiled library: keeps only its output for the backward pass.

What the gradient needs of the input is reconstructed from the output (MODEL.md section 2; Rota Bulo et al.,
arXiv 1712.02616): with a convolution before it, one activation-sized buffer a layer instead of two.
Shapes: B batch, C channels, any number of spatial axes after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, distributed

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

# Activations that can be undone, by the number the library knows them under.
ACTIVATIONS = {"identity": 0, "leaky_relu": 1, "elu": 2}


def serves(x: Tensor, activation: str, slope: float) -> bool:
    """Returns whether the compiled ops take this input and are the better choice.

    On a CPU memory is plenty and PyTorch's own batch normalisation faster.
    """
    known = activation in ACTIVATIONS and (activation != "leaky_relu" or slope > 0)
    return known and x.is_cuda and x.dtype in (torch.float32, torch.float16, torch.bfloat16)


def abn(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    training: bool,
    momentum: float,
    eps: float,
    weight_eps: float,
    activation: str,
    slope: float,
    group: ProcessGroup | None,
) -> Tensor:
    """See `engine.ops.abn.abn`."""
    x = _dense(x)
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    num_local = x.numel() // max(x.shape[1], 1)
    num: float | Tensor = 0.0
    if training and group is not None:
        mean, var, num = _group_statistics(x.detach(), dtype, num_local, group)
        _update(running_mean, running_var, mean, var * num / (num - 1).clamp(min=1.0), momentum, (num > 1).float())
    elif training and num_local > 1:
        mean, var = torch.ops.seamseg.abn_statistics(x.detach())
        num = float(num_local)
        _update(running_mean, running_var, mean, var * (num / (num - 1)), momentum)
    else:
        mean, var = running_mean.to(dtype), running_var.to(dtype)
    function = cast(Any, _ActivatedBatchNorm)
    code = ACTIVATIONS[activation]
    y: Tensor = function.apply(x, weight.to(dtype), bias.to(dtype), mean, var, num, eps, weight_eps, code, slope, group)
    return y


def _dense(x: Tensor) -> Tensor:
    if x.is_contiguous() or (x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)):
        return x
    return x.contiguous()


@torch.no_grad()
def _update(
    running_mean: Tensor,
    running_var: Tensor,
    mean: Tensor,
    unbiased_var: Tensor,
    momentum: float,
    share: Tensor | None = None,
) -> None:
    amount = momentum if share is None else share * momentum
    running_mean.lerp_(mean.to(running_mean.dtype), amount)
    running_var.lerp_(unbiased_var.to(running_var.dtype), amount)


@torch.no_grad()
def _group_statistics(
    x: Tensor, dtype: torch.dtype, num_local: int, group: ProcessGroup
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns mean [C], biased variance [C] and count of all processes, which may hold different numbers of values."""
    if num_local:
        local_mean, local_var = torch.ops.seamseg.abn_statistics(x)
    else:
        local_mean = local_var = torch.zeros(x.shape[1], dtype=dtype, device=x.device)
    sent = torch.cat([local_mean, local_var, local_mean.new_full((1,), float(num_local))])
    received = [torch.empty_like(sent) for _ in range(distributed.get_world_size(group))]
    distributed.all_gather(received, sent, group=group)
    all_RK = torch.stack(received)
    means_RC, vars_RC, counts_R1 = torch.split(all_RK, [x.shape[1], x.shape[1], 1], dim=1)
    num = counts_R1.sum().clamp(min=1.0)
    mean = (means_RC * counts_R1).sum(0) / num
    var = ((vars_RC + (means_RC - mean) ** 2) * counts_R1).sum(0) / num
    return mean, var, num


class _ActivatedBatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        var: Tensor,
        num: float | Tensor,
        eps: float,
        weight_eps: float,
        activation: int,
        slope: float,
        group: ProcessGroup | None,
    ) -> Tensor:
        y: Tensor = torch.ops.seamseg.abn_apply(x, mean, var, weight, bias, eps, weight_eps, activation, slope)
        counts = (num,) if isinstance(num, Tensor) else ()
        ctx.save_for_backward(y, var, weight, bias, *counts)
        ctx.num, ctx.group = 1.0 if isinstance(num, Tensor) else num, group
        ctx.options = eps, weight_eps, activation, slope
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        y, var, weight, bias, *counts = ctx.saved_tensors
        eps, weight_eps, activation, slope = ctx.options
        dy = _laid_out_as(gradients[0], y)
        sums = torch.ops.seamseg.abn_sums(y, dy, weight, bias, weight_eps, activation, slope)
        dbias, dweight = sums[0], torch.where(weight < 0, -sums[1], sums[1])
        shared_2C = torch.stack(sums) if counts else None
        if shared_2C is not None:
            distributed.all_reduce(shared_2C, group=ctx.group)
            shared_2C = shared_2C / counts[0]
        total, weighted = (shared_2C[0], shared_2C[1]) if shared_2C is not None else sums
        dx = torch.ops.seamseg.abn_gradient(
            y, dy, var, weight, bias, total, weighted, ctx.num, eps, weight_eps, activation, slope
        )
        return dx, dweight, dbias, *[None] * 8


def _laid_out_as(dy: Tensor, y: Tensor) -> Tensor:
    layout = torch.contiguous_format if y.is_contiguous() else torch.channels_last
    return dy.to(y.dtype).contiguous(memory_format=layout)


def _channel_type(x: Tensor) -> torch.dtype:
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def _fake_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape[1], dtype=_channel_type(x)), x.new_empty(x.shape[1], dtype=_channel_type(x))


def _fake_apply(
    x: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor, eps: float, weight_eps: float, activation: int,
    slope: float
) -> Tensor:  # fmt: skip
    return torch.empty_like(x)


def _fake_sums(
    y: Tensor, dy: Tensor, weight: Tensor, bias: Tensor, weight_eps: float, activation: int, slope: float
) -> tuple[Tensor, Tensor]:
    return _fake_statistics(y)


def _fake_gradient(
    y: Tensor, dy: Tensor, var: Tensor, weight: Tensor, bias: Tensor, total: Tensor, weighted: Tensor, num: float,
    eps: float, weight_eps: float, activation: int, slope: float
) -> Tensor:  # fmt: skip
    return torch.empty_like(y)


def register() -> None:
    """Tells PyTorch the shapes of the results."""
    torch.library.register_fake("seamseg::abn_statistics", _fake_statistics)
    torch.library.register_fake("seamseg::abn_apply", _fake_apply)
    torch.library.register_fake("seamseg::abn_sums", _fake_sums)
    torch.library.register_fake("seamseg::abn_gradient", _fake_gradient)
