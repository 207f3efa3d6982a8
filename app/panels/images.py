"""The images of the project: thumbnails, status, filter, and how many are accepted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from seamseg_studio.app.jobs.thumbnails import Thumbnails
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import RowList, SearchField
from seamseg_studio.app.panels.image_model import ImageModel, ImageOrder, ImageQuery
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Role, RowDelegate
from seamseg_studio.app.project.session import Session

_PICTURE = QSize(48, 32)
_MANY = 5000  # images, from which on the filter waits for a pause in the typing
_PAUSE_MS = 200


class ImagesPanel(Panel):
    """Lists the images; a click opens one."""

    def __init__(self, session: Session, theme: Theme, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__("images", "", parent)
        self.title = self.tr("Images")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._query = ImageQuery()
        self._category: int | None = None
        self.filter = SearchField(self.tr("Filter by name, note or status"))
        self._model = ImageModel(thumbnails, self)
        self.filter_button = self._make_filter_button()
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 2)
        row.addWidget(self.filter, 1)
        row.addWidget(self.filter_button)
        self.column.addLayout(row)
        self.order_button = self._make_order_button()
        self.bar.add(self.order_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show_records)
        self.view = RowList(self.title)
        self.view.setModel(self._model)
        self.view.setItemDelegate(RowDelegate(theme, _PICTURE, self.view))
        self.column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)

        self.filter.textChanged.connect(self._on_filter_text_changed)
        self.filter.entered.connect(self._open_first)
        self.view.clicked.connect(lambda index: session.open_image(index.data(Role.ITEM)))
        self.view.activated.connect(lambda index: session.open_image(index.data(Role.ITEM)))
        self.view.selectionModel().currentChanged.connect(self._on_view_current_changed)
        theme.changed.connect(self.view.viewport().update)
        self._nothing = self.tr("Drop images or a folder into the window.")
        self.view.empty_text = self._nothing
        session.project_changed.connect(self._on_session_project_changed)
        session.images_changed.connect(self._on_session_images_changed)
        session.image_changed.connect(self._on_session_image_changed)
        session.image_requested.connect(self._show_current)

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """Puts buttons for `actions` below the list, the last one as the main one."""
        row = QHBoxLayout()
        row.setContentsMargins(10, 2, 10, 8)
        row.setSpacing(4)
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setProperty("role", "step")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setProperty("main", action is actions[-1])
            if action is actions[-1]:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            row.addWidget(button, 2 if action is actions[-1] else 1)
        self.column.addLayout(row)

    @property
    def query(self) -> ImageQuery:
        """Which images are shown, and how."""
        return self._query

    def set_order(self, order: ImageOrder) -> None:
        self._query = replace(self._query, order=order)
        self.order_button.setText(f"{self._order_names[order]} ▾")
        self.order_actions[order].setChecked(True)
        self._show_records()

    def set_statuses(self, statuses: Collection[str]) -> None:
        """Shows images of these statuses only; all for none."""
        self._query = replace(self._query, statuses=frozenset(statuses))
        self._show_records()

    def set_category(self, category: int | None) -> None:
        """Shows only images that have a category, as far as their labels were counted; all for None."""
        self._category = category
        self._show_records()

    def _make_order_button(self) -> QToolButton:
        self._order_names = {
            ImageOrder.ADDED: self.tr("as added"),
            ImageOrder.NAME: self.tr("by name"),
            ImageOrder.STATUS: self.tr("by status"),
            ImageOrder.UNCERTAINTY: self.tr("least certain first"),
        }
        button = _menu_button(f"{self._order_names[ImageOrder.ADDED]} ▾", self.tr("Order of the images"))
        menu = QMenu(button)
        group = QActionGroup(menu)
        self.order_actions = {order: menu.addAction(name) for order, name in self._order_names.items()}
        for order, action in self.order_actions.items():
            group.addAction(action).setCheckable(True)
            action.triggered.connect(lambda _=False, order=order: self.set_order(order))
        self.order_actions[ImageOrder.ADDED].setChecked(True)
        button.setMenu(menu)
        return button

    def _make_filter_button(self) -> QToolButton:
        button = _menu_button(self.tr("all ▾"), self.tr("Which images are shown"))
        menu = QMenu(button)
        self.status_actions = {status: menu.addAction(name) for status, name in self._model.status_names.items()}
        for action in self.status_actions.values():
            action.setCheckable(True)
            action.triggered.connect(self._on_status_triggered)
        menu.addSeparator()
        self.category_menu = menu.addMenu(self.tr("With a category"))
        self.category_menu.aboutToShow.connect(self._fill_category_menu)
        menu.addSeparator()
        self.clear_action = menu.addAction(self.tr("Show all"))
        self.clear_action.triggered.connect(self._on_clear_triggered)
        button.setMenu(menu)
        return button

    def _fill_category_menu(self) -> None:
        self.category_menu.clear()
        taxonomy = self._session.taxonomy
        for number, category in enumerate(taxonomy.categories if taxonomy is not None else ()):
            action = self.category_menu.addAction(category.name)
            action.setCheckable(True)
            action.setChecked(number == self._category)
            action.triggered.connect(lambda checked, number=number: self.set_category(number if checked else None))

    def _on_status_triggered(self) -> None:
        self.set_statuses([status for status, action in self.status_actions.items() if action.isChecked()])

    def _on_clear_triggered(self) -> None:
        for action in self.status_actions.values():
            action.setChecked(False)
        self._category = None
        self.filter.clear()
        self.set_statuses(())

    def _on_session_images_changed(self) -> None:
        """Shows the new images where they belong; who has scrolled away is not brought back."""
        bar = self.view.verticalScrollBar()
        place, had_images = bar.value(), self._model.rowCount() > 0
        self._show_records()
        if had_images:
            bar.setValue(place)

    def _on_session_project_changed(self) -> None:
        self._category = None  # its number means another one there

    def _on_filter_text_changed(self) -> None:
        if len(self._session.records) > _MANY:
            self._timer.start(_PAUSE_MS)
        else:
            self._show_records()

    def _show_records(self) -> None:
        self._timer.stop()
        project = self._session.project
        among = None
        if self._category is not None and project is not None:
            among = project.images_showing(self._category)
        self._query = replace(self._query, text=self.filter.text(), among=among)
        self._model.set_shown(self._query.chosen(self._session.records, self._model.status_names))
        self._session.set_route(record.id for record in self._model.shown)
        is_filtered = bool(self._query.statuses) or self._category is not None
        self.filter_button.setText(self.tr("some ▾") if is_filtered else self.tr("all ▾"))
        if self._session.wanted_image is not None:
            self._show_current(self._session.wanted_image)
        self.view.empty_text = self.tr("No image fits the filter.") if self._session.records else self._nothing
        self._show_counts()

    def _show_current(self, image_id: int) -> None:
        index = self._model.place_of(image_id)
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        else:
            self.view.clearSelection()

    def _show_counts(self) -> None:
        num_images, num_accepted = len(self._session.records), self._session.num_with_status("accepted")
        text = self.tr("{0} of {1} accepted").format(num_accepted, num_images) if num_images else ""
        num_shown = self._model.rowCount()
        self.set_summary(self.tr("{0} shown · ").format(num_shown) + text if num_shown < num_images else text)

    def _open_first(self) -> None:
        if self._timer.isActive():
            self._show_records()
        if self._model.rowCount():
            self._session.open_image(self._model.index(0).data(Role.ITEM))

    def _on_view_current_changed(self, index: QModelIndex) -> None:
        if self.view.hasFocus() and index.isValid():  # moved by the arrow keys
            self._session.open_image(index.data(Role.ITEM))

    def _on_session_image_changed(self, image_id: int) -> None:
        record = self._session.record(image_id)
        if record is not None:
            self._model.update_record(record)
            self._show_counts()


def _menu_button(text: str, name: str) -> QToolButton:
    button = QToolButton()
    button.setProperty("role", "flat")
    button.setText(text)
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
