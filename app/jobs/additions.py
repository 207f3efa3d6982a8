"""Images that join an open project: the first at once, the rest while a person works on those."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.job import Job, JobBoard
from seamseg_studio.app.jobs.opening import Added, OpenedProject, add_images, add_waiting

if TYPE_CHECKING:
    from seamseg_studio.engine.project import Project


class Additions(QObject):
    """Adds images to the open project in the background. Of another project nothing is told any more.

    Signals:
        begun: An `OpenedProject` with the first of the images that were named.
        added: An `Added` with some of the rest.
        failed: Why nothing could be added, as a sentence.
    """

    begun = Signal(object)
    added = Signal(object)
    failed = Signal(str)

    def __init__(self, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._project: Project | None = None
        self._job: Job | None = None

    def set_project(self, project: Project | None) -> None:
        """Takes the project that is open from now on; what was under way for another one stops."""
        if self._job is not None:
            self._job.cancel()
        self._job, self._project = None, project

    def add(self, paths: Sequence[Path]) -> None:
        """Adds the images among `paths`."""
        project = self._project
        assert project is not None

        def on_done(opened: OpenedProject) -> None:
            if project is self._project:
                self.begun.emit(opened)
                self.go_on(opened)

        self._board.run(
            self.tr("Adding images"),
            lambda context: add_images(project, paths, context),
            on_done=on_done,
            on_failed=lambda text: self._tell_failed(project, text),
        )

    def go_on(self, opened: OpenedProject) -> None:
        """Adds the images that wait, if there are any."""
        project, paths = opened.project, opened.waiting
        if not paths:
            return

        def on_told(added: Added) -> None:
            if project is self._project:
                self.added.emit(added)

        self._job = self._board.run(
            self.tr("Adding images"),
            lambda context: add_waiting(project, paths, context),
            on_told=on_told,
            on_failed=lambda text: self._tell_failed(project, text),
        )

    def _tell_failed(self, project: Project, text: str) -> None:
        if project is self._project:
            self.failed.emit(text)
