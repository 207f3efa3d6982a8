"""The images of the project: thumbnails, status, filter, and how many are accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from seamseg_studio.app.jobs.thumbnails import Thumbnails
from seamseg_studio.app.panels.fields import RowList, SearchField
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Badge, Index, Role, RowDelegate
from seamseg_studio.app.session import Session
from seamseg_studio.app.theme import Theme

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord

_PICTURE = QSize(48, 32)
_TONES = {"accepted": "good", "in progress": "warning", "flagged": "danger"}


def matches(record: ImageRecord, words: Sequence[str], status_names: dict[str, str]) -> bool:
    """Whether every word is part of the image's name or of the name of its status."""
    text = f"{record.name} {status_names[record.status]}".casefold()
    return all(word in text for word in words)


class ImageModel(QAbstractListModel):
    """The images of a session that pass the filter."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.status_names = {
            "new": self.tr("new"),
            "predicted": self.tr("predicted"),
            "in progress": self.tr("in progress"),
            "accepted": self.tr("accepted"),
            "flagged": self.tr("flagged"),
        }
        self._thumbnails = thumbnails
        self._shown: list[ImageRecord] = []
        self._rows: dict[int, int] = {}
        self._paths: dict[Path, int] = {}
        thumbnails.ready.connect(self._on_thumbnails_ready)

    def set_records(self, records: Sequence[ImageRecord], filter_text: str) -> None:
        """Shows those of `records` that match every word of `filter_text`."""
        words = filter_text.casefold().split()
        self.beginResetModel()
        self._shown = [record for record in records if not words or matches(record, words, self.status_names)]
        self._rows = {record.id: row for row, record in enumerate(self._shown)}
        self._paths = {record.path: row for row, record in enumerate(self._shown)}
        self.endResetModel()

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

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._shown)

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
                note = f"\n{record.note}" if record.note else ""
                return f"{record.name} · {record.width} × {record.height}{note}"
            case Role.PICTURE:
                return self._thumbnails.get(record.path) or False
            case Role.BADGE:
                return Badge(self.status_names[record.status], _TONES.get(record.status, "neutral"))
            case Role.ITEM:
                return record.id
        return None

    def _on_thumbnails_ready(self, path: Path) -> None:
        row = self._paths.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Role.PICTURE])


class ImagesPanel(Panel):
    """Lists the images; a click opens one."""

    def __init__(self, session: Session, theme: Theme, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__("images", "", parent)
        self.title = self.tr("Images")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self.filter = SearchField(self.tr("Filter by name or status"))
        self.add_field(self.filter)
        self._model = ImageModel(thumbnails, self)
        self.view = RowList(self.title)
        self.view.setModel(self._model)
        self.view.setItemDelegate(RowDelegate(theme, _PICTURE, self.view))
        self.column.addWidget(self.view, 1)

        self.filter.textChanged.connect(self._show_records)
        self.filter.entered.connect(self._open_first)
        self.view.clicked.connect(lambda index: session.open_image(index.data(Role.ITEM)))
        self.view.activated.connect(lambda index: session.open_image(index.data(Role.ITEM)))
        self.view.selectionModel().currentChanged.connect(self._on_view_current_changed)
        theme.changed.connect(self.view.viewport().update)
        session.images_changed.connect(self._show_records)
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
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            row.addWidget(button, 2 if action is actions[-1] else 1)
        self.column.addLayout(row)

    def _show_records(self) -> None:
        self._model.set_records(self._session.records, self.filter.text())
        if self._session.wanted_image is not None:
            self._show_current(self._session.wanted_image)
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
        self.set_summary(self.tr("{0} of {1} accepted").format(num_accepted, num_images) if num_images else "")

    def _open_first(self) -> None:
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
