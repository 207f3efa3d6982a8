"""Mutually exclusive choices behind one button, for bars with little room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget


class ChoiceMenu(QToolButton):
    """A button that shows the choice in force; a click offers the others.

    Signals:
        chosen: The value a person picked.
    """

    chosen = Signal(object)

    def __init__(self, choices: Sequence[tuple[object, str]], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "choice")
        self.setProperty("place", "folded")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu, group = QMenu(self), QActionGroup(self)
        self._actions: dict[object, QAction] = {}
        for value, text in choices:
            action = group.addAction(menu.addAction(text))
            action.setCheckable(True)
            self._actions[value] = action
        group.triggered.connect(self._on_group_triggered)
        self.setMenu(menu)

    @property
    def value(self) -> object:
        return next((value for value, action in self._actions.items() if action.isChecked()), None)

    def set_value(self, value: object) -> None:
        """Shows `value` as chosen, without a signal; nothing changes for one that is not offered."""
        if value in self._actions:
            self._actions[value].setChecked(True)
            self.setText(f"{self._actions[value].text()}  ▾")

    def action(self, value: object) -> QAction:
        """The entry of `value`."""
        return self._actions[value]

    def _on_group_triggered(self, action: QAction) -> None:
        value = next(value for value, own in self._actions.items() if own is action)
        self.set_value(value)
        self.chosen.emit(value)
