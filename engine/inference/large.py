"""Fusing what the tiles of a large image show, a strip of the map at a time (MODEL.md section 5).

The same rules as `engine.ops.fusion`, for instances of several parts and maps that do not fit the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.inference.fuse import best_rows
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.refine import Crop, paste
from seamseg_studio.engine.inference.tiling import STRIDE, Band, Instance, TiledLook
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY

_STRIP_PIXELS = 2**22

Allocate = Callable[[tuple[int, int], type], NDArray]  # type: ignore[type-arg]


@dataclass(slots=True)
class LargeMap:
    """A map in the making.

    Attributes:
        ids: [H, W] int32.
        best: The semantic head's category. [H, W] uint8.
        second: Its runner-up; None if not wanted. [H, W] uint8.
        doubt: How unsure it is; None if not wanted. [H, W] uint8.
        categories: By id; the first is void.
        scores: By id.
        is_crowd: By id.
    """

    ids: NDArray[np.int32]
    best: NDArray[np.uint8]
    second: NDArray[np.uint8] | None
    doubt: NDArray[np.uint8] | None
    categories: list[int]
    scores: list[float]
    is_crowd: list[bool]

    @classmethod
    def empty(cls, shape: tuple[int, int], allocate: Allocate, *, second: bool, doubt: bool) -> LargeMap:
        """All void. `allocate(shape, dtype)` gives zeroed arrays, in memory or mapped from files."""
        return cls(
            allocate(shape, np.int32),
            allocate(shape, np.uint8),
            allocate(shape, np.uint8) if second else None,
            allocate(shape, np.uint8) if doubt else None,
            [VOID_CATEGORY],
            [0.0],
            [False],
        )

    def take(self, band: Band, plane_size: tuple[int, int], *, is_last: bool) -> None:
        """Turns finished logits into categories of the rows that they decide."""
        height, low_height = self.best.shape[0], plane_size[0]
        # Row y of the map lies at (y + 0.5) * low / H - 0.5 of the plane, between two rows that must both be there.
        scale = height / low_height
        first = 0 if band.first == 0 else int(np.ceil((band.first + 0.5) * scale - 0.5))
        end_row = band.first + band.logits.shape[1] - 1
        last = height if is_last else int(np.ceil((end_row + 0.5) * scale - 0.5))
        per_strip = max(_STRIP_PIXELS // (len(band.logits) * self.best.shape[1]), 1)
        for start in range(first, last, per_strip):
            rows = range(start, min(start + per_strip, last))
            found = best_rows(
                band.logits,
                band.first,
                low_height,
                rows,
                (height, self.best.shape[1]),
                with_second=self.second is not None,
                with_doubt=self.doubt is not None,
            )
            self.best[rows.start : rows.stop] = found[0].cpu().numpy()
            if self.second is not None and found[1] is not None:
                self.second[rows.start : rows.stop] = found[1].cpu().numpy()
            if self.doubt is not None and found[2] is not None:
                self.doubt[rows.start : rows.stop] = found[2].cpu().numpy()

    def fuse(
        self,
        instances: Sequence[Instance],
        *,
        input_size: tuple[int, int],
        num_stuff: int,
        score_threshold: float,
        overlap_threshold: float,
        min_stuff_area: float,
    ) -> None:
        """Gives every pixel to an instance, a category, or nobody; see `engine.ops.fusion.panoptic_fusion`.

        Args:
            instances: By falling score; boxes in pixels of the input.
            input_size: Height and width of the input.
            num_stuff: Number of stuff categories.
            score_threshold: Instances at or below it are left out.
            overlap_threshold: Instances of which a larger share is taken are left out.
            min_stuff_area: Smaller regions stay void; pixels of the input.
        """
        scale = np.array(self.ids.shape * 2) / np.array(input_size * 2)
        for instance in instances:
            if instance.score > score_threshold:
                self._add(instance, scale, num_stuff, overlap_threshold)
        self._add_stuff(num_stuff, min_stuff_area * scale[0] * scale[1])

    def _add(self, instance: Instance, scale: NDArray[np.float64], num_stuff: int, overlap_threshold: float) -> None:
        own = len(self.categories)
        area = num_free = 0
        for region, inside in self._shapes(instance, scale):
            area += int((inside & (region != own)).sum())
            free = inside & (region == 0)
            num_free += int(free.sum())
            region[free] = own
        if num_free == 0 or (area - num_free) / area > overlap_threshold:
            for region, _ in self._shapes(instance, scale):
                region[region == own] = 0
            return
        self.categories.append(instance.category + num_stuff)
        self.scores.append(instance.score)
        self.is_crowd.append(False)

    def _shapes(
        self, instance: Instance, scale: NDArray[np.float64]
    ) -> Iterator[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
        """Strips of the ids (views) under an instance, and its mask there."""
        for part in instance.parts:
            corners = np.array(part.box) * scale
            low = np.ceil(corners[:2] - 0.5).astype(int)
            high = np.floor(corners[2:] - 0.5).astype(int) + 1
            box = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1])).clipped(self.ids.shape)
            if box.is_empty:
                continue
            per_strip = max(_STRIP_PIXELS // box.width, 1)
            for start in range(box.y0, box.y1, per_strip):
                strip = Box(start, box.x0, min(start + per_strip, box.y1), box.x1)
                mask = paste(part.mask, corners.tolist(), Crop(strip, strip.shape), outside=0.0)
                yield self.ids[strip.slices], mask > 0.5

    def _add_stuff(self, num_stuff: int, min_area: float) -> None:
        per_strip = max(_STRIP_PIXELS // self.ids.shape[1], 1)
        strips = [slice(y, y + per_strip) for y in range(0, self.ids.shape[0], per_strip)]
        counts = np.zeros(256, np.int64)
        for strip in strips:
            counts += np.bincount(self.best[strip][self.ids[strip] == 0], minlength=256)
        new_ids = np.zeros(256, np.int32)
        for category in np.flatnonzero(counts[:VOID_CATEGORY]).tolist():
            if counts[category] >= min_area:
                new_ids[category] = len(self.categories)
                self.categories.append(category)
                self.scores.append(1.0)
                self.is_crowd.append(category >= num_stuff)
        for strip in strips:
            region = self.ids[strip]
            np.copyto(region, new_ids[self.best[strip]], where=region == 0)
        self._finish(strips)

    def _finish(self, strips: list[slice]) -> None:
        """Makes the runner-up of every pixel one that its segment has not, and adds the doubt of instances."""
        categories = np.array(self.categories, np.uint8)
        unsure = np.array([round(255 * (1 - score)) for score in self.scores], np.uint8)
        is_instance = np.array([score < 1 for score in self.scores])
        is_instance[0] = False
        for strip in strips:
            ids = self.ids[strip]
            if self.second is not None:
                self.second[strip] = np.where(self.best[strip] != categories[ids], self.best[strip], self.second[strip])
            if self.doubt is not None:
                self.doubt[strip] = np.where(is_instance[ids], unsure[ids], self.doubt[strip])


def label_large(
    network: PanopticNet,
    image: NDArray[np.uint8],
    input_size: tuple[int, int],
    num_tiles: int,
    options: PredictOptions,
    *,
    begin: Callable[[str], None],
    allocate: Allocate = np.zeros,
) -> PanopticResult:
    """Labels an image tile by tile and strip by strip: beside the result itself only a row of tiles is in memory.

    The result differs from that of one look in few pixels: tiles do not see what is beyond them.

    Args:
        network: Ready for inference.
        image: RGB values, in memory or mapped from a file. [H, W, 3] uint8.
        input_size: Height and width at which the network sees it.
        num_tiles: Into how many tiles the longer side is cut, about.
        options: As for `Predictor.predict`, but without the network's own output.
        begin: Called with the name of each stage.
        allocate: Makes zeroed arrays for the result.
    """
    shape = (image.shape[0], image.shape[1])
    look = TiledLook(network, input_size, num_tiles, options.score_threshold)
    found = LargeMap.empty(shape, allocate, second=options.with_second_choice, doubt=options.with_uncertainty)
    plane_height = -(-input_size[0] // STRIDE)
    for band in look.bands(image, begin):
        end = band.first + band.logits.shape[1]
        found.take(band, look.plane_size, is_last=end == plane_height)
    begin("fusion")
    minimum = options.min_stuff_area
    found.fuse(
        look.instances(),
        input_size=input_size,
        num_stuff=network.num_stuff,
        score_threshold=options.score_threshold,
        overlap_threshold=options.overlap_threshold,
        min_stuff_area=network.config.sem.min_stuff_area if minimum is None else minimum,
    )
    return PanopticResult(
        found.ids,
        np.array(found.categories, np.int64),
        np.array(found.scores, np.float32),
        np.array(found.is_crowd, np.bool_),
        found.second,
        uncertainty=found.doubt,
    )
