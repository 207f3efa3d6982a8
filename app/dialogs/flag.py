"""Asks why an image is flagged."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from seamseg_studio.app.words.plain_text import PlainLabel

_WIDTH_PX = 384


class FlagDialog(QDialog):
    """One line of text; Return flags, Escape leaves the image as it is.

    Signals:
        ordered: The note.
    """

    ordered = Signal(str)

    def __init__(self, name: str, note: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Flag {0}").format(name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.note = QLineEdit(note, self)
        self.note.setAccessibleName(self.tr("Note"))
        self.note.setPlaceholderText(self.tr("e.g. is this a van or a lorry?"))
        self.note.selectAll()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go = buttons.addButton(self.tr("Flag"), QDialogButtonBox.ButtonRole.AcceptRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addStrut(_WIDTH_PX)
        column.addWidget(PlainLabel(self.tr("What should be looked at again?"), self))
        column.addWidget(self.note)
        column.addWidget(buttons)
        buttons.accepted.connect(self._on_buttons_accepted)
        buttons.rejected.connect(self.reject)

    def _on_buttons_accepted(self) -> None:
        self.ordered.emit(self.note.text().strip())
        self.accept()
