"""The open image and how it changes: the next one is read, the last one written, and nothing is lost in between."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.image_loading import ImageLoading, LoadedImage, Preview
from seamseg_studio.app.jobs.job import JobBoard
from seamseg_studio.app.jobs.opening import Damage
from seamseg_studio.app.jobs.project_work import ProjectWork
from seamseg_studio.app.look.palettes import PaletteChoice
from seamseg_studio.app.words.messages import Level, Message
from seamseg_studio.engine.memory import give_back

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.app.editing.editing_state import EditingState
    from seamseg_studio.engine.project import ImageRecord

_log = logging.getLogger(__name__)
_UNSAVED = "unsaved"
LARGE_PIXELS = 6_000_000  # of an image that leaves much memory behind


class Documents(QObject):
    """Holds the document that is open, and those that are closed but whose last changes the disk still refuses.

    Signals:
        changed: Another document is open, or none; or a preview of the one to come can be shown.
        requested: The id of the image that is about to be opened.
        failed: Why an image could not be read, as a sentence.
        damaged: Instead, the `Damage` of what the project keeps of it.
        image_changed: The id of an image of which the project says something new.
        saved: The words for the status bar.
        unsaved_changed: `num_unsaved` is another.
        message_posted: A `Message` for the person.
    """

    changed = Signal()
    requested = Signal(int)
    failed = Signal(str)
    damaged = Signal(object)
    image_changed = Signal(int)
    saved = Signal(str)
    unsaved_changed = Signal()
    message_posted = Signal(object)

    def __init__(self, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self.current: Document | None = None
        self.preview: Preview | None = None
        self.wanted: int | None = None  # the image asked for last; an older one that arrives late is dropped
        self._work: ProjectWork | None = None
        self._loading: ImageLoading | None = None
        self._before: ImageRecord | None = None  # what was open before a preview took its place
        self._kept: list[tuple[Document, ProjectWork]] = []
        self._ended: list[tuple[Document, ProjectWork]] = []  # to be written as files when nobody waits for an image
        self._has_told_unsaved = False
        self._palette = PaletteChoice.PROJECT
        self._habits: EditingState | None = None  # how the last image was worked on

    def set_palette(self, palette: PaletteChoice) -> None:
        """Shows the categories in other colours from now on."""
        self._palette = palette
        for document in [document for document, _ in self._kept] + ([self.current] if self.current else []):
            document.set_palette(palette)

    def set_work(self, work: ProjectWork | None) -> None:
        """Takes the project whose images are opened from now on; the open document is closed."""
        self.close()
        self._work = work

    def document_of(self, image_id: int) -> Document | None:
        """The document of an image, if it is in memory: open, or closed and not saved."""
        documents = [self.current] if self.current is not None else []
        documents += [document for document, work in self._kept if work is self._work]
        return next((document for document in documents if document.record.id == image_id), None)

    # Opening

    def open(self, record: ImageRecord) -> None:
        """Shows an image as soon as it is read; the one shown now stays until then."""
        if self._work is None or record.id == self.wanted:
            return
        self._stop_loading()
        self.wanted = record.id
        self.requested.emit(record.id)
        known = self.document_of(record.id)
        if known is None:
            self._load(record)
        elif known is not self.current:
            # Its last changes are in this document only.
            self._kept = [(document, work) for document, work in self._kept if document is not known]
            self._work.let_go()
            self._show(known)
            self.unsaved_changed.emit()

    def reload(self, record: ImageRecord) -> None:
        """Makes the document anew that is open, or about to be, from what the project says."""
        document = self.current
        image = document.image if document is not None and document.record.id == record.id else None
        self.close(record.id)
        self._load(record, image)

    def close(self, wanted: int | None = None) -> None:
        """Closes the document, its work on disk or kept until it is; `wanted` is the image that will take its place."""
        self._stop_loading()
        self.wanted, self.preview, self._before = wanted, None, None
        document, self.current = self.current, None
        if document is not None:
            self._finish(document)
            self.changed.emit()

    def _stop_loading(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            self._end_loading()

    def _end_loading(self) -> None:
        self._loading = None
        ended, self._ended = self._ended, []
        for document, work in ended:
            self._end(document, work)

    def _load(self, record: ImageRecord, image: NDArray[np.uint8] | None = None) -> None:
        assert self._work is not None
        self._loading = ImageLoading(
            record,
            self._work,
            self._board,
            image,
            on_preview=self._on_loading_previewed,
            on_loaded=self._on_loading_loaded,
            on_failed=self._on_loading_failed,
            on_damaged=self._on_loading_damaged,
        )
        self._loading.start()

    def _on_loading_previewed(self, preview: Preview) -> None:
        # The old document must not be worked on unseen, so it goes when something else is shown in its place.
        document, self.current = self.current, None
        self.preview = preview
        if document is not None:
            self._before = document.record
            self._finish(document)
        self.changed.emit()

    def _on_loading_loaded(self, loaded: LoadedImage) -> None:
        from seamseg_studio.app.editing.document import Document  # only now: it brings OpenCV

        assert self._work is not None
        loading, record, project = self._loading, loaded.record, self._work.project
        document = Document(
            project,
            record,
            loaded.image,
            loaded.map,
            loaded.prediction,
            self,
            partial(self._work.run, record.id),
            loaded.history,
        )
        document.set_palette(self._palette)
        document.saved_changed.connect(self._on_document_saved_changed)
        document.save_failed.connect(partial(self._tell_unsaved, record.name))
        document.edit_failed.connect(self._on_document_edit_failed)
        document.history_changed.connect(partial(self.image_changed.emit, record.id))
        document.prediction_stored.connect(partial(self.image_changed.emit, record.id))
        if loaded.is_replaced:
            self.image_changed.emit(record.id)
        self._show(document)
        if not project.read_only:
            self._work.run(record.id, lambda _: project.set_setting("last_image", record.id))
        if self._loading is loading:  # whoever was told may have asked for another one already
            self._end_loading()

    def _on_loading_failed(self, text: str) -> None:
        self._go_back(partial(self.failed.emit, text))

    def _on_loading_damaged(self, damage: Damage) -> None:
        self._go_back(partial(self.damaged.emit, damage))

    def _go_back(self, tell: Callable[[], object]) -> None:
        """Shows again what was shown before an image that cannot be read."""
        self._end_loading()
        before, self._before = self._before, None
        was_previewed, self.preview = self.preview is not None, None
        self.wanted = self.current.record.id if self.current is not None else None
        tell()
        if self.wanted is not None:
            self.requested.emit(self.wanted)
        elif was_previewed:
            self.changed.emit()
            if before is not None:
                self.open(before)

    def _show(self, document: Document) -> None:
        old, self.current = self.current, document
        self.preview, self._before = None, None
        if old is not None:
            self._finish(old)
        if self._habits is not None:
            document.go_on_like(self._habits)
        self.changed.emit()

    # Closing

    @property
    def num_unsaved(self) -> int:
        """How many changes are in memory only, as the disk refuses them."""
        documents = [document for document, _ in self._kept] + ([self.current] if self.current is not None else [])
        return sum(document.num_unsaved for document in documents)

    def save_all(self) -> bool:
        """Tries once more to write what the disk refused; whether all is on disk now."""
        for document in [document for document, _ in self._kept]:
            document.save()
        return (self.current is None or self.current.save()) and not self._kept

    def _finish(self, document: Document) -> None:
        """Closes a document that is not shown any more."""
        from seamseg_studio.app.editing.editing_state import habits_of

        work = self._work
        assert work is not None
        self._habits = habits_of(document)
        if document.close():
            self._end(document, work)
            return
        # Its journal goes on trying; the project stays open as long.
        self._kept.append((document, work))
        work.hold()
        self._tell_unsaved(document.record.name, document.saved_text)

    def _end(self, document: Document, work: ProjectWork) -> None:
        """Lets go of a closed document whose work is on disk; its labels are written as a file, which saves time."""
        document.image = document.image[:0, :0].copy()  # only the labels are needed any more
        if self._loading is not None:  # a large one takes seconds, and somebody waits for the next image
            self._ended.append((document, work))
            return
        if document.is_changed and not document.read_only:
            image_id, panoptic_map = document.record.id, document.map
            work.run(
                image_id,
                lambda _: work.project.checkpoint(image_id, panoptic_map),
                on_failed=lambda text: _log.warning("No checkpoint: %s", text),  # the journal has it all
                must_finish=True,
            )
        work.after(document.record.id, partial(self._discard, document))  # answers under way are told to it

    def _discard(self, document: Document) -> None:
        is_large = document.map.ids.size >= LARGE_PIXELS
        document.discard()
        if is_large and not self._board.is_closed:
            self._board.run("", lambda _: give_back(), visible=False)

    def _on_document_saved_changed(self, text: str) -> None:
        saved = [(document, work) for document, work in self._kept if not document.num_unsaved]
        self._kept = [(document, work) for document, work in self._kept if document.num_unsaved]
        for document, work in saved:
            self._end(document, work)
            work.let_go()
        if self.current is not None:
            self.saved.emit(self.current.saved_text)
        self.unsaved_changed.emit()
        if self._has_told_unsaved and not self.num_unsaved:
            self._has_told_unsaved = False
            text = self.tr("Every change is on disk.")
            self.message_posted.emit(Message(self.tr("Saved after all"), text, key=_UNSAVED))

    def _tell_unsaved(self, name: str, text: str) -> None:
        self._has_told_unsaved = True
        title = self.tr("Changes of {0} are not on disk yet").format(name)
        self.message_posted.emit(Message(title, text, Level.ERROR, key=_UNSAVED))
        self.unsaved_changed.emit()

    def _on_document_edit_failed(self, text: str) -> None:
        self.message_posted.emit(Message(self.tr("Not changed"), text, Level.ERROR, key="edit"))
