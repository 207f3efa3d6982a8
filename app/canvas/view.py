"""The canvas widget: shows a document, lets the active tool work on it, and is looked around in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from seamseg_studio.app.canvas import decorations
from seamseg_studio.app.canvas.colours import OverlayMode
from seamseg_studio.app.canvas.cursor import ToolCursor
from seamseg_studio.app.canvas.display import for_another_image
from seamseg_studio.app.canvas.floating import Floating
from seamseg_studio.app.canvas.image_layer import to_qimage
from seamseg_studio.app.canvas.key_pointer import KeyPointer, KeyPointerTargets
from seamseg_studio.app.canvas.keyboard import Keyboard, KeyTargets
from seamseg_studio.app.canvas.layers import Layers
from seamseg_studio.app.canvas.looking import LookingWidget
from seamseg_studio.app.canvas.minimap import Minimap
from seamseg_studio.app.canvas.names import Names
from seamseg_studio.app.canvas.navigation import Navigation
from seamseg_studio.app.canvas.pointer import Pointer, PointerTargets
from seamseg_studio.app.canvas.rulers import WIDTH_PX as RULER_PX
from seamseg_studio.app.canvas.rulers import PointerLines, paint_rulers
from seamseg_studio.app.canvas.sketches import SketchPainter, paint_region
from seamseg_studio.app.canvas.tags import SelectionTags
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.events import CursorShape, ToolEvent
from seamseg_studio.app.tools.select import Select
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.taxonomy import Taxonomy

if TYPE_CHECKING:
    from seamseg_studio.app.canvas.stage import Stage

_GROUND = QColor("#131417")
_Event = TypeVar("_Event")


class Canvas(LookingWidget):
    """Shows a document and gives pointer and keys to the active tool.

    Signals:
        cursor_moved: The pointer is over pixel (y, x), on the segment of this id (0 is void).
        cursor_left: The pointer is not over the image any more.
        tool_hint_changed: What the status bar should say of the active tool.
        tool_changed: The active `Tool` is another one.
        zoom_changed: Screen pixels per image pixel.
        picture_changed: The whole image, or its labels, look different.
        seen_changed: The part of the image that is seen, a rectangle in fractions of it.
    """

    cursor_moved = Signal(int, int, int)
    cursor_left = Signal()
    tool_hint_changed = Signal(str)
    tool_changed = Signal(object)
    zoom_changed = Signal(float)
    picture_changed = Signal()
    seen_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName(self.tr("Canvas"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 150)
        self._document: Document | None = None
        self._tool: Tool | None = None
        self._layers: Layers | None = None
        self._taxonomy: Taxonomy | None = None  # of the last document
        self._tags, self._names, self._pointer_lines = SelectionTags(), Names(), PointerLines()
        self._ground = _GROUND
        self._is_peeking = self._has_sketch = False
        self._floating = Floating(self, self.picture_changed.emit)
        self._bar, self._minimap = self._floating.bar, self._floating.minimap
        self._bar.opacity_changed.connect(self.set_overlay_opacity)
        self._bar.tones_changed.connect(self.set_image_tones)
        self._bar.mode_changed.connect(self.set_overlay_mode)
        self._bar.show_display(self._display)
        self._minimap.centre_requested.connect(self._on_minimap_centre_requested)
        self.display_changed.connect(self._on_display_changed)
        self._pointer = self._make_pointer()
        self._key_pointer = self._make_key_pointer()
        self._keyboard = self._make_keyboard()
        self._sketches = SketchPainter()
        self._cursor = ToolCursor(self._pointer)
        self.set_tool(Select())

    def _make_pointer(self) -> Pointer:
        return Pointer(
            PointerTargets(
                viewpoint=lambda: self._view,
                look=self.look_from,
                zoom_to=self._zoom_to,
                to_device=lambda position: self._need_stage().to_device(position),
                device_ratio=lambda: self._need_stage().device_ratio,
                press=self._on_pointer_pressed,
                move=self._on_pointer_moved,
                release=lambda event: self._to_tool(self.active_tool.release, event),
                leave=self._on_pointer_left,
                refresh_cursor=self.refresh_cursor,
            )
        )

    def _make_key_pointer(self) -> KeyPointer:
        return KeyPointer(
            KeyPointerTargets(
                viewport=lambda: self._need_stage().viewport(),
                position=lambda: self._pointer.position,
                pan=self._pan,
                pixel_px=lambda: self.zoom,
            )
        )

    def _make_keyboard(self) -> Keyboard:
        return Keyboard(
            KeyTargets(
                tool=lambda: self._tool if self._document is not None else None,
                offer=lambda: self._offer,
                pan=self._pointer.set_space,
                peek=self.set_peek,
                cancel=lambda: self._to_tool(lambda _, document, __: self.active_tool.cancel(document), None),
                tool_key=lambda key: self._to_tool(self.active_tool.key, key),
            ),
            self._key_pointer,
        )

    # What is shown

    @property
    def document(self) -> Document | None:
        return self._document

    def set_document(self, document: Document | None) -> None:
        """Shows another document, or nothing; a gesture under way in the old one is finished and kept."""
        old, self._document = self._document, document
        old_layers, self._layers = self._layers, None
        if old is not None:
            self.active_tool.finish(old)
            for signal, slot in self._slots(old):
                signal.disconnect(slot)
        if old_layers is not None:
            old_layers.close()
        self._pointer.reset()
        self._names.forget()
        self._display = for_another_image(self._display, is_same_taxonomy=self._knows_taxonomy_of(document))
        if document is not None:
            stage = self._need_stage()
            for signal, slot in self._slots(document):
                signal.connect(slot)
            self._layers = Layers(document, self._display, self._repaint, old_layers)
            stage.set_layers(self._layers.image, self._layers.labelled)
            if old is None or old.image is not document.image:
                self._navigation = Navigation(stage, document.map.shape)
                self._navigation.fit()
        elif self._stage is not None:
            self._navigation = None
            self._stage.set_layers(None, None)
        self._floating.show_layers(self._layers)
        self.refresh_cursor()
        self.display_changed.emit()

    def show_preview(self, pixels: NDArray[np.uint8], shape: tuple[int, int]) -> None:
        """Shows a small picture of the image of `shape` that is about to come, while there is no document."""
        assert self._document is None
        self._need_stage().set_preview(to_qimage(pixels), shape)

    def set_peek(self, is_peeking: bool) -> None:
        """Shows the image alone for as long as it is on."""
        self._is_peeking = is_peeking
        if self._stage is not None:
            self._stage.shows_overlay = not is_peeking
        self._repaint(None)

    def set_ground(self, color: QColor) -> None:
        """Sets the colour around the image."""
        self._ground = QColor(color)
        if self._stage is not None:
            self._stage.ground = self._ground
            self._stage.viewport().update()
        self.update()

    # The tool

    @property
    def active_tool(self) -> Tool:
        assert self._tool is not None
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Takes another tool; a gesture of the old one is finished and kept."""
        old, self._tool = self._tool, tool
        if old is tool:
            return
        if old is not None:
            if self._document is not None:
                old.finish(self._document)
            old.option_changed.disconnect(self.refresh_cursor)
            old.hint_changed.disconnect(self.tool_hint_changed)
        tool.option_changed.connect(self.refresh_cursor)
        tool.hint_changed.connect(self.tool_hint_changed)
        self.tool_changed.emit(tool)
        self.tool_hint_changed.emit(tool.hint)
        self.refresh_cursor()

    def refresh_cursor(self) -> None:
        """Shows the tool's cursor shape and sketch anew."""
        if self._stage is None:
            return
        viewport = self._stage.viewport()
        shape = self.active_tool.cursor(self._document) if self._document is not None else CursorShape()
        self._cursor.is_working = self._document is not None and self._document.working
        display = self._display
        has_lines = display.crosshair or self._key_pointer.is_shown
        self._pointer_lines.follow(viewport, self._pointer.position, crosshair=has_lines, rulers=display.rulers)
        self._cursor.refresh(viewport, shape, self._view, self._stage.device_ratio)
        if self._has_sketch or self.active_tool.sketch(self._document):
            viewport.update()

    # What the stage asks (StageInput)

    def pointer(self, event: QEvent) -> bool:
        """Takes a pointer event; whether it was used."""
        if self._document is None:
            return False
        if isinstance(event, QMouseEvent) and self._key_pointer.gives_way() and self._stage is not None:
            self._stage.viewport().update()  # its lines go
        return self._pointer.handle(event)

    def claims_key(self, event: QKeyEvent) -> bool:
        """Whether a key is the canvas's own before it is a shortcut."""
        return self._keyboard.claims(event)

    def key(self, event: QKeyEvent) -> bool:
        """Takes a key event; whether it was used."""
        return self._keyboard.handle(event)

    def focus_lost(self) -> None:
        """The keys held are not the canvas's any more."""
        self._key_pointer.end()
        self._pointer.set_space(False)
        if self._is_peeking:
            self.set_peek(False)

    @property
    def covered_px(self) -> int:
        """How much of the foot something lies over, in logical pixels."""
        return self._floating.covered_px

    @property
    def edge_px(self) -> int:
        """How much of the top and the left side something lies over, in logical pixels."""
        return RULER_PX if self._display.rulers else 0

    def paint_above(self, painter: QPainter, exposed: QRect) -> None:
        """Draws grid, names, the tool's lines and its ring."""
        document, stage = self._document, self._stage
        if document is None or stage is None:
            return
        ratio = stage.device_ratio
        decorations.paint_grid(painter, self._view, ratio, exposed, document.map.shape)
        area, display = stage.viewport().rect(), self._display
        if not self._is_peeking:
            if display.names and self._layers is not None:
                seen = self._view.visible_box(document.map.shape, stage.device_shape)
                self._names.paint(painter, document, self._layers.overlay.hidden, self._view, ratio, seen)
            free = area.adjusted(RULER_PX, RULER_PX, 0, 0) if display.rulers else area
            self._tags.paint(painter, document, self._view, ratio, free)
            if display.mode is OverlayMode.DIFFERENCE and document.prediction is None:
                decorations.paint_notice(painter, self.tr("There is no prediction of this image to compare with"), free)
        if document.policy.region is not None:
            paint_region(painter, document.policy.region, self._view, ratio, area)
        sketches = self.active_tool.sketch(document)
        self._has_sketch = bool(sketches)
        self._sketches.paint(painter, (*self._offered, *sketches), self._view, ratio)
        if display.crosshair or self._key_pointer.is_shown:
            self._pointer_lines.paint(painter, area, self._pointer.position)
        self._cursor.paint(painter, self._view, ratio)
        if display.rulers:
            paint_rulers(painter, self._view, ratio, area, self._pointer.position)

    # Qt's events

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._ground)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._stage is not None:
            self._stage.setGeometry(self.rect())
        self._floating.place()

    # Within

    def _need_stage(self) -> Stage:
        if self._stage is None:
            from seamseg_studio.app.canvas.stage import Stage  # only now: it brings pyqtgraph

            stage = Stage(self, self)
            stage.setAccessibleName(self.accessibleName())
            stage.setFrameShape(QFrame.Shape.NoFrame)
            stage.viewpoint_changed.connect(self._on_stage_viewpoint_changed)
            stage.viewport().setMouseTracking(True)
            stage.ground = self._ground
            stage.setGeometry(self.rect())
            stage.lower()
            stage.show()
            self.setFocusProxy(stage)
            self._stage = stage
        return self._stage

    def _on_display_changed(self) -> None:
        if self._layers is not None:
            self._layers.set_display(self._display)
        self._bar.show_display(self._display)
        self._floating.place()
        if self._navigation is not None:
            self._navigation.keep_fitted()  # the rulers may have come or gone
        self._repaint()

    def _repaint(self, box: Box | None = None) -> None:
        if self._stage is not None:
            self._stage.viewport().update() if box is None else self._stage.update_box(box)
            self._floating.draw_soon()

    def _knows_taxonomy_of(self, document: Document | None) -> bool:
        """Whether the numbers of categories mean what they meant in the image before."""
        old = self._taxonomy
        if document is not None:
            self._taxonomy = document.taxonomy
        return old is None or document is None or old == document.taxonomy

    def _slots(self, document: Document) -> list[tuple[SignalInstance, Callable[..., None]]]:
        return [
            (document.closing, self._on_document_closing),
            (document.map_replaced, self._on_document_map_replaced),
            (document.category_changed, self.refresh_cursor),
            (document.working_changed, self.refresh_cursor),
            (document.history_changed, self._names.forget),
            (document.policy_changed, self._repaint),  # the region that edits are kept to
        ]

    def _on_document_closing(self) -> None:
        assert self._document is not None
        self.active_tool.finish(self._document)

    def _on_document_map_replaced(self) -> None:
        if self._layers is not None:
            self._layers.replace_overlay()
            self._need_stage().set_layers(self._layers.image, self._layers.labelled)

    def _to_tool(self, handle: Callable[[_Event, Document, CanvasPort], None], event: _Event) -> None:
        if self._document is not None:
            handle(event, self._document, self)
            self.refresh_cursor()

    def _on_pointer_pressed(self, event: ToolEvent) -> None:
        if self._document is not None and self._document.working:
            # Whoever begins a gesture now would hold the window up until the change is there.
            self.tool_hint_changed.emit(self.tr("The last change is still being worked out; undo drops it"))
            return
        self._to_tool(self.active_tool.press, event)

    def _on_pointer_moved(self, event: ToolEvent) -> None:
        self._to_tool(self.active_tool.move, event)
        if self._document is None:
            return
        y, x = event.pixel
        height, width = self._document.map.shape
        if 0 <= y < height and 0 <= x < width:
            self.cursor_moved.emit(y, x, self._document.segment_at(y, x))
        else:
            self.cursor_left.emit()

    def _on_pointer_left(self) -> None:
        self.cursor_left.emit()
        self.refresh_cursor()

    def _on_stage_viewpoint_changed(self) -> None:
        if self._navigation is not None:
            self._navigation.keep_fitted()
            self._minimap.set_seen(self._navigation.seen)
            self.seen_changed.emit(self._navigation.seen)
            self.zoom_changed.emit(self.zoom)

    def overview(self, size: QSize) -> QImage:
        """The whole image with its labels, no larger than `size`; a null picture if there is none."""
        return self._floating.overview(size)

    def make_navigator(self) -> Minimap:
        """Makes a second minimap that follows where one looks; its size and picture are for its owner to set."""
        navigator = Minimap()
        navigator.centre_requested.connect(self._on_minimap_centre_requested)
        self.seen_changed.connect(navigator.set_seen)
        return navigator
