"""Batch normalisation over several processes, which may hold different numbers of samples, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, distributed

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def synchronised_batch_norm(
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    momentum: float,
    eps: float,
    group: ProcessGroup,
) -> Tensor:
    """Normalises `x` [B, C, ...] with the statistics of all processes of `group`, then scales and shifts it.

    Every process of the group must call it in every step, one without samples with B = 0: then none waits forever.
    The gradients of scale and bias are the process's own, as of any other parameter; that of `x` is exact.
    """
    function = cast(Any, _SynchronisedBatchNorm)
    y = function.apply(x, scale, bias, running_mean, running_var, momentum, eps, group)
    return cast(Tensor, y)


def _columns(values_C: Tensor, like: Tensor) -> Tensor:
    return values_C.view(1, -1, *([1] * (like.dim() - 2)))


class _SynchronisedBatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        scale: Tensor,
        bias: Tensor,
        running_mean: Tensor,
        running_var: Tensor,
        momentum: float,
        eps: float,
        group: ProcessGroup,
    ) -> Tensor:
        x32 = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        axes = [axis for axis in range(x.dim()) if axis != 1]
        num_local = x.numel() // max(x.shape[1], 1)
        if num_local:
            local_var, local_mean = torch.var_mean(x32, dim=axes, correction=0)
        else:
            local_var = local_mean = x32.new_zeros(x.shape[1])
        sent = torch.cat([local_mean, local_var, local_mean.new_full((1,), float(num_local))])
        received = [torch.empty_like(sent) for _ in range(distributed.get_world_size(group))]
        distributed.all_gather(received, sent, group=group)
        all_RK = torch.stack(received)
        means_RC, vars_RC, counts_R1 = torch.split(all_RK, [x.shape[1], x.shape[1], 1], dim=1)
        num = counts_R1.sum().clamp(min=1.0)
        mean = (means_RC * counts_R1).sum(0) / num
        var = ((vars_RC + (means_RC - mean) ** 2) * counts_R1).sum(0) / num
        if num > 1:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((var * num / (num - 1)).to(running_var.dtype), momentum)
        inv_std = torch.rsqrt(var + eps)
        normalised = (x32 - _columns(mean, x)) * _columns(inv_std, x)
        ctx.save_for_backward(normalised, scale, inv_std, num)
        ctx.group = group
        return (normalised * _columns(scale, x) + _columns(bias, x)).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        dy = gradients[0]
        normalised, scale, inv_std, num = ctx.saved_tensors
        dy32 = dy.to(normalised.dtype)
        axes = [axis for axis in range(dy.dim()) if axis != 1]
        sums_2C = torch.stack([dy32.sum(axes), (dy32 * normalised).sum(axes)])
        dbias, dscale = sums_2C[0].clone(), sums_2C[1].clone()
        distributed.all_reduce(sums_2C, group=ctx.group)
        mean_dy, mean_dy_normalised = sums_2C / num
        dx = dy32 - _columns(mean_dy, dy) - normalised * _columns(mean_dy_normalised, dy)
        dx = (dx * _columns(scale * inv_std, dy)).to(dy.dtype)
        return dx, dscale.to(scale.dtype), dbias.to(scale.dtype), None, None, None, None, None
