"""Smart scissors: an outline that clings to the edges of the picture between the places clicked."""

from __future__ import annotations

import math

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.tools.base import CanvasPort
from seamseg_studio.app.tools.events import Button, Shown, Sketch, ToolEvent, ToolKey
from seamseg_studio.app.tools.polygon import REACH_PX
from seamseg_studio.app.tools.region import RegionTool, target_rgb
from seamseg_studio.engine.scene.geometry import polygon_mask
from seamseg_studio.engine.scene.guides import Scissors as EdgePath
from seamseg_studio.engine.scene.outline_draft import Point


class Scissors(RegionTool):
    """Click along an object. The edges around each place are looked at beside the window's thread."""

    name = "scissors"
    title = "Smart scissors"
    icon = "scissors"
    shortcut = "S"
    hint = (
        "Click along an edge; the line follows it · Enter, a double click or the first point commits · Backspace goes"
        " back · Esc cancels"
    )
    keys = frozenset({ToolKey.FINISH, ToolKey.BACK})

    def __init__(self) -> None:
        super().__init__()
        self._anchors: list[Point] = []
        self._pieces: list[list[Point]] = []  # piece i leads from anchor i to anchor i + 1
        self._asked: list[Point | None] = []  # clicks that wait for the edges; None closes the outline
        self._path: EdgePath | None = None  # from the last anchor, once its edges are known
        self._pointer: Point | None = None
        self._place: tuple[Document, CanvasPort] | None = None
        self._worker: Background[EdgePath] = Background("scissors", self._on_worker_ready, self)

    @property
    def busy(self) -> bool:
        return bool(self._anchors)

    @property
    def is_ready(self) -> bool:
        """Whether the edges around the last anchor are known."""
        return self._path is not None

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT:
            return
        point = (event.y, event.x)
        self._place = (document, canvas)
        if not self.busy:
            self._begin(event.modifiers)
            self._anchor(point)
        elif event.num_clicks == 2 or self._is_at_start(point, event):
            self._close()
        else:
            self._asked.append(point)
            self._go_on()

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        self._pointer = (event.y, event.x) if self.busy else None

    def key(self, key: ToolKey, document: Document, canvas: CanvasPort) -> None:
        if key is ToolKey.FINISH:
            self._close()
        elif self._asked:
            self._asked.pop()
        elif self._pieces:
            self._pieces.pop()
            self._anchors.pop()
            self._anchor(self._anchors.pop())
        else:
            self.cancel(document)

    def cancel(self, document: Document) -> None:
        self._worker.drop()
        self._anchors, self._pieces, self._asked = [], [], []
        self._path = self._pointer = None

    def finish(self, document: Document) -> None:
        if len(self._anchors) > 2:
            self._commit_outline(document, [])  # closed by a straight line: there is no time to look at more edges
        self.cancel(document)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        if document is None or not self.busy:
            return ()
        line = [point for piece in self._pieces for point in piece] or [self._anchors[0]]
        if self._asked:
            line += [point for point in self._asked if point is not None]
        elif self._pointer is not None:
            line += self._path.path_to(self._pointer) if self._path is not None else [self._pointer]
        rgb = target_rgb(document, self._mode_now)
        return (Sketch(tuple(line), False, tuple(self._anchors), rgb),)

    def _is_at_start(self, point: Point, event: ToolEvent) -> bool:
        num = len(self._anchors) + len(self._asked)
        return num > 2 and math.dist(point, self._anchors[0]) * event.scale <= REACH_PX

    def _anchor(self, point: Point) -> None:
        """Begins the next piece at a place; the edges around it are looked at."""
        assert self._place is not None
        self._anchors.append(point)
        self._path = None
        image = self._place[0].image
        self._worker.request(lambda: _anchored(EdgePath(image), point))
        self.hint_changed.emit("Looking at the edges here …")

    def _on_worker_ready(self, path: EdgePath) -> None:
        if self._place is None or not self.busy:
            return
        self._path = path
        self.hint_changed.emit(self.hint)
        self._go_on()
        self._place[1].refresh_cursor()

    def _close(self) -> None:
        if len(self._anchors) + len(self._asked) < 3:
            self.hint_changed.emit("Click three places at least")
        elif None not in self._asked:
            self._asked.append(None)
            self._go_on()

    def _go_on(self) -> None:
        """Does what was asked for, as far as the edges are known."""
        if not self._asked or self._path is None or self._place is None:
            return
        point = self._asked.pop(0)
        if point is None:
            self._commit_outline(self._place[0], self._path.path_to(self._anchors[0]))
            return
        piece: list[Point] = [(float(y), float(x)) for y, x in self._path.path_to(point)]
        self._pieces.append(piece)
        self._anchor(piece[-1])

    def _commit_outline(self, document: Document, closing: list[tuple[int, int]]) -> None:
        points = [point for piece in self._pieces for point in piece] + [(float(y), float(x)) for y, x in closing]
        mask, box = polygon_mask(points, document.map.shape)
        self.cancel(document)
        self._commit(document, mask, box)


def _anchored(path: EdgePath, point: Point) -> EdgePath:
    path.set_anchor(point)
    return path
