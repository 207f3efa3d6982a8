"""The model behind the list of categories: how much of the image each has, its key, and its marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.panels.rows import Index, Role, Switch
from seamseg_studio.app.words.plain_text import plain_tip

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.panoptic_map import PanopticMap
    from seamseg_studio.engine.scene.taxonomy import Taxonomy


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
        self._hidden: frozenset[int] = frozenset()
        self._locked: frozenset[int] = frozenset()
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

    def set_marks(self, *, hidden: frozenset[int], locked: frozenset[int]) -> None:
        """Shows which categories the canvas leaves out, and which no edit may change."""
        if (hidden, locked) != (self._hidden, self._locked):
            self._hidden, self._locked = hidden, locked
            self._emit_all_changed()

    def is_locked(self, category: int) -> bool:
        """Whether no edit may change the segments of a category."""
        return category in self._locked

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
                return ", ".join([category.name, self._kinds[category.kind.value], *self._marks(row)])
            case Qt.ItemDataRole.ToolTipRole:
                usage = self._usage.get(row)
                parts = [f"{category.name} ({self._kinds[category.kind.value]})"]
                if usage is not None:
                    parts.append(f"{100 * usage.share:.2f} %")
                    parts.append(self.tr("segments: {0}").format(usage.num_segments))
                return plain_tip(" · ".join([*parts, *self._marks(row)]))
            case Role.SWATCH:
                return QColor(*category.color)
            case Role.DETAIL:
                return usage_text(self._usage.get(row), self._taxonomy.is_thing(row))
            case Role.KEY:
                return str(self._digits.index(row) + 1) if row in self._digits else ""
            case Role.SWITCHES:
                hide = Switch("hide", "eye_off", "eye", row in self._hidden)
                return (hide, Switch("lock", "lock", "unlock", row in self._locked))
            case Role.FADED:
                return row in self._hidden
            case Role.ITEM:
                return row
        return None

    def _marks(self, row: int) -> list[str]:
        marks = [self.tr("hidden")] if row in self._hidden else []
        return marks + ([self.tr("locked")] if row in self._locked else [])

    def _emit_all_changed(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
