"""The bar at the left: tools in two columns, so that all of them are seen on a small screen, and a few commands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QGridLayout, QToolBar, QToolButton, QWidget

_NUM_COLUMNS = 2
_GAP_PX = 3


class ToolBox(QToolBar):
    """Buttons for groups of actions, a line between the groups."""

    def __init__(self, groups: Sequence[Sequence[QAction]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tools")
        self.setWindowTitle(self.tr("Tools"))
        self.setAccessibleName(self.tr("Tools"))
        self.setMovable(False)
        self.buttons: dict[str, QToolButton] = {}
        for place, actions in enumerate(groups):
            if place:
                self.addSeparator()
            self.addWidget(self._grid(actions))

    def _grid(self, actions: Sequence[QAction]) -> QWidget:
        box = QWidget(self)
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(_GAP_PX)
        for place, action in enumerate(actions):
            button = QToolButton(box)
            button.setDefaultAction(action)
            button.setIconSize(self.iconSize())
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.iconSizeChanged.connect(button.setIconSize)
            self.buttons[action.objectName()] = button
            grid.addWidget(button, *divmod(place, _NUM_COLUMNS))
        return box
