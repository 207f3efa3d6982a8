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
        contrast: Of the image about its middle tone, 0 to 4; 1 as it is.
        gamma: Of the image, 0.25 to 4; 1 as it is, more lightens the shadows.
        mode: What the colours mean.
        outlines: Whether boundaries are drawn over the fill.
        dims_others: Whether what is not selected is darkened, while something is.
        names: Whether every segment that is large enough bears the name of its category.
        crosshair: Whether lines go through the pointer.
        rulers: Whether the edges of the canvas count pixels.
        hidden_categories: Left out with all their segments.
        hidden_segments: Left out.
    """

    opacity: float = 0.45
    brightness: float = 1.0
    contrast: float = 1.0
    gamma: float = 1.0
    mode: OverlayMode = OverlayMode.FILL
    outlines: bool = True
    dims_others: bool = False
    names: bool = False
    crosshair: bool = False
    rulers: bool = False
    hidden_categories: frozenset[int] = frozenset()
    hidden_segments: frozenset[int] = frozenset()

    @property
    def tones(self) -> tuple[float, float, float]:
        """Brightness, contrast and gamma of the image."""
        return self.brightness, self.contrast, self.gamma


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

    def set_image_brightness(self, brightness: float) -> None:
        """Sets how bright the image is shown, 0 to 2, 1 being as it is."""
        self._set_display(brightness=min(max(brightness, 0.0), 2.0))

    @property
    def image_tones(self) -> tuple[float, float, float]:
        """Brightness, contrast and gamma of the image, each 1 as it is."""
        return self._display.tones

    def set_image_tones(self, brightness: float = 1.0, contrast: float = 1.0, gamma: float = 1.0) -> None:
        """Sets how the image is shown; without arguments as it is."""
        self._set_display(
            brightness=min(max(brightness, 0.0), 2.0),
            contrast=min(max(contrast, 0.0), 4.0),
            gamma=min(max(gamma, 0.25), 4.0),
        )

    def shows(self, option: str) -> bool:
        """Whether a switch is on: "outlines", "dims_others", "names", "crosshair" or "rulers"."""
        return bool(getattr(self._display, option))

    def toggle(self, option: str) -> None:
        """Turns one of these switches."""
        self._set_display(**{option: not self.shows(option)})

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


def for_another_image(display: Display, *, is_same_taxonomy: bool) -> Display:
    """`display` for another image: hidden segments are an image's own, hidden categories those of a taxonomy."""
    hidden = display.hidden_categories if is_same_taxonomy else frozenset()
    return replace(display, hidden_segments=frozenset(), hidden_categories=hidden)
