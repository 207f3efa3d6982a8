"""What every part of the window is for, in a sentence or two, and where the guide says more."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

CONTEXT = "Topics"
START = "tutorial.md"
_TOOLS = "user-guide/tools.md"
_PANELS = "user-guide.md#other-panels-view-panels"

PLACES: dict[str, str] = {
    "categories": "user-guide.md#categories",
    "segments": "user-guide.md#segments",
    "images": "user-guide.md#the-way-through-the-images",
    "history": _PANELS,
    "queue": _PANELS,
    "properties": _PANELS,
    "navigator": _PANELS,
    "log": _PANELS,
    "training": "user-guide/models.md#training-one-on-your-corrections",
    "canvas": "user-guide/canvas.md",
    "option_bar": f"{_TOOLS}#what-may-change",
    "tool_box": _TOOLS,
    "chips": "user-guide/models.md",
    "status": "user-guide.md#the-way-through-the-images",
    "start": "tutorial.md",
    "ExportDialog": "user-guide.md#export",
    "CategoriesDialog": "user-guide.md#categories",
    "TrainDialog": "user-guide/models.md#training-one-on-your-corrections",
    "CompareDialog": "user-guide/models.md#training-one-on-your-corrections",
    "LoadModelDialog": "user-guide/models.md#loading-another-one",
    "PreferencesDialog": "user-guide.md#preferences-ctrl",
    "FlagDialog": "user-guide.md#the-way-through-the-images",
    "tool_select": f"{_TOOLS}#working-on-segments",
    "tool_split": f"{_TOOLS}#working-on-segments",
    "tool_refine": f"{_TOOLS}#working-on-segments",
    "tool_previous": f"{_TOOLS}#working-on-segments",
    "tool_pick": f"{_TOOLS}#working-on-segments",
    "tool_polygon": f"{_TOOLS}#drawing-regions",
    "tool_lasso": f"{_TOOLS}#drawing-regions",
    "tool_scissors": f"{_TOOLS}#drawing-regions",
    "tool_wand": f"{_TOOLS}#drawing-regions",
    "tool_brush": f"{_TOOLS}#painting",
    "tool_eraser": f"{_TOOLS}#painting",
    "tool_fill": f"{_TOOLS}#painting",
    "tool_prompt": f"{_TOOLS}#painting",
    "tool_thresholds": f"{_TOOLS}#painting",
    "tool_superpixels": f"{_TOOLS}#painting",
    "tool_area": f"{_TOOLS}#what-may-change",
}
"""Where the guide speaks of a panel, a bar, a dialog (its class) or a tool (its action)."""

WORDS: dict[str, str] = {
    "categories": (
        "What a pixel can show. Click one to paint with it; double-click, or press its digit, to give it to the"
        " selected segments. The eye hides it, the lock keeps it from every edit."
    ),
    "segments": (
        "The parts of this image: each pixel belongs to exactly one. What is selected here is selected on the image."
    ),
    "images": (
        "The images of the project with what is done with each: new, labelled by the model, in progress, accepted,"
        " flagged. Type to filter, click to open."
    ),
    "history": "Every change of this image, also of former days. Click one to go back or forward.",
    "queue": "Where the model is least sure. Looking there first brings most for your time.",
    "properties": "What is known of the image and of the selected segments.",
    "navigator": "The whole image; click or drag to look there.",
    "log": "Every message since the start, to read again and to copy.",
    "training": (
        "The training on your corrections: how the loss falls, and how good the model is on images held back."
    ),
    "canvas": (
        "The image with its labels. Hold Space or the middle button to look around, turn the wheel to zoom, hold H to"
        " see the photo alone. What a click does depends on the tool; the status bar says it."
    ),
    "option_bar": (
        "The options of the tool in use, and what may change: which pixels can be painted over, and what erased ones"
        " become."
    ),
    "tool_box": "The tools, and what is done most often. Hold the pointer over one for its name and key.",
    "chips": "The project, the model that labels, and the engine that runs it. Click for what can be done.",
    "status": (
        "What the tool in use waits for, what is under the pointer, when the last change was saved, and the work in"
        " the background with its pause and stop."
    ),
    "start": "Begin here: drop a folder of photos, or try the ones that come along.",
}


def words_about(name: str) -> str:
    """What a part of the window is for, in the person's language."""
    return QCoreApplication.translate(CONTEXT, WORDS[name])


def place_of(widget: QWidget | None, tool: str) -> str:
    """Where the guide speaks of a widget, or of what it is in.

    Args:
        widget: What has the keyboard.
        tool: The tool in use, which the canvas is about.
    """
    while widget is not None:
        for name in (type(widget).__name__, str(widget.property("topic") or "")):
            if name == "canvas" and f"tool_{tool}" in PLACES:
                return PLACES[f"tool_{tool}"]
            if name in PLACES:
                return PLACES[name]
        widget = widget.parentWidget()
    return START
