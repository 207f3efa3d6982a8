"""Texts from data where Qt would take them for its rich text: names may come from strangers."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import Qt
from PySide6.QtWidgets import QLabel, QWidget


def plain_tip(text: str) -> str:
    """Returns a tooltip that shows `text` as it is; Qt would load the pictures that `<img ...>` in a name asks for."""
    if not Qt.mightBeRichText(text):
        return text
    lines = escape(text).replace("\n", "<br>")
    return f"<span>{lines}</span>"


class PlainLabel(QLabel):
    """A label that shows its text as it is, whoever wrote it. The window has no other labels."""

    def __init__(self, text: str | QWidget | None = None, parent: QWidget | None = None) -> None:
        """Args:
        text: What it shows, or its parent.
        parent: Qt's owner.
        """
        super().__init__(text if isinstance(text, QWidget) else parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if isinstance(text, str):
            self.setText(text)
