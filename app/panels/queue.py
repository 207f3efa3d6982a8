"""The queue: where to look next. Places, segments and borders of the open image, or images, the least certain first;
or images by how much two models differ on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QWidget

from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.panels.choice_menu import ChoiceMenu
from seamseg_studio.app.panels.fields import ActingList, muted
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.rows import Index, Role, RowDelegate
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.plain_text import plain_tip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seamseg_studio.app.panels.queue_rows import QueueRow

_REFRESH_MS = 300  # after a change; the hand comes first
_PLACES, _SEGMENTS, _BORDERS, _IMAGES, _MODELS = "places", "segments", "borders", "images", "models"


class QueueModel(QAbstractListModel):
    """Rows of a name, a colour and a share: how unsure the model is, or on how much two models differ.

    `Role.ITEM` is their number.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[tuple[str, QColor | None, float]] = ()
        self._is_of_models = False

    def set_rows(self, rows: Sequence[tuple[str, QColor | None, float]], *, is_of_models: bool = False) -> None:
        """Shows `rows`: name, colour, and from 0 to 1 the doubt, or the share on which two models differ."""
        self.beginResetModel()
        self._rows = rows
        self._is_of_models = is_of_models
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        name, color, doubt = self._rows[index.row()]
        percent = f"{100 * doubt:.0f} %"
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return name
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._sentence(name, percent))
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._sentence(name, percent)
            case Role.SWATCH:
                return color
            case Role.DETAIL:
                return percent
            case Role.ITEM:
                return index.row()
        return None

    def _sentence(self, name: str, percent: str) -> str:
        if self._is_of_models:
            return self.tr("{0}: the two models differ on {1}").format(name, percent)
        return self.tr("{0}: the model is {1} unsure").format(name, percent)


class QueuePanel(Panel):
    """Lists where the model is least sure, or two models differ most; a click leads there.

    Signals:
        place_requested: The `Box` to look at (None: all of a segment), and the ids (a tuple) to select.
    """

    place_requested = Signal(object, object)

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("queue", "", parent)
        self.title = self.tr("Queue")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._rows: tuple[QueueRow, ...] = ()
        self._image_ids: list[int] = []
        choices = [
            (_PLACES, self.tr("places")),
            (_SEGMENTS, self.tr("segments")),
            (_BORDERS, self.tr("borders")),
            (_IMAGES, self.tr("images")),
            (_MODELS, self.tr("models")),
        ]
        self.listed = ChoiceMenu(choices, self.tr("What is listed"), self)
        self.listed.setProperty("role", "flat")
        self.listed.set_value(_PLACES)
        self.bar.add(self.listed)
        self._model = QueueModel(self)
        self.view = ActingList(self.title)
        self.view.setModel(self._model)
        self.view.setItemDelegate(RowDelegate(theme, parent=self.view))
        self.note = muted("", self)
        self.note.setWordWrap(True)
        self.note.setContentsMargins(12, 4, 12, 4)
        self.column.addWidget(self.note)
        self.column.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self._worker: Background[tuple[QueueRow, ...]] = Background("queue", self._on_worker_ready, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.listed.chosen.connect(self.refresh)
        self.view.clicked.connect(self._go)
        self.view.activated.connect(self._go)
        theme.changed.connect(self.view.viewport().update)
        session.document_changed.connect(self._on_session_document_changed)
        session.image_changed.connect(self._timer.start)

    def refresh(self) -> None:
        """Looks anew at what is listed; in the background, as large images take a moment."""
        self._timer.stop()
        if not self.isVisible():  # read when it is looked at
            return
        if self.listed.value in (_IMAGES, _MODELS):
            self._worker.drop()
            self._show_images(is_of_models=self.listed.value == _MODELS)
            return
        document = self._session.document
        prediction = document.prediction if document is not None else None
        if document is None or prediction is None or prediction.uncertainty is None:
            self._worker.drop()
            self._show((), [], self._why_nothing())
            return
        shown, segments = document.map, frozenset(document.map.segments)  # which may change meanwhile
        self._worker.request(
            partial(_found, shown.ids, shown.provenance, prediction.uncertainty, segments, str(self.listed.value))
        )

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()

    def _on_session_document_changed(self) -> None:
        document = self._session.document
        if document is not None:
            document.history_changed.connect(self._timer.start)
            document.map_replaced.connect(self._timer.start)
        self._worker.drop()  # what it looks at is not seen any more
        self.refresh()

    def _on_worker_ready(self, rows: tuple[QueueRow, ...]) -> None:
        document = self._session.document
        if document is None:
            return
        taxonomy, segments = document.displayed_taxonomy, document.map.segments
        shown: list[tuple[str, QColor | None, float]] = []
        for row in rows:
            categories = [taxonomy[segments[known].category] for known in row.ids if known in segments]
            name = " | ".join(category.name for category in categories) or self.tr("unlabelled")
            shown.append((name, QColor(*categories[0].color) if categories else None, row.doubt))
        self._show(rows, shown, self.tr("Nothing is left here that the model is unsure of."))

    def _show_images(self, *, is_of_models: bool) -> None:
        every = [(r, r.disagreement if is_of_models else r.uncertainty) for r in self._session.records]
        known = [(record, share) for record, share in every if share is not None]
        open_ones = [(record, share) for record, share in known if record.status != "accepted"]
        open_ones.sort(key=lambda pair: (-pair[1], pair[0].id))
        self._image_ids = [record.id for record, _ in open_ones]
        if is_of_models:
            nothing = self.tr("Every image that two models have labelled is accepted.")
            if not known:
                nothing = self.tr("Label images with a second model to see where the two differ.")
        else:
            nothing = self.tr("Every image that the model has labelled is accepted.")
            if not known:
                nothing = self.tr("Let the model label images to see of which it is unsure.")
        rows = [(record.name, None, share) for record, share in open_ones]
        self._show((), rows, nothing, is_of_models=is_of_models)

    def _show(
        self,
        rows: tuple[QueueRow, ...],
        shown: Sequence[tuple[str, QColor | None, float]],
        nothing: str,
        *,
        is_of_models: bool = False,
    ) -> None:
        self._rows = rows
        self._model.set_rows(shown, is_of_models=is_of_models)
        self.note.setText("" if shown else nothing)
        self.note.setVisible(not shown)
        self.set_summary(str(len(shown)) if shown else "")

    def _why_nothing(self) -> str:
        if self._session.document is None:
            return self.tr("Open an image to see where the model is unsure of it.")
        return self.tr("Let the model label this image to see where it is unsure.")

    def _go(self, index: QModelIndex) -> None:
        item = index.data(Role.ITEM)
        if self.listed.value in (_IMAGES, _MODELS):
            self._session.open_image(self._image_ids[item])
        elif item < len(self._rows):
            self.place_requested.emit(self._rows[item].box, self._rows[item].ids)


def _found(
    ids: NDArray[np.int32],
    provenance: NDArray[np.uint8],
    uncertainty: NDArray[np.uint8],
    segments: frozenset[int],
    listed: str,
) -> tuple[QueueRow, ...]:
    from seamseg_studio.app.panels.queue_rows import Listed, queue_rows  # only now: it brings numpy

    return queue_rows(ids, provenance, uncertainty, segments, Listed(listed))
