"""Putting a changed list of categories into force, with the labels of all images."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.job import JobBoard, JobContext
from seamseg_studio.app.project.own_categories import mark_own_categories
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.messages import Choice, Message
from seamseg_studio.engine.errors import SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.app.project.category_draft import Draft
    from seamseg_studio.engine.project import Project
    from seamseg_studio.engine.project.taxonomy_change import TaxonomyReport

_DIGITS = "digits"


class CategoryChange(QObject):
    """Closes the image, changes the project, and opens the image again. Nobody may edit meanwhile.

    Signals:
        progressed: How many images are done, of how many.
        ended: Whether it was done; else why not, in a sentence.
    """

    progressed = Signal(int, int)
    ended = Signal(bool, str)

    def __init__(self, session: Session, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._board = board

    def apply(self, draft: Draft) -> None:
        """Begins; `ended` follows."""
        session = self._session
        project, work, image_id = session.project, session.work, session.wanted_image
        if project is None or work is None:
            return
        if session.num_unsaved:
            self.ended.emit(False, self.tr("Some work is not on disk yet; free some space and try again."))
            return
        taxonomy, moves = draft.taxonomy(), draft.moves()

        def change(context: JobContext) -> TaxonomyReport:
            def report(done: int, total: int) -> bool:
                context.report(done, total)
                return True

            return project.change_taxonomy(taxonomy, moves, report)

        def on_done(report: TaxonomyReport) -> None:
            self._after(project, moves, image_id)
            self._tell(project, report)
            self.ended.emit(True, "")

        def on_failed(text: str) -> None:
            self._open(image_id)
            self.ended.emit(False, text)

        def start() -> None:
            job = self._board.run(self.tr("Changing the categories"), change, on_done=on_done, on_failed=on_failed)
            # A slot must not hold the job itself, which frees it.
            job.progressed.connect(lambda progress: self.progressed.emit(progress.done, progress.total))

        session.close_image()
        if image_id is None:
            start()
        else:
            work.after(image_id, start)  # its last changes are in the present categories

    def take_back(self, project: Project, digits: object) -> None:
        """Brings the former categories and labels back."""
        session = self._session
        if session.project is not project or session.work is None:
            return
        image_id = session.wanted_image
        session.close_image()

        def go() -> None:
            try:
                report = project.take_back_taxonomy()
            except (SeamsegError, OSError) as error:
                session.post_error(self.tr("The categories were not brought back"), str(error))
            else:
                with suppress(SeamsegError):
                    project.set_setting(_DIGITS, digits)
                kept = "\n" + self.tr("Edited since, so left as they are: {0}").format(", ".join(report.kept[:4]))
                session.post(Message(self.tr("The former categories are back"), kept.strip() if report.kept else ""))
            session.taxonomy_changed.emit()
            self._open(image_id)

        if image_id is None:
            go()
        else:
            session.work.after(image_id, go)

    def _after(self, project: Project, moves: dict[int, int | None], image_id: int | None) -> None:
        self._former_digits = project.setting(_DIGITS, None)
        with suppress(SeamsegError):  # the change itself is on disk; these are conveniences
            mark_own_categories(project)
            if isinstance(self._former_digits, list):
                goals = {former: -1 if goal is None else goal for former, goal in moves.items()}
                project.set_setting(_DIGITS, [goals.get(former, -1) for former in self._former_digits])
        self._session.taxonomy_changed.emit()
        self._open(image_id)

    def _open(self, image_id: int | None) -> None:
        if image_id is not None:
            self._session.open_image(image_id)

    def _tell(self, project: Project, report: TaxonomyReport) -> None:
        digits = self._former_digits
        text = self.tr("Images whose labels changed: {0}").format(report.num_images)
        back = Choice(self.tr("Take it back"), lambda: self.take_back(project, digits))
        keep = Choice(self.tr("Keep it"), lambda: None)
        self._session.post(Message(self.tr("The categories are changed"), text, choices=(back, keep), key="categories"))
