"""The layers of one document on the stage, kept up with its map, its selection and how it should be shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import SignalInstance

from seamseg_studio.app.canvas.colours import OverlayMode
from seamseg_studio.app.canvas.display import Display
from seamseg_studio.app.canvas.image_layer import ImageLayer
from seamseg_studio.app.canvas.labelled_layer import LabelledLayer
from seamseg_studio.app.canvas.overlay import Overlay
from seamseg_studio.app.editing.document import Document
from seamseg_studio.engine.scene.geometry import Box


class Layers:
    """Image and overlay of a document. `repaint` is called with what changed, None meaning everything."""

    def __init__(
        self, document: Document, display: Display, repaint: Callable[[Box | None], None], old: Layers | None = None
    ) -> None:
        """Listens to `document` until `close`; the image layer of `old` is used again for the same image."""
        self.document = document
        self._display = display
        self._repaint = repaint
        is_same = old is not None and old.image.pyramid.image is document.image
        self.image: ImageLayer = old.image if old is not None and is_same else ImageLayer(document.image)
        self.image.set_tones(*display.tones)
        self.labelled = self._make_labelled()
        for signal, slot in self._slots():
            signal.connect(slot)

    def close(self) -> None:
        """Stops listening."""
        for signal, slot in self._slots():
            signal.disconnect(slot)

    def set_display(self, display: Display) -> None:
        """Shows things another way."""
        old, self._display = self._display, display
        if display.tones != old.tones:
            self.image.set_tones(*display.tones)
            self.labelled.invalidate()
        if display.dims_others != old.dims_others:
            self.overlay.set_dims_others(display.dims_others)
            self.labelled.invalidate()
        if (display.mode, display.outlines) != (old.mode, old.outlines):
            self.overlay.set_mode(display.mode, display.outlines)
            self.labelled.invalidate()
        self.labelled.set_opacity(display.opacity)
        self._apply_hidden()
        self._repaint(None)

    @property
    def overlay(self) -> Overlay:
        return self.labelled.overlay

    def replace_overlay(self) -> None:
        """Takes the document's other map."""
        self.labelled = self._make_labelled()

    def _slots(self) -> list[tuple[SignalInstance, Callable[..., None]]]:
        return [
            (self.document.region_changed, self._on_document_region_changed),
            (self.document.segments_changed, self._on_document_segments_changed),
            (self.document.selection_changed, self._on_document_selection_changed),
            (self.document.palette_changed, self._on_document_palette_changed),
            (self.document.prediction_stored, self._on_document_prediction_stored),
        ]

    def _make_labelled(self) -> LabelledLayer:
        overlay = Overlay(
            self.document.map,
            self.document.displayed_taxonomy,
            self.document.prediction,
            self._display.mode,
            self._display.outlines,
        )
        overlay.set_dims_others(self._display.dims_others)
        overlay.set_selection(self.document.selection)
        overlay.set_hidden(self._hidden_ids())
        labelled = LabelledLayer(self.image, overlay)
        labelled.set_opacity(self._display.opacity)
        return labelled

    def _apply_hidden(self) -> None:
        hidden = self._hidden_ids()
        if hidden != self.overlay.hidden:
            self.labelled.outdate_segments(self.overlay.set_hidden(hidden))

    def _hidden_ids(self) -> frozenset[int]:
        categories, segments = self._display.hidden_categories, self.document.map.segments
        if not categories:
            return self._display.hidden_segments
        return self._display.hidden_segments | {i for i, one in segments.items() if one.category in categories}

    def _on_document_region_changed(self, box: Box) -> None:
        self.labelled.mark_changed(box)
        self._repaint(box)

    def _on_document_segments_changed(self, ids: frozenset[int]) -> None:
        if ids:
            self.labelled.outdate_segments(self.overlay.take_over(ids))
        else:
            self.overlay.recolour()
            self.labelled.invalidate()
        self._apply_hidden()
        self._repaint(None)

    def _on_document_selection_changed(self) -> None:
        changed = self.overlay.set_selection(self.document.selection)
        if self.overlay.dims_others and changed:
            self.labelled.invalidate()
        else:
            self.labelled.outdate_segments(changed)
        self._repaint(None)

    def _on_document_prediction_stored(self) -> None:
        self.overlay.set_prediction(self.document.prediction)
        if self._display.mode in (OverlayMode.DIFFERENCE, OverlayMode.UNCERTAINTY):
            self.labelled.invalidate()
            self._repaint(None)

    def _on_document_palette_changed(self) -> None:
        self.overlay.set_taxonomy(self.document.displayed_taxonomy)
        self.labelled.invalidate()
        self._repaint(None)
