"""A small window over the others: type, go by arrows, take by Return."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QRegularExpression,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import RowList, SearchField
from seamseg_studio.app.panels.rows import RowDelegate


class SearchPopup(QDialog):
    """The rows of a model, filtered by what is typed. It goes when something is taken or clicked beside it."""

    def __init__(
        self,
        model: QAbstractItemModel,
        name: str,
        hint: str,
        theme: Theme,
        size: QSize,
        parent: QWidget | None = None,
    ) -> None:
        """Args:
        model: Rows with the roles of `rows.Role`.
        name: What the window is called.
        hint: What the empty search field says.
        theme: How rows are drawn.
        size: In logical pixels.
        parent: The window that it is about.
        """
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(name)
        self.setWindowTitle(name)
        self.resize(size)
        self._filtered = QSortFilterProxyModel(self)
        self._filtered.setSourceModel(model)
        self._filtered.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = SearchField(hint)
        self.view = RowList(name)
        self.view.setModel(self._filtered)
        self.view.setItemDelegate(RowDelegate(theme, parent=self.view))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(self.search)
        column.addWidget(self.view, 1)
        self.search.textChanged.connect(self._on_search_text_changed)
        self.search.entered.connect(self._take_current)
        self.search.left.connect(self.reject)
        self.search.moved.connect(self._move)
        self.view.clicked.connect(self._take_current)
        self.view.setCurrentIndex(self._filtered.index(0, 0))
        self.search.setFocus()
        self.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self.search.setFocus()
        return False

    def take(self, index: QModelIndex) -> None:
        """Does what a row is for."""
        raise AssertionError("every popup says what its rows do")

    def _on_search_text_changed(self, text: str) -> None:
        words = (QRegularExpression.escape(word) for word in text.split())
        self._filtered.setFilterRegularExpression(  # all words, in any order
            QRegularExpression(
                "".join(f"(?=.*{word})" for word in words), QRegularExpression.PatternOption.CaseInsensitiveOption
            )
        )
        self.view.setCurrentIndex(self._filtered.index(0, 0))

    def _move(self, offset: int) -> None:
        row = self.view.currentIndex().row() + offset
        if 0 <= row < self._filtered.rowCount():
            self.view.setCurrentIndex(self._filtered.index(row, 0))

    def _take_current(self) -> None:
        index = self.view.currentIndex()
        if index.isValid():
            self.take(index)
