"""From an image to the network's input.

Shapes: H, W of the image and h, w of the network's input, in pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.model.sections import DataloaderConfig

# The longer side is at most this many times the wished shorter one: a 32 x 2000 strip must not become gigabytes.
_MAX_ASPECT = 4


def network_size(image_size: tuple[int, int], shortest_size: int) -> tuple[int, int]:
    """Returns the size (h, w) at which the network sees an image of `image_size` (H, W).

    The shorter side becomes `shortest_size`, the other is cut to a whole number, as in the original project. Only an
    image more than 4 times as long as wide is made smaller, so that its longer side is 4 times `shortest_size`.
    """
    height, width = image_size
    scale = shortest_size / min(height, width)
    if max(height, width) > _MAX_ASPECT * min(height, width):
        scale = _MAX_ASPECT * shortest_size / max(height, width)
    return max(int(height * scale), 1), max(int(width * scale), 1)


def resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Returns `image` [H, W, 3] at `size` (h, w), bilinearly as Pillow does it (averaging when it shrinks)."""
    if image.shape[:2] == size:
        return image
    pixels = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(pixels)


def resized_pixels(pixels_HWC: Tensor, size: tuple[int, int]) -> Tensor:
    """Returns what `resized` does, computed where the pixels are: [H, W, 3] uint8 to [h, w, 3] float32, whole numbers.

    As Pillow does, one direction after the other, each rounded; some values differ by one.
    """
    x = pixels_HWC.float()
    if pixels_HWC.shape[:2] == size:
        return x
    x = x.permute(2, 0, 1)[None]
    for between in ((x.shape[2], size[1]), size):
        if between != tuple(x.shape[2:]):
            x = F.interpolate(x, between, mode="bilinear", align_corners=False, antialias=True)
            x = x.add_(0.5).floor_().clamp_(0, 255)
    return x[0].permute(1, 2, 0).contiguous()


def normalised(image: NDArray[np.uint8], config: DataloaderConfig, device: torch.device) -> Tensor:
    """Returns the network's input [1, 3, h, w] float32, channels last, of RGB values [h, w, 3] uint8."""
    # Pillow hands out read-only pixels, which torch does not take.
    pixels_HWC = torch.from_numpy(np.require(image, requirements=["C", "W"])).to(device)
    mean = torch.tensor(config.rgb_mean, device=device)
    std = torch.tensor(config.rgb_std, device=device)
    return pixels_HWC.float().div_(255).sub_(mean).div_(std).permute(2, 0, 1)[None]


def check_image(image: NDArray[np.uint8]) -> None:
    """Raises ValueError unless `image` is uint8 [H, W, 3] with at least one pixel."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"image must be uint8 [H, W, 3] with at least one pixel, got {image.dtype} {image.shape}")
