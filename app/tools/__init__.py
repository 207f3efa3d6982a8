"""The tools for working on an image, one small file each."""

from seamseg_studio.app.tools.area import Area
from seamseg_studio.app.tools.base import CanvasPort, Tool
from seamseg_studio.app.tools.brush import Brush
from seamseg_studio.app.tools.eraser import Eraser
from seamseg_studio.app.tools.events import Button, CursorKind, CursorShape, MaskSketch, Modifier, Sketch, ToolEvent
from seamseg_studio.app.tools.fill import Fill
from seamseg_studio.app.tools.lasso import Lasso
from seamseg_studio.app.tools.options import ChoiceOption, Option, SliderOption, ToggleOption
from seamseg_studio.app.tools.pick import Pick
from seamseg_studio.app.tools.polygon import Polygon
from seamseg_studio.app.tools.previous import Previous
from seamseg_studio.app.tools.prompt import AskModel
from seamseg_studio.app.tools.refine import Refine
from seamseg_studio.app.tools.scissors import Scissors
from seamseg_studio.app.tools.select import Select
from seamseg_studio.app.tools.split import Split
from seamseg_studio.app.tools.superpixels import Superpixels
from seamseg_studio.app.tools.thresholds import Thresholds
from seamseg_studio.app.tools.wand import Wand

TOOLS: tuple[type[Tool], ...] = (
    Select,
    Brush,
    Eraser,
    AskModel,
    Thresholds,
    Polygon,
    Lasso,
    Scissors,
    Superpixels,
    Wand,
    Fill,
    Split,
    Refine,
    Previous,
    Pick,
    Area,
)
"""Every tool, in the order of the tool bar."""


def make_tools() -> dict[str, Tool]:
    """One of each tool, by name, in the order of the tool bar."""
    return {tool.name: tool() for tool in TOOLS}


__all__ = [
    "TOOLS",
    "Area",
    "AskModel",
    "Brush",
    "Button",
    "CanvasPort",
    "ChoiceOption",
    "CursorKind",
    "CursorShape",
    "Eraser",
    "Fill",
    "Lasso",
    "MaskSketch",
    "Modifier",
    "Option",
    "Pick",
    "Polygon",
    "Previous",
    "Refine",
    "Scissors",
    "Select",
    "Sketch",
    "SliderOption",
    "Split",
    "Superpixels",
    "Thresholds",
    "ToggleOption",
    "Tool",
    "ToolEvent",
    "Wand",
    "make_tools",
]
