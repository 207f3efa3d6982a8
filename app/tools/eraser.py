"""The eraser: gives pixels to void, to the stuff around them or to the model's second choice."""

from __future__ import annotations

from seamseg_studio.app.tools.painting import PaintingTool


class Eraser(PaintingTool):
    """Takes pixels from their segments; the fill policy says whose they become."""

    name = "eraser"
    title = "Eraser"
    icon = "eraser"
    shortcut = "E"
    hint = "Drag to erase · Ctrl paints · Alt + drag or [ ] for the size · Esc cancels the stroke"
    erases = True
