"""Features of a body that does not learn, computed once per image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seamseg_studio.engine.model.panoptic_net import PanopticNet

MAX_BYTES = 1 << 30


class FeatureCache:
    """The pyramid levels of images that come again and again, in 16 bits, as far as there is room.

    Only batches of one image are kept: the padding of larger ones changes with their company.

    Args:
        network: Its body must be frozen, norms included.
        max_bytes: Room for features; what does not fit is computed each time.
    """

    def __init__(self, network: PanopticNet, max_bytes: int = MAX_BYTES) -> None:
        self._network = network
        self._room = max_bytes
        self._levels: dict[str, list[Tensor]] = {}
        self.num_computed = 0

    @torch.no_grad()
    def __call__(self, images_B3HW: Tensor, names: Sequence[str]) -> list[Tensor]:
        """Returns the levels of a batch.

        Args:
            images_B3HW: Normalised.
            names: Each stands for the same pixels whenever it comes.
        """
        key = names[0]
        kept = self._levels.get(key) if len(names) == 1 else None
        if kept is None:
            self.num_computed += 1
            kept = [level.half() for level in self._network.body(images_B3HW)]
            num_bytes = sum(level.numel() * level.element_size() for level in kept)
            if len(names) == 1 and num_bytes <= self._room:
                self._levels[key] = kept
                self._room -= num_bytes
        # Rounded the first time too, or a resumed run would differ.
        return [level.to(images_B3HW.dtype) for level in kept]
