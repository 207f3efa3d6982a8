"""What a part of the network that does not learn says about an image, computed once per image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.training.distill import Outputs, Teacher

MAX_BYTES = 1 << 30


class FeatureCache:
    """Features of images that come again and again, in 16 bits, as far as there is room.

    Only batches of one image are kept: the padding of larger ones changes with their company. Where the pyramid learns,
    what goes into it is kept, else what comes out of it.

    Attributes:
        num_computed: How often the backbone has run.

    Args:
        network: Its backbone must be frozen, norms included.
        max_bytes: Room for features; what does not fit is computed each time.
    """

    def __init__(self, network: PanopticNet, max_bytes: int = MAX_BYTES) -> None:
        self._network = network
        self._room = max_bytes
        self._kept: dict[tuple[str, str], list[Tensor]] = {}
        self._pyramid_learns = any(p.requires_grad for p in network.body.fpn.parameters())
        self.num_computed = 0

    def __call__(self, images_B3HW: Tensor, names: Sequence[str]) -> list[Tensor]:
        """Returns the levels of a batch.

        Args:
            images_B3HW: Normalised.
            names: Each stands for the same pixels whenever it comes.
        """
        inputs = self._keep("features", names, lambda: self._compute(images_B3HW))
        # Rounded the first time too, or a resumed run would differ.
        inputs = [x.to(images_B3HW.dtype) for x in inputs]
        if not self._pyramid_learns:
            return inputs
        levels: list[Tensor] = self._network.body.fpn(inputs)
        return levels

    @torch.no_grad()
    def taught(self, teacher: Teacher, images_B3HW: Tensor, levels: Sequence[Tensor], names: Sequence[str]) -> Outputs:
        """Returns what the teacher says about a batch.

        Args:
            teacher: Its backbone must be that of the network.
            images_B3HW: Normalised.
            levels: The network's, which are the teacher's too where the pyramid does not learn.
            names: As for the levels.
        """
        own_levels = None if self._pyramid_learns else levels

        def compute() -> list[Tensor]:
            said = teacher.look(images_B3HW, own_levels)
            return [*said.objectness, *said.shifts, said.semantic, *([] if own_levels is not None else said.levels)]

        kept = [x.to(images_B3HW.dtype) for x in self._keep("teacher", names, compute)]
        count = teacher.network.config.rpn.fpn_levels
        objectness, shifts, semantic, rest = (
            kept[:count],
            kept[count : 2 * count],
            kept[2 * count],
            kept[2 * count + 1 :],
        )
        return Outputs(own_levels if own_levels is not None else rest, objectness, shifts, semantic)

    @torch.no_grad()
    def _compute(self, images_B3HW: Tensor) -> list[Tensor]:
        self.num_computed += 1
        body = self._network.body
        if not self._pyramid_learns:
            return list(body(images_B3HW))
        outputs = body.backbone(images_B3HW)
        return [outputs[name] for name in body.inputs]

    def _keep(self, kind: str, names: Sequence[str], compute: Callable[[], list[Tensor]]) -> list[Tensor]:
        key = (kind, names[0])
        kept = self._kept.get(key) if len(names) == 1 else None
        if kept is None:
            kept = [x.half() for x in compute()]
            num_bytes = sum(x.numel() * x.element_size() for x in kept)
            if len(names) == 1 and num_bytes <= self._room:
                self._kept[key] = kept
                self._room -= num_bytes
        return kept
