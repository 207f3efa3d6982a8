"""What the program is: versions, licences, and what a report about a fault needs, to copy."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.help.diagnostics import PROGRAM, libraries, version_of
from seamseg_studio.app.look.icons import window_icon
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.words.plain_text import PlainLabel

NAME, LICENCE = "Seamseg Studio", "Apache-2.0"
_SIZE = QSize(640, 520)
_ICON_PX = 48


class AboutDialog(QDialog):
    """Three pages: the program, the libraries with their licences, the report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Seamseg Studio"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(_SIZE)
        self.ops = PlainLabel(self.tr("asking …"), self)
        self.ops.setWordWrap(True)
        self.ops.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.report = QPlainTextEdit(self)
        self.report.setReadOnly(True)
        self.report.setTabChangesFocus(True)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setAccessibleName(self.tr("Diagnostics"))
        self.report.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.pages = QTabWidget(self)
        self.pages.addTab(self._program_page(), self.tr("Program"))
        self.pages.addTab(self._libraries_page(), self.tr("Libraries"))
        self.pages.addTab(self._report_page(), self.tr("Diagnostics"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        self.copy = QPushButton(self.tr("Copy the diagnostics"), self)
        self.copy.setToolTip(self.tr("Versions, machine and the last messages; no names or contents of images"))
        self.copy.clicked.connect(self._on_copy_clicked)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addLayout(self._head())
        column.addWidget(self.pages, 1)
        column.addWidget(buttons)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(14)
        picture = PlainLabel(self)
        picture.setPixmap(window_icon().pixmap(_ICON_PX, _ICON_PX))
        title = PlainLabel(" ".join((NAME, version_of(PROGRAM))), self)
        title.setProperty("role", "title")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(title)
        text = muted(self.tr("Labels every pixel of images with a model that learns from your corrections."), self)
        text.setWordWrap(True)
        words.addWidget(text)
        row.addWidget(picture)
        row.addLayout(words, 1)
        return row

    def _program_page(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(6)
        rows = (
            (self.tr("Licence of the program"), PlainLabel(LICENCE, page)),
            (
                self.tr("The sample photos"),
                PlainLabel(self.tr("CC BY 2.0; their sources are listed beside them"), page),
            ),
            (
                self.tr("The starter model"),
                PlainLabel(self.tr("for non-commercial use only, as the data it was trained on"), page),
            ),
            (self.tr("The network's own operations here"), self.ops),
        )
        for name, value in rows:
            heading = PlainLabel(name, page)
            heading.setProperty("role", "heading")
            value.setWordWrap(True)
            column.addWidget(heading)
            column.addWidget(value)
            column.addSpacing(6)
        column.addStretch(1)
        return page

    def _libraries_page(self) -> QWidget:
        found = libraries()
        table = QTableWidget(len(found), 3, self)
        table.setAccessibleName(self.tr("Libraries"))
        table.setHorizontalHeaderLabels([self.tr("Library"), self.tr("Version"), self.tr("Licence")])
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        for row, library in enumerate(found):
            for place, text in enumerate((library.name, library.version, library.licence)):
                table.setItem(row, place, QTableWidgetItem(text))
        return table

    def _report_page(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.report, 1)
        return page

    def show_report(self, text: str, ops: str) -> None:
        """Shows what can be copied, and the ops in use once they are known."""
        self.report.setPlainText(text)
        if ops:
            self.ops.setText(ops)

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
