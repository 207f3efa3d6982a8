"""Random colours, on the device that trains."""

from __future__ import annotations

import torch
from torch import Tensor

_LUMA = (0.299, 0.587, 0.114)


def jitter_colors(images_B3HW: Tensor, strength: float, generator: torch.Generator | None = None) -> Tensor:
    """Returns images in other light: brightness, contrast, saturation, gamma and white balance change per image.

    Args:
        images_B3HW: RGB, 0 to 255, any type.
        strength: 0 leaves the images alone; 0.4 is strong.
        generator: Of the chance, on the CPU; the global one if None.

    Returns:
        [B, 3, H, W] float32, 0 to 255.
    """
    x = images_B3HW.float() / 255
    if strength <= 0:
        return x * 255

    def draw(channels: int, share: float) -> Tensor:
        values = torch.rand(len(x), channels, 1, 1, generator=generator) * 2 - 1
        return (values * strength * share).exp().to(x.device, non_blocking=True)

    x = x.clamp(min=1e-4) ** draw(1, 0.7)
    x = x * draw(1, 0.8) * draw(3, 0.25)
    grey = (x * x.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = grey + (x - grey) * draw(1, 1.2)
    mean = grey.mean((2, 3), keepdim=True)
    x = mean + (x - mean) * draw(1, 0.8)
    return x.clamp_(0, 1) * 255
