"""The tools for working on an image, one small file each."""

from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.brush import Brush
from seamseg_studio.app.tools.eraser import Eraser
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, Modifier, Sketch, ToolEvent
from seamseg_studio.app.tools.lasso import Lasso
from seamseg_studio.app.tools.options import ChoiceOption, Option, SliderOption, ToggleOption
from seamseg_studio.app.tools.polygon import Polygon
from seamseg_studio.app.tools.select import Select

TOOLS: tuple[type[Tool], ...] = (Select, Brush, Eraser, Polygon, Lasso)
"""Every tool, in the order of the tool bar."""


def make_tools() -> dict[str, Tool]:
    """One of each tool, by name, in the order of the tool bar."""
    return {tool.name: tool() for tool in TOOLS}


__all__ = [
    "TOOLS",
    "Brush",
    "Button",
    "CanvasPort",
    "ChoiceOption",
    "CursorKind",
    "CursorShape",
    "Eraser",
    "Lasso",
    "Modifier",
    "Option",
    "Polygon",
    "Select",
    "Sketch",
    "SliderOption",
    "ToggleOption",
    "Tool",
    "ToolEvent",
    "make_tools",
]
