"""The canvas: an image with its panoptic map, seen and worked on."""

from seamseg_studio.app.canvas.colours import OverlayMode
from seamseg_studio.app.canvas.view import Canvas

__all__ = ["Canvas", "OverlayMode"]
