"""The categories at the pointer: type a few letters and press Return to give the selection a category."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QCoreApplication, QModelIndex, QSize, Signal
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.dialogs.search_popup import SearchPopup
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.rows import Role

_SIZE = QSize(300, 360)


class CategoryPopup(SearchPopup):
    """The rows of the categories panel in a window of their own.

    Signals:
        chosen: The index of a category.
    """

    chosen = Signal(int)

    def __init__(self, model: QAbstractItemModel, theme: Theme, parent: QWidget | None = None) -> None:
        title = QCoreApplication.translate("CategoryPopup", "Give a category")
        hint = QCoreApplication.translate("CategoryPopup", "Type a category")
        super().__init__(model, title, hint, theme, _SIZE, parent)

    def take(self, index: QModelIndex) -> None:
        self.accept()
        self.chosen.emit(index.data(Role.ITEM))
