"""Random colours and grain, on the device that trains."""

from __future__ import annotations

import torch
from torch import Tensor

from seamseg_studio.training.constants import bring, constant

_LUMA = (0.299, 0.587, 0.114)
# How far gamma, brightness, the white balance of three channels, saturation and contrast move at strength 1.
_SHARES = (0.7, 0.8, 0.25, 0.25, 0.25, 1.2, 0.8)


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

    values = (torch.rand(len(x), len(_SHARES), generator=generator) * 2 - 1) * strength
    drawn = bring(values, x.device) * constant(_SHARES, x.device)
    gamma, light, balance, saturation, contrast = torch.split(drawn.exp()[:, :, None, None], [1, 1, 3, 1, 1], dim=1)
    x = x.clamp(min=1e-4) ** gamma
    x = x * (light * balance)
    grey = (x * constant(_LUMA, x.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = torch.lerp(grey, x, saturation)
    x = torch.lerp(grey.mean((2, 3), keepdim=True), x, contrast)
    return x.clamp_(0, 1) * 255


def add_noise(images_B3HW: Tensor, most: float, generator: torch.Generator | None = None) -> Tensor:
    """Returns images with grain: normal, independent by pixel and channel, of another strength in each image.

    Args:
        images_B3HW: RGB, 0 to 255, any type.
        most: The largest standard deviation, as a share of 255; 0 leaves the images alone.
        generator: Of the strengths, on the CPU; the global one if None.

    Returns:
        [B, 3, H, W] float32, 0 to 255.
    """
    x = images_B3HW.float()
    if most <= 0:
        return x
    deviations = bring(torch.rand(len(x), 1, 1, 1, generator=generator) * (255 * most), x.device)
    return (x + torch.randn_like(x) * deviations).clamp_(0, 255)
