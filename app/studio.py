"""The program without its window: puts the session, the engine, the jobs and the look together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from seamseg_studio.app.assistance.labelling import Labelling
from seamseg_studio.app.assistance.neighbours import Neighbours
from seamseg_studio.app.assistance.review import Review
from seamseg_studio.app.assistance.trainings import Trainings
from seamseg_studio.app.dialogs.train import TrainingMaterial, material_of
from seamseg_studio.app.folders import user_data_folder
from seamseg_studio.app.help.tour import Tour
from seamseg_studio.app.jobs.engine_jobs import EngineJobs
from seamseg_studio.app.jobs.export_job import ExportOrder, ExportReport, export
from seamseg_studio.app.jobs.job import FunctionJob, JobBoard, JobContext
from seamseg_studio.app.jobs.opening import PROJECT_SUFFIX
from seamseg_studio.app.jobs.thumbnails import Thumbnails
from seamseg_studio.app.jobs.trainer_process import TrainerProcess
from seamseg_studio.app.look.icons import Icons
from seamseg_studio.app.look.theme import Theme
from seamseg_studio.app.preferences import Preferences
from seamseg_studio.app.project.changed_photos import ChangedPhotos
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.project.work_time import WorkTimer
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.words.messages import Choice, Level, Message

EXPORTS_FOLDER = "exports"
_SAMPLES = "samples"
_MAX_LOSSES = 8  # kinds of losses in the message after an export; there are few more


class Studio(QObject):
    """Owns everything that outlives a widget, and ends it in the right order.

    Signals:
        training_started: The `TrainerProcess` that is about to start.
        training_ended: No training is running any more.
        preferences_changed: `preferences` is another value.
    """

    training_started = Signal(object)
    training_ended = Signal()
    preferences_changed = Signal()

    def __init__(
        self,
        application: QApplication,
        settings: Settings,
        *,
        model: str | None = None,
        device: str = "auto",
        trainer_options: tuple[str, ...] = (),
        **engine_options: Any,
    ) -> None:
        """Starts nothing yet.

        Args:
            application: Whose look is set.
            settings: What was remembered.
            model: Bundle to label with; None for the one chosen last, else the starter.
            device: "auto", "cpu", "cuda" or "cuda:I".
            trainer_options: Further arguments for the trainer, as tests need them.
            engine_options: Further ones of the engine's client, as tests need them.
        """
        super().__init__()
        self.settings = settings
        self.preferences = settings.preferences
        self.theme = Theme(application, self.preferences.theme, self.preferences.font_scale)
        self.icons = Icons(self.theme)
        self.board = JobBoard(self)
        self.thumbnails = Thumbnails(self)
        self.session = Session(self.board, settings, self)
        self.session.set_palette(self.preferences.palette)
        self.work_timer = WorkTimer(self.session, self)
        # What the command line names counts for this run, and is not remembered.
        self._device = device if device != "auto" else self.preferences.device
        engine_options.setdefault("precision", self.preferences.precision)
        self.engine = EngineJobs(model or settings.model, self._device, self, **engine_options)
        self.engine.input_scale = self.preferences.input_scale
        self.labelling = Labelling(self.session, self.engine, self.board, self)
        self.labelling.by_itself = self.preferences.labels_by_itself
        self.labelling.starter_wanted.connect(lambda: self.load_model(None))
        self.review = Review(self.session, self)
        self.neighbours = Neighbours(self.session, self.labelling, self)
        self.neighbours.is_wanted = self.preferences.offers_neighbours
        self.tour = Tour(self.session, lambda: self.preferences.keymap, self)
        self.changed_photos = ChangedPhotos(self.session, self)
        self.trainings = Trainings(self.session, self.board, self)
        self.trainings.started.connect(self.training_started)
        self.trainings.ended.connect(self._on_trainings_ended)
        self.exporting: FunctionJob | None = None
        self.session.project_changed.connect(self._on_session_project_changed)
        self._may_end_training = False
        self._leaves_training = False
        self._may_lose_changes = False
        self._trainer_options = trainer_options

    def agrees_to_close(self, close: Callable[[], object]) -> bool:
        """Whether nothing would be lost. Else a message asks, and calls `close` if the person insists."""
        if not self._agrees_to_lose_changes(close):
            return False
        if self.training is None or self.training.paused or self._may_end_training:
            return True

        def insist(leave: bool) -> None:
            self._may_end_training, self._leaves_training = True, leave
            close()

        text = self.tr("It can go on by itself; when you open the project again, it is shown as if you had stayed.")
        leave = Choice(self.tr("Let it go on and quit"), lambda: insist(True))
        stop = Choice(self.tr("Stop it and quit"), lambda: insist(False))
        stay = Choice(self.tr("Stay"), lambda: None)
        self.session.post(
            Message(self.tr("A training is running"), text, Level.WARNING, (leave, stop, stay), "closing")
        )
        return False

    def _agrees_to_lose_changes(self, close: Callable[[], object]) -> bool:
        session = self.session
        if self._may_lose_changes or not session.num_unsaved or session.save_all():
            return True

        def insist() -> None:
            self._may_lose_changes = True
            close()

        def wait() -> None:
            def on_unsaved_changed() -> None:
                if not session.num_unsaved:
                    session.unsaved_changed.disconnect(on_unsaved_changed)
                    close()

            session.unsaved_changed.connect(on_unsaved_changed)
            session.post(Message(self.tr("Waiting for the disk"), waiting, Level.WARNING, (lose, stay), "closing"))

        waiting = self.tr("The studio closes as soon as every change is saved.")
        title = self.tr("Changes that are not on disk: {0}").format(session.num_unsaved)
        text = self.tr("The disk refuses them; saving is tried again every few seconds. Make room on it, for example.")
        then_quit = Choice(self.tr("Quit once they are saved"), wait)
        lose = Choice(self.tr("Quit and lose them"), insist)
        stay = Choice(self.tr("Stay"), lambda: None)
        session.post(Message(title, text, Level.ERROR, (then_quit, lose, stay), "closing"))
        return False

    def close(self) -> None:
        """Ends every job, the trainer and the engine; the open document is whole on disk before."""
        self.labelling.cancel_folder()
        self.neighbours.drop()
        self.trainings.close(leave=self._leaves_training)
        self.board.close()
        self.session.close_now()
        self.thumbnails.close()
        self.engine.close()
        self.settings.flush()

    # Preferences

    def change_preferences(self, **changes: Any) -> None:
        """Changes some preferences; they count at once, but for the language."""
        self.set_preferences(replace(self.preferences, **changes))

    def set_preferences(self, preferences: Preferences) -> None:
        """Remembers `preferences` and applies what is different."""
        old, self.preferences = self.preferences, preferences
        if preferences == old:
            return
        self.settings.preferences = preferences
        self.theme.set_choice(preferences.theme)
        self.theme.set_scale(preferences.font_scale)
        self.session.set_palette(preferences.palette)
        self.labelling.by_itself = preferences.labels_by_itself
        self.neighbours.is_wanted = preferences.offers_neighbours
        self.engine.input_scale = preferences.input_scale
        if (preferences.device, preferences.precision) != (old.device, old.precision):
            self._device = preferences.device
            self.engine.configure(preferences.device, preferences.precision)
        self.preferences_changed.emit()

    # The sample project

    def open_sample_project(self) -> None:
        """Opens the bundled photos as a project of the user's own, made on the first call."""
        target = user_data_folder() / _SAMPLES

        def work(_: JobContext) -> None:
            with as_file(files("seamseg_studio.resources") / _SAMPLES) as source:
                copy_missing(source, target)

        def on_failed(problem: str) -> None:
            text = self.tr("{0}. Open a folder of your own instead.").format(problem)
            self.session.post_error(self.tr("The sample photos could not be copied"), text)

        self.board.run(
            self.tr("Copying the sample photos"),
            work,
            on_done=lambda _: self.session.open_paths([target]),
            on_failed=on_failed,
        )

    def _on_session_project_changed(self) -> None:
        self.trainings.find()
        project = self.session.project
        if project is not None and project.folder == (user_data_folder() / _SAMPLES).with_suffix(PROJECT_SUFFIX):
            self.labelling.label_all()  # who only wants to look around should find every photo labelled

    # Export

    def export(self, order: ExportOrder) -> None:
        """Writes labels in the background."""
        project = self.session.project
        if project is None or self.exporting is not None:
            return
        job = self.board.run(
            self.tr("Exporting"),
            lambda context: export(project, order, context),
            on_done=self._on_export_done,
            on_failed=lambda text: self.session.post_error(self.tr("Nothing was exported"), text),
        )
        self.exporting = job
        job.ended.connect(self._on_export_ended)

    def _on_export_done(self, report: ExportReport) -> None:
        lines = [self.tr("Images written: {0}").format(report.num_written), str(report.folder)]
        if report.losses:
            lines += [
                self.tr("What the format could not carry:"),
                *(f"– {loss}" for loss in report.losses[:_MAX_LOSSES]),
            ]
        lines += report.problems[:3]
        title = self.tr("Export finished")
        level = Level.WARNING if report.losses or report.problems else Level.INFO
        self.session.post(Message(title, "\n".join(lines), level))

    def _on_export_ended(self) -> None:
        self.exporting = None

    # Training

    @property
    def material(self) -> TrainingMaterial:
        """What a training would learn from."""
        return material_of(self.session.records)

    @property
    def training(self) -> TrainerProcess | None:
        """The training that runs or is paused."""
        return self.trainings.running

    @property
    def trained_bundle(self) -> Path | None:
        """The model that was trained last."""
        return self.trainings.bundle

    def train(self, name: str) -> None:
        """Starts a training on the corrections of the open project."""
        self.trainings.start(name, self.engine.spec, self._device, self._trainer_options)

    def stop_training(self) -> None:
        """Asks the trainer to stop."""
        self.trainings.stop()

    def use_trained_model(self) -> None:
        """Lets the engine label with the model trained last."""
        if self.trained_bundle is not None:
            self.promote(self.trained_bundle)

    def promote(self, bundle: Path) -> None:
        """Lets the engine label with a new model, and remembers the one until now."""
        former = self.engine.spec
        self.load_model(str(bundle), on_loaded=lambda: self.trainings.remember(former))

    def go_back(self) -> None:
        """Lets the engine label again with the model before."""
        there_is, spec = self.trainings.take_former()
        if there_is:
            self.load_model(spec)

    def _on_trainings_ended(self) -> None:
        self.trainings.tell_outcome(self.use_trained_model)
        self.training_ended.emit()

    # Models

    def load_model(self, spec: str | None, *, on_loaded: Callable[[], None] | None = None) -> None:
        """Lets the engine label with another bundle (None: the starter), now and the next time."""

        def loaded(info: Any, _: str) -> None:
            self.settings.model = spec
            self.session.post(Message(self.tr("Labelling with {0}").format(info.name), info.card_title))
            if on_loaded is not None:
                on_loaded()

        answer = self.engine.load_model(spec)
        answer.succeeded.connect(loaded)
        answer.failed.connect(lambda text: self.session.post_error(self.tr("The model was not loaded"), text))


def copy_missing(source: Path, target: Path) -> None:
    """Copies the files of `source` (one folder deep) that `target` does not have.

    Raises:
        OSError: They cannot be read or written.
    """
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_file() and path.suffix not in {".py", ".pyc"} and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
