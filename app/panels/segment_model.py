"""The model behind the tree of segments: headings at the top, segments below; or segments alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QAbstractItemModel, QItemSelection, QModelIndex, QObject, Qt
from PySide6.QtGui import QColor

from seamseg_studio.app.panels.rows import Badge, Index, Role, Switch
from seamseg_studio.app.panels.segment_rows import CROWD, FREE, LOCKED, Group, Row, share_text
from seamseg_studio.app.words.plain_text import plain_tip

_MANY = 64  # changed rows, from which on telling of all is quicker
_TOP = 0  # internal id of top rows; a row below heading n has n + 1


class SegmentModel(QAbstractItemModel):
    """Segments by `Role.ITEM`; a heading's item is its place, below zero."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()
        self._groups: Sequence[Group] = ()
        self._places: dict[int, tuple[int, int]] = {}
        self._hidden: frozenset[int] = frozenset()
        self._badges = {"model": Badge(self.tr("model")), "human": Badge(self.tr("you"), "good")}
        self._badges["imported"] = Badge(self.tr("file"))
        self._headings = {
            "model": self.tr("by the model"),
            "human": self.tr("by you"),
            "imported": self.tr("from a file"),
            LOCKED: self.tr("locked"),
            CROWD: self.tr("crowds"),
            FREE: self.tr("single and free to change"),
        }

    @property
    def groups(self) -> Sequence[Group]:
        """The headings; none if the segments stand alone."""
        return self._groups

    def set_rows(self, rows: Sequence[Row], groups: Sequence[Group]) -> bool:
        """Shows `rows`, under `groups` if there are any. Whether other segments, or in another order, are listed."""
        same = [row.segment_id for row in rows] == [row.segment_id for row in self._rows]
        same = same and _shape(groups) == _shape(self._groups)
        if same:
            changed = [new.segment_id for old, new in zip(self._rows, rows, strict=True) if new != old]
            self._rows, self._groups = rows, groups
            self._emit_changed(changed)
            return False
        self.beginResetModel()
        self._rows, self._groups = rows, groups
        self._places = {row.segment_id: (_TOP, place) for place, row in enumerate(rows)}
        if groups:
            self._places = {
                row.segment_id: (number + 1, place)
                for number, group in enumerate(groups)
                for place, row in enumerate(group.rows)
            }
        self.endResetModel()
        return True

    def set_hidden(self, hidden: frozenset[int]) -> None:
        if hidden != self._hidden:
            self._hidden = hidden
            self._emit_all_changed()

    def place_of(self, segment_id: int) -> QModelIndex:
        """The index of a segment; invalid if it is not in the list."""
        place = self._places.get(segment_id)
        return QModelIndex() if place is None else self.createIndex(place[1], 0, place[0])

    def selection_of(self, ids: Collection[int]) -> QItemSelection:
        """What selects the rows of `ids`: neighbours are one range, so that thousands are as quick as one."""
        selection = QItemSelection()
        places = sorted(self._places[segment_id] for segment_id in ids if segment_id in self._places)
        start = 0
        for end in range(1, len(places) + 1):
            if end == len(places) or places[end] != (places[end - 1][0], places[end - 1][1] + 1):
                first, last = places[start], places[end - 1]
                selection.select(self.createIndex(first[1], 0, first[0]), self.createIndex(last[1], 0, last[0]))
                start = end
        return selection

    def ids_of(self, item: int) -> frozenset[int]:
        """The segments that an item stands for: one, or all below a heading."""
        if item >= 0:
            return frozenset({item})
        return frozenset(row.segment_id for row in self._groups[-1 - item].rows)

    # Qt's model

    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        if parent is None or not parent.isValid():
            return self.createIndex(row, column, _TOP) if row < self.rowCount() else QModelIndex()
        return self.createIndex(row, column, parent.row() + 1)

    def parent(self, child: Index | None = None) -> QModelIndex:  # type: ignore[override]
        if child is None or not child.isValid() or child.internalId() == _TOP:
            return QModelIndex()
        return self.createIndex(child.internalId() - 1, 0, _TOP)

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self._groups) or len(self._rows)
        if self._groups and parent.internalId() == _TOP:
            return len(self._groups[parent.row()].rows)
        return 0

    def columnCount(self, parent: Index | None = None) -> int:
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if index.internalId() != _TOP:
            return self._segment_data(self._groups[index.internalId() - 1].rows[index.row()], role)
        if self._groups:
            return self._group_data(index.row(), role)
        return self._segment_data(self._rows[index.row()], role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self._groups and index.isValid() and index.internalId() == _TOP:
            return Qt.ItemFlag.ItemIsEnabled  # a click on a heading selects what is below it, not the heading
        return super().flags(index)

    def _segment_data(self, row: Row, role: int) -> object:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"{row.name} ({self.tr('crowd')})" if row.is_crowd else row.name
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._described(row))
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._described(row)
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

    def _described(self, row: Row) -> str:
        parts = [row.name, share_text(row.area), self._headings.get(row.origin, row.origin)]
        parts += [] if row.score is None else [self.tr("score {0}").format(f"{row.score:.2f}")]
        parts += [self.tr("crowd")] if row.is_crowd else []
        parts += [self.tr("locked")] if row.is_locked else []
        parts += [self.tr("hidden")] if row.segment_id in self._hidden else []
        return " · ".join(parts)

    def _group_data(self, number: int, role: int) -> object:
        group = self._groups[number]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                name = group.key if group.color is not None else self._headings.get(group.key, group.key)
                return f"{name}  {len(group.rows)}"
            case Role.SWATCH:
                return None if group.color is None else QColor(*group.color)
            case Role.DETAIL:
                return share_text(group.area)
            case Role.SWITCHES:
                is_hidden = all(row.segment_id in self._hidden for row in group.rows)
                is_locked = all(row.is_locked for row in group.rows)
                return (Switch("hide", "eye_off", "eye", is_hidden), Switch("lock", "lock", "unlock", is_locked))
            case Role.ITEM:
                return -1 - number
        return None

    def _emit_changed(self, ids: Sequence[int]) -> None:
        if len(ids) > _MANY:
            self._emit_all_changed()
            return
        for segment_id in ids:
            index = self.place_of(segment_id)
            self.dataChanged.emit(index, index)
            if index.parent().isValid():
                self.dataChanged.emit(index.parent(), index.parent())

    def _emit_all_changed(self) -> None:
        if not self._rows:
            return
        if not self._groups:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, 0))
            return
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._groups) - 1, 0))
        for number, group in enumerate(self._groups):
            first = self.createIndex(0, 0, number + 1)
            self.dataChanged.emit(first, self.createIndex(len(group.rows) - 1, 0, number + 1))


def _shape(groups: Sequence[Group]) -> list[tuple[str, list[int]]]:
    return [(group.key, [row.segment_id for row in group.rows]) for group in groups]
