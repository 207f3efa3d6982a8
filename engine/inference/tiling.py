"""Looking at an image tile by tile: any size in bounded memory, instances joined across the seams.

Tiles overlap. Semantic logits are blended by weights that fall towards a tile's edge; instances that two tiles see in
their overlap are one if their masks agree there. Tiles are looked at row by row, and whatever rows of logits no further
tile can change are turned into categories at once, so that no more than a row of tiles is held.

Shapes: K categories, M side of the masks (28); h and w of the network's whole input, H and W of the image, in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from seamseg_studio.engine.inference.detection import detect, generate_proposals, predict_masks
from seamseg_studio.engine.inference.preprocess import normalised
from seamseg_studio.engine.inference.refine import Crop, Plane, paste
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.scene.geometry import Box

_ALIGN_PX = 64  # the coarsest stride: tiles then see the same cells wherever they lie
_MIN_OVERLAP_PX = 128
_SAME_IOU = 0.5  # of two masks in the overlap of their tiles
_CUT_PX = 4  # an instance that ends so near to a tile's inner edge goes on beyond it
_STRIP_BYTES = 2**26  # of the image read at a time
STRIDE = 4  # of the semantic logits


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the input and its place in the grid of tiles."""

    row: int
    column: int
    box: Box


@dataclass(frozen=True, slots=True)
class Part:
    """What one tile shows of an instance: mask probabilities [M, M] in a box, pixels of the whole input."""

    box: tuple[float, float, float, float]
    mask: Plane


@dataclass(frozen=True, slots=True)
class Instance:
    """A thing in the whole image; several parts if no tile shows all of it."""

    category: int
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    tile: Tile
    category: int
    score: float
    part: Part
    is_cut: bool


def plan(input_size: tuple[int, int], num_tiles: int) -> list[Tile]:
    """Cuts the input into overlapping tiles, row by row.

    Args:
        input_size: Height and width of the whole input.
        num_tiles: Into how many the longer side is cut, about; 1 for a single tile.
    """
    side, overlap = max(input_size), 0
    if num_tiles > 1:
        overlap = max(_MIN_OVERLAP_PX, _aligned(side / num_tiles / 4))
        side = max(_aligned(side / num_tiles) + overlap, 2 * overlap)
    rows, columns = (_spans(length, side, overlap) for length in input_size)
    return [Tile(i, j, Box(y0, x0, y1, x1)) for i, (y0, y1) in enumerate(rows) for j, (x0, x1) in enumerate(columns)]


def _spans(length: int, side: int, overlap: int) -> list[tuple[int, int]]:
    """Evenly spread spans of about `side`: none is narrow, for a tile without surroundings is seen badly."""
    if length <= side:
        return [(0, length)]
    count = math.ceil((length - overlap) / (side - overlap))
    starts = sorted({int(i * (length - side) / (count - 1)) // _ALIGN_PX * _ALIGN_PX for i in range(count)})
    return [(start, length if start == starts[-1] else start + side) for start in starts]


def _aligned(value: float) -> int:
    return max(math.ceil(value / _ALIGN_PX) * _ALIGN_PX, _ALIGN_PX)


def cut(image: NDArray[np.uint8], tile: Box, input_size: tuple[int, int]) -> NDArray[np.uint8]:
    """Returns the tile's pixels as resizing the whole image to `input_size` would give them; reads only what it needs.

    Args:
        image: [H, W, 3]; may be mapped from a file.
        tile: In pixels of the input.
        input_size: Height and width of the whole input.
    """
    if tuple(input_size) == image.shape[:2]:
        return np.ascontiguousarray(image[tile.slices])
    out = np.empty((*tile.shape, 3), np.uint8)
    scale_y, scale_x = image.shape[0] / input_size[0], image.shape[1] / input_size[1]
    left, right, part_x = _source(tile.x0, tile.x1, scale_x, image.shape[1])
    # In strips, so that a file that is larger than the memory is never read whole.
    per_strip = max(int(_STRIP_BYTES / (scale_y * (right - left) * 3)), 1)
    for y0 in range(tile.y0, tile.y1, per_strip):
        y1 = min(y0 + per_strip, tile.y1)
        top, bottom, part_y = _source(y0, y1, scale_y, image.shape[0])
        pixels = Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
        place = (part_x[0], part_y[0], part_x[1], part_y[1])
        small = pixels.resize((tile.width, y1 - y0), Image.Resampling.BILINEAR, place)
        out[y0 - tile.y0 : y1 - tile.y0] = np.asarray(small)
    return out


def _source(start: int, end: int, scale: float, length: int) -> tuple[int, int, tuple[float, float]]:
    """What of an axis of the image makes the pixels `start` to `end` of the input.

    Returns:
        The first pixel and the last plus one, with what the filter reaches beyond; and the exact span within them.
    """
    margin = math.ceil(2 * max(scale, 1))
    first = max(math.floor(start * scale) - margin, 0)
    last = min(math.ceil(end * scale) + margin, length)
    return first, last, (start * scale - first, min(end * scale - first, float(last - first)))


@dataclass(frozen=True, slots=True)
class Band:
    """Finished rows of semantic logits.

    Attributes:
        first: The row of the whole plane that `logits` begins with.
        logits: [K, n, w / 4] float32.
    """

    first: int
    logits: Tensor


class TiledLook:
    """Runs the network over tiles; afterwards `instances` has what they show."""

    def __init__(
        self, network: PanopticNet, input_size: tuple[int, int], num_tiles: int, score_threshold: float
    ) -> None:
        """Looks at nothing yet."""
        self._network = network
        self._input_size = input_size
        self._tiles = plan(input_size, num_tiles)
        self._score_threshold = score_threshold
        self._found: list[_Found] = []
        self.plane_size = (0, 0)

    @property
    def num_tiles(self) -> int:
        """How many there are."""
        return len(self._tiles)

    def bands(self, image: NDArray[np.uint8], on_stage: Callable[[str], None]) -> Iterator[Band]:
        """Looks at all tiles and yields the logits of the whole input, from the top, without gaps.

        Each band after the first begins with the last row of the one before, to interpolate from.
        """
        rows = [[tile for tile in self._tiles if tile.row == i] for i in range(self._tiles[-1].row + 1)]
        self.plane_size = tuple(-(-side // STRIDE) for side in self._input_size)  # type: ignore[assignment]
        carried: tuple[int, Tensor, Tensor] | None = None  # first row, weighted logits, weights
        last_row: Tensor | None = None
        for i, tiles in enumerate(rows):
            top, bottom = tiles[0].box.y0 // STRIDE, -(-tiles[0].box.y1 // STRIDE)
            total: Tensor | None = None
            weights: Tensor | None = None
            for tile in tiles:
                logits = self._look(image, tile, on_stage)
                if total is None or weights is None:
                    total = logits.new_zeros((len(logits), bottom - top, self.plane_size[1]))
                    weights = logits.new_zeros((bottom - top, self.plane_size[1]))
                weight = self._weight(tile, (logits.shape[1], logits.shape[2])).to(logits)
                columns = slice(tile.box.x0 // STRIDE, tile.box.x0 // STRIDE + logits.shape[2])
                total[:, : logits.shape[1], columns] += logits * weight
                weights[: logits.shape[1], columns] += weight
            assert total is not None
            assert weights is not None
            if carried is not None:
                start, former, former_weights = carried
                num = former.shape[1]
                assert start == top
                total[:, :num] += former
                weights[:num] += former_weights
            num_final = (rows[i + 1][0].box.y0 // STRIDE if i + 1 < len(rows) else bottom) - top
            final = total[:, :num_final] / weights[:num_final]
            carried = (top + num_final, total[:, num_final:].clone(), weights[num_final:].clone())
            del total, weights
            yield Band(top, final) if last_row is None else Band(top - 1, torch.cat([last_row, final], dim=1))
            last_row = final[:, -1:]

    def _look(self, image: NDArray[np.uint8], tile: Tile, on_stage: Callable[[str], None]) -> Tensor:
        """Looks at one tile; returns its logits [K, n, m] and keeps its instances."""
        on_stage(f"tile {tile.row}, {tile.column}")
        network, size = self._network, tile.box.shape
        parameter = next(network.parameters())
        pixels = cut(image, tile.box, self._input_size)
        x = normalised(pixels, network.config.dataloader, parameter.device).to(parameter.dtype)
        levels, objectness, shifts, logits = network(x)
        proposals = generate_proposals(objectness, shifts, network.config, [size])
        found = detect(network, levels, proposals, size, [size])[0]
        found = found[found.scores > self._score_threshold]
        masks = predict_masks(network, levels, [found], size)[0].sigmoid().cpu().numpy()
        offset = np.array([tile.box.y0, tile.box.x0] * 2)
        for corners, category, score, mask in zip(
            found.boxes.cpu().numpy() + offset, found.categories.tolist(), found.scores.tolist(), masks, strict=True
        ):
            y0, x0, y1, x1 = (float(v) for v in corners)
            self._keep(tile, (y0, x0, y1, x1), category, score, mask)
        plane: Tensor = logits[0].float()
        return plane

    def _keep(
        self, tile: Tile, box: tuple[float, float, float, float], category: int, score: float, mask: Plane
    ) -> None:
        self._found.append(_Found(tile, category, score, Part(box, mask), self._is_cut(tile.box, box)))

    def _is_cut(self, tile: Box, box: tuple[float, float, float, float]) -> bool:
        height, width = self._input_size
        return (
            (tile.y0 > 0 and box[0] < tile.y0 + _CUT_PX)
            or (tile.x0 > 0 and box[1] < tile.x0 + _CUT_PX)
            or (tile.y1 < height and box[2] > tile.y1 - _CUT_PX)
            or (tile.x1 < width and box[3] > tile.x1 - _CUT_PX)
        )

    def _weight(self, tile: Tile, shape: tuple[int, int]) -> Tensor:
        """How much a tile counts in each cell: 1 in its middle, falling towards edges that are not the image's."""
        axes = []
        for length, start, end, limit in (
            (shape[0], tile.box.y0, tile.box.y1, self._input_size[0]),
            (shape[1], tile.box.x0, tile.box.x1, self._input_size[1]),
        ):
            cells = torch.arange(length, dtype=torch.float32) + 0.5
            ramp = torch.ones(length)
            reach = max(_MIN_OVERLAP_PX / STRIDE, length / 5)
            if start > 0:
                ramp = torch.minimum(ramp, cells / reach)
            if end < limit:
                ramp = torch.minimum(ramp, (length - cells) / reach)
            axes.append(ramp.clamp_(min=1e-3))
        return torch.outer(axes[0], axes[1])

    def instances(self) -> list[Instance]:
        """What all tiles show, each thing once, by falling score."""
        groups = list(range(len(self._found)))

        def root(i: int) -> int:
            while groups[i] != i:
                groups[i] = groups[groups[i]]
                i = groups[i]
            return i

        by_tile: dict[tuple[int, int], list[int]] = {}
        for i, found in enumerate(self._found):
            by_tile.setdefault((found.tile.row, found.tile.column), []).append(i)
        for (row, column), here in by_tile.items():
            for other in ((row, column + 1), (row + 1, column - 1), (row + 1, column), (row + 1, column + 1)):
                for j in by_tile.get(other, ()):
                    for i in here:
                        if self._is_same(self._found[i], self._found[j]):
                            groups[root(j)] = root(i)
        members: dict[int, list[_Found]] = {}
        for i, found in enumerate(self._found):
            members.setdefault(root(i), []).append(found)
        joined = [_joined(group) for group in members.values()]
        return sorted(joined, key=lambda instance: -instance.score)

    @staticmethod
    def _is_same(first: _Found, second: _Found) -> bool:
        """Whether two tiles show one thing: their masks agree where both tiles see."""
        if first.category != second.category:
            return False
        common = first.tile.box.intersection(second.tile.box)
        boxes = [
            Box(int(b[0]), int(b[1]), math.ceil(b[2]), math.ceil(b[3])).intersection(common)
            for b in (first.part.box, second.part.box)
        ]
        if any(box.is_empty for box in boxes):
            return False
        around = boxes[0].union(boxes[1])
        crop = Crop.of(around)
        a, b = (paste(found.part.mask, found.part.box, crop, outside=0.0) > 0.5 for found in (first, second))
        union = int((a | b).sum())
        return union > 0 and int((a & b).sum()) / union > _SAME_IOU


def _joined(group: list[_Found]) -> Instance:
    """One thing of what several tiles show of it: the best whole view, or all parts if there is none."""
    whole = [found for found in group if not found.is_cut]
    shown = [max(whole, key=lambda found: found.score)] if whole else group
    return Instance(group[0].category, max(found.score for found in group), tuple(found.part for found in shown))
