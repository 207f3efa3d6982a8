"""Folding norms into the convolutions before them: the same function, fewer passes over memory."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seamseg_studio.engine.model.norm import Norm
from seamseg_studio.engine.model.semantic import MiniDL


@torch.no_grad()
def fold_norms(network: nn.Module) -> None:
    """Moves scale and shift of every foldable norm below `network` into the layer before it, in place.

    Exact up to rounding, and only for inference: what is left of such a norm is its activation. Group norms depend on
    their input and stay.
    """
    for parent in network.modules():
        children = dict(parent.named_children())
        for name, norm in children.items():
            if not isinstance(norm, Norm) or norm.is_folded:
                continue
            folded = norm.scale_and_shift()
            if folded is None:
                continue
            if isinstance(parent, MiniDL) and name == "bn1":
                layers: list[nn.Module] = [parent.conv1_3x3, parent.conv1_dil, parent.conv1_glb]
            else:
                layers = [_layer_before(children, name)]
            scales, shifts = folded[0].chunk(len(layers)), folded[1].chunk(len(layers))
            for layer, scale, shift in zip(layers, scales, shifts, strict=True):
                _scale_output(layer, scale, shift)
            norm.is_folded = True


def _layer_before(children: dict[str, nn.Module], norm_name: str) -> nn.Module:
    """Norms are named after their layer: bn1 follows conv1 or fc1, proj_bn follows proj_conv."""
    for kind in ("conv", "fc"):
        layer = children.get(norm_name.replace("bn", kind))
        if layer is not None:
            return layer
    raise AssertionError(f"no layer before norm {norm_name}")


def _scale_output(layer: nn.Module, scale: Tensor, shift: Tensor) -> None:
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    weight = layer.weight
    shape = [1] * weight.dim()
    shape[1 if isinstance(layer, nn.ConvTranspose2d) else 0] = -1
    weight.copy_((weight.double() * scale.view(shape)).to(weight.dtype))
    bias = shift if layer.bias is None else layer.bias.double() * scale + shift
    layer.bias = nn.Parameter(bias.to(weight.dtype), requires_grad=False)
