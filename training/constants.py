"""Small tensors of the host's numbers, brought to the device without making the host wait."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def constant(values: Sequence[float], device: torch.device) -> Tensor:
    """Returns numbers as a float32 vector that is made once for each device; it must not be changed."""
    return _kept(tuple(values), device)


@lru_cache(maxsize=64)
def _kept(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device)


def bring(values: Tensor, device: torch.device) -> Tensor:
    """Returns a tensor of the host's on a device; the host goes on while it is copied."""
    if device.type != "cuda":
        return values.to(device)
    # From ordinary memory a copy waits for all that the GPU has still to do.
    return values.pin_memory().to(device, non_blocking=True)


def sizes_on(sizes: Sequence[tuple[int, int]], device: torch.device) -> Tensor:
    """Returns the (height, width) of images. [B, 2] float32."""
    return bring(torch.tensor(sizes, dtype=torch.float32), device)


def inside(sizes: Sequence[tuple[int, int]], full: tuple[int, int], device: torch.device) -> Tensor | None:
    """Returns which pixels of a padded batch belong to its images, None if all do.

    Args:
        sizes: (height, width) of each image.
        full: Those of the batch.
        device: Of the result.

    Returns:
        [B, H, W] bool.
    """
    if all(tuple(size) == tuple(full) for size in sizes):
        return None
    heights, widths = sizes_on(sizes, device).unbind(1)
    rows = torch.arange(full[0], device=device) < heights[:, None]
    columns = torch.arange(full[1], device=device) < widths[:, None]
    return rows[:, :, None] & columns[:, None, :]
