"""Normalisation layers with an activation after them, and the rule which of them a network uses where.

Names of tensors are those of the original checkpoints: `weight`, `bias`, `running_mean`, `running_var`,
`num_batches_tracked`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Protocol

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from seamseg_studio.engine.model.sections import BodyConfig
from seamseg_studio.engine.ops.abn import abn, folded_scale_and_shift
from seamseg_studio.engine.ops.activation import activate

NormKind = Literal["batch", "sync", "group", "affine"]


class Norm(nn.Module):
    """Base of the layers: `y = act(normalise(x))` on [B, C, ...].

    Attributes:
        activation: Name of the activation; see `engine.ops.activation.activate`.
        slope: Negative slope of `leaky_relu`.
        is_folded: Whether scale and shift now sit in the convolution before, so that only the activation is left.
    """

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, num_features: int, activation: str, slope: float) -> None:
        super().__init__()
        self.num_features = num_features
        self.activation = activation
        self.slope = slope
        self.is_folded = False
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))

    def forward(self, x: Tensor) -> Tensor:
        return activate(x, self.activation, self.slope) if self.is_folded else self.normalise(x)

    def normalise(self, x: Tensor) -> Tensor:
        """Normalises and activates."""
        raise TypeError(f"{type(self).__name__} does not say how it normalises")

    def scale_and_shift(self) -> tuple[Tensor, Tensor] | None:
        """Returns what the layer does outside training, [C] and [C] float64, or None if that depends on its input."""
        return None

    def extra_repr(self) -> str:
        return f"{self.num_features}, activation={self.activation}"


class ABN(Norm):
    """Activated batch normalisation with the scale `|weight| + weight_eps`.

    Attributes:
        is_frozen: Whether the running statistics are used, and left alone, in training too.
        is_synchronised: Whether the statistics are those of all processes. Then each process must run the layer in
            each step, one without samples on a batch of size 0.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self,
        num_features: int,
        *,
        activation: str = "leaky_relu",
        slope: float = 0.01,
        eps: float = 1e-5,
        weight_eps: float = 1e-5,
        momentum: float = 0.1,
        is_synchronised: bool = False,
    ) -> None:
        super().__init__(num_features, activation, slope)
        self.eps = eps
        self.weight_eps = weight_eps
        self.momentum = momentum
        self.is_frozen = False
        self.is_synchronised = is_synchronised
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    def normalise(self, x: Tensor) -> Tensor:
        training = self.training and not self.is_frozen
        if training:
            self.num_batches_tracked += 1
        has_peers = self.is_synchronised and distributed.is_available() and distributed.is_initialized()
        return abn(
            x,
            self.weight,
            self.bias,
            self.running_mean,
            self.running_var,
            training=training,
            momentum=self.momentum,
            eps=self.eps,
            weight_eps=self.weight_eps,
            activation=self.activation,
            slope=self.slope,
            group=distributed.group.WORLD if has_peers and training else None,
        )

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        return folded_scale_and_shift(
            self.weight, self.bias, self.running_mean, self.running_var, eps=self.eps, weight_eps=self.weight_eps
        )


class ActivatedGroupNorm(Norm):
    """Group normalisation, then an activation."""

    def __init__(
        self, num_features: int, *, num_groups: int = 32, activation: str = "leaky_relu", slope: float = 0.01
    ) -> None:
        super().__init__(num_features, activation, slope)
        # The widest number of groups up to the wished one that divides the channels.
        self.num_groups = next(n for n in range(min(num_groups, num_features), 0, -1) if num_features % n == 0)

    def normalise(self, x: Tensor) -> Tensor:
        return activate(F.group_norm(x, self.num_groups, self.weight, self.bias), self.activation, self.slope)


class ActivatedAffine(Norm):
    """No normalisation: scale, shift and activation only."""

    def normalise(self, x: Tensor) -> Tensor:
        shape = (1, -1, *([1] * (x.dim() - 2)))
        y = torch.addcmul(self.bias.view(shape), x, self.weight.view(shape))
        return activate(y, self.activation, self.slope)

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        return self.weight.detach().double(), self.bias.detach().double()


class NormFactory(Protocol):
    """Makes the norm that follows a convolution of `num_features` channels."""

    def __call__(self, num_features: int, *, activation: str | None = None) -> Norm: ...


@dataclass(frozen=True, slots=True)
class NormSpec:
    """What norms of one part of a network look like; calling it makes one.

    Attributes:
        kind: `batch`, `sync`, `group` or `affine`.
        eps: Added to the variance.
        weight_eps: Added to the absolute weight (batch and sync only).
        momentum: Share of a batch in the running statistics.
    """

    kind: NormKind = "batch"
    activation: str = "leaky_relu"
    slope: float = 0.01
    num_groups: int = 32
    eps: float = 1e-5
    weight_eps: float = 1e-5
    momentum: float = 0.1

    def __call__(self, num_features: int, *, activation: str | None = None) -> Norm:
        chosen = activation or self.activation
        if self.kind == "group":
            return ActivatedGroupNorm(num_features, num_groups=self.num_groups, activation=chosen, slope=self.slope)
        if self.kind == "affine":
            return ActivatedAffine(num_features, chosen, self.slope)
        return ABN(
            num_features,
            activation=chosen,
            slope=self.slope,
            eps=self.eps,
            weight_eps=self.weight_eps,
            momentum=self.momentum,
            is_synchronised=self.kind == "sync",
        )


_KINDS: dict[str, tuple[NormKind, NormKind]] = {
    "bn": ("batch", "batch"),
    "syncbn": ("sync", "sync"),
    "syncbn+bn": ("sync", "batch"),
    "gn": ("group", "group"),
    "syncbn+gn": ("sync", "group"),
    "off": ("affine", "affine"),
}


def norm_specs(config: BodyConfig) -> tuple[NormSpec, NormSpec]:
    """Returns the norms of the parts that see whole images, and of the ROI heads, whose batches vary in size."""
    dense_kind, roi_kind = _KINDS[config.normalization_mode]
    dense = NormSpec(dense_kind, config.activation, config.activation_slope, config.gn_groups)
    return dense, replace(dense, kind=roi_kind)


def freeze_norms(module: nn.Module, *, with_affine: bool = True) -> None:
    """Makes every batch norm below `module` use, and keep, its running statistics in training too.

    Args:
        module: Root of the modules to change.
        with_affine: Whether weight and bias stop learning as well.
    """
    for norm in module.modules():
        if isinstance(norm, ABN):
            norm.is_frozen = True
            if with_affine:
                norm.weight.requires_grad_(False)
                norm.bias.requires_grad_(False)
