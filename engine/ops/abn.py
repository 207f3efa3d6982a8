"""Activated batch normalisation: normalise, scale by `|weight| + eps`, shift, activate (MODEL.md section 2).

Shapes: B batch, C channels, any number of spatial axes after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seamseg_studio.engine.ops import native, native_abn, reference
from seamseg_studio.engine.ops.activation import absolute_scale, activate, check_activation
from seamseg_studio.engine.ops.checks import check_device
from seamseg_studio.engine.ops.sync_norm import synchronised_batch_norm

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def abn(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
    weight_eps: float = 1e-5,
    activation: str = "leaky_relu",
    slope: float = 0.01,
    group: ProcessGroup | None = None,
) -> Tensor:
    """Returns `act((x - mean) / sqrt(var + eps) * (|weight| + weight_eps) + bias)`.

    In training, mean and biased variance are the batch's and the running statistics are updated in place (the running
    variance with the unbiased value); otherwise they are the running statistics.

    Args:
        x: [B, C, ...] floating point.
        weight: [C]; only its absolute value counts.
        bias: [C].
        running_mean: [C], updated in training.
        running_var: [C], updated in training.
        training: Whether to use the statistics of the batch. A batch with fewer than two values a channel has none:
            then the running ones are used and left alone.
        momentum: Share of the batch in the new running statistics.
        eps: Added to the variance.
        weight_eps: Added to the absolute weight.
        activation: See `activate`.
        slope: Negative slope of `leaky_relu`.
        group: Processes that share their statistics. All of them must call, those without samples with B = 0.

    Raises:
        ValueError: A shape, type, device or activation that does not fit.
    """
    if x.dim() < 2 or not x.is_floating_point():
        raise ValueError(f"x must be floating point [B, C, ...], got {x.dtype} {tuple(x.shape)}")
    named = (("weight", weight), ("bias", bias), ("running_mean", running_mean), ("running_var", running_var))
    for name, value in named:
        if value.dim() != 1 or value.shape[0] != x.shape[1] or not value.is_floating_point():
            raise ValueError(
                f"{name} must be floating point [{x.shape[1]}] as x {tuple(x.shape)} has channels, got {value.dtype} "
                f"{tuple(value.shape)}"
            )
        check_device(name, value, "x", x)
    check_activation(activation)
    if native_abn.serves(x, activation, slope) and native.usable(x, weight, bias, running_mean, running_var):
        return native_abn.abn(
            x,
            weight,
            bias,
            running_mean,
            running_var,
            training=training,
            momentum=momentum,
            eps=eps,
            weight_eps=weight_eps,
            activation=activation,
            slope=slope,
            group=group,
        )
    if training and group is not None:
        scale = absolute_scale(weight, weight_eps)
        y = synchronised_batch_norm(x, scale, bias, running_mean, running_var, momentum=momentum, eps=eps, group=group)
        return activate(y, activation, slope)
    return reference.abn(
        x,
        weight,
        bias,
        running_mean,
        running_var,
        training=training,
        momentum=momentum,
        eps=eps,
        weight_eps=weight_eps,
        activation=activation,
        slope=slope,
    )


@torch.no_grad()
def folded_scale_and_shift(
    weight: Tensor, bias: Tensor, running_mean: Tensor, running_var: Tensor, *, eps: float, weight_eps: float
) -> tuple[Tensor, Tensor]:
    """Returns the scale and shift [C] float64 that the normalisation amounts to outside training."""
    scale = absolute_scale(weight.double(), weight_eps) / torch.sqrt(running_var.double() + eps)
    return scale, bias.double() - running_mean.double() * scale
