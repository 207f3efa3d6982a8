"""Asks which model labels: one of this machine, or one from a folder or a .zip file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.dialogs.paths import ask_file, ask_folder
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.words.plain_text import plain_tip

if TYPE_CHECKING:
    from seamseg_studio.engine.service.models import ModelPlace

_LIST_PX = (424, 220)


class LoadModelDialog(QDialog):
    """Lists the starter, the models of this person and those trained in the open project.

    Signals:
        chosen: The place of a model; None is the starter.
    """

    chosen = Signal(object)

    def __init__(
        self,
        installed: Sequence[ModelPlace],
        trained: Sequence[ModelPlace],
        current: str | None,
        parent: QWidget | None = None,
    ) -> None:
        """Shows the choices; `current` is the place of the model in use, None the starter."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Load a model"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = QListWidget(self)
        self.list.setMinimumSize(*_LIST_PX)
        self.list.setAccessibleName(self.tr("Models of this machine"))
        self._add(self.tr("The starter, which came with the program"), None, current)
        for model in installed:
            self._add(model.name, model.path, current)
        for model in trained:
            self._add(self.tr("{0}, trained in this project").format(model.name), model.path, current)
        if self.list.currentRow() < 0:
            self.list.setCurrentRow(0)
        note = muted(self.tr("Models that “seamseg-models import” takes in are listed here, too."), self)
        note.setWordWrap(True)
        self.folder_button = QPushButton(self.tr("From a folder…"), self)
        self.zip_button = QPushButton(self.tr("From a .zip file…"), self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go = self.buttons.addButton(self.tr("Load"), QDialogButtonBox.ButtonRole.AcceptRole)
        row = QHBoxLayout()
        for button in (self.folder_button, self.zip_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(12)
        column.addWidget(self.list, 1)
        column.addWidget(note)
        column.addLayout(row)
        self.list.itemDoubleClicked.connect(self._on_buttons_accepted)
        self.folder_button.clicked.connect(self._on_folder_button_clicked)
        self.zip_button.clicked.connect(self._on_zip_button_clicked)
        self.buttons.accepted.connect(self._on_buttons_accepted)
        self.buttons.rejected.connect(self.reject)

    def _add(self, text: str, path: Path | None, current: str | None) -> None:
        item = QListWidgetItem(text, self.list)
        item.setData(Qt.ItemDataRole.UserRole, path)
        if path is not None:
            item.setToolTip(plain_tip(str(path)))
        if (None if path is None else str(path)) == current:
            item.setText(self.tr("{0} (in use)").format(text))
            self.list.setCurrentItem(item)

    def _on_buttons_accepted(self) -> None:
        self._choose(self.list.currentItem().data(Qt.ItemDataRole.UserRole))

    def _on_folder_button_clicked(self) -> None:
        ask_folder(self, self.tr("Choose a model (a folder)"), self._choose)

    def _on_zip_button_clicked(self) -> None:
        ask_file(self, self.tr("Choose a model (a .zip file)"), self.tr("Models (*.zip)"), self._choose)

    def _choose(self, path: Path | None) -> None:
        self.chosen.emit(path)
        self.accept()
