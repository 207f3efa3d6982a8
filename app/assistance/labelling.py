"""What happens with the model's answers: which images are asked for, and what each answer may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.engine_jobs import Answer, EngineJobs
from seamseg_studio.app.jobs.job import JobBoard, JobContext
from seamseg_studio.app.jobs.label_folder import LabelFolderJob, Outcome
from seamseg_studio.app.jobs.taxonomy_match import (
    answer_in_words_of,
    consequences_in_words_of,
    in_words_of,
    missing_categories,
    part_in_words_of,
    prompt_in_words_of,
)
from seamseg_studio.app.project.own_categories import has_own_categories
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.messages import Choice, Level, Message
from seamseg_studio.engine.service.protocol import EngineKind, EngineState, PredictOptions, Prompt, PromptAnswer

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.engine.project import ImageRecord, Project
    from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart
    from seamseg_studio.engine.scene.panoptic_result import PanopticResult
    from seamseg_studio.engine.service.requests import ModelInfo

_OFFER = "prediction"


def _key(document: Document) -> str:
    """The name under which the engine keeps what it has seen of the open image."""
    return f"{document.record.id} {document.record.path}"


class Labelling(QObject):
    """Labels the open image when it has no labels, and on request all images. Human work always wins.

    Signals:
        starter_wanted: The person wants the bundled model in place of one that does not work.
    """

    starter_wanted = Signal()

    def __init__(self, session: Session, engine: EngineJobs, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._engine = engine
        self._board = board
        self._answer: Answer | None = None
        self._asked: int | None = None
        self._num_answers = 0
        self.folder_job: LabelFolderJob | None = None
        self._replacing: set[int] = set()  # open images whose human work is to give way
        self.by_itself = True  # whether an image without labels is labelled when it is opened
        session.document_changed.connect(self._on_session_document_changed)
        session.project_changed.connect(self._on_session_project_changed)
        engine.model_changed.connect(self._on_engine_model_changed)
        engine.state_changed.connect(self._on_engine_state_changed)

    @property
    def is_labelling_open_image(self) -> bool:
        return self._answer is not None

    def label_open_image(self) -> None:
        """Asks the model for the open image, whatever labels it has; human work stays until a person says otherwise."""
        document = self._session.document
        if document is None or document.read_only:
            return
        self._drop_answer()
        answer = self._engine.predict(document.image, key=_key(document))
        self._answer, self._asked = answer, document.record.id
        self._num_answers += 1
        number, image_id = self._num_answers, document.record.id
        answer.succeeded.connect(lambda result, bundle: self._on_answer_succeeded(image_id, result, bundle))
        answer.failed.connect(self._on_answer_failed)
        answer.ended.connect(lambda: self._on_answer_ended(number, answer))

    def prompt(self, prompt: Prompt) -> Answer | None:
        """Asks the model about one place of the open image; an image it has not seen yet is looked at first.

        Returns:
            The answer to come: a `PromptAnswer` in the project's categories, for the image as it is open now; None if
            no image is open that may be changed.
        """
        document, model = self._session.document, self._engine.model
        if document is None or document.read_only:
            return None
        taxonomy = document.taxonomy
        if model is not None:
            prompt = prompt_in_words_of(model.taxonomy, prompt, taxonomy)
        answer = self._engine.prompt(document.image, prompt, _key(document))

        def translate(found: PromptAnswer) -> PromptAnswer:
            known = self._engine.model
            return found if known is None else answer_in_words_of(taxonomy, found, known.taxonomy)

        answer.translate = translate
        return answer

    def fuse_again(self, options: PredictOptions) -> Answer | None:
        """Asks the model for the open image with other thresholds.

        Returns:
            The answer to come: a `PanopticResult` in the project's categories; None if no image is open that may be
            changed.
        """
        document = self._session.document
        if document is None or document.read_only:
            return None
        taxonomy = document.taxonomy
        answer = self._engine.fuse_again(document.image, options, _key(document))

        def translate(found: PanopticResult) -> PanopticResult:
            known = self._engine.model
            return found if known is None else in_words_of(taxonomy, found, known.taxonomy)

        answer.translate = translate
        return answer

    def fuse_around(self, part: CorrectedPart) -> Answer | None:
        """Asks the model what follows from a correction of the open image.

        Args:
            part: In the project's categories.

        Returns:
            The answer to come: `Consequences` in the project's categories; None if no image is open that may be
            changed, or there is no model.
        """
        document, model = self._session.document, self._engine.model
        if document is None or document.read_only or model is None or self._engine.state.kind is EngineKind.FAILED:
            return None
        taxonomy = document.taxonomy
        part = part_in_words_of(model.taxonomy, part, taxonomy)
        answer = self._engine.fuse_around(document.image, part, _key(document))

        def translate(found: Consequences) -> Consequences | None:
            # Of another model that was loaded meanwhile nothing can be said: its categories are others.
            is_same = self._engine.model is model
            return consequences_in_words_of(taxonomy, found, model.taxonomy) if is_same else None

        answer.translate = translate
        return answer

    def min_stuff_area(self) -> float:
        """The least area of stuff in the model's maps, in pixels of what it sees."""
        model = self._engine.model
        return 4096.0 if model is None else model.min_stuff_area

    def unlabelled(self) -> list[ImageRecord]:
        """The images without labels, in their order."""
        return [record for record in self._session.records if not record.has_labels]

    def label_all(self, *, again: bool = False, over_human_work: bool = False) -> None:
        """Labels images in the background.

        Args:
            again: All images, not only those without labels. Where a person has worked the proposal lies beside.
            over_human_work: There, too, the proposal becomes the labels: as one step of the journal that can be undone.
        """
        project = self._session.project
        records = list(self._session.records) if again else self.unlabelled()
        if project is None or project.read_only or self.folder_job is not None:
            return
        if not records:
            return
        job = LabelFolderJob(
            self.tr("Labelling"),
            self._engine,
            records,
            lambda record, result, bundle, done: self._store(project, record, result, bundle, done, over_human_work),
            self,
        )
        self.folder_job = job
        job.succeeded.connect(self._on_folder_succeeded)
        job.failed.connect(lambda text: self._session.post_error(self.tr("Labelling stopped"), text))
        job.ended.connect(self._on_folder_ended)
        self._board.add(job)
        job.start()

    def offer_to_label_again(self) -> None:
        """Asks what is to become of the work of people when all images are labelled again."""
        text = self.tr("Images that nobody has worked on get new labels in any case. Replacing can be undone by image.")
        keep = Choice(self.tr("Keep what people did"), lambda: self.label_all(again=True))
        replace = Choice(self.tr("Replace it"), lambda: self.label_all(again=True, over_human_work=True))
        title = self.tr("Label all images again")
        self._session.post(Message(title, text, Level.OFFER, (keep, replace), "label_again"))

    def toggle_pause(self) -> None:
        """Holds the labelling of all images, or lets it go on."""
        if self.folder_job is not None:
            self.folder_job.set_paused(not self.folder_job.paused)

    def cancel_folder(self) -> None:
        """Stops the labelling of all images."""
        if self.folder_job is not None:
            self.folder_job.cancel()

    # The open image

    def _on_session_document_changed(self) -> None:
        document = self._session.document
        if self._asked is not None and (document is None or document.record.id != self._asked):
            self._drop_answer()
        if document is not None:
            document.prediction_offered.connect(self._on_document_prediction_offered)
            # One that is asked for already may be the same image with new categories.
            is_open = self._answer is None and not document.read_only
            record = self._session.record(document.record.id)
            if self.by_itself and is_open and record is not None and not record.has_labels:
                self.label_open_image()

    def _on_answer_succeeded(self, image_id: int, result: PanopticResult, bundle: str) -> None:
        def on_done(translated: PanopticResult) -> None:
            document = self._session.document
            if document is not None and document.record.id == image_id:
                document.receive_prediction(translated, bundle)

        self._translate(result, on_done)

    def _on_answer_failed(self, text: str) -> None:
        if self._engine.state.kind is EngineKind.FAILED:  # trying this image again alone would not help
            self._on_engine_state_changed(self._engine.state)
            return
        again = Choice(self.tr("Try again"), self.label_open_image)
        self._session.post_error(self.tr("This image was not labelled"), text, again, key="labelling")

    def _on_answer_ended(self, number: int, answer: Answer) -> None:
        if number != self._num_answers:
            return
        is_wanted = self._answer is answer and answer.is_cancelled  # its engine has given way to another one
        self._answer, self._asked = None, None
        if is_wanted:
            self.label_open_image()

    def _drop_answer(self) -> None:
        answer, self._answer, self._asked = self._answer, None, None
        if answer is not None:
            answer.cancel()

    def _on_document_prediction_offered(self, _: object) -> None:
        offered = self._session.document
        if offered is None:
            return
        if offered.record.id in self._replacing:  # the person has said so already
            self._replacing.discard(offered.record.id)
            offered.apply_prediction()
            return
        project, record = offered.project, offered.record  # not the document: a message may outlive it

        def use() -> None:
            document = self._session.document
            if document is not None and document.project is project and document.record.id == record.id:
                document.apply_prediction()

        text = self.tr("You have worked on {0}, so nothing was changed. Using it is one step that can be undone.")
        self._session.post(
            Message(
                self.tr("The model has a new proposal"),
                text.format(record.name),
                Level.OFFER,
                (Choice(self.tr("Use the proposal"), use), Choice(self.tr("Keep mine"), lambda: None)),
                _OFFER,
            )
        )

    # All images

    def _store(
        self,
        project: Project,
        record: ImageRecord,
        result: object,
        bundle: str,
        done: Callable[[str], None],
        over_human_work: bool,
    ) -> None:
        """Stores the labels of an image that is open or not, and says so by `done`."""
        session = self._session

        def on_translated(labels: PanopticResult) -> None:
            def is_elsewhere() -> bool:
                # Asked when its turn comes: the image may have been opened meanwhile, and then its document decides.
                document = session.document_of(record.id)
                if document is not None:
                    if over_human_work:
                        self._replacing.add(record.id)
                    document.receive_prediction(labels, bundle)
                    done("")
                return document is None

            def work(_: JobContext) -> None:
                if not project.store_prediction(record.id, labels, bundle) and over_human_work:
                    project.reset_to_prediction(record.id)

            def on_stored(_: object) -> None:
                session.refresh_record(record.id)
                done("")

            if session.work is None or session.project is not project:
                done(self.tr("{0}: its project was closed").format(record.name))
                return
            session.work.run(record.id, work, on_done=on_stored, on_failed=done, when_due=is_elsewhere)

        self._translate(result, on_translated)  # type: ignore[arg-type]

    def _on_folder_succeeded(self, outcome: Outcome) -> None:
        text = self.tr("Images labelled: {0}").format(outcome.num_labelled)
        if outcome.problems:
            title = self.tr("Labelling finished, but not for every image")
            text += " · " + self.tr("not labelled: {0}").format(len(outcome.problems))
            self._session.post(Message(title, "\n".join([text, *outcome.problems[:4]]), Level.WARNING))
        else:
            self._session.post(Message(self.tr("Labelling finished"), text))

    def _on_folder_ended(self) -> None:
        self.folder_job = None

    def _on_session_project_changed(self) -> None:
        self._replacing.clear()
        self.cancel_folder()
        if self._session.project is not None and self._engine.model is not None:
            self._match(self._engine.model)

    def _on_engine_state_changed(self, state: EngineState) -> None:
        if state.kind is EngineKind.FAILED:
            choices = [Choice(self.tr("Try again"), self._engine.restart)]
            if self._engine.spec is not None:  # it may be the model: gone with its project, or damaged
                choices.append(Choice(self.tr("Use the starter model"), self.starter_wanted.emit))
            self._session.post_error(self.tr("The engine does not work"), state.message, *choices, key="labelling")

    def _on_engine_model_changed(self, info: ModelInfo) -> None:
        if self._session.project is not None:
            self._match(info)

    # Categories

    def _translate(self, result: PanopticResult, on_done: Callable[[PanopticResult], None]) -> None:
        """Gives `on_done` the result in the words of the project."""
        model, taxonomy = self._engine.model, self._session.taxonomy
        if model is None or taxonomy is None or model.taxonomy.categories == taxonomy.categories:
            on_done(result)
            return
        names = model.taxonomy
        self._board.run("", lambda _: in_words_of(taxonomy, result, names), on_done=on_done, visible=False)

    def _match(self, info: ModelInfo) -> None:
        """A project that nobody has worked in takes the model's categories; else the differences are said."""
        project = self._session.project
        if project is None or project.taxonomy == info.taxonomy:
            return
        untouched = not any(record.has_labels or record.num_edits for record in self._session.records)
        if untouched and not project.read_only and not has_own_categories(project):
            self._session.set_taxonomy(info.taxonomy)
            return
        missing = missing_categories(info.taxonomy, project.taxonomy)
        if missing:
            text = self.tr("What it labels as one of these stays unlabelled here: {0}.").format(", ".join(missing))
            title = self.tr("The model knows categories that this project has not")
            self._session.post(Message(title, text, Level.WARNING, key="taxonomy"))
