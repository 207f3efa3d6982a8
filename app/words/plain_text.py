"""Texts from data where Qt would take them for its rich text: names may come from strangers."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """Returns a tooltip that shows `text` as it is; Qt would load the pictures that `<img ...>` in a name asks for."""
    return f"<span>{escape(text)}</span>" if Qt.mightBeRichText(text) else text
