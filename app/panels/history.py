"""The journal of the open image: every change, and a way back to each."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QStringListModel, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.fields import ActingList
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Index, Role, RowDelegate
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.sentences import spoken_label


def steps_to(num_done: int, place: int) -> int:
    """How many steps lead to the state just after step `place` (-1: before all): negative ones are undone."""
    return place + 1 - num_done


class HistoryModel(QStringListModel):
    """The beginning, then every change in order; undone ones are faded.

    The lines are Qt's own: a list asks for the number of rows once for each row that it lays out, which takes 40 ms
    for 10,000 rows if Python is asked.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.num_done = 0

    def set_history(self, labels: list[str], num_done: int) -> None:
        self.num_done = num_done
        self.setStringList(["", *labels])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        place = index.row() - 1
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.tr("as it was opened first") if place < 0 else spoken_label(str(super().data(index, role)))
            case Role.DETAIL:
                return "" if place < 0 else str(place + 1)
            case Role.FADED:
                return place >= self.num_done
            case Role.ITEM:
                return place
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) & ~(Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDropEnabled)


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
        document = self._session.document
        if document is None:
            self._model.setStringList([])
            self.set_summary("")
            return
        if not self.isVisible():  # told when it is looked at
            return
        labels, num_done = document.history
        self._model.set_history(labels, num_done)
        current = self._model.index(num_done)
        self.view.setCurrentIndex(current)
        self.view.scrollTo(current)
        self.set_summary(self.tr("changes: {0}").format(len(labels)))

    def showEvent(self, event: QShowEvent) -> None:
        self._refresh()

    def _on_view_clicked(self, index: QModelIndex) -> None:
        document = self._session.document
        if document is None:
            return
        steps = steps_to(self._model.num_done, index.data(Role.ITEM))
        for _ in range(abs(steps)):
            if not (document.undo() if steps < 0 else document.redo()):
                break
