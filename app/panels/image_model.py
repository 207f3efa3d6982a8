"""The model behind the list of images: which are shown, in which order, and what each row says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QStringListModel, Qt

from seamseg_studio.app.jobs.thumbnails import Thumbnails
from seamseg_studio.app.panels.rows import Badge, Index, Role
from seamseg_studio.app.words.plain_text import plain_tip

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord

_TONES = {"accepted": "good", "in progress": "warning", "flagged": "danger"}
# What needs a person first, and what is done last.
_STATUS_ORDER = ("flagged", "in progress", "predicted", "new", "accepted")


class ImageOrder(StrEnum):
    """In which order images are listed, and walked through."""

    ADDED = "added"
    NAME = "name"
    STATUS = "status"
    UNCERTAINTY = "uncertainty"


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """Which images are shown, and how.

    Attributes:
        text: Words that must all be part of the name, the note or the status.
        statuses: Those that are shown; none means all.
        among: Ids that are shown, such as those with a category in them; None means all.
        order: How they are sorted; ties as they were added.
    """

    text: str = ""
    statuses: frozenset[str] = frozenset()
    among: Collection[int] | None = None
    order: ImageOrder = ImageOrder.ADDED

    def chosen(self, records: Sequence[ImageRecord], status_names: dict[str, str]) -> list[ImageRecord]:
        """Those of `records` that are shown, in order."""
        found = list(records)
        if self.statuses:
            found = [record for record in found if record.status in self.statuses]
        if self.among is not None:
            found = [record for record in found if record.id in self.among]
        if words := self.text.casefold().split():
            found = [record for record in found if _matches(record, words, status_names)]
        if self.order is ImageOrder.NAME:
            found.sort(key=lambda record: record.name.casefold())
        elif self.order is ImageOrder.STATUS:
            found.sort(key=lambda record: _STATUS_ORDER.index(record.status))
        elif self.order is ImageOrder.UNCERTAINTY:  # those that no model has seen come last
            found.sort(key=lambda record: 1.0 if record.uncertainty is None else -record.uncertainty)
        return found


def _matches(record: ImageRecord, words: Sequence[str], status_names: dict[str, str]) -> bool:
    text = f"{record.name} {status_names[record.status]} {record.note}".casefold()
    return all(word in text for word in words)


class ImageModel(QStringListModel):
    """The images of a session that a query lets through.

    Qt counts the rows by strings of its own, all empty: to find its place for a row, a view asks for the number of
    rows once for every image, and a hundred thousand answers in Python take a third of a second.
    """

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.status_names = {
            "new": self.tr("new"),
            "predicted": self.tr("predicted"),
            "in progress": self.tr("in progress"),
            "accepted": self.tr("accepted"),
            "flagged": self.tr("flagged"),
        }
        self._sure = self.tr("the model is {0} % sure")
        self._thumbnails = thumbnails
        self._shown: list[ImageRecord] = []
        self._rows: dict[int, int] = {}
        self._paths: dict[Path, int] = {}
        thumbnails.ready.connect(self._on_thumbnails_ready)

    @property
    def shown(self) -> Sequence[ImageRecord]:
        """The images shown, in order. Not to be changed."""
        return self._shown

    def set_shown(self, records: list[ImageRecord]) -> None:
        """Shows `records`."""
        self._shown = records
        self._rows = {record.id: row for row, record in enumerate(records)}
        self._paths = {}
        self.setStringList([""] * len(records))

    def update_record(self, record: ImageRecord) -> None:
        """Shows what changed about one image; it stays in the list even if it no longer matches."""
        row = self._rows.get(record.id)
        if row is not None:
            self._shown[row] = record
            self.dataChanged.emit(self.index(row), self.index(row))

    def place_of(self, image_id: int) -> QModelIndex:
        """The index of an image; invalid if the filter leaves it out."""
        row = self._rows.get(image_id)
        return QModelIndex() if row is None else self.index(row)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        record = self._shown[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return record.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{record.name}, {self.status_names[record.status]}"
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._described(record))
            case Role.PICTURE:
                self._paths[record.path] = index.row()  # only what was asked for can become ready
                return self._thumbnails.get(record.path) or False
            case Role.BADGE:
                return Badge(self.status_names[record.status], _TONES.get(record.status, "neutral"))
            case Role.ITEM:
                return record.id
        return None

    def _described(self, record: ImageRecord) -> str:
        parts = [record.name, f"{record.width} × {record.height}"]
        if record.uncertainty is not None:
            parts.append(self._sure.format(round(100 - 100 * record.uncertainty)))
        return " · ".join(parts) + (f"\n{record.note}" if record.note else "")

    def _on_thumbnails_ready(self, path: Path) -> None:
        row = self._paths.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Role.PICTURE])
