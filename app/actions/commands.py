"""What every menu entry does, and whether it can be done now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal

from seamseg_studio.app.actions.segment_commands import SegmentCommands
from seamseg_studio.app.actions.view_commands import ViewCommands
from seamseg_studio.app.dialogs.categories import CategoriesDialog
from seamseg_studio.app.dialogs.export import ExportDialog
from seamseg_studio.app.dialogs.flag import FlagDialog
from seamseg_studio.app.dialogs.paths import ask_files, ask_folder
from seamseg_studio.app.help.guide import TROUBLESHOOTING
from seamseg_studio.app.help.topics import START
from seamseg_studio.app.project.category_change import CategoryChange
from seamseg_studio.app.studio import EXPORTS_FOLDER, Studio

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.app.main_window import MainWindow
    from seamseg_studio.engine.scene.geometry import Box
    from seamseg_studio.engine.scene.review import Place

_IMAGE_FILTER = "*.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp"


class Commands(ViewCommands):
    """The slots behind the actions. Each is called only while its conditions hold.

    Signals:
        conditions_changed: Some command may be possible now that was not, or the reverse.
        steps_changed: Undo or redo may be.
    """

    conditions_changed = Signal()
    steps_changed = Signal()

    def __init__(self, studio: Studio, window: MainWindow) -> None:
        super().__init__(studio, window)
        self.segment = SegmentCommands(lambda: self.document, self)
        self.segment.copied_changed.connect(self.conditions_changed)
        session = studio.session
        for signal in (session.project_changed, session.images_changed, session.document_changed):
            signal.connect(self.conditions_changed)
        session.image_changed.connect(self.conditions_changed)
        session.document_changed.connect(self._on_session_document_changed)
        studio.board.changed.connect(self.conditions_changed)
        studio.engine.state_changed.connect(self.conditions_changed)
        studio.training_ended.connect(self.conditions_changed)
        studio.trainings.models_changed.connect(self.conditions_changed)
        studio.trainings.compare_requested.connect(self.show_comparison)
        studio.theme.changed.connect(self.conditions_changed)
        studio.review.place_reached.connect(self._on_review_place_reached)

    def _on_session_document_changed(self) -> None:
        document = self.studio.session.document
        if document is not None:
            document.selection_changed.connect(self.conditions_changed)
            document.history_changed.connect(self.conditions_changed)
            document.policy_changed.connect(self.conditions_changed)
            document.working_changed.connect(self.conditions_changed)
            document.category_changed.connect(self.conditions_changed)
            document.steps_changed.connect(self.steps_changed)

    # Conditions: each gives the reason why not, or nothing

    def missing(self, need: str) -> str:
        """Why the condition called `need` does not hold, in a few words; empty if it does."""
        return _translated(self._conditions()[need]())

    def _conditions(self) -> dict[str, Callable[[], str]]:
        session, studio = self.studio.session, self.studio
        document, project = session.document, session.project
        record = session.record(document.record.id) if document is not None else None
        return {
            "project": lambda: "" if project is not None else "no project is open",
            "writable": lambda: "the project is open for reading only" if project and project.read_only else "",
            "document": lambda: "" if document is not None else "no image is open",
            "canvas": lambda: "" if self.window.canvas is not None else "no image is open",
            "idle": lambda: "the last change is still being worked out" if document and document.working else "",
            "undo": lambda: "" if document and document.can_undo else "nothing to undo",
            "redo": lambda: "" if document and document.can_redo else "nothing to redo",
            "selection": lambda: "" if document and document.selection else "no segment is selected",
            "single": lambda: "" if document and len(document.selection) == 1 else "select one segment",
            "copied": lambda: "" if self.segment.has_copy else "no segment was copied",
            "area": lambda: "" if document and document.policy.region else "the work area is the whole image",
            "several": lambda: "" if document and len(document.selection) > 1 else "select two segments or more",
            "hidden": lambda: "" if self.window.canvas and self.window.canvas.hidden_segments else "nothing is hidden",
            "unaccepted": lambda: "the image is not accepted" if record is None or record.status != "accepted" else "",
            "uncertainty": lambda: _why_sure(document),
            "prediction": lambda: "" if document and document.prediction else "the model has not labelled this image",
            "unlabelled": lambda: "" if studio.labelling.unlabelled() else "every image has labels",
            "no_folder_job": lambda: "the images are being labelled" if studio.labelling.folder_job else "",
            "folder_job": lambda: "" if studio.labelling.folder_job else "no images are being labelled",
            "no_training": lambda: "a training is running" if studio.training else "",
            "training": lambda: "" if studio.training else "no training is running",
            "comparison": lambda: "" if studio.trainings.comparison else "no model was compared since the start",
            "former_model": lambda: "" if studio.trainings.can_go_back else "no other model was used before",
            "trained": lambda: "" if studio.trained_bundle else "no model was trained since the start",
        }

    # File

    def open_images(self) -> None:
        title, name_filter = self.tr("Open images"), self.tr("Images ({0})").format(_IMAGE_FILTER)
        ask_files(self.window, title, name_filter, self.studio.session.open_paths)

    def open_folder(self) -> None:
        ask_folder(self.window, self.tr("Open a folder of images"), lambda path: self.studio.session.open_paths([path]))

    def open_project(self) -> None:
        ask_folder(self.window, self.tr("Open a project (.seamseg)"), self.studio.session.open_project)

    def open_sample(self) -> None:
        self.studio.open_sample_project()

    def export(self) -> None:
        session = self.studio.session
        assert session.project is not None
        busy = self.tr("An export is running; wait for its end.") if self.studio.exporting else ""
        folder = session.project.folder / EXPORTS_FOLDER
        dialog = ExportDialog(
            session.records,
            folder,
            session.project.taxonomy,
            format_name=self.studio.preferences.export_format,
            busy=busy,
            parent=self.window,
        )
        dialog.ordered.connect(self.studio.export)
        dialog.open()

    def close_project(self) -> None:
        self.studio.session.close_project()

    def show_preferences(self) -> None:
        self.window.show_preferences()

    def quit(self) -> None:
        self.window.close()

    # Edit

    def undo(self) -> None:
        self.document.undo()

    def redo(self) -> None:
        self.document.redo()

    def delete(self) -> None:
        self.document.delete_selection()

    def select_all(self) -> None:
        self.document.set_selection(frozenset(self.document.map.segments))

    def select_none(self) -> None:
        self.document.set_selection(frozenset())

    # Segment

    def search_category(self) -> None:
        self.window.categories.start_search()

    def use_digit(self, digit: int) -> None:
        """Relabels the selection to the category of a digit and paints with it; without a selection only paints."""
        category = self.window.categories.category_of_digit(digit)
        if category is not None:
            self.use_category(category)

    def use_category(self, category: int) -> None:
        """Relabels the selection and paints with the category from now on."""
        if self.studio.session.document is not None:
            self.document.set_current_category(category)
            self.document.relabel_selection(category)

    def relabel(self, category: int) -> None:
        """Gives the selected segments a category."""
        if self.studio.session.document is not None:
            self.document.relabel_selection(category)

    def merge(self) -> None:
        self.document.merge(sorted(self.document.selection))

    def edit_categories(self, chosen: int | None = None) -> None:
        """Opens the editor of categories, at the category `chosen`."""
        project = self.studio.session.project
        assert project is not None
        dialog = CategoriesDialog(project, self.window, chosen=chosen)
        change = CategoryChange(self.studio.session, self.studio.board, self)
        change.progressed.connect(dialog.show_progress)
        change.ended.connect(dialog.end)
        dialog.ordered.connect(dialog.begin)
        dialog.ordered.connect(self.studio.labelling.cancel_folder)  # its answers are in the former categories
        dialog.ordered.connect(change.apply)
        dialog.open()

    def toggle_lock(self) -> None:
        """Locks the selection, or unlocks it if all of it is locked."""
        self.toggle_lock_of(self.document.selection)

    def toggle_lock_of(self, ids: frozenset[int]) -> None:
        """Locks `ids`, or unlocks them if all of them are locked."""
        segments = self.document.map.segments
        known = sorted(segment for segment in ids if segment in segments)
        self.document.set_locked(known, not all(segments[segment].locked for segment in known))

    def toggle_hidden(self) -> None:
        """Hides the selection, or shows it if all of it is hidden."""
        self.toggle_hidden_of(self.document.selection)

    def toggle_hidden_of(self, ids: frozenset[int]) -> None:
        """Hides `ids`, or shows them if all of them are hidden."""
        hidden = self.canvas.hidden_segments
        self._set_hidden(hidden - ids if ids <= hidden else hidden | ids)

    def show_all(self) -> None:
        self._set_hidden(frozenset())

    def _set_hidden(self, hidden: frozenset[int]) -> None:
        self.canvas.set_hidden_segments(hidden)
        self.window.segments.set_hidden(hidden)
        self.conditions_changed.emit()

    def show_segment(self, segment_id: int) -> None:
        """Brings a segment into view."""
        if segment_id in self.document.map.segments:
            self.canvas.zoom_to_box(self.document.map.bbox(segment_id))

    def show_place(self, box: Box | None, ids: tuple[int, ...]) -> None:
        """Brings a place into view, or a whole segment, and selects what it is about."""
        if self.studio.session.document is not None:
            self.document.set_selection(ids)
            if box is not None:
                self.canvas.zoom_to_box(box)
            elif ids:
                self.show_segment(ids[0])

    # Tools

    def use_tool(self, name: str) -> None:
        self.window.use_tool(name)

    def step_size(self, steps: int) -> None:
        self.canvas.active_tool.step_size(steps)

    # Label

    def label_image(self) -> None:
        self.studio.labelling.label_open_image()

    def label_all(self) -> None:
        self.studio.labelling.label_all()

    def label_again(self) -> None:
        self.studio.labelling.offer_to_label_again()

    def pause_labelling(self) -> None:
        self.studio.labelling.toggle_pause()

    def cancel_labelling(self) -> None:
        self.studio.labelling.cancel_folder()

    def use_prediction(self) -> None:
        self.document.apply_prediction()

    def accept(self) -> None:
        self.studio.session.accept()

    def take_back_acceptance(self) -> None:
        self.studio.session.take_back_acceptance()

    def flag(self) -> None:
        self.studio.session.toggle_flag()

    def flag_with_note(self) -> None:
        record = self.studio.session.record(self.document.record.id)
        assert record is not None
        dialog = FlagDialog(record.name, record.note, self.window)
        dialog.ordered.connect(self.studio.session.flag)
        dialog.open()

    def step(self, offset: int) -> None:
        self.studio.session.step(offset)

    def next_unaccepted(self) -> None:
        self.studio.session.open_next_unaccepted()

    def step_place(self, step: int) -> None:
        """Shows the next place (1) of the open image that the model is unsure of, or the one before (-1)."""
        if not self.studio.review.step(step):
            self.window.status.hint.setText(self.tr("No more uncertain places in this image"))

    def review_next_image(self) -> None:
        self.studio.review.open_next_image()

    def _on_review_place_reached(self, place: Place, number: int, count: int, box: Box) -> None:
        self.canvas.zoom_to_box(box)
        text = self.tr("Uncertain place {0} of {1} · {2} % unsure")
        self.window.status.hint.setText(text.format(number, count, round(place.doubt * 100)))

    # Help

    def show_palette(self) -> None:
        self.window.show_palette()

    def show_shortcuts(self) -> None:
        self.window.show_shortcuts()

    def start_tour(self) -> None:
        self.studio.tour.start()

    def show_guide(self) -> None:
        self.window.help.show_here()

    def show_tutorial(self) -> None:
        self.window.help.show_guide(START)

    def show_troubleshooting(self) -> None:
        self.window.help.show_guide(TROUBLESHOOTING)

    def ask_what(self) -> None:
        self.window.help.ask_what()

    def show_about(self) -> None:
        self.window.help.show_about()


def _why_sure(document: Document | None) -> str:
    if document is None or document.prediction is None:
        return "the model has not labelled this image"
    return "" if document.prediction.uncertainty is not None else "label this image again to know where it is unsure"


def _translated(text: str) -> str:
    return QCoreApplication.translate("Commands", text) if text else ""
