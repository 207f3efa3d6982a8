"""The bar above the canvas: the options of the tool in use, shown from its own description of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from seamseg_studio.app.panels.fields import ElidedLabel
from seamseg_studio.app.panels.option_controls import OptionGroup
from seamseg_studio.app.words.languages import tool_text
from seamseg_studio.app.words.plain_text import PlainLabel

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.app.tools.base import Tool
    from seamseg_studio.app.tools.options import Option

_GAP_PX = 9
_AROUND_TEXT_PX = 26  # of the bar's height; the same for every tool, so that the image does not jump
_LEAST_HINT_PX = 90


class OptionBar(QToolBar):
    """Title and options of one tool; what has no room is folded first, and at last put behind a button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("options")
        self.setWindowTitle(self.tr("Tool options"))
        self.setAccessibleName(self.windowTitle())
        self.setMovable(False)
        self._tool: Tool | None = None
        self._document: Document | None = None
        self._groups: dict[str, OptionGroup] = {}
        self._is_folded = False
        self._plain_width = 0  # of all options, nothing folded
        self._fit_timer = QTimer(self)
        self._fit_timer.setSingleShot(True)
        self._fit_timer.timeout.connect(self._fit)
        self._title = PlainLabel(self)
        self._title.setObjectName("tool_title")
        self._hint = ElidedLabel(self)
        self._hint_text = self.tr("hold Space to pan · wheel to zoom · hold H to peek")
        self._hint.setProperty("role", "muted")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._content = QWidget(self)
        # It never widens the window.
        self._content.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self._content)
        self._row.setContentsMargins(8, 0, 6, 0)
        self._row.setSpacing(_GAP_PX)
        self.more = self._make_more_button()
        self._row.addWidget(self._title)
        self._row.addWidget(self.more)
        self._row.addWidget(self._hint, 1)
        self.addWidget(self._content)
        self._content.installEventFilter(self)
        self._fit_height()

    def set_tool(self, tool: Tool | None) -> None:
        """Shows the options of `tool`."""
        if self._tool is not None:
            self._tool.option_changed.disconnect(self._refresh)
        self._tool = tool
        if tool is not None:
            tool.option_changed.connect(self._refresh)
        self._build()

    def set_document(self, document: Document | None) -> None:
        """Tells the tool which document its options are about."""
        if self._document is not None:
            self._document.policy_changed.disconnect(self._refresh)
        self._document = document
        if document is not None:
            document.policy_changed.connect(self._refresh)  # by whatever way: a key, another tool
        self._refresh()

    @property
    def title(self) -> str:
        """What the bar says it is about."""
        return self._title.text()

    def control(self, key: str) -> QWidget:
        """The widget of one option."""
        return self._groups[key].control

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._fit()
        return bool(super().eventFilter(watched, event))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "_content"):
            self._fit_height()
            self._build()

    # Within

    def _make_more_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setText("⋯")
        button.setProperty("role", "choice")
        button.setProperty("place", "folded")
        button.setAccessibleName(self.tr("Further options"))
        button.setToolTip(self.tr("Further options"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu, self._rest = QMenu(button), QWidget()
        column = QVBoxLayout(self._rest)
        column.setContentsMargins(10, 8, 10, 8)
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(self._rest)
        menu.addAction(holder)
        button.setMenu(menu)
        button.hide()
        return button

    def _options(self) -> tuple[Option, ...]:
        return () if self._tool is None else self._tool.options(self._document)

    def _fit_height(self) -> None:
        self.setFixedHeight(self.fontMetrics().height() + _AROUND_TEXT_PX)

    def _build(self, *, is_folded: bool = False) -> None:
        self._is_folded = is_folded
        for group in self._groups.values():
            group.hide()
            group.setParent(None)
            group.deleteLater()
        self._groups = {}
        self._title.setText("" if self._tool is None else tool_text(self._tool.title))
        for place, option in enumerate(self._options()):
            group = OptionGroup(option, is_folded=is_folded, has_rule=place > 0, parent=self._content)
            group.changed.connect(self._set)
            self._groups[option.key] = group
            self._row.insertWidget(1 + place, group)
            group.show()
        self._fit()

    def _fit(self) -> None:
        """Gives every option its place: in the bar, folded, or behind the button."""
        groups = list(self._groups.values())
        if not groups or not self._content.isVisible():
            self.more.hide()
            self._hint.setText(self._hint_text)
            return
        margins = self._row.contentsMargins()
        room = self._content.width() - margins.left() - margins.right() - self._title.sizeHint().width()
        widths = [group.sizeHint().width() + _GAP_PX for group in groups]
        if not self._is_folded:
            self._plain_width = sum(widths)
        if self._is_folded != (self._plain_width > room):
            self._build(is_folded=not self._is_folded)
            return
        self._place(groups, widths, room)

    def _place(self, groups: list[OptionGroup], widths: list[int], room: int) -> None:
        is_tight = sum(widths) > room
        left = room - (self.more.sizeHint().width() + _GAP_PX if is_tight else 0)
        column = self._rest.layout()
        assert column is not None
        fits = True
        for place, (group, width) in enumerate(zip(groups, widths, strict=True)):
            left -= width
            fits = fits and left >= 0
            group.rule.setVisible(place > 0 and fits)
            if fits:
                self._row.insertWidget(1 + place, group)  # after the title
            else:
                column.addWidget(group)
            group.show()
        self.more.setVisible(not fits)
        self._hint.setText(self._hint_text if left >= _LEAST_HINT_PX else "")

    def _refresh(self) -> None:
        options = self._options()
        if [option.key for option in options] != list(self._groups):
            self._build()
            return
        for option in options:
            self._groups[option.key].show_option(option)
        # A longer word may need more room; not at once, for a control of ours may be telling it.
        self._fit_timer.start()

    def _set(self, key: str, value: object) -> None:
        if self._tool is not None:
            self._tool.set_option(key, value, self._document)
