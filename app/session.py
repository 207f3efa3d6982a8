"""The model of the window: the open project, its images, the open document, and the way through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.image_list import ImageList
from seamseg_studio.app.jobs.job import FunctionJob, JobBoard
from seamseg_studio.app.jobs.opening import (
    LoadedImage,
    OpenedProject,
    add_images,
    is_project,
    load_image,
    open_folder,
    open_images,
    open_project,
)
from seamseg_studio.app.messages import Choice, Level, Message
from seamseg_studio.app.own_categories import take_categories_of
from seamseg_studio.app.palettes import PaletteChoice, displayed
from seamseg_studio.app.settings import Settings
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.app.document import Document
    from seamseg_studio.engine.project import ImageRecord, Project
    from seamseg_studio.engine.scene.taxonomy import Taxonomy


class Session(ImageList):
    """What is open, and every change of it. Knows no widget.

    Signals:
        project_changed: Another project, or none, is open.
        image_requested: The id of the image that is about to be opened.
        document_changed: Another document, or none, is open.
        taxonomy_changed: The project's categories are others.
        palette_changed: The categories are shown in other colours.
        saved: The words for the status bar, e.g. the time of the last save.
        message_posted: A `Message` for the person.
    """

    project_changed = Signal()
    image_requested = Signal(int)
    document_changed = Signal()
    taxonomy_changed = Signal()
    palette_changed = Signal()
    saved = Signal(str)
    message_posted = Signal(object)

    def __init__(self, board: JobBoard, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._settings = settings
        self._project: Project | None = None
        self._document: Document | None = None
        self._palette = PaletteChoice.PROJECT
        self._wanted: int | None = None  # the image asked for last; an older one that arrives late is dropped
        self._opening: FunctionJob | None = None
        self._num_openings = 0

    # What is open

    @property
    def project(self) -> Project | None:
        return self._project

    @property
    def taxonomy(self) -> Taxonomy | None:
        return self._project.taxonomy if self._project is not None else None

    @property
    def displayed_taxonomy(self) -> Taxonomy | None:
        """The categories in the colours in which they are shown."""
        taxonomy = self.taxonomy
        return None if taxonomy is None else displayed(taxonomy, self._palette)

    def set_palette(self, palette: PaletteChoice) -> None:
        """Shows the categories in other colours; those of the project stay as they are."""
        if palette is self._palette:
            return
        self._palette = palette
        if self._document is not None:
            self._document.set_palette(palette)
        if self._project is not None:
            self.palette_changed.emit()

    @property
    def document(self) -> Document | None:
        return self._document

    @property
    def wanted_image(self) -> int | None:
        """The image that is open, or being opened."""
        return self._wanted

    @property
    def is_opening(self) -> bool:
        """Whether a project is being opened."""
        return self._opening is not None

    # Projects

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Opens what a person named or dropped: a project, a folder, or images (these join an open project)."""
        paths = [path.expanduser().absolute() for path in paths]
        if not paths:
            return
        missing = [path for path in paths if not path.exists()]
        if missing:
            self.post_error(self.tr("Not found"), self.tr("{0}: no such file or folder.").format(missing[0]))
        elif is_project(paths[0]):
            self.open_project(paths[0], paths[1:])
        elif len(paths) == 1 and paths[0].is_dir():
            self._open(self.tr("Opening {0}").format(paths[0].name), lambda context: open_folder(paths[0], context))
        elif self._project is not None and not self._project.read_only:
            self._add(self._project, paths)
        else:
            self._open(self.tr("Opening images"), lambda context: open_images(paths, context))

    def open_project(self, path: Path, more: Sequence[Path] = ()) -> None:
        """Opens the project in the folder `path`, and adds the images among `more`."""
        if not path.exists():
            self._settings.forget_recent_project(path)
        self._open(self.tr("Opening {0}").format(path.name), lambda context: open_project(path, context, more))

    def close_project(self) -> None:
        """Closes the document and the project, each whole on disk."""
        self._close_document()
        project, self._project = self._project, None
        self._set_records([])
        if project is not None:
            self.project_changed.emit()
            self.images_changed.emit()
            project.close()

    # Images

    def open_image(self, image_id: int) -> None:
        """Shows an image as soon as it is read; the one shown now stays until then."""
        project, record = self._project, self.record(image_id)
        if project is None or record is None or image_id == self._wanted:
            return
        self._wanted = image_id
        self.image_requested.emit(image_id)
        self._load(project, record)

    def step(self, offset: int) -> None:
        """Opens the image `offset` places further on the route; stays at the ends."""
        following = self._route.stepped(self._wanted, offset)
        if following is not None and self._wanted is not None:
            self.open_image(following)

    def open_next_unaccepted(self) -> None:
        """Opens the next image that nobody has accepted, from the start again after the end."""
        following = self._next_unaccepted(self._wanted)
        if following is not None:
            self.open_image(following)
        elif self._records and self._counts["accepted"] == len(self._records):
            self.post(Message(self.tr("All images are accepted"), self.tr("Export them, or train the model on them.")))

    def accept(self) -> None:
        """Records that a person says the open image is right, and goes on to the next unaccepted one."""
        if self._set_status("accepted"):
            self.open_next_unaccepted()

    def toggle_flag(self, note: str = "") -> None:
        """Marks the open image as one to come back to, or takes the mark away."""
        record = self.record(self._document.record.id) if self._document else None
        if record is not None:
            flagged = record.status == "flagged"
            self._set_status(_status_without_mark(record) if flagged else "flagged", note)

    def take_back_acceptance(self) -> None:
        """Makes an accepted image one in progress again."""
        record = self.record(self._document.record.id) if self._document else None
        if record is not None and record.status == "accepted":
            self._set_status(_status_without_mark(record))

    def refresh_record(self, image_id: int) -> None:
        """Reads what the project now says about an image."""
        if image_id in self._rows and self._project is not None:
            self._replace_record(self._project.image(image_id))

    def set_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Gives the project other categories; the open document is made anew with them.

        Raises:
            SeamsegError: The project cannot have them.
        """
        project, document = self._project, self._document
        if project is None:
            return
        project.set_taxonomy(taxonomy)
        self.taxonomy_changed.emit()
        if document is not None:
            self._finish(document)
            image_id = document.record.id
            labels = project.load_map(image_id), project.load_prediction(image_id)
            self._show(project, LoadedImage(project.image(image_id), document.image, *labels))

    # Messages

    def post(self, message: Message) -> None:
        self.message_posted.emit(message)

    def post_error(self, title: str, text: str, *choices: Choice, key: str = "") -> None:
        self.post(Message(title, text, Level.ERROR, choices, key))

    # Inside

    def _open(self, title: str, function: Callable[..., OpenedProject]) -> None:
        if self._opening is not None and not self._opening.is_over:
            self._opening.cancel()
        self._num_openings += 1
        number = self._num_openings
        self._opening = self._board.run(
            title,
            function,
            on_done=lambda opened: self._on_opened(number, opened),
            on_failed=lambda text: self._on_opening_failed(number, text),
        )

    def _on_opening_failed(self, number: int, text: str) -> None:
        if number == self._num_openings:
            self._opening = None
        self.post_error(self.tr("Could not open"), text)

    def _on_opened(self, number: int, opened: OpenedProject) -> None:
        if number != self._num_openings:  # another one was asked for meanwhile
            opened.project.close()
            return
        self._opening = None
        self.close_project()
        self._project = opened.project
        if opened.is_new and (reason := take_categories_of(opened.project, self._settings.preferences.taxonomy)):
            self.post_error(self.tr("The categories of your preferences were not used"), reason)
        self._settings.add_recent_project(opened.project.folder)
        self._set_records(opened.records)
        self.project_changed.emit()
        self.taxonomy_changed.emit()
        self._take_over(opened)
        if opened.is_new:
            text = self.tr("{0} keeps the labels. The photos stay where they are and are never changed.")
            self.post(Message(self.tr("A new project was made"), text.format(opened.project.folder), key="project"))
        if opened.project.read_only:
            text = self.tr("Another studio has this project open. You can look, but changes are not possible here.")
            self.post(Message(self.tr("Opened for reading only"), text, Level.WARNING))

    def _add(self, project: Project, paths: Sequence[Path]) -> None:
        def on_done(opened: OpenedProject) -> None:
            if opened.project is self._project:
                self._take_over(opened)

        title = self.tr("Adding images")
        self._board.run(
            title,
            lambda context: add_images(project, paths, context),
            on_done=on_done,
            on_failed=self._on_adding_failed,
        )

    def _on_adding_failed(self, text: str) -> None:
        self.post_error(self.tr("Nothing was added"), text)

    def _take_over(self, opened: OpenedProject) -> None:
        self._set_records(opened.records)
        self.images_changed.emit()
        if opened.problems:
            title = self.tr("Images that could not be added: {0}").format(len(opened.problems))
            self.post_error(title, "\n".join(opened.problems[:4]))
        first = next((record for record in opened.records if record.path == opened.first), None)
        if first is None and self._wanted is None:
            last = opened.project.setting("last_image", None)
            first = next((record for record in opened.records if record.id == last), None)
            first = first or next(iter(opened.records), None)
        if first is not None:
            self.open_image(first.id)

    def _load(self, project: Project, record: ImageRecord) -> None:
        def on_done(loaded: LoadedImage) -> None:
            if project is self._project and self._wanted == loaded.record.id:
                self._show(project, loaded)

        def on_failed(text: str) -> None:
            if project is self._project and self._wanted == record.id:
                self._wanted = self._document.record.id if self._document else None
                self.post_error(self.tr("Could not open the image"), text, key="image")
                if self._wanted is not None:
                    self.image_requested.emit(self._wanted)

        title = self.tr("Reading {0}").format(record.name)
        self._board.run(
            title, lambda context: load_image(project, record), on_done=on_done, on_failed=on_failed, visible=False
        )

    def _show(self, project: Project, loaded: LoadedImage) -> None:
        from seamseg_studio.app.document import Document  # only now: it brings OpenCV

        old = self._document
        if old is not None:
            self._finish(old)
        self._wanted = loaded.record.id
        document = Document(project, loaded.record, loaded.image, loaded.map, loaded.prediction, self)
        document.set_palette(self._palette)
        if old is not None:
            document.go_on_like(old)
        document.saved_changed.connect(self.saved)
        document.edit_failed.connect(self._on_document_edit_failed)
        document.history_changed.connect(self._on_document_history_changed)
        self._document = document
        if not project.read_only:
            project.set_setting("last_image", loaded.record.id)
        self.document_changed.emit()
        if old is not None:
            old.deleteLater()

    def _close_document(self) -> None:
        document, self._document = self._document, None
        self._wanted = None
        if document is not None:
            self._finish(document)
            self.document_changed.emit()
            document.deleteLater()

    def _finish(self, document: Document) -> None:
        """Brings all of a document's work to the disk."""
        if not document.close():
            text = self.tr("Some changes of {0} could not be saved: {1}")
            self.post_error(self.tr("Not saved"), text.format(document.record.name, document.saved_text))

    def _on_document_edit_failed(self, text: str) -> None:
        self.post_error(self.tr("Not changed"), text, key="edit")

    def _on_document_history_changed(self) -> None:
        if self._document is not None:
            self.refresh_record(self._document.record.id)

    def _set_status(self, status: str, note: str | None = None) -> bool:
        from seamseg_studio.engine.project import Status

        if self._project is None or self._document is None:
            return False
        image_id = self._document.record.id
        try:
            self._project.set_status(image_id, Status(status), note)
        except (SeamsegError, OSError) as error:
            self.post_error(self.tr("The status was not saved"), str(error))
            return False
        self.refresh_record(image_id)
        return True


def _status_without_mark(record: ImageRecord) -> str:
    """What an image is when nobody accepted or flagged it."""
    return "in progress" if record.num_edits else "predicted" if record.has_labels else "new"
