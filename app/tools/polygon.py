"""The polygon: corners that can be moved until it is committed."""

from __future__ import annotations

from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort
from seamseg_studio.app.tools.events import Button, Modifier, Shown, Sketch, ToolEvent, ToolKey
from seamseg_studio.app.tools.region import RegionTool, target_rgb
from seamseg_studio.engine.scene.geometry import polygon_mask
from seamseg_studio.engine.scene.outline_draft import OutlineDraft, Point

REACH_PX = 8.0  # on the screen: how near a click has to be to take hold of a corner or a side


class Polygon(RegionTool):
    """Click corners; drag them, or a side, to correct; Enter, a double click or the first corner commits."""

    name = "polygon"
    title = "Polygon"
    icon = "polygon"
    shortcut = "P"
    hint = (
        "Click corners, drag to move them · Enter or double click commits · Backspace removes the last, Alt + click any"
        " · Shift adds, Ctrl subtracts"
    )
    keys = frozenset({ToolKey.FINISH, ToolKey.BACK})

    def __init__(self) -> None:
        super().__init__()
        self._draft = OutlineDraft()
        self._held: int | None = None
        self._closes_on_release = False
        self._pointer: Point | None = None

    @property
    def busy(self) -> bool:
        return len(self._draft) > 0

    @property
    def points_yx(self) -> tuple[Point, ...]:
        """The corners so far."""
        return self._draft.points_yx

    def press(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT:
            return
        if not self.busy:
            self._begin(event.modifiers)
        elif event.num_clicks == 2:
            self._close(document)
            return
        point, reach = (event.y, event.x), REACH_PX / event.scale
        corner = self._draft.corner_near(point, reach)
        if corner is not None and Modifier.ALT in event.modifiers:
            self._draft = self._draft.without(corner)
            return
        self._closes_on_release = corner == 0 and self._draft.encloses
        if corner is None:
            side = self._draft.side_near(point, reach)
            corner = len(self._draft) if side is None else side
            self._draft = self._draft.with_corner(point, corner)
        self._held = corner
        self._pointer = None

    def move(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if self._held is None:
            self._pointer = (event.y, event.x) if self.busy else None
        elif event.is_drag:
            self._draft = self._draft.moved(self._held, (event.y, event.x))
            self._closes_on_release = False

    def release(self, event: ToolEvent, document: Document, canvas: CanvasPort) -> None:
        if event.button is not Button.LEFT:
            return
        self._held = None
        if self._closes_on_release:
            self._close(document)

    def key(self, key: ToolKey, document: Document, canvas: CanvasPort) -> None:
        if key is ToolKey.FINISH:
            self._close(document)
        else:
            self._held = None
            self._draft = self._draft.without()

    def cancel(self, document: Document) -> None:
        self._draft = OutlineDraft()
        self._held = self._pointer = None
        self._closes_on_release = False

    def finish(self, document: Document) -> None:
        if self._draft.encloses:
            self._close(document)
        self.cancel(document)

    def sketch(self, document: Document | None) -> tuple[Shown, ...]:
        if document is None or not self.busy:
            return ()
        corners = self._draft.points_yx
        points = corners if self._pointer is None else (*corners, self._pointer)
        return (Sketch(points, len(points) > 2, corners, target_rgb(document, self._mode_now)),)

    def _close(self, document: Document) -> None:
        if not self._draft.encloses:
            self.hint_changed.emit("A polygon needs three corners at least")
            return
        mask, box = polygon_mask(self._draft.points_yx, document.map.shape)
        self.cancel(document)
        self._commit(document, mask, box)
