"""The brush: paints the current category."""

from __future__ import annotations

from seamseg_studio.app.tools.painting import PaintingTool


class Brush(PaintingTool):
    """Paints the current category: stuff into its segment, a thing into the selected instance or a new one."""

    name = "brush"
    title = "Brush"
    icon = "brush"
    shortcut = "B"
    hint = "Drag to paint · Ctrl erases · Alt + drag or [ ] for the size · Esc cancels the stroke"
    erases = False
