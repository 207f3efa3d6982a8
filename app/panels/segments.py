"""The segments of the open image: group, sort, lock, hide, and select both ways with the canvas."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import RowTree
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Role, RowDelegate
from seamseg_studio.app.panels.segment_model import SegmentModel
from seamseg_studio.app.panels.segment_rows import Grouping, Order, groups_of, rows_of
from seamseg_studio.app.project.session import Session

_REFRESH_MS = 80
_MANY = 500  # segments, from which on the list waits for the end of a stroke


class SegmentsPanel(Panel):
    """Lists the segments of the open image.

    Signals:
        lock_requested: The segments (a frozenset) whose lock should be toggled.
        hide_requested: The segments to hide or show.
        focus_requested: The segment that the canvas should show (double click).
    """

    lock_requested = Signal(object)
    hide_requested = Signal(object)
    focus_requested = Signal(int)

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("segments", "", parent)
        self.title = self.tr("Segments")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._order = Order.AREA
        self._grouping = Grouping.NONE
        self._collapsed: set[str] = set()
        self._menu_actions: list[QAction] = []
        self.model = SegmentModel(self)
        self.view = RowTree(self.title)
        self.view.empty_text = self.tr("The segments of the open image will be listed here.")
        self.view.setModel(self.model)
        self.view.setSelectionMode(RowTree.SelectionMode.ExtendedSelection)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.delegate = RowDelegate(theme, parent=self.view)
        self.view.setItemDelegate(self.delegate)
        self.column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self._order_button = self._make_order_button()
        self.bar.add(self._order_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)

        self.view.selectionModel().selectionChanged.connect(self._on_view_selection_changed)
        self.view.clicked.connect(self._on_view_clicked)
        self.view.doubleClicked.connect(self._on_view_double_clicked)
        self.view.collapsed.connect(lambda index: self._collapsed.add(self.model.groups[index.row()].key))
        self.view.expanded.connect(lambda index: self._collapsed.discard(self.model.groups[index.row()].key))
        self.view.customContextMenuRequested.connect(self._on_view_context_menu)
        self.delegate.switch_clicked.connect(self._on_delegate_switch_clicked)
        theme.changed.connect(self.view.viewport().update)
        session.document_changed.connect(self._on_session_document_changed)
        session.palette_changed.connect(self.refresh)

    @property
    def order(self) -> Order:
        return self._order

    def set_order(self, order: Order) -> None:
        self._order = order
        self._show_order()

    def set_grouping(self, grouping: Grouping) -> None:
        """Puts the segments under headings, or takes these away."""
        self._grouping = grouping
        self._collapsed.clear()
        self.view.setRootIsDecorated(grouping is not Grouping.NONE)
        self._show_order()

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """Offers `actions` for the selected segments in the context menu."""
        self._menu_actions = list(actions)

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Shows which segments the canvas leaves out."""
        self.model.set_hidden(hidden)

    def refresh(self) -> None:
        """Reads the map anew."""
        self._timer.stop()
        document = self._session.document
        if document is not None and document.stroke_active and len(document.map.segments) > _MANY:
            self._timer.start()  # the hand comes first
            return
        rows = [] if document is None else rows_of(document.map, document.displayed_taxonomy, self._order)
        groups = [] if document is None else groups_of(rows, document.displayed_taxonomy, self._grouping)
        with QSignalBlocker(self.view.selectionModel()):
            is_other = self.model.set_rows(rows, groups)
        if is_other and groups:
            with QSignalBlocker(self.view):
                for number, group in enumerate(groups):
                    self.view.setExpanded(self.model.index(number, 0), group.key not in self._collapsed)
        self._show_selection()
        self.set_summary(str(len(rows)) if document is not None else "")

    def _make_order_button(self) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "flat")
        button.setAccessibleName(self.tr("Order of the segments"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(button)
        self._order_names = {
            Order.AREA: self.tr("largest first"),
            Order.CATEGORY: self.tr("by category"),
            Order.SCORE: self.tr("least certain first"),
        }
        groupings = {
            Grouping.NONE: self.tr("no headings"),
            Grouping.CATEGORY: self.tr("under categories"),
            Grouping.ORIGIN: self.tr("under who said so"),
            Grouping.STATE: self.tr("under locked, crowds, others"),
        }
        orders = QActionGroup(menu)
        self.order_actions = {order: menu.addAction(name) for order, name in self._order_names.items()}
        for order, action in self.order_actions.items():
            orders.addAction(action).setCheckable(True)
            action.triggered.connect(lambda _=False, order=order: self.set_order(order))
        menu.addSeparator()
        headings = QActionGroup(menu)
        self.grouping_actions = {grouping: menu.addAction(name) for grouping, name in groupings.items()}
        for grouping, action in self.grouping_actions.items():
            headings.addAction(action).setCheckable(True)
            action.triggered.connect(lambda _=False, grouping=grouping: self.set_grouping(grouping))
        self.order_actions[self._order].setChecked(True)
        self.grouping_actions[self._grouping].setChecked(True)
        button.setMenu(menu)
        button.setText(f"{self._order_names[self._order]} ▾")
        return button

    def _show_order(self) -> None:
        self._order_button.setText(f"{self._order_names[self._order]} ▾")
        self.order_actions[self._order].setChecked(True)
        self.grouping_actions[self._grouping].setChecked(True)
        self.refresh()

    def _on_session_document_changed(self) -> None:
        document = self._session.document
        if document is not None:
            document.region_changed.connect(self._start_timer)
            document.segments_changed.connect(self._start_timer)
            document.selection_changed.connect(self._show_selection)
        self.refresh()

    def _start_timer(self) -> None:
        if not self._timer.isActive():  # a long stroke refreshes now and then, not only at its end
            self._timer.start()

    def _show_selection(self) -> None:
        document = self._session.document
        ids = frozenset() if document is None else document.selection
        model = self.view.selectionModel()
        with QSignalBlocker(model):
            model.select(self.model.selection_of(ids), QItemSelectionModel.SelectionFlag.ClearAndSelect)
            if ids and model.currentIndex().data(Role.ITEM) not in ids:
                index = self.model.place_of(min(ids))
                model.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
                if not index.parent().isValid() or self.view.isExpanded(index.parent()):
                    self.view.scrollTo(index)  # it would open a heading that a person has closed
        self.view.viewport().update()

    def _on_view_selection_changed(self) -> None:
        document = self._session.document
        if document is not None:
            document.set_selection(frozenset(index.data(Role.ITEM) for index in self.view.selectedIndexes()))

    def _on_view_clicked(self, index: QModelIndex) -> None:
        document, item = self._session.document, index.data(Role.ITEM)
        if document is not None and item < 0 and not self.delegate.took_click:
            document.set_selection(self.model.ids_of(item))

    def _on_view_double_clicked(self, index: QModelIndex) -> None:
        if index.data(Role.ITEM) >= 0:
            self.focus_requested.emit(index.data(Role.ITEM))

    def _on_view_context_menu(self, point: QPoint) -> None:
        menu = self.context_menu()
        menu.exec(self.view.viewport().mapToGlobal(point))
        menu.deleteLater()

    def context_menu(self) -> QMenu:
        """What can be done with the selected segments, all at once."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addActions(self._menu_actions)
        return menu

    def _on_delegate_switch_clicked(self, item: int, name: str) -> None:
        (self.lock_requested if name == "lock" else self.hide_requested).emit(self.model.ids_of(item))
