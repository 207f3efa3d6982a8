"""The categories of the project: choose what to paint with, see how much of the image each has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPoint, QSortFilterProxyModel, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMenu, QWidget

from seamseg_studio.app.panels.fields import RowList, SearchField
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Index, Role, RowDelegate
from seamseg_studio.app.session import Session
from seamseg_studio.app.theme import Theme
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.panoptic_map import PanopticMap
    from seamseg_studio.engine.scene.taxonomy import Taxonomy

NUM_DIGITS = 9
_REFRESH_MS = 80  # a stroke changes the shares many times a second


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of an image a category has: its share of the pixels, 0 to 1, and its number of segments."""

    share: float
    num_segments: int


def usage_of(panoptic_map: PanopticMap) -> dict[int, Usage]:
    """The usage of every category that is in the map."""
    height, width = panoptic_map.shape
    totals: dict[int, tuple[int, int]] = {}
    areas = panoptic_map.areas()
    for segment_id, segment in panoptic_map.segments.items():
        area, number = totals.get(segment.category, (0, 0))
        totals[segment.category] = (area + areas.get(segment_id, 0), number + 1)
    num_pixels = max(1, height * width)
    return {category: Usage(area / num_pixels, number) for category, (area, number) in totals.items()}


def usage_text(usage: Usage | None, is_thing: bool) -> str:
    """Things are counted, stuff is measured."""
    if usage is None:
        return ""
    if is_thing:
        return str(usage.num_segments)
    percent = 100 * usage.share
    return f"{percent:.0f} %" if percent >= 1 else "< 1 %"


class CategoryModel(QAbstractListModel):
    """One row per category of a taxonomy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._taxonomy: Taxonomy | None = None
        self._digits: list[int] = []
        self._usage: Mapping[int, Usage] = {}
        self._kinds = {"stuff": self.tr("stuff"), "thing": self.tr("thing")}

    def set_taxonomy(self, taxonomy: Taxonomy | None, digits: list[int]) -> None:
        self.beginResetModel()
        self._taxonomy, self._digits, self._usage = taxonomy, digits, {}
        self.endResetModel()

    def set_digits(self, digits: list[int]) -> None:
        self._digits = digits
        self._emit_all_changed()

    def set_usage(self, usage: Mapping[int, Usage]) -> None:
        if usage != self._usage:
            self._usage = usage
            self._emit_all_changed()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if self._taxonomy is None or (parent is not None and parent.isValid()) else len(self._taxonomy)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self._taxonomy is None or not index.isValid():
            return None
        row = index.row()
        category = self._taxonomy[row]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return category.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{category.name}, {self._kinds[category.kind.value]}"
            case Qt.ItemDataRole.ToolTipRole:
                usage = self._usage.get(row)
                parts = [f"{category.name} ({self._kinds[category.kind.value]})"]
                if usage is not None:
                    parts.append(f"{100 * usage.share:.2f} %")
                    parts.append(self.tr("segments: {0}").format(usage.num_segments))
                return " · ".join(parts)
            case Role.SWATCH:
                return QColor(*category.color)
            case Role.DETAIL:
                return usage_text(self._usage.get(row), self._taxonomy.is_thing(row))
            case Role.KEY:
                return str(self._digits.index(row) + 1) if row in self._digits else ""
            case Role.ITEM:
                return row
        return None

    def _emit_all_changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))


class CategoriesPanel(Panel):
    """Lists the categories; the chosen one is what new segments get.

    Signals:
        relabel_requested: The category that the selected segments should get.
        edit_requested: Open the editor at this category.
        focus_released: The person is done searching; keys belong to the canvas again.
    """

    relabel_requested = Signal(int)
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
        self.view.setModel(self._filtered)
        self.view.setItemDelegate(RowDelegate(theme, parent=self.view))
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
        self._refresh_usage()
        self.show_current()

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
        self._choose(index.data(Role.ITEM))

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
        menu.addSeparator()
        edit = menu.addAction(self.tr("Edit the categories…"))
        project = self._session.project
        edit.setEnabled(project is not None and not project.read_only)
        edit.triggered.connect(lambda: self.edit_requested.emit(category))
        return menu
