"""A canvas of its own with a document in memory, and a way to take a tool in hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from canvas_fixtures import canvas, document, hand, make_document

from seamseg_studio.app.canvas import Canvas
from seamseg_studio.app.editing.document import Document
from seamseg_studio.app.tools import Tool, make_tools

__all__ = ["canvas", "document", "hand", "make_document", "take"]


@pytest.fixture
def take(canvas: Canvas, document: Document) -> Callable[..., Tool]:
    """Takes a tool by name, with options."""

    def take(name: str, **options: object) -> Tool:
        tool = make_tools()[name]
        tool.setParent(canvas)
        canvas.set_tool(tool)
        for key, value in options.items():
            tool.set_option(key, value, document)
        return tool

    return take
