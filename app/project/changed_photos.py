"""Tells that a photo is not the one that was labelled any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.messages import Choice, Level, Message

if TYPE_CHECKING:
    from seamseg_studio.app.jobs.project_work import ProjectWork
    from seamseg_studio.engine.project import ImageRecord

_KEY = "changed photo"
_State = tuple[int, int, int]
"""Of an image's file, as far as it can be told without reading it: the image, the size in bytes, the time."""


class ChangedPhotos(QObject):
    """Looks at the file of every labelled image that is opened, in the background; a file as it was is read once."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._seen: set[_State] = set()
        session.project_changed.connect(self._seen.clear)
        session.document_changed.connect(self._on_session_document_changed)

    def _on_session_document_changed(self) -> None:
        document, work = self._session.document, self._session.work
        if document is None or work is None:
            return
        record, seen = document.record, frozenset(self._seen)
        if not record.has_labels:
            return

        def look(_: object) -> tuple[_State, bool] | None:
            try:
                status = record.path.stat()
            except OSError:
                return None
            state = (record.id, status.st_size, status.st_mtime_ns)
            return None if state in seen else (state, work.project.is_file_changed(record.id))

        def on_looked(found: tuple[_State, bool] | None) -> None:
            if found is not None and self._session.work is work:
                state, is_changed = found
                self._seen.add(state)
                if is_changed:
                    self._tell(record, work)

        work.run(record.id, look, on_done=on_looked)

    def _tell(self, record: ImageRecord, work: ProjectWork) -> None:
        def keep() -> None:
            work.run(
                record.id,
                lambda _: work.project.keep_labels_for_changed_file(record.id),
                on_failed=lambda text: self._session.post_error(self.tr("Not saved"), text),
            )

        text = self.tr("The labels of {0} were made over another picture. Put the former file back, or look them over.")
        choices = () if work.project.read_only else (Choice(self.tr("The labels fit"), keep),)
        title = self.tr("The photo was changed since it was labelled")
        self._session.post(Message(title, text.format(record.name), Level.WARNING, choices, _KEY))
