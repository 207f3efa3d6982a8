"""A network made ready for inference only: norms folded, channels last, one precision."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

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
    network.to(device, dtype)
    return network
