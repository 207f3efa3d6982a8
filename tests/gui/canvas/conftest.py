"""A canvas of its own with a document in memory."""

from __future__ import annotations

from canvas_fixtures import canvas, document, hand, make_document

__all__ = ["canvas", "document", "hand", "make_document"]
