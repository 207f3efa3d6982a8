"""The journal of the open image: every change, and a way back to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import ActingList
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Index, Role, RowDelegate
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.sentences import spoken_label

if TYPE_CHECKING:
    from seamseg_studio.engine.project import JournalEntry


def steps_to(entries: Sequence[JournalEntry], place: int) -> int:
    """How many steps lead to the state just after entry `place` (-1: before all): negative ones are undone."""
    num_done = sum(not entry.undone for entry in entries)
    return place + 1 - num_done


class HistoryModel(QAbstractListModel):
    """The beginning, then every change in order; undone ones are faded."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[JournalEntry] | None = None

    @property
    def entries(self) -> list[JournalEntry]:
        return self._entries or []

    def set_entries(self, entries: list[JournalEntry] | None) -> None:
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if self._entries is None or (parent is not None and parent.isValid()) else len(self._entries) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        place = index.row() - 1
        entry = self.entries[place] if place >= 0 else None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.tr("as it was opened first") if entry is None else spoken_label(entry.label)
            case Role.DETAIL:
                return "" if entry is None else str(entry.seq)
            case Role.FADED:
                return entry is not None and entry.undone
            case Role.ITEM:
                return place
        return None


class HistoryPanel(Panel):
    """Lists the changes of the open image; a click goes back or forward to one."""

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("history", "", parent)
        self.title = self.tr("History")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._model = HistoryModel(self)
        self.view = ActingList(self.title)
        self.view.empty_text = self.tr("Every change of the open image will be listed here.")
        self.view.setModel(self._model)
        self.view.setItemDelegate(RowDelegate(theme, parent=self.view))
        self.column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self.view.clicked.connect(self._on_view_clicked)
        self.view.activated.connect(self._on_view_clicked)
        theme.changed.connect(self.view.viewport().update)
        session.document_changed.connect(self._on_session_document_changed)

    def _on_session_document_changed(self) -> None:
        if self._session.document is not None:
            self._session.document.history_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        document, project = self._session.document, self._session.project
        if document is None or project is None:
            self._model.set_entries(None)
            self.set_summary("")
            return
        if not self.isVisible():  # read when it is looked at
            return
        entries = project.history(document.record.id)
        self._model.set_entries(entries)
        current = self._model.index(sum(not entry.undone for entry in entries))
        self.view.setCurrentIndex(current)
        self.view.scrollTo(current)
        self.set_summary(self.tr("changes: {0}").format(len(entries)))

    def showEvent(self, event: QShowEvent) -> None:
        self._refresh()

    def _on_view_clicked(self, index: QModelIndex) -> None:
        document = self._session.document
        if document is None:
            return
        steps = steps_to(self._model.entries, index.data(Role.ITEM))
        for _ in range(abs(steps)):
            if not (document.undo() if steps < 0 else document.redo()):
                break
