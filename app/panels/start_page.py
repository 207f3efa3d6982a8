"""What the window shows while nothing is open: how to begin, and where one left off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.words.plain_text import PlainLabel

_MAX_RECENT = 6


class StartPage(QWidget):
    """An inviting empty state.

    Signals:
        folder_requested: Open a folder.
        images_requested: Open images.
        sample_requested: Open the bundled sample project.
        project_requested: Open the project at this path.
    """

    folder_requested = Signal()
    images_requested = Signal()
    sample_requested = Signal()
    project_requested = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Start"))
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 40, 40, 40)
        column.setSpacing(10)
        column.addStretch(2)
        self.title = PlainLabel(self.tr("Label every pixel"), self)
        self.title.setProperty("role", "title")
        self.text = muted(
            self.tr("Drop a folder of images here. The model labels them, you correct it, it learns from you."), self
        )
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.text)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.folder_button = QPushButton(self.tr("Open a folder…"), self)
        self.folder_button.setProperty("role", "primary")
        self.images_button = QPushButton(self.tr("Open images…"), self)
        self.sample_button = QPushButton(self.tr("Try the sample photos"), self)
        for button in (self.folder_button, self.images_button, self.sample_button):
            row.addWidget(button)
        row.addStretch(1)
        column.addSpacing(8)
        column.addLayout(row)
        column.addSpacing(18)
        self._recent_title = PlainLabel(self.tr("Recent projects"), self)
        self._recent_title.setProperty("role", "heading")
        column.addWidget(self._recent_title, 0, Qt.AlignmentFlag.AlignHCenter)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        column.addLayout(self._recent)
        column.addStretch(3)
        self.folder_button.clicked.connect(self.folder_requested)
        self.images_button.clicked.connect(self.images_requested)
        self.sample_button.clicked.connect(self.sample_requested)
        self.recent_buttons: list[QToolButton] = []
        self.set_recent([])

    def set_recent(self, folders: Sequence[Path]) -> None:
        """Offers the projects opened last."""
        for button in self.recent_buttons:
            self._recent.removeWidget(button)
            button.deleteLater()
        self.recent_buttons = []
        for folder in folders[:_MAX_RECENT]:
            button = QToolButton(self)
            button.setProperty("role", "flat")
            button.setText(f"{folder.stem}  ·  {folder.parent}")
            button.setAccessibleName(self.tr("Open {0}").format(folder.stem))
            button.clicked.connect(lambda _=False, folder=folder: self.project_requested.emit(folder))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            self.recent_buttons.append(button)
        self._recent_title.setVisible(bool(self.recent_buttons))
