"""Several samples as the tensors of one training step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from seamseg_studio.training.sample import VOID, VOID_CATEGORY, Sample, extract_boxes
from seamseg_studio.training.targets import GroundTruth


@dataclass(frozen=True, slots=True)
class Batch:
    """Images and ground truth, padded at the bottom and at the right to the largest.

    Attributes:
        names: What messages call the images.
        sizes: (height, width) of each image.
        images: RGB. [B, 3, H, W] uint8.
        ids: Segment of each pixel; 0 (void) in the padding. [B, H, W] int32.
        categories: Of each segment, padded with void. [B, S] int64.
        is_crowd: Of each segment. [B, S] bool.
        boxes: Corners of the instances (things that are no crowd) in pixels. [B, G, 4] float32.
        things: Their thing categories, 0-based. [B, G] int64.
        segments: Their ids. [B, G] int64.
        valid: Which of the G are real. [B, G] bool.
        weights: How much each segment counts; None where all count the same. [B, S] float32.
    """

    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    images: Tensor
    ids: Tensor
    categories: Tensor
    is_crowd: Tensor
    boxes: Tensor
    things: Tensor
    segments: Tensor
    valid: Tensor
    weights: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """Returns the batch on `device`; from pinned memory the copy overlaps with the GPU's work."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """Returns the batch in page-locked memory (called by the data loader)."""
        return self._map(lambda tensor: tensor.pin_memory())

    def _map(self, function: object) -> Batch:
        assert callable(function)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Batch(**{name: function(v) if isinstance(v, Tensor) else v for name, v in values.items()})


@dataclass(frozen=True, slots=True)
class Collate:
    """Makes a Batch of samples.

    Attributes:
        num_stuff: Stuff categories.
        num_things: Thing categories, whose ids follow those of stuff.
        size: Fixed (height, width) of the batch; empty for that of the largest image.
    """

    num_stuff: int
    num_things: int
    size: tuple[int, ...] = ()

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        """Returns the batch of at least one sample."""
        sizes = tuple(sample.size for sample in samples)
        height, width = self.size or (max(h for h, _ in sizes), max(w for _, w in sizes))
        num_segments = max(len(sample.categories) for sample in samples)
        images = torch.zeros(len(samples), 3, height, width, dtype=torch.uint8)
        ids = torch.zeros(len(samples), height, width, dtype=torch.int32)
        categories = torch.full((len(samples), num_segments), VOID_CATEGORY, dtype=torch.long)
        is_crowd = torch.zeros(len(samples), num_segments, dtype=torch.bool)
        instances = [self._find_instances(sample) for sample in samples]
        num_instances = max(len(found) for found, _ in instances)
        boxes = torch.zeros(len(samples), num_instances, 4)
        segments = torch.zeros(len(samples), num_instances, dtype=torch.long)
        things = torch.zeros(len(samples), num_instances, dtype=torch.long)
        valid = torch.zeros(len(samples), num_instances, dtype=torch.bool)
        for i, (sample, (h, w), (found, found_boxes)) in enumerate(zip(samples, sizes, instances, strict=True)):
            images[i, :, :h, :w] = torch.from_numpy(np.ascontiguousarray(sample.image.transpose(2, 0, 1)))
            ids[i, :h, :w] = torch.from_numpy(np.ascontiguousarray(sample.ids))
            categories[i, : len(sample.categories)] = torch.from_numpy(sample.categories)
            is_crowd[i, : len(sample.is_crowd)] = torch.from_numpy(sample.is_crowd)
            count = len(found)
            boxes[i, :count] = torch.from_numpy(found_boxes)
            segments[i, :count] = torch.from_numpy(found)
            things[i, :count] = torch.from_numpy(sample.categories[found] - self.num_stuff)
            valid[i, :count] = True
        names = tuple(sample.name for sample in samples)
        weights = _join_weights(samples, num_segments)
        return Batch(names, sizes, images, ids, categories, is_crowd, boxes, things, segments, valid, weights)

    def _find_instances(self, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
        boxes = extract_boxes(sample.ids, len(sample.categories))
        is_thing = (sample.categories >= self.num_stuff) & (sample.categories < self.num_stuff + self.num_things)
        is_thing &= ~sample.is_crowd & (boxes[:, 2] > boxes[:, 0])
        is_thing[VOID] = False
        found = np.flatnonzero(is_thing)
        return found, boxes[found]


def _join_weights(samples: Sequence[Sample], num_segments: int) -> Tensor | None:
    if all(sample.weights is None for sample in samples):
        return None
    joined = torch.ones(len(samples), num_segments)
    for i, sample in enumerate(samples):
        if sample.weights is not None:
            joined[i, : len(sample.weights)] = torch.from_numpy(sample.weights)
    return joined


def ground_truth(batch: Batch, num_stuff: int, *, ignore_void: bool) -> GroundTruth:
    """Returns what the losses compare with, on the device of the batch.

    Args:
        batch: The batch.
        num_stuff: Stuff categories.
        ignore_void: Whether void may hide things, so that proposals on it are no negatives.
    """
    flat = batch.ids.flatten(1).long()
    is_thing = (batch.categories >= num_stuff) & (batch.categories != VOID_CATEGORY)
    ignored = batch.is_crowd & is_thing
    if ignore_void:
        ignored = ignored | (batch.categories == VOID_CATEGORY)
    return GroundTruth(
        semantic=batch.categories.gather(1, flat).view(batch.ids.shape),
        ids=flat.view(batch.ids.shape),
        boxes=batch.boxes,
        categories=batch.things,
        segments=batch.segments,
        valid=batch.valid,
        ignored=ignored.gather(1, flat).view(batch.ids.shape),
        pixel_weights=None if batch.weights is None else batch.weights.gather(1, flat).view(batch.ids.shape),
        box_weights=None if batch.weights is None else batch.weights.gather(1, batch.segments),
    )
