"""How much memory a training will need, known before it starts.

A copy of the network without data (PyTorch's "meta" device) goes through one step; what that step would keep for the
gradients is counted, not computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.training.config import TrainingOptions
from seamseg_studio.training.errors import TrainingInputError

_TEMPORARY = 1.25  # what convolutions need beside what they keep
_CONTEXT_BYTES = 600 << 20  # CUDA itself, and the allocator's gaps
_REFUSED_FROM = 1.25  # estimates err: only what is far beyond is refused
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """An estimate.

    Attributes:
        fixed_bytes: Weights, gradients, the optimiser's state and averages.
        image_bytes: What one image adds.
    """

    fixed_bytes: int
    image_bytes: int

    def total(self, num_images: int) -> int:
        """Returns bytes for a batch."""
        return self.fixed_bytes + self.image_bytes * num_images


def estimate_need(
    network: PanopticNet, config: Config, options: TrainingOptions, size: tuple[int, int], *, has_teacher: bool = False
) -> MemoryNeed:
    """Returns what training on images of a size will need.

    Args:
        network: What is trained; only its shape and what is frozen in it count.
        config, options: How.
        size: (height, width) of the images in a batch.
        has_teacher: Whether the base model runs too.
    """
    with torch.device("meta"):
        copy = build_network(network.config, (network.num_stuff, network.num_thing)).train(network.training)
    for own, other in zip(copy.parameters(), network.parameters(), strict=True):
        own.requires_grad_(other.requires_grad)
    learned = sum(p.numel() for p in network.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in network.parameters())
    copies = {"adamw": 3, "sgd": 2}[options.optimizer]
    fixed = 4 * (learned * copies + everything * (1 + bool(options.ema_decay) + has_teacher))
    kept: dict[tuple[int, int], int] = {}

    def pack(tensor: Tensor) -> Tensor:
        # Several views of one tensor keep it once.
        kept[(id(tensor.untyped_storage()._cdata), tensor.numel())] = tensor.numel() * tensor.element_size()
        return tensor

    height, width = (-(-side // 32) * 32 for side in size)
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = copy(torch.empty(1, 3, height, width, device="meta"))
        if network.num_thing:
            rows = max(1, config.roi.num_samples)
            side = config.roi.roi_size
            regions = torch.empty(rows, config.fpn.out_channels, *side, device="meta", requires_grad=True)
            boxes = copy.roi_head.box(regions)
            masked = max(1, int(rows * config.roi.pos_ratio)) if options.mask_positives_only else rows
            masks = copy.roi_head.mask(regions[:masked])
    kept_bytes = sum(kept.values())
    # The semantic loss works on logits at the full size of the image.
    kept_bytes += 3 * 4 * (network.num_stuff + network.num_thing) * height * width
    del outputs
    if network.num_thing:
        del boxes, masks
    half = 0.6 if options.amp != "off" else 1.0
    return MemoryNeed(fixed, int(kept_bytes * half * _TEMPORARY))


def free_bytes(device: torch.device) -> int | None:
    """Returns the free memory of a device; None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) - _CONTEXT_BYTES
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError):
        return None
    return None


def check_memory(need: MemoryNeed, free: int | None, batch_size: int, size: tuple[int, int], device: str) -> str:
    """Returns a warning if memory will be scarce, else nothing.

    Args:
        need: The estimate.
        free: See `free_bytes`.
        batch_size: Images in a batch.
        size: (height, width) of the images.
        device: What messages call it.

    Raises:
        TrainingInputError: It will not suffice; the message says what would fit.
    """
    if free is None or need.total(batch_size) <= free:
        return ""
    wanted = need.total(batch_size)
    sentence = (
        f"batches of {batch_size} images of {size[1]} x {size[0]} pixels need about {wanted / _GIB:.1f} GiB of memory, "
        f"and {device} has {max(free, 0) / _GIB:.1f} free: {_suggestion(need, free, batch_size, size)}"
    )
    if wanted > _REFUSED_FROM * free:
        raise TrainingInputError(sentence)
    return sentence


def _suggestion(need: MemoryNeed, free: int, batch_size: int, size: tuple[int, int]) -> str:
    room = free - need.fixed_bytes
    fitting = max(0, room) // max(need.image_bytes, 1)
    if fitting >= 1:
        rounds = -(-batch_size // fitting)
        return f"set [dataloader] train_batch_size = {fitting} and [training] accumulate = {rounds}"
    scale = (max(0, room) / max(need.image_bytes, 1)) ** 0.5
    crop = tuple(int(side * scale) // 32 * 32 for side in size)
    if min(crop) >= 64:
        return f"set [dataloader] train_batch_size = 1 and [training] crop_size = {crop}"
    return "choose a smaller network, freeze its body, or another device"
