"""The superpixels of a picture, worked out tile by tile where they are needed, the same whatever the order.

Pieces are numbered by their seed, and seeds lie on one grid for the whole picture, so a piece has the same number in
every tile that shows some of it. Each tile is worked out with a margin, so pieces go on across its borders.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene import guides
from seamseg_studio.engine.scene.geometry import Box, Mask, tight_box

Tile = tuple[int, int]
"""Row and column, counted in tiles."""

MAX_TILES = 96
_TILE_PX = 384  # about; always whole pieces
_MARGIN = 3  # in pieces
_REACH = 4  # how far from its seed a piece is looked for, in pieces


class SuperpixelGrid:
    """Superpixels of about `size_px`. `compute` may run in any thread, everything else in one."""

    def __init__(self, image: NDArray[np.uint8], size_px: int) -> None:
        """Takes the picture, [H, W, 3] uint8, and the distance of the seeds, at least 2."""
        self.image = image
        self.size_px = max(2, size_px)
        self._shape = (image.shape[0], image.shape[1])
        self._num_columns = -(-self._shape[1] // self.size_px)
        self._tile_px = self.size_px * max(1, round(_TILE_PX / self.size_px))
        self._tiles: OrderedDict[Tile, NDArray[np.int32]] = OrderedDict()

    def tile_of(self, pixel_yx: tuple[int, int]) -> Tile:
        """Returns the tile that shows a pixel of the picture."""
        return pixel_yx[0] // self._tile_px, pixel_yx[1] // self._tile_px

    def __contains__(self, tile: object) -> bool:
        """Whether a tile has been put here."""
        return tile in self._tiles

    def compute(self, tile: Tile) -> NDArray[np.int32]:
        """Works out the number of each pixel's piece in a tile. [h, w] int32."""
        core, size = self._box(tile), self.size_px
        # The margin is whole pieces, so that the seeds of this crop are those of the grid.
        box = core.grown(_MARGIN * size, self._shape)
        local = guides.superpixels(self.image[box.slices], size)
        local = local[core.moved(-box.y0, -box.x0).slices]
        rows, columns = np.divmod(local - 1, -(-box.width // size))
        rows, columns = rows + box.y0 // size, columns + box.x0 // size
        return np.asarray(rows * self._num_columns + columns + 1, dtype=np.int32)

    def put(self, tile: Tile, numbers: NDArray[np.int32]) -> None:
        """Keeps what `compute` gave; the tiles not used for longest go."""
        self._tiles[tile] = numbers
        while len(self._tiles) > MAX_TILES:
            self._tiles.popitem(last=False)

    def piece_at(self, pixel_yx: tuple[int, int]) -> int:
        """Returns the number of the piece at a pixel; 0 if its tile is not here."""
        tile = self.tile_of(pixel_yx)
        if tile not in self._tiles:
            return 0
        self._tiles.move_to_end(tile)
        box = self._box(tile)
        return int(self._tiles[tile][pixel_yx[0] - box.y0, pixel_yx[1] - box.x0])

    def missing_around(self, pixel_yx: tuple[int, int]) -> list[Tile]:
        """Returns the tiles that a piece at a pixel may reach into and that are not here, the pixel's own first."""
        size = self.size_px
        box = Box(*pixel_yx, pixel_yx[0] + 1, pixel_yx[1] + 1).grown(_REACH * size, self._shape)
        own = self.tile_of(pixel_yx)
        return [tile for tile in dict.fromkeys([own, *self._tiles_in(box)]) if tile not in self._tiles]

    def piece(self, number: int) -> tuple[Mask, Box]:
        """Returns the pixels of a piece as a mask of their smallest box, as far as its tiles are here."""
        size = self.size_px
        row, column = divmod(number - 1, self._num_columns)
        seed = Box(row * size, column * size, (row + 1) * size, (column + 1) * size)
        box = seed.grown(_REACH * size, self._shape)
        mask = np.zeros(box.shape, dtype=np.bool_)
        for tile in self._tiles_in(box):
            if tile in self._tiles:
                core = self._box(tile)
                common = core.intersection(box)
                part = self._tiles[tile][common.moved(-core.y0, -core.x0).slices] == number
                mask[common.moved(-box.y0, -box.x0).slices] = part
        tight = tight_box(mask, box)
        return np.ascontiguousarray(mask[tight.moved(-box.y0, -box.x0).slices]), tight

    def _box(self, tile: Tile) -> Box:
        y, x = tile[0] * self._tile_px, tile[1] * self._tile_px
        return Box(y, x, y + self._tile_px, x + self._tile_px).clipped(self._shape)

    def _tiles_in(self, box: Box) -> list[Tile]:
        top, left = self.tile_of((box.y0, box.x0))
        bottom, right = self.tile_of((box.y1 - 1, box.x1 - 1))
        return [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]
