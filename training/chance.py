"""The random numbers of a run: seeded, kept in snapshots, and set back; and operations that leave nothing to chance."""

from __future__ import annotations

import os
import random
from contextlib import AbstractContextManager
from typing import Any

import torch

from seamseg_studio.training import ranks


def seed_everything(seed: int) -> None:
    """Seeds Python's and PyTorch's random numbers, those of each process differently."""
    random.seed(seed)
    torch.manual_seed(seed + 1_000_003 * ranks.rank())


def random_state(device: torch.device) -> dict[str, Any]:
    """Returns the state of PyTorch's random numbers in this process."""
    on_device = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return {"cpu": torch.get_rng_state(), "device": on_device}


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Goes back to a state that `random_state` returned."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and state["device"] is not None:
        torch.cuda.set_rng_state(state["device"], device)


class Deterministic(AbstractContextManager[None]):
    """Lets PyTorch choose operations that give the same bits each time inside the block, where there are such."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._former = (False, False)

    def __enter__(self) -> None:
        if self._wanted:
            # Read by cuBLAS when it is first used.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            is_warning_only = torch.is_deterministic_algorithms_warn_only_enabled()
            self._former = (torch.are_deterministic_algorithms_enabled(), is_warning_only)
            torch.use_deterministic_algorithms(True, warn_only=True)

    def __exit__(self, *exception: object) -> None:
        if self._wanted:
            torch.use_deterministic_algorithms(self._former[0], warn_only=self._former[1])
