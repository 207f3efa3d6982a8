"""The command palette: every command by its name, with its key, and why it cannot be used now."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QModelIndex, QSize
from PySide6.QtGui import QAction, QKeySequence, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.dialogs.search_popup import SearchPopup
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.rows import Role

_SIZE = QSize(520, 420)


class CommandPalette(SearchPopup):
    """Search, arrows, Return."""

    def __init__(
        self, actions: Mapping[str, QAction], panels: Mapping[str, QAction], theme: Theme, parent: QWidget | None = None
    ) -> None:
        """Args:
        actions: The commands, by id.
        panels: What shows or hides the panels, by their names.
        theme: How rows are drawn.
        parent: The window.
        """
        self._actions = {**actions, **{f"panel {name}": action for name, action in panels.items()}}
        panel = QCoreApplication.translate("CommandPalette", "Panel: {0}")
        model = QStandardItemModel()
        for name, action in self._actions.items():
            text = action.text() if name in actions else panel.format(action.text())
            item = QStandardItem(text.replace("&", "").rstrip("…"))
            item.setData(name, Role.ITEM)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item.setData(keys if action.isEnabled() else action.property("reason") or "", Role.DETAIL)
            item.setData(not action.isEnabled(), Role.FADED)
            item.setToolTip(action.toolTip())
            model.appendRow(item)
        title = QCoreApplication.translate("CommandPalette", "Command palette")
        hint = QCoreApplication.translate("CommandPalette", "Type a command")
        super().__init__(model, title, hint, theme, _SIZE, parent)
        model.setParent(self)

    def take(self, index: QModelIndex) -> None:
        action = self._actions[index.data(Role.ITEM)]
        if action.isEnabled():
            self.accept()
            action.trigger()
