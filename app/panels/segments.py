"""The segments of the open image: sort, lock, hide, and select both ways with the canvas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QSignalBlocker,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from seamseg_studio.app.panels.fields import RowList
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Badge, Index, Role, RowDelegate, Switch
from seamseg_studio.app.session import Session
from seamseg_studio.app.theme import Theme

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.panoptic_map import PanopticMap
    from seamseg_studio.engine.scene.taxonomy import Taxonomy

_REFRESH_MS = 80


class Order(StrEnum):
    AREA = "area"
    CATEGORY = "category"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Row:
    """What the list shows of one segment. `area` is its share of the image, 0 to 1."""

    segment_id: int
    name: str
    color: tuple[int, int, int]
    category: int
    area: float
    score: float | None
    origin: str
    is_locked: bool
    is_crowd: bool


def rows_of(panoptic_map: PanopticMap, taxonomy: Taxonomy, order: Order) -> list[Row]:
    """The rows of all segments; things are numbered within their category in the order of their ids.

    Area: largest first. Category: in the taxonomy's order. Score: least certain first, those without one last.
    Ties by id.
    """
    areas = panoptic_map.areas()
    num_pixels = max(1, panoptic_map.shape[0] * panoptic_map.shape[1])
    numbers: dict[int, int] = {}
    rows = []
    for segment_id, segment in sorted(panoptic_map.segments.items()):
        category = taxonomy[segment.category]
        numbers[segment.category] = number = numbers.get(segment.category, 0) + 1
        numbered = taxonomy.is_thing(segment.category) or number > 1
        rows.append(
            Row(
                segment_id,
                f"{category.name} {number}" if numbered else category.name,
                category.color,
                segment.category,
                areas.get(segment_id, 0) / num_pixels,
                segment.score,
                segment.origin.value,
                segment.locked,
                segment.is_crowd,
            )
        )
    keys: dict[Order, Callable[[Row], tuple[float, ...]]] = {
        Order.AREA: lambda row: (-row.area,),
        Order.CATEGORY: lambda row: (row.category,),
        Order.SCORE: lambda row: (2.0 if row.score is None else row.score,),
    }
    return sorted(rows, key=keys[order])


class SegmentModel(QAbstractListModel):
    """The rows of `rows_of`, and which segments are hidden."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._places: Mapping[int, int] = {}
        self._hidden: frozenset[int] = frozenset()
        self._badges = {"model": Badge(self.tr("model")), "human": Badge(self.tr("you"), "good")}
        self._badges["imported"] = Badge(self.tr("file"))

    def set_rows(self, rows: list[Row]) -> None:
        """Shows `rows`. Without a change of which segments there are, and their order, the selection stays."""
        same = [row.segment_id for row in rows] == [row.segment_id for row in self._rows]
        if same:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self._places = {row.segment_id: place for place, row in enumerate(rows)}
        self.endResetModel()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        self._hidden = hidden
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def place_of(self, segment_id: int) -> QModelIndex:
        """The index of a segment; invalid if it is not in the list."""
        place = self._places.get(segment_id)
        return QModelIndex() if place is None else self.index(place)

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{row.name} ({self.tr('crowd')})" if row.is_crowd else row.name
            case Qt.ItemDataRole.ToolTipRole:
                score = "" if row.score is None else " · " + self.tr("score {0}").format(f"{row.score:.2f}")
                return f"{row.name} · {100 * row.area:.2f} %{score}"
            case Role.SWATCH:
                return QColor(*row.color)
            case Role.DETAIL:
                return "–" if row.score is None or row.origin == "human" else f"{row.score:.2f}"
            case Role.BADGE:
                return self._badges.get(row.origin)
            case Role.SWITCHES:
                is_hidden = row.segment_id in self._hidden
                return (Switch("hide", "eye_off", "eye", is_hidden), Switch("lock", "lock", "unlock", row.is_locked))
            case Role.FADED:
                return row.segment_id in self._hidden
            case Role.ITEM:
                return row.segment_id
        return None


class SegmentsPanel(Panel):
    """Lists the segments of the open image.

    Signals:
        lock_requested: The segment whose lock should be toggled.
        hide_requested: The segment to hide or show.
        focus_requested: The segment that the canvas should show (double click).
    """

    lock_requested = Signal(int)
    hide_requested = Signal(int)
    focus_requested = Signal(int)

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("segments", "", parent)
        self.title = self.tr("Segments")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._order = Order.AREA
        self._model = SegmentModel(self)
        self.view = RowList(self.title)
        self.view.setModel(self._model)
        self.view.setSelectionMode(RowList.SelectionMode.ExtendedSelection)
        self.delegate = RowDelegate(theme, parent=self.view)
        self.view.setItemDelegate(self.delegate)
        self.column.addWidget(self.view, 1)
        self._order_button = self._make_order_button()
        self.bar.add(self._order_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)

        self.view.selectionModel().selectionChanged.connect(self._on_view_selection_changed)
        self.view.doubleClicked.connect(lambda index: self.focus_requested.emit(index.data(Role.ITEM)))
        self.delegate.switch_clicked.connect(self._on_delegate_switch_clicked)
        theme.changed.connect(self.view.viewport().update)
        session.document_changed.connect(self._on_session_document_changed)
        session.palette_changed.connect(self.refresh)

    @property
    def order(self) -> Order:
        return self._order

    def set_order(self, order: Order) -> None:
        self._order = order
        self._order_button.setText(f"{self._order_names[order]} ▾")
        self.refresh()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Shows which segments the canvas leaves out."""
        self._model.set_hidden(hidden)

    def refresh(self) -> None:
        """Reads the map anew."""
        self._timer.stop()
        document = self._session.document
        rows = [] if document is None else rows_of(document.map, document.displayed_taxonomy, self._order)
        with QSignalBlocker(self.view.selectionModel()):
            self._model.set_rows(rows)
        self._show_selection()
        self.set_summary(str(len(rows)) if document is not None else "")

    def _make_order_button(self) -> QToolButton:
        self._order_names = {
            Order.AREA: self.tr("largest first"),
            Order.CATEGORY: self.tr("by category"),
            Order.SCORE: self.tr("least certain first"),
        }
        button = QToolButton()
        button.setProperty("role", "flat")
        button.setText(f"{self._order_names[self._order]} ▾")
        button.setAccessibleName(self.tr("Order of the segments"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for order, name in self._order_names.items():
            menu.addAction(name).triggered.connect(lambda _=False, order=order: self.set_order(order))
        button.setMenu(menu)
        return button

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
        chosen = QItemSelection()
        indexes = [] if document is None else [self._model.place_of(segment) for segment in sorted(document.selection)]
        for index in indexes:
            if index.isValid():
                chosen.select(index, index)
        model = self.view.selectionModel()
        with QSignalBlocker(model):
            model.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            valid = [index for index in indexes if index.isValid()]
            if valid and model.currentIndex() not in valid:
                model.setCurrentIndex(valid[0], QItemSelectionModel.SelectionFlag.NoUpdate)
                self.view.scrollTo(valid[0])
        self.view.viewport().update()

    def _on_view_selection_changed(self) -> None:
        document = self._session.document
        if document is not None:
            document.set_selection(frozenset(index.data(Role.ITEM) for index in self.view.selectedIndexes()))

    def _on_delegate_switch_clicked(self, segment_id: int, name: str) -> None:
        (self.lock_requested if name == "lock" else self.hide_requested).emit(segment_id)
