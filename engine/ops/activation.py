"""Activation functions that follow a normalisation."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional as F


def activate(x: Tensor, activation: str, slope: float = 0.01) -> Tensor:
    """Applies an activation in place where that is possible and returns the result.

    Args:
        x: Values to activate; a fresh tensor of the caller's, because it may be overwritten.
        activation: `leaky_relu`, `elu`, `relu6` or `identity`.
        slope: Negative slope of `leaky_relu`.

    Raises:
        ValueError: An unknown activation.
    """
    if activation == "leaky_relu":
        return F.leaky_relu(x, slope, inplace=True)
    if activation == "elu":
        return F.elu(x, inplace=True)
    if activation == "relu6":
        return F.relu6(x, inplace=True)
    check_activation(activation)
    return x


def check_activation(activation: str) -> None:
    """Raises ValueError unless `activation` is known."""
    if activation not in ("leaky_relu", "elu", "relu6", "identity"):
        raise ValueError(f"activation must be leaky_relu, elu, relu6 or identity, got {activation!r}")


def absolute_scale(weight: Tensor, weight_eps: float) -> Tensor:
    """Returns the scale `|weight| + weight_eps`; its derivative at 0 is +1, unlike that of `abs`."""
    if torch.is_grad_enabled() and weight.requires_grad:
        return cast(Tensor, cast(Any, _AbsoluteScale).apply(weight, weight_eps))
    return weight.abs() + weight_eps


class _AbsoluteScale(torch.autograd.Function):
    """In a third of the operators that PyTorch would record: there is one in every norm."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, weight_eps: float) -> Tensor:
        ctx.save_for_backward(weight)
        return weight.abs() + weight_eps

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        return torch.where(weight < 0, -gradients[0], gradients[0]), None
