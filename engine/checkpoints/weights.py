"""Comparing weights with the network that a configuration describes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.engine.scene.taxonomy import Taxonomy

COUNTER = "num_batches_tracked"


def with_counters(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Adds the batch counters of norms, which some programs leave out, so that the weights load strictly."""
    complete = dict(weights)
    for name in weights:
        if name.endswith(".running_mean"):
            complete.setdefault(f"{name.removesuffix('running_mean')}{COUNTER}", torch.tensor(0))
    return complete


def count_parameters(weights: Mapping[str, Tensor]) -> int:
    """Counts the numbers that training changes: all but running statistics and counters."""
    statistics = ("running_mean", "running_var", COUNTER)
    return sum(tensor.numel() for name, tensor in weights.items() if not name.endswith(statistics))


def check_weights(weights: Mapping[str, Tensor], config: Config, taxonomy: Taxonomy, source: str) -> None:
    """Checks that weights have the names and shapes of the network and are finite.

    Args:
        weights: By name.
        config: The network's.
        taxonomy: The network's.
        source: What messages call the model.

    Raises:
        BundleError: They do not belong together, or a value is not finite.
        ConfigError: The configuration contradicts itself.
    """
    with torch.device("meta"):
        expected = build_network(config, taxonomy).state_dict()
    missing = sorted(name for name in expected.keys() - weights.keys() if not name.endswith(COUNTER))
    unknown = sorted(name for name in weights.keys() - expected.keys() if not name.endswith(COUNTER))
    if missing or unknown:
        first = f"lacks {missing[0]}" if missing else f"holds {unknown[0]}, which its config does not have"
        numbers = f"{len(missing)} missing, {len(unknown)} unknown"
        raise BundleError(f"{source}: {first} ({numbers}); its weights and config do not belong together")
    for name, tensor in weights.items():
        if name not in expected or name.endswith(COUNTER):
            continue
        if tensor.shape != expected[name].shape:
            shapes = f"{list(tensor.shape)}, not {list(expected[name].shape)}"
            raise BundleError(f"{source}: {name} is {shapes}; its config or taxonomy is that of another model")
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise BundleError(f"{source}: {name} holds values that are not finite; train or get the model again")
