"""The categories of the project: choose what to paint with, see how much of the image each has."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QSortFilterProxyModel, Qt, QTimer, Signal
from PySide6.QtWidgets import QMenu, QWidget

from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.category_model import CategoryModel, usage_of
from seamseg_studio.app.panels.fields import RowList, SearchField
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Role, RowDelegate
from seamseg_studio.app.project.session import Session
from seamseg_studio.engine.errors import SeamsegError

NUM_DIGITS = 9
_REFRESH_MS = 80  # a stroke changes the shares many times a second


class CategoriesPanel(Panel):
    """Lists the categories; the chosen one is what new segments get.

    Signals:
        relabel_requested: The category that the selected segments should get.
        hide_requested: The category to hide, or to show again.
        lock_requested: The category to lock against every edit, or to unlock.
        edit_requested: Open the editor at this category.
        focus_released: The person is done searching; keys belong to the canvas again.
    """

    relabel_requested = Signal(int)
    hide_requested = Signal(int)
    lock_requested = Signal(int)
    edit_requested = Signal(int)
    focus_released = Signal()

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("categories", "", parent)
        self.title = self.tr("Categories")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._digits: list[int] = []
        self.search = SearchField(self.tr("Search or press /"))
        self.add_field(self.search)
        self._model = CategoryModel(self)
        self._filtered = QSortFilterProxyModel(self)
        self._filtered.setSourceModel(self._model)
        self._filtered.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.view = RowList(self.title)
        self.view.empty_text = self.tr("The categories of the open image will be listed here.")
        self.view.setModel(self._filtered)
        self.delegate = RowDelegate(theme, parent=self.view)
        self.view.setItemDelegate(self.delegate)
        self._hidden: frozenset[int] = frozenset()
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(_REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh_usage)

        self.search.textChanged.connect(self._on_search_text_changed)
        self.search.entered.connect(self._on_search_entered)
        self.search.left.connect(self.focus_released)
        self.search.moved.connect(self._on_search_moved)
        self.delegate.switch_clicked.connect(self._on_delegate_switch_clicked)
        self.view.clicked.connect(self._on_view_clicked)
        self.view.doubleClicked.connect(lambda index: self.relabel_requested.emit(index.data(Role.ITEM)))
        self.view.customContextMenuRequested.connect(self._on_view_context_menu)
        self.view.selectionModel().currentChanged.connect(self._on_view_current_changed)
        theme.changed.connect(self.view.viewport().update)
        session.taxonomy_changed.connect(self._on_session_taxonomy_changed)
        session.palette_changed.connect(self._on_session_taxonomy_changed)
        session.project_changed.connect(self._on_session_taxonomy_changed)
        session.document_changed.connect(self._on_session_document_changed)

    def category_of_digit(self, digit: int) -> int | None:
        """The category that key `digit` (1 to 9) stands for."""
        return self._digits[digit - 1] if 1 <= digit <= len(self._digits) and self._digits[digit - 1] >= 0 else None

    def set_digit(self, digit: int, category: int) -> None:
        """Lets key `digit` stand for `category` in this project."""
        self._digits = [-1 if other == category else other for other in self._digits]
        self._digits += [-1] * (NUM_DIGITS - len(self._digits))
        self._digits[digit - 1] = category
        self._model.set_digits(self._digits)
        project = self._session.project
        if project is not None and not project.read_only:
            try:
                project.set_setting("digits", self._digits)
            except SeamsegError as error:
                self._session.post_error(self.tr("The key counts until the project is closed only"), str(error))

    @property
    def model(self) -> CategoryModel:
        """A row per category of the project."""
        return self._model

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Shows which categories the canvas leaves out."""
        self._hidden = hidden
        self._show_marks()

    def start_search(self) -> None:
        """Puts the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_current(self) -> None:
        """Marks the category that the document paints with."""
        document = self._session.document
        if document is None:
            self.view.clearSelection()
            return
        index = self._filtered.mapFromSource(self._model.index(document.current_category))
        if index.isValid():
            self.view.setCurrentIndex(index)

    def _choose(self, category: int) -> None:
        document = self._session.document
        if document is not None:
            document.set_current_category(category)
            self.show_current()

    def _on_session_taxonomy_changed(self) -> None:
        taxonomy = self._session.taxonomy
        num = 0 if taxonomy is None else len(taxonomy)
        project = self._session.project
        stored = project.setting("digits", None) if project is not None else None
        self._digits = list(range(min(NUM_DIGITS, num)))
        if isinstance(stored, list) and all(isinstance(entry, int) and -1 <= entry < num for entry in stored):
            self._digits = stored[:NUM_DIGITS]
        self._model.set_taxonomy(self._session.displayed_taxonomy, self._digits)
        summary = self.tr("{0} · stuff {1} · things {2}")
        self.set_summary(summary.format(num, taxonomy.num_stuff, taxonomy.num_things) if taxonomy else "")
        self._refresh_usage()
        self.show_current()

    def _on_session_document_changed(self) -> None:
        document = self._session.document
        if document is not None:
            document.region_changed.connect(self._start_timer)
            document.segments_changed.connect(self._start_timer)
            document.category_changed.connect(self.show_current)
            document.policy_changed.connect(self._show_marks)
        self._show_marks()
        self._refresh_usage()
        self.show_current()

    def _show_marks(self) -> None:
        document = self._session.document
        locked = frozenset() if document is None else frozenset(document.policy.protected_categories)
        self._model.set_marks(hidden=self._hidden, locked=locked)

    def _start_timer(self) -> None:
        if not self._refresh_timer.isActive():  # a long stroke refreshes now and then, not only at its end
            self._refresh_timer.start()

    def _refresh_usage(self) -> None:
        document = self._session.document
        self._model.set_usage({} if document is None else usage_of(document.map))

    def _on_search_text_changed(self, text: str) -> None:
        self._filtered.setFilterFixedString(text)
        if text and self._filtered.rowCount():
            self.view.setCurrentIndex(self._filtered.index(0, 0))
        else:
            self.show_current()

    def _on_search_moved(self, offset: int) -> None:
        row = self.view.currentIndex().row() + offset
        if 0 <= row < self._filtered.rowCount():
            self.view.setCurrentIndex(self._filtered.index(row, 0))

    def _on_search_entered(self) -> None:
        category = self.view.currentIndex().data(Role.ITEM)  # clearing the text moves the current row
        self.search.clear()
        if category is not None:
            self._use(category)
        self.focus_released.emit()

    def _use(self, category: int) -> None:
        """Relabels what is selected; without a selection only chooses."""
        self._choose(category)
        if self._session.document is not None and self._session.document.selection:
            self.relabel_requested.emit(category)

    def _on_view_current_changed(self, index: QModelIndex) -> None:
        document = self._session.document
        if self.view.hasFocus() and index.isValid() and document is not None:  # moved by the arrow keys
            document.set_current_category(index.data(Role.ITEM))

    def _on_view_clicked(self, index: QModelIndex) -> None:
        if not self.delegate.took_click:
            self._choose(index.data(Role.ITEM))

    def _on_delegate_switch_clicked(self, category: int, name: str) -> None:
        (self.lock_requested if name == "lock" else self.hide_requested).emit(category)

    def _on_view_context_menu(self, point: QPoint) -> None:
        index = self.view.indexAt(point)
        if not index.isValid():
            return
        category = index.data(Role.ITEM)
        menu = self.context_menu(category, str(index.data()))
        menu.exec(self.view.viewport().mapToGlobal(point))
        menu.deleteLater()

    def context_menu(self, category: int, name: str) -> QMenu:
        """What can be done with one category."""
        menu = QMenu(self)
        relabel = menu.addAction(self.tr("Give the selection to {0}").format(name))
        relabel.setEnabled(self._session.document is not None and bool(self._session.document.selection))
        relabel.triggered.connect(lambda: self.relabel_requested.emit(category))
        digits = menu.addMenu(self.tr("Key"))
        for digit in range(1, NUM_DIGITS + 1):
            action = digits.addAction(str(digit))
            action.setCheckable(True)
            action.setChecked(self.category_of_digit(digit) == category)
            action.triggered.connect(lambda _=False, digit=digit: self.set_digit(digit, category))
        is_open = self._session.document is not None
        for text, is_on, signal in (
            (self.tr("Hidden"), category in self._hidden, self.hide_requested),
            (self.tr("Locked in every image"), self._model.is_locked(category), self.lock_requested),
        ):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(is_on)
            action.setEnabled(is_open)
            action.triggered.connect(lambda _=False, signal=signal: signal.emit(category))
        menu.addSeparator()
        edit = menu.addAction(self.tr("Edit the categories…"))
        project = self._session.project
        edit.setEnabled(project is not None and not project.read_only)
        edit.triggered.connect(lambda: self.edit_requested.emit(category))
        return menu
