"""The preferences window: every change counts at once and can be taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.dialogs.keys_page import KeysPage
from seamseg_studio.app.dialogs.look_page import LookPage
from seamseg_studio.app.dialogs.paths import ask_files
from seamseg_studio.app.dialogs.work_pages import EnginePage, ProjectPage
from seamseg_studio.app.jobs.job import sentence_of
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.preferences import Preferences
from seamseg_studio.engine.errors import SeamsegError

_FILE_NAME = "seamseg-studio-preferences.json"
_SIDE_PX, _AROUND_PX = 150, 36


class PreferencesDialog(QDialog):
    """Pages of preferences.

    Signals:
        changed: The `Preferences` that shall be in force.
    """

    changed = Signal(object)

    def __init__(self, preferences: Preferences, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preferences"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 560)
        self._preferences = preferences
        self._former: Preferences | None = None
        self.look, self.keys = LookPage(self), KeysPage(theme, self)
        self.engine, self.project = EnginePage(self), ProjectPage(self)
        self._pages = (self.look, self.keys, self.engine, self.project)
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Pages"))
        self.list.addItems([self.tr("Look"), self.tr("Keys"), self.tr("Engine"), self.tr("New projects")])
        self.list.setFixedWidth(max(_SIDE_PX, self.list.sizeHintForColumn(0) + _AROUND_PX))
        self.stack = QStackedWidget(self)
        for page in self._pages:
            self.stack.addWidget(page)
            page.changed.connect(self._on_page_changed)
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.undo_button = QPushButton(self.tr("Take back"), self)
        self.reset_button = QPushButton(self.tr("Reset all"), self)
        self.import_button = QPushButton(self.tr("Import…"), self)
        self.export_button = QPushButton(self.tr("Export…"), self)
        self.close_button = QPushButton(self.tr("Close"), self)
        self.close_button.setAutoDefault(False)  # Return ends the entry in a field, it does not close
        self._arrange()

        self.list.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.undo_button.clicked.connect(self._on_undo_clicked)
        self.reset_button.clicked.connect(self._on_reset_clicked)
        self.import_button.clicked.connect(self._on_import_clicked)
        self.export_button.clicked.connect(self._on_export_clicked)
        self.close_button.clicked.connect(self.accept)
        self.list.setCurrentRow(0)
        self._show("")

    @property
    def preferences(self) -> Preferences:
        """What the window says."""
        return self._preferences

    def show_page(self, page: QWidget) -> None:
        """Turns to one of the pages."""
        self.list.setCurrentRow(self._pages.index(page))

    def set_preferences(self, preferences: Preferences) -> None:
        """Shows `preferences`, as when they were changed by a menu meanwhile."""
        self._preferences = preferences
        for page in self._pages:
            page.blockSignals(True)  # what is shown is no change
            page.show_preferences(preferences)
            page.blockSignals(False)

    def import_file(self, path: Path) -> None:
        """Takes the preferences of a file; says so if it is none."""
        try:
            imported = Preferences.load(path)
        except (SeamsegError, OSError) as error:
            self._show(sentence_of(error))
            return
        self._replace(imported, self.tr("Imported from {0}.").format(path.name))

    def export_file(self, path: Path) -> None:
        """Writes the preferences into a file."""
        try:
            self._preferences.save(path)
        except OSError as error:
            self._show(sentence_of(error))
            return
        self._show(self.tr("Written to {0}.").format(path))

    def _arrange(self) -> None:
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(self.list)
        body.addWidget(self.stack, 1)
        said = QHBoxLayout()
        said.addWidget(self.note, 1)
        said.addWidget(self.undo_button)
        foot = QHBoxLayout()
        for button in (self.reset_button, self.import_button, self.export_button):
            button.setAutoDefault(False)
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 14)
        column.setSpacing(12)
        column.addLayout(body, 1)
        column.addLayout(said)
        column.addLayout(foot)

    def _on_page_changed(self, changes: dict[str, object]) -> None:
        self._former = None
        self._apply(replace(self._preferences, **changes))  # type: ignore[arg-type]
        self._show("")

    def _on_undo_clicked(self) -> None:
        former, self._former = self._former, None
        if former is not None:
            self._apply(former)
        self._show("")

    def _on_reset_clicked(self) -> None:
        self._replace(Preferences(), self.tr("Everything is as it was at first."))

    def _on_import_clicked(self) -> None:
        name_filter = self.tr("Preferences ({0})").format("*.json")
        ask_files(self, self.tr("Import preferences"), name_filter, lambda paths: self.import_file(paths[0]))

    def _on_export_clicked(self) -> None:
        dialog = QFileDialog(self, self.tr("Export preferences"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(_FILE_NAME)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.export_file(Path(name)))
        dialog.open()

    def _replace(self, preferences: Preferences, text: str) -> None:
        self._former = self._preferences
        self._apply(preferences)
        self._show(text)

    def _apply(self, preferences: Preferences) -> None:
        self.set_preferences(preferences)
        self.changed.emit(preferences)

    def _show(self, text: str) -> None:
        self.note.setText(text)
        self.undo_button.setVisible(self._former is not None)
        if not text:
            self.set_preferences(self._preferences)
