"""The command palette: every command by its name, with its key, and why it cannot be used now."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QSortFilterProxyModel, Qt
from PySide6.QtGui import QAction, QKeySequence, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from seamseg_studio.app.panels.fields import RowList, SearchField
from seamseg_studio.app.panels.rows import Role, RowDelegate
from seamseg_studio.app.theme import Theme


class CommandPalette(QDialog):
    """Search, arrows, Return."""

    def __init__(self, actions: Mapping[str, QAction], theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(self.tr("Command palette"))
        self.setWindowTitle(self.tr("Command palette"))
        self.resize(520, 420)
        self._actions = actions
        self._model = QStandardItemModel(self)
        for name, action in actions.items():
            item = QStandardItem(action.text().replace("&", "").rstrip("…"))
            item.setData(name, Role.ITEM)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item.setData(keys if action.isEnabled() else action.property("reason") or "", Role.DETAIL)
            item.setData(not action.isEnabled(), Role.FADED)
            item.setToolTip(action.toolTip())
            self._model.appendRow(item)
        self._filtered = QSortFilterProxyModel(self)
        self._filtered.setSourceModel(self._model)
        self._filtered.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = SearchField(self.tr("Type a command"))
        self.view = RowList(self.tr("Commands"))
        self.view.setModel(self._filtered)
        self.view.setItemDelegate(RowDelegate(theme, parent=self.view))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self.search)
        column.addWidget(self.view, 1)
        self.search.textChanged.connect(self._on_search_text_changed)
        self.search.entered.connect(self._run_current)
        self.search.left.connect(self.reject)
        self.search.moved.connect(self._move)
        self.view.clicked.connect(self._run_current)
        self.view.setCurrentIndex(self._filtered.index(0, 0))
        self.search.setFocus()
        self.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self.search.setFocus()
        return False

    def _on_search_text_changed(self, text: str) -> None:
        self._filtered.setFilterFixedString(text)
        self.view.setCurrentIndex(self._filtered.index(0, 0))

    def _move(self, offset: int) -> None:
        row = self.view.currentIndex().row() + offset
        if 0 <= row < self._filtered.rowCount():
            self.view.setCurrentIndex(self._filtered.index(row, 0))

    def _run_current(self) -> None:
        index = self.view.currentIndex()
        if not index.isValid():
            return
        action = self._actions[index.data(Role.ITEM)]
        if action.isEnabled():
            self.accept()
            action.trigger()
