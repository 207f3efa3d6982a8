"""What all docked panels share: a title line with a summary, and a column below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QVBoxLayout, QWidget

from seamseg_studio.app.panels.fields import ElidedLabel
from seamseg_studio.app.words.plain_text import PlainLabel


class TitleBar(QWidget):
    """The line over a panel: its name left, a summary right. Dragging it moves the dock."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "dock_title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 5, 10, 4)
        layout.setSpacing(4)
        self.heading = PlainLabel(title.upper(), self)
        self.heading.setProperty("role", "heading")
        self.summary = ElidedLabel(self)
        self.summary.setProperty("role", "muted")
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.heading)
        layout.addWidget(self.summary, 1)
        self._layout = layout

    def add(self, widget: QWidget) -> None:
        """Puts a small control at the right end."""
        self._layout.addWidget(widget)


class Panel(QWidget):
    """The content of a dock; `bar` is its title line."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = title
        self.bar = TitleBar(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(4)

    def set_summary(self, text: str) -> None:
        """Shows `text` at the right of the title."""
        self.bar.summary.setText(text)

    def add_field(self, widget: QWidget) -> None:
        """Adds a widget with the margins of a field."""
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 2)
        row.addWidget(widget)
        self.column.addLayout(row)


def dock_of(panel: Panel) -> QDockWidget:
    """Puts `panel` in a movable dock."""
    dock = QDockWidget(panel.title)
    dock.setObjectName(f"dock_{panel.objectName()}")
    dock.setAccessibleName(panel.title)
    dock.setTitleBarWidget(panel.bar)
    dock.setWidget(panel)
    return dock
