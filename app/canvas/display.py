"""How the canvas shows things: one value, and the widget that holds it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.canvas.colours import OverlayMode


@dataclass(frozen=True, slots=True)
class Display:
    """How things are shown.

    Attributes:
        opacity: Of the fill, 0 to 1.
        brightness: Of the image, 0 to 2; 1 as it is.
        mode: What the colours mean.
        outlines: Whether boundaries are drawn over the fill.
        hidden_categories: Left out with all their segments.
        hidden_segments: Left out.
    """

    opacity: float = 0.45
    brightness: float = 1.0
    mode: OverlayMode = OverlayMode.FILL
    outlines: bool = True
    hidden_categories: frozenset[int] = frozenset()
    hidden_segments: frozenset[int] = frozenset()


class DisplayWidget(QWidget):
    """A widget that shows a document in a certain way.

    Signals:
        display_changed: Mode, opacity, brightness, outlines or visibility changed.
    """

    display_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._display = Display()

    @property
    def overlay_opacity(self) -> float:
        return self._display.opacity

    def set_overlay_opacity(self, opacity: float) -> None:
        """Sets how strong the fill is, 0 to 1."""
        self._set_display(opacity=min(max(opacity, 0.0), 1.0))

    @property
    def image_brightness(self) -> float:
        return self._display.brightness

    def set_image_brightness(self, brightness: float) -> None:
        """Sets how bright the image is shown, 0 to 2, 1 being as it is."""
        self._set_display(brightness=min(max(brightness, 0.0), 2.0))

    @property
    def overlay_mode(self) -> OverlayMode:
        return self._display.mode

    def set_overlay_mode(self, mode: OverlayMode) -> None:
        """Sets what the colours mean."""
        self._set_display(mode=OverlayMode(mode))

    @property
    def show_outlines(self) -> bool:
        return self._display.outlines

    def set_show_outlines(self, is_shown: bool) -> None:
        """Sets whether boundaries are drawn over the fill."""
        self._set_display(outlines=is_shown)

    @property
    def hidden_segments(self) -> frozenset[int]:
        return self._display.hidden_segments

    def set_hidden_segments(self, ids: Collection[int]) -> None:
        """Leaves out segments; another image begins with all shown."""
        self._set_display(hidden_segments=frozenset(ids))

    @property
    def hidden_categories(self) -> frozenset[int]:
        return self._display.hidden_categories

    def set_hidden_categories(self, categories: Collection[int]) -> None:
        """Leaves out all segments of some categories."""
        self._set_display(hidden_categories=frozenset(categories))

    def _set_display(self, **changes: Any) -> None:
        self._display = replace(self._display, **changes)
        self.display_changed.emit()


def without_segments(display: Display) -> Display:
    """`display` for another image: hidden segments are an image's own."""
    return replace(display, hidden_segments=frozenset())
