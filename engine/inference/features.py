"""What the network made of an image, and the few images of which it is kept.

Shapes: K categories, P proposals; h and w of the network's input, in pixels.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seamseg_studio.engine.inference.detection import Detections, detect, generate_proposals
from seamseg_studio.engine.inference.preprocess import normalised, resized
from seamseg_studio.engine.model.panoptic_net import PanopticNet

OnStage = Callable[[str], None]

# Of all images together: a GPU has memory to spare between two predictions, this machine's is also the window's.
_MAX_BYTES = {"cpu": 2**30, "cuda": 2**32}
_MAX_IMAGES = 8


@dataclass(frozen=True, slots=True)
class Parts:
    """What a map is fused of, whatever the thresholds: kept once somebody has asked for another fusion.

    Attributes:
        masks: Mask logits of all detections. [N, M, M] float32.
        best: The likeliest category of every pixel of the image. [H, W] uint8.
        second: The runner-up. [H, W] uint8.
    """

    masks: Tensor
    best: Tensor
    second: Tensor


@dataclass(frozen=True, slots=True)
class Features:
    """What the heads need to answer anything about an image.

    Attributes:
        levels: Pyramid levels, fine to coarse; those that regions are sampled from.
        logits: Of the categories, at the finest stride. [K, h / 4, w / 4] float32.
        proposals: Boxes in pixels of the input, best first. [P, 4] float32.
        found: All detections above the network's own threshold, those that a map would leave out as well.
        input_size: Height and width of the network's input.
        image: The image itself, for refining borders. [H, W, 3] uint8.
        parts: For another fusion; None before the first.
    """

    levels: tuple[Tensor, ...]
    logits: Tensor
    proposals: Tensor
    found: Detections
    input_size: tuple[int, int]
    image: NDArray[np.uint8]
    parts: Parts | None = None

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the image."""
        return (self.image.shape[0], self.image.shape[1])

    @property
    def num_bytes(self) -> int:
        """Memory in use, on the device and here."""
        tensors = [*self.levels, self.logits, self.proposals]
        if self.parts is not None:
            tensors += [self.parts.masks, self.parts.best, self.parts.second]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors) + self.image.nbytes


def look(
    network: PanopticNet, image: NDArray[np.uint8], input_size: tuple[int, int], on_stage: OnStage | None = None
) -> Features:
    """Runs the network and its box head on an image.

    Args:
        network: Ready for inference.
        image: RGB values. [H, W, 3] uint8.
        input_size: Height and width at which the network sees it.
        on_stage: Called with the name of each stage before it begins.
    """
    begin = on_stage or _ignore
    begin("preprocess")
    parameter = next(network.parameters())
    x = normalised(resized(image, input_size), network.config.dataloader, parameter.device)
    begin("network")
    levels, objectness, shifts, logits = network(x.to(parameter.dtype))
    begin("detection")
    proposals = generate_proposals(objectness, shifts, network.config, [input_size])
    found = detect(network, levels, proposals, input_size, [input_size])[0]
    roi = network.config.roi
    kept = tuple(levels[: roi.fpn_min_level + roi.fpn_levels])
    return Features(kept, logits[0].float(), proposals[0], found, input_size, image)


class FeatureCache:
    """The features of the images looked at last, by key; thread-safe."""

    def __init__(self, device: torch.device) -> None:
        """Has room for as much as is sensible on a device."""
        self._max_bytes = _MAX_BYTES.get(device.type, _MAX_BYTES["cpu"])
        self._kept: OrderedDict[str, Features] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[str]:
        """The keys, least recently used first."""
        return iter(list(self._kept))

    @property
    def num_bytes(self) -> int:
        """Memory in use."""
        with self._lock:
            return sum(features.num_bytes for features in self._kept.values())

    def get(self, key: str) -> Features | None:
        """The features of a key, if they are still there; they count as used."""
        with self._lock:
            features = self._kept.get(key)
            if features is not None:
                self._kept.move_to_end(key)
            return features

    def put(self, key: str, features: Features) -> None:
        """Keeps the features of an image, and lets go of the oldest ones; of one too large for all alone nothing is."""
        if features.num_bytes > self._max_bytes:
            return
        with self._lock:
            self._kept[key] = features
            self._kept.move_to_end(key)
            while len(self._kept) > _MAX_IMAGES or sum(f.num_bytes for f in self._kept.values()) > self._max_bytes:
                self._kept.popitem(last=False)

    def clear(self) -> bool:
        """Lets go of everything; whether there was anything."""
        with self._lock:
            had_any = bool(self._kept)
            self._kept.clear()
            return had_any


def _ignore(_: str) -> None:
    pass
