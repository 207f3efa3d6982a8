"""The superpixel brush: a drag collects pieces of the picture that respect its edges."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.tools.base import CanvasPort
from seamseg_studio.app.tools.events import Button, MaskSketch, Shown, ToolEvent
from seamseg_studio.app.tools.options import Option, SliderOption
from seamseg_studio.app.tools.region import RegionTool, target_rgb
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask
from seamseg_studio.engine.scene.superpixel_grid import SuperpixelGrid, Tile

_MIN_SIZE_PX, _MAX_SIZE_PX = 4, 128
_Worked = tuple[SuperpixelGrid, Tile, NDArray[np.int32]]


class Superpixels(RegionTool):
    """Paints whole superpixels. They are worked out around the pointer, beside the window's thread, and kept."""

    name = "superpixels"
    title = "Superpixel brush"
    icon = "superpixels"
    shortcut = "U"
    hint = "Drag over pieces to collect them · [ ] for their size · Shift adds, Ctrl subtracts · Esc cancels"

    def __init__(self) -> None:
        super().__init__()
        self.size_px = 24
        self._grid: SuperpixelGrid | None = None
        self._hovered = 0
        self._hover_pixel = (-1, -1)
        self._pieces: dict[int, MaskSketch] = {}
        self._last: tuple[float, float] | None = None
        self._unknown: list[tuple[int, int]] = []  # pixels swept whose tiles are not there yet
        self._is_stroking = self._is_released = False
        self._place: tuple[Document, CanvasPort] | None = None
        self._worker: Background[_Worked] = Background("superpixels", self._on_worker_ready, self)

    @property
    def busy(self) -> bool:
        return self._is_stroking

    def own_options(self) -> tuple[Option, ...]:
        return (
            SliderOption("size", "Pieces", self.size_px, _MIN_SIZE_PX, _MAX_SIZE_PX, "px", True, "Their size: [ and ]"),
        )

    def set_option(self, key: str, value: object, document: Document | None) -> None:
        if key == "size" and isinstance(value, int | float):
            if not self.busy:
                self.size_px = round(min(max(value, _MIN_SIZE_PX), _MAX_SIZE_PX))
                self._forget_pieces()
            self.option_changed.emit(key)
        else:
            super().set_option(key, value, document)

    def step_size(self, steps: int) -> None:
        wanted = self.size_px * 1.25**steps
        if round(wanted) == self.size_px:
            wanted = self.size_px + steps
        self.set_option("size", wanted, None)

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT or self.busy:
            return
        self._forget_pieces()
        self._begin(event.modifiers)
        self._is_stroking, self._is_released = True, False
        self._sweep_to(event, document, canvas)

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self._is_stroking and not self._is_released:
            self._sweep_to(event, document, canvas)
            return
        self._hover_pixel = event.pixel
        self._hovered = self._piece_at(event.pixel, document, canvas)

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is Button.LEFT and self.busy:
            self._is_released = True
            self._commit_pieces()

    def cancel(self, document: Document) -> None:
        self._is_stroking = False
        self._unknown = []
        self._forget_pieces()

    def finish(self, document: Document) -> None:
        if self.busy:
            self._is_released = True
            self._worker.finish()
            self._commit_pieces()
        self._forget_pieces()

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        if document is None or self._grid is None or self._grid.image is not document.image:
            return ()
        if self._pieces:
            return tuple(self._pieces.values())
        if not self._hovered:
            return ()
        return (self._sketch_of(self._hovered, self._grid, document),)

    def _sketch_of(self, number: int, grid: SuperpixelGrid, document: Document) -> MaskSketch:
        return MaskSketch(*grid.piece(number), target_rgb(document, self._mode_now if self.busy else self.mode))

    def _forget_pieces(self) -> None:
        self._pieces = {}
        self._hovered = 0
        self._last = None

    def _sweep_to(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        """Collects the pieces on the way from the last place, so that a fast drag leaves no gap."""
        start = self._last or (event.y, event.x)
        self._last = (event.y, event.x)
        num = max(1, math.ceil(math.dist(start, self._last) / max(1, self.size_px / 3)))
        for step in range(1, num + 1):
            y = start[0] + (event.y - start[0]) * step / num
            x = start[1] + (event.x - start[1]) * step / num
            self._collect((math.floor(y + 0.5), math.floor(x + 0.5)), document, canvas)

    def _collect(self, pixel: tuple[int, int], document: Document, canvas: CanvasPort) -> None:
        number = self._piece_at(pixel, document, canvas)
        if number and self._grid is not None:
            if number not in self._pieces:
                self._pieces[number] = self._sketch_of(number, self._grid, document)
        elif _is_inside(pixel, document):
            self._unknown.append(pixel)

    def _piece_at(self, pixel: tuple[int, int], document: Document, canvas: CanvasPort) -> int:
        """The piece at a pixel; 0 outside the image, and while its neighbourhood is still being worked out."""
        self._place = (document, canvas)
        if not _is_inside(pixel, document):
            return 0
        grid = self._grid
        if grid is None or grid.image is not document.image or grid.size_px != self.size_px:
            if grid is None or grid.image is not document.image:
                document.closing.connect(self._on_document_closing)
            grid = self._grid = SuperpixelGrid(document.image, self.size_px)
        missing = grid.missing_around(pixel)
        if not missing:
            return grid.piece_at(pixel)
        if not self._worker.busy:
            self._work_out(grid, missing[0])
        return 0

    def _work_out(self, grid: SuperpixelGrid, tile: Tile) -> None:
        self._worker.request(partial(_worked, grid, tile))
        self.hint_changed.emit("Finding superpixels here …")

    def _on_document_closing(self) -> None:
        """Lets go of the picture; until then what was worked out stays, whatever tool is used between."""
        self._worker.drop()
        self._grid = self._place = None
        self._forget_pieces()

    def _on_worker_ready(self, worked: _Worked) -> None:
        grid, tile, numbers = worked
        grid.put(tile, numbers)
        if self._place is None or grid is not self._grid:
            return
        document, canvas = self._place
        unknown, self._unknown = self._unknown, []
        for pixel in unknown:
            self._collect(pixel, document, canvas)
        if not self.busy:
            self._hovered = self._piece_at(self._hover_pixel, document, canvas)
        if not self._worker.busy:
            self.hint_changed.emit(self.hint)
        self._commit_pieces()
        canvas.refresh_cursor()

    def _commit_pieces(self) -> None:
        if not self._is_released or not self._is_stroking or self._unknown or self._place is None:
            return
        pieces, document = list(self._pieces.values()), self._place[0]
        self._is_stroking = False
        self._forget_pieces()
        if pieces:
            self._commit(document, *united(pieces))


def united(pieces: list[MaskSketch]) -> tuple[Mask, Box]:
    """All pixels of some pieces as one mask of their common box."""
    box = EMPTY_BOX
    for piece in pieces:
        box = box.union(piece.box)
    mask = np.zeros(box.shape, dtype=np.bool_)
    for piece in pieces:
        mask[piece.box.moved(-box.y0, -box.x0).slices] |= piece.mask
    return mask, box


def _worked(grid: SuperpixelGrid, tile: Tile) -> _Worked:
    return grid, tile, grid.compute(tile)


def _is_inside(pixel: tuple[int, int], document: Document) -> bool:
    height, width = document.map.shape
    return 0 <= pixel[0] < height and 0 <= pixel[1] < width
