"""One project after another: the last wish counts, and none is opened while one is still being closed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.job import JobBoard, JobContext
from seamseg_studio.app.jobs.opening import Damage, OpenedProject
from seamseg_studio.app.jobs.project_work import ProjectWork


class ProjectOpenings(QObject):
    """Opens and closes projects in the background.

    Signals:
        opened: The `OpenedProject` that was asked for last.
        failed: Why one could not be opened, as a sentence.
        damaged: Instead, the `Damage` of one whose database cannot be read.
    """

    opened = Signal(object)
    failed = Signal(str)
    damaged = Signal(object)

    def __init__(self, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._number = 0
        self._is_opening = False
        self._waiting: Callable[[], None] | None = None
        self._closing: list[ProjectWork] = []

    @property
    def is_opening(self) -> bool:
        """Whether a project is being opened."""
        return self._is_opening

    @property
    def is_closing(self) -> bool:
        """Whether the last work on a closed project is still being written."""
        return bool(self._closing)

    def open(self, title: str, function: Callable[[JobContext], OpenedProject]) -> None:
        """Opens what `function` opens; what was asked for before is not wanted any more."""
        self._number += 1
        self._is_opening = True
        number = self._number

        def wanted(context: JobContext) -> OpenedProject | Damage:
            from seamseg_studio.engine.project import DamagedDatabaseError

            self._check_wanted(number, context)
            try:
                return function(context)
            except DamagedDatabaseError as error:
                return Damage(error.path.parent, str(error))

        def begin() -> None:
            self._board.run(
                title,
                wanted,
                on_done=lambda opened: self._on_opened(number, opened),
                on_failed=lambda text: self._on_failed(number, text),
            )

        if self._closing:
            self._waiting = begin  # it may be the same project, which opens for reading only until it is closed
        else:
            begin()

    def close(self, work: ProjectWork) -> None:
        """Closes a project once all work on it is done."""
        self._closing.append(work)
        work.closed.connect(self._on_work_closed)
        work.close()

    def close_now(self) -> None:
        """Closes before returning what is being closed; no job may be under way any more."""
        for work in list(self._closing):
            work.close_now()

    def _check_wanted(self, number: int, context: JobContext) -> None:
        if number != self._number:
            context.stop()
            context.check()

    def _on_opened(self, number: int, opened: OpenedProject | Damage) -> None:
        if isinstance(opened, Damage):
            if number == self._number:
                self._is_opening = False
                self.damaged.emit(opened)
            return
        if number != self._number:  # another one was asked for meanwhile
            self._board.run("", lambda _: opened.project.close(), visible=False)
            return
        self._is_opening = False
        self.opened.emit(opened)

    def _on_failed(self, number: int, text: str) -> None:
        if number == self._number:
            self._is_opening = False
        self.failed.emit(text)

    def _on_work_closed(self) -> None:
        over = [work for work in self._closing if work.is_closed]
        self._closing = [work for work in self._closing if not work.is_closed]
        for work in over:
            work.deleteLater()
        if not self._closing and self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting()
