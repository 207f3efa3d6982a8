"""The model of the window: the open project, its images, the open document, and the way through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.help.troubles import topic_of
from seamseg_studio.app.jobs.additions import Additions
from seamseg_studio.app.jobs.image_loading import Preview
from seamseg_studio.app.jobs.job import JobBoard
from seamseg_studio.app.jobs.opening import (
    PROJECT_SUFFIX,
    Added,
    OpenedProject,
    is_project,
    open_folder,
    open_images,
    open_project,
    project_folder,
    recover,
)
from seamseg_studio.app.jobs.project_openings import ProjectOpenings
from seamseg_studio.app.jobs.project_work import ProjectWork
from seamseg_studio.app.look.palettes import PaletteChoice, displayed
from seamseg_studio.app.project.documents import Documents
from seamseg_studio.app.project.image_list import ImageList
from seamseg_studio.app.project.own_categories import take_categories_of
from seamseg_studio.app.project.repairs import Repairs
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.words.messages import Choice, Level, Message
from seamseg_studio.app.words.sentences import spoken
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.engine.project import ImageRecord, Project
    from seamseg_studio.engine.scene.taxonomy import Taxonomy


class Session(ImageList):
    """What is open, and every change of it. Knows no widget.

    Signals:
        project_changed: Another project, or none, is open.
        image_requested: The id of the image that is about to be opened.
        document_changed: Another document, or none, is open; or there is a `preview` of the one to come.
        taxonomy_changed: The project's categories are others.
        palette_changed: The categories are shown in other colours.
        saved: The words for the status bar, e.g. the time of the last save.
        unsaved_changed: `num_unsaved` is another.
        message_posted: A `Message` for the person.
    """

    project_changed = Signal()
    image_requested = Signal(int)
    document_changed = Signal()
    taxonomy_changed = Signal()
    palette_changed = Signal()
    saved = Signal(str)
    unsaved_changed = Signal()
    message_posted = Signal(object)

    def __init__(self, board: JobBoard, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._settings = settings
        self._project: Project | None = None
        self._palette = PaletteChoice.PROJECT
        self._work: ProjectWork | None = None
        self._openings = ProjectOpenings(board, self)
        self._openings.opened.connect(self._on_openings_opened)
        self._openings.failed.connect(self._on_openings_failed)
        self._additions = Additions(board, self)
        self._additions.begun.connect(self._on_additions_begun)
        self._additions.added.connect(self._on_additions_added)
        self._additions.failed.connect(self._on_additions_failed)
        self._repairs = Repairs(self)
        self._openings.damaged.connect(self._repairs.offer)
        self._documents = documents = Documents(board, self)
        documents.changed.connect(self.document_changed)
        documents.requested.connect(self.image_requested)
        documents.failed.connect(self._on_documents_failed)
        documents.damaged.connect(self._repairs.offer)
        documents.image_changed.connect(self.refresh_record)
        documents.saved.connect(self.saved)
        documents.unsaved_changed.connect(self.unsaved_changed)
        documents.message_posted.connect(self.post)

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
        self._documents.set_palette(palette)
        if self._project is not None:
            self.palette_changed.emit()

    @property
    def document(self) -> Document | None:
        return self._documents.current

    @property
    def preview(self) -> Preview | None:
        """A small picture of the image that is being opened, while there is no document."""
        return self._documents.preview

    @property
    def wanted_image(self) -> int | None:
        """The image that is open, or being opened."""
        return self._documents.wanted

    def document_of(self, image_id: int) -> Document | None:
        """The document of an image, if it is in memory: open, or closed with changes that the disk refuses."""
        return self._documents.document_of(image_id)

    @property
    def work(self) -> ProjectWork | None:
        """What reads and writes the open project's files in the background."""
        return self._work

    @property
    def num_unsaved(self) -> int:
        """How many changes are in memory only, as the disk refuses them."""
        return self._documents.num_unsaved

    def save_all(self) -> bool:
        """Tries once more to write what the disk refused; whether all is on disk now."""
        return self._documents.save_all()

    @property
    def is_opening(self) -> bool:
        """Whether a project is being opened."""
        return self._openings.is_opening

    @property
    def is_closing(self) -> bool:
        """Whether the last work on a closed project is still being written."""
        return self._openings.is_closing

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
            if self._is_open(paths[0].with_name(paths[0].name + PROJECT_SUFFIX)):
                self._additions.add(paths)
                return
            self._openings.open(
                self.tr("Opening {0}").format(paths[0].name), lambda context: open_folder(paths[0], context)
            )
        elif self._project is not None and not self._project.read_only:
            self._additions.add(paths)
        else:
            self._openings.open(self.tr("Opening images"), lambda context: open_images(paths, context))

    def open_project(self, path: Path, more: Sequence[Path] = ()) -> None:
        """Opens the project in the folder `path`, and adds the images among `more`."""
        if not path.exists():
            self._settings.forget_recent_project(path)
        elif self._is_open(project_folder(path)):
            if more:
                self._additions.add(more)
            return
        self._openings.open(self.tr("Opening {0}").format(path.name), lambda context: open_project(path, context, more))

    def recover_project(self, folder: Path) -> None:
        """Makes a damaged project anew from what can be read of it, and opens it."""
        if self._is_open(folder):
            self.close_project()
        self._openings.open(self.tr("Recovering {0}").format(folder.name), lambda context: recover(folder, context))

    def close_project(self) -> None:
        """Closes the document and the project; what is still to be written is written in the background."""
        work = self._forget_project()
        if work is not None:
            self._openings.close(work)

    def close_now(self) -> None:
        """Closes everything before returning, for the end of the program; no job may be under way any more."""
        work = self._forget_project()
        if work is not None:
            work.close_now()
        self._openings.close_now()

    def _forget_project(self) -> ProjectWork | None:
        self._documents.set_work(None)
        self._additions.set_project(None)
        work, self._work = self._work, None
        project, self._project = self._project, None
        self._set_records([])
        if project is not None:
            self.project_changed.emit()
            self.images_changed.emit()
        return work

    def _is_open(self, folder: Path) -> bool:
        return self._project is not None and self._project.folder == folder

    # Images

    def open_image(self, image_id: int) -> None:
        """Shows an image as soon as it is read; the one shown now stays until then."""
        record = self.record(image_id)
        if record is not None:
            self._documents.open(record)

    def close_image(self) -> None:
        """Closes the open image; its work is on disk, or being written."""
        self._documents.close()

    def step(self, offset: int) -> None:
        """Opens the image `offset` places further on the route; stays at the ends."""
        following = self._route.stepped(self.wanted_image, offset)
        if following is not None and self.wanted_image is not None:
            self.open_image(following)

    def open_next_unaccepted(self) -> None:
        """Opens the next image that nobody has accepted, from the start again after the end."""
        following = self._next_unaccepted(self.wanted_image)
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
        record = self.record(self.document.record.id) if self.document else None
        if record is not None:
            flagged = record.status == "flagged"
            self._set_status(_status_without_mark(record) if flagged else "flagged", note)

    def flag(self, note: str) -> None:
        """Marks the open image as one to come back to, and says why."""
        self._set_status("flagged", note)

    def take_back_acceptance(self) -> None:
        """Makes an accepted image one in progress again."""
        record = self.record(self.document.record.id) if self.document else None
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
        project = self._project
        if project is None:
            return
        project.set_taxonomy(taxonomy)
        self.taxonomy_changed.emit()
        if self.wanted_image is not None:  # its labels may have been read by the former ones already
            self._documents.reload(project.image(self.wanted_image))

    # Messages

    def post(self, message: Message) -> None:
        topic = message.topic
        if not topic and message.level in (Level.WARNING, Level.ERROR):
            topic = topic_of(message.title, message.text)
        self.message_posted.emit(replace(message, text=spoken(message.text), topic=topic))

    def post_error(self, title: str, text: str, *choices: Choice, key: str = "") -> None:
        self.post(Message(title, text, Level.ERROR, choices, key))

    # Inside

    def _on_openings_failed(self, text: str) -> None:
        self.post_error(self.tr("Could not open"), text)

    def _on_openings_opened(self, opened: OpenedProject) -> None:
        self.close_project()
        self._project = opened.project
        self._additions.set_project(opened.project)
        if opened.is_new and (reason := take_categories_of(opened.project, self._settings.preferences.taxonomy)):
            self.post_error(self.tr("The categories of your preferences were not used"), reason)
        self._work = ProjectWork(opened.project, self._board, self)
        self._documents.set_work(self._work)
        self._settings.add_recent_project(opened.project.folder)
        self._set_records(opened.records)
        self.project_changed.emit()
        self.taxonomy_changed.emit()
        self._take_over(opened)
        if opened.is_new:
            text = self.tr("{0} keeps the labels. The photos stay where they are and are never changed.")
            self.post(Message(self.tr("A new project was made"), text.format(opened.project.folder), key="project"))
        if opened.recovery is not None:
            self._repairs.tell(opened.project.folder, opened.recovery)
        self._additions.go_on(opened)
        if opened.project.read_only:
            text = self.tr("Another studio has this project open. You can look, but changes are not possible here.")
            self.post(Message(self.tr("Opened for reading only"), text, Level.WARNING))

    def _on_additions_begun(self, opened: OpenedProject) -> None:
        self._add_records(opened.records)
        self._take_over(opened)

    def _on_additions_added(self, added: Added) -> None:
        self._add_records(added.records)
        self.images_changed.emit()
        self._tell_problems(added.problems)

    def _on_additions_failed(self, text: str) -> None:
        self.post_error(self.tr("Nothing was added"), text)

    def _take_over(self, opened: OpenedProject) -> None:
        self.images_changed.emit()
        self._tell_problems(opened.problems)
        first = None
        if opened.first is not None:
            first = next((record for record in opened.records if record.file == str(opened.first)), None)
        if first is None and self.wanted_image is None:
            last = opened.project.setting("last_image", None)
            first = self.record(last) if isinstance(last, int) else None
            first = first or next(iter(opened.records), None)
        if first is not None:
            self.open_image(first.id)

    def _tell_problems(self, problems: Sequence[str]) -> None:
        if problems:
            title = self.tr("Images that could not be added: {0}").format(len(problems))
            self.post_error(title, "\n".join(problems[:4]))

    def _on_documents_failed(self, text: str) -> None:
        self.post_error(self.tr("Could not open the image"), text, key="image")

    def _set_status(self, status: str, note: str | None = None) -> bool:
        from seamseg_studio.engine.project import Status

        if self._project is None or self.document is None:
            return False
        image_id = self.document.record.id
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
