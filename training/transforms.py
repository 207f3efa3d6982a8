"""Random changes of a labelled image before it enters a batch, with the original project's arithmetic for size.

Sizes are truncated (`int(side * scale)`), images resized bilinearly and labels by nearest neighbour, both by Pillow,
whose bilinear filter averages when shrinking.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from seamseg_studio.training.sample import VOID, VOID_CATEGORY, Sample, compact

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ResizeShortest:
    """Scales the shorter side to a fixed length, whatever becomes of the longer one (validation)."""

    shortest_size: int

    def __call__(self, sample: Sample) -> Sample:
        """Returns the resized sample."""
        height, width = sample.size
        scale = self.shortest_size / min(height, width)
        return _resize(sample, (int(height * scale), int(width * scale)))


@dataclass(frozen=True, slots=True)
class TrainTransform:
    """Flip, scale, crop and blur at random.

    Attributes:
        shortest_size: Length of the shorter side in pixels, before the random factor.
        longest_max_size: Cap of the longer side in pixels, after the random factor; 0 for none.
        random_flip: Whether every other image is mirrored.
        random_scale: Empty for none, (lowest, highest) of a uniform factor, or three or more factors to choose from.
        log_scale: Draw the factor uniformly in its logarithm (as many images halved as doubled).
        crop_size: (height, width) of a random crop; images smaller than that are taken whole. Empty for none.
        blur: Probability of a Gaussian blur of up to 1.5 pixels.
    """

    shortest_size: int
    longest_max_size: int = 0
    random_flip: bool = False
    random_scale: tuple[float, ...] = ()
    log_scale: bool = False
    crop_size: tuple[int, ...] = ()
    blur: float = 0.0

    def __call__(self, sample: Sample, rng: random.Random) -> Sample:
        """Returns the changed sample; all chance comes from `rng`."""
        if self.random_flip and rng.random() < 0.5:
            sample = flip(sample)
        height, width = sample.size
        # The drawn length of the shorter side is truncated first, and the cap holds after the draw.
        scale = int(self.shortest_size * self._draw_scale(rng)) / min(height, width)
        if self.longest_max_size:
            scale = min(scale, self.longest_max_size / max(height, width))
        size = max(1, int(height * scale)), max(1, int(width * scale))
        box: Box = (0.0, 0.0, float(width), float(height))
        if self.crop_size:
            size, box = _crop_box((height, width), size, self.crop_size, rng)
        sample = _resize(sample, size, box)
        if self.blur and rng.random() < self.blur:
            image = Image.fromarray(sample.image).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
            sample = replace(sample, image=np.asarray(image))
        return compact(sample)

    def _draw_scale(self, rng: random.Random) -> float:
        if not self.random_scale:
            return 1.0
        if len(self.random_scale) != 2:
            return rng.choice(self.random_scale)
        lowest, highest = self.random_scale
        if self.log_scale:
            return math.exp(rng.uniform(math.log(lowest), math.log(highest)))
        return rng.uniform(lowest, highest)


@dataclass(frozen=True, slots=True)
class Cutout:
    """One instance cut from a photo, to be pasted into others.

    Attributes:
        image: [h, w, 3] uint8 RGB.
        mask: [h, w] bool.
        category: Its thing category.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    category: int


def cut_out(samples: Sequence[Sample], categories: frozenset[int], min_side: int = 40) -> list[Cutout]:
    """Returns the instances of some categories that are large enough and do not touch the border of their photo."""
    cutouts = []
    for sample in samples:
        height, width = sample.size
        for segment in range(1, len(sample.categories)):
            if sample.is_crowd[segment] or int(sample.categories[segment]) not in categories:
                continue
            mask = sample.ids == segment
            if not mask.any():
                continue
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
            touches = y0 == 0 or x0 == 0 or y1 == height or x1 == width
            if touches or max(y1 - y0, x1 - x0) < min_side or mask.sum() < 0.25 * (y1 - y0) * (x1 - x0):
                continue
            window = slice(y0, y1), slice(x0, x1)
            cutouts.append(Cutout(sample.image[window].copy(), mask[window].copy(), int(sample.categories[segment])))
    return cutouts


def paste(sample: Sample, cutout: Cutout, rng: random.Random) -> Sample:
    """Returns the sample with the instance in front of what was there: scaled, mirrored and placed at random."""
    height, width = sample.size
    h, w = cutout.mask.shape
    lowest, highest = 20 / max(h, w), min(1.3, 0.7 * height / h, 0.7 * width / w)
    if highest <= lowest:
        return sample
    scale = math.exp(rng.uniform(math.log(lowest), math.log(highest)))
    h, w = max(2, int(h * scale)), max(2, int(w * scale))
    patch = Image.fromarray(cutout.image).resize((w, h), Image.Resampling.BILINEAR)
    alpha = Image.fromarray(cutout.mask.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BILINEAR)
    pixels, cover = np.asarray(patch), np.asarray(alpha, dtype=np.float32)[..., None] / 255
    if rng.random() < 0.5:
        pixels, cover = pixels[:, ::-1], cover[:, ::-1]
    # Feet and wheels stand in the lower two thirds of street photos.
    bottom = rng.randint(max(h, int(0.35 * height)), height)
    left = rng.randint(0, width - w)
    window = slice(bottom - h, bottom), slice(left, left + w)
    image, ids = sample.image.copy(), sample.ids.copy()
    image[window] = np.rint(image[window] * (1 - cover) + pixels * cover).astype(np.uint8)
    ids[window][cover[..., 0] > 0.5] = len(sample.categories)
    return replace(
        sample,
        image=image,
        ids=ids,
        categories=np.append(sample.categories, cutout.category),
        is_crowd=np.append(sample.is_crowd, False),
        weights=None if sample.weights is None else np.append(sample.weights, np.float32(1)),
    )


def join_four(samples: Sequence[Sample], size: tuple[int, int], rng: random.Random) -> Sample:
    """Returns a mosaic: each sample in a corner of its own, around a point somewhere in the middle third.

    Args:
        samples: Four; of each, as much as its corner holds is taken from the top left. What one leaves empty is void.
        size: Height and width of the mosaic.
        rng: Chooses the point.
    """
    height, width = size
    y, x = rng.randint(height // 3, height - height // 3), rng.randint(width // 3, width - width // 3)
    image, ids = np.zeros((height, width, 3), np.uint8), np.full((height, width), VOID, np.int32)
    categories, is_crowd, weights = [np.array([VOID_CATEGORY])], [np.array([False])], [np.ones(1, np.float32)]
    first = 1
    for sample, (top, left, bottom, right) in zip(
        samples, [(0, 0, y, x), (0, x, y, width), (y, 0, height, x), (y, x, height, width)], strict=True
    ):
        h, w = min(sample.size[0], bottom - top), min(sample.size[1], right - left)
        image[top : top + h, left : left + w] = sample.image[:h, :w]
        own = sample.ids[:h, :w]
        ids[top : top + h, left : left + w] = np.where(own == VOID, VOID, own + (first - 1))
        count = len(sample.categories) - 1
        categories.append(sample.categories[1:])
        is_crowd.append(sample.is_crowd[1:])
        weights.append(np.ones(count, np.float32) if sample.weights is None else sample.weights[1:])
        first += count
    joined = Sample(
        " + ".join(sample.name for sample in samples),
        image,
        ids,
        np.concatenate(categories),
        np.concatenate(is_crowd),
        None if all(sample.weights is None for sample in samples) else np.concatenate(weights),
    )
    return compact(joined)


def _crop_box(
    source: tuple[int, int], scaled: tuple[int, int], crop: Sequence[int], rng: random.Random
) -> tuple[tuple[int, int], Box]:
    """Returns the size of the crop and its place in the unscaled image (left, top, right, bottom)."""
    size = min(scaled[0], crop[0]), min(scaled[1], crop[1])
    top, left = rng.randint(0, scaled[0] - size[0]), rng.randint(0, scaled[1] - size[1])
    step_y, step_x = source[0] / scaled[0], source[1] / scaled[1]
    box = (
        left * step_x,
        top * step_y,
        min((left + size[1]) * step_x, source[1]),
        min((top + size[0]) * step_y, source[0]),
    )
    return size, box


def _resize(sample: Sample, size: tuple[int, int], box: Box | None = None) -> Sample:
    left, top, right, bottom = box or (0.0, 0.0, float(sample.size[1]), float(sample.size[0]))
    image = Image.fromarray(sample.image).resize(
        (size[1], size[0]), Image.Resampling.BILINEAR, (left, top, right, bottom)
    )
    # Not by Pillow: it adds up steps, so that which neighbour an exact tie takes depends on its version.
    rows = _nearest(size[0], top, bottom, sample.size[0])
    columns = _nearest(size[1], left, right, sample.size[1])
    ids = sample.ids[rows[:, None], columns]
    return replace(sample, image=np.asarray(image), ids=ids)


def _nearest(count: int, start: float, stop: float, length: int) -> NDArray[np.int64]:
    places = start + (np.arange(count) + 0.5) * ((stop - start) / count)
    return np.minimum(places.astype(np.int64), length - 1)


def flip(sample: Sample) -> Sample:
    """Returns the sample mirrored left to right."""
    image, ids = np.ascontiguousarray(sample.image[:, ::-1]), np.ascontiguousarray(sample.ids[:, ::-1])
    return replace(sample, image=image, ids=ids)


def shrink(sample: Sample, shortest_px: int) -> Sample:
    """Returns the sample with its shorter side no longer than `shortest_px`."""
    height, width = sample.size
    scale = shortest_px / min(height, width)
    if scale >= 1:
        return sample
    return _resize(sample, (max(1, int(height * scale)), max(1, int(width * scale))))
