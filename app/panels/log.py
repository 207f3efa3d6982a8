"""Every message of this run, to read again and to copy."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QToolButton, QWidget

from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.words.messages import Level, Message

_MAX_LINES = 2000


class LogPanel(Panel):
    """Lines with their time; the oldest go when there are too many."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("log", "", parent)
        self.title = self.tr("Log")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self.text = QPlainTextEdit(self)
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setMaximumBlockCount(_MAX_LINES)
        self.text.setAccessibleName(self.title)
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText(self.tr("Nothing has happened yet."))
        self.add_field(self.text)
        self.setFocusProxy(self.text)
        self.copy_button = self._button(self.tr("Copy"))
        self.clear_button = self._button(self.tr("Clear"))
        self.copy_button.clicked.connect(self._on_copy_clicked)
        self.clear_button.clicked.connect(self.text.clear)
        self._words = {
            Level.INFO: "",
            Level.OFFER: "",
            Level.WARNING: self.tr("warning: "),
            Level.ERROR: self.tr("error: "),
        }

    def add_message(self, message: Message) -> None:
        """Adds what was just said, on one line."""
        parts = [part for part in (message.title, message.text.replace("\n", " · ")) if part]
        line = f"{time.strftime('%H:%M:%S')}  {self._words[message.level]}{': '.join(parts)}"
        self.text.appendPlainText(line)

    def _button(self, text: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "flat")
        button.setText(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.bar.add(button)
        return button

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
