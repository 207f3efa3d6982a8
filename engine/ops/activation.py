"""Activation functions that follow a normalisation."""

from __future__ import annotations

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
    if activation == "identity":
        return x
    raise ValueError(f"activation must be leaky_relu, elu, relu6 or identity, got {activation!r}")


def absolute_scale(weight: Tensor, weight_eps: float) -> Tensor:
    """Returns the scale `|weight| + weight_eps`; its derivative at 0 is +1, unlike that of `abs`."""
    return torch.where(weight < 0, -weight, weight) + weight_eps
