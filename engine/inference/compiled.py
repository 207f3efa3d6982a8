"""A network made ready for inference only: norms folded, channels last, one precision."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.folding import fold_norms
from seamseg_studio.engine.model.panoptic_net import HasCategories, PanopticNet, build_network


def prepare_network(
    config: Config,
    taxonomy: HasCategories | tuple[int, int],
    weights: Mapping[str, Tensor],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> PanopticNet:
    """Returns a network with `weights` that can predict, and no longer learn.

    Args:
        config: The configuration.
        taxonomy: Its categories.
        weights: A complete state dict, float32; not changed.
        device: Where it runs.
        dtype: What it computes in; folding is done in float64 before.

    Raises:
        ConfigError: The configuration contradicts itself.
        RuntimeError: The weights are those of another network.
    """
    # Built without storage: drawing random weights first would take longer than reading the real ones.
    with torch.device("meta"):
        network = build_network(config, taxonomy)
    network.load_state_dict({name: tensor.clone() for name, tensor in weights.items()}, assign=True)
    network.requires_grad_(False).eval()
    fold_norms(network)
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    if dtype != torch.float32 and config.body.body.startswith("efficientnet"):
        # Its few filters are large and nearly cancel each other before they are clipped: in the starter, most of what
        # 16 bits change in the answers comes from these three convolutions of 57.
        exact = _InFloat32(copy.deepcopy(network.body.backbone.get_submodule("mod1")).to(device), dtype)
        network.to(device, dtype)
        network.body.backbone.mod1 = exact
        return network
    return network.to(device, dtype)


class _InFloat32(nn.Module):
    """Computes in float32 whatever comes, and gives on another type."""

    def __init__(self, module: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.module = module
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.module(x.float())
        return y.to(self.dtype)
