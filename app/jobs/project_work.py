"""What is read and written of one project in the background: in order for each image, and whole before it closes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.job import JobBoard, JobContext
from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.memory import give_back

if TYPE_CHECKING:
    from seamseg_studio.engine.project import Project


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    function: Callable[[JobContext], Any]
    on_done: Callable[[Any], object] | None
    on_failed: Callable[[str], object] | None
    when_due: Callable[[], bool] | None
    must_finish: bool
    urgent: bool


class ProjectWork(QObject):
    """Runs the work on one project's files.

    Two pieces of work on one image never overlap: a map that is being written as a checkpoint is not changed
    meanwhile, and what is loaded is what was stored last. The project is closed when the last piece is done.

    Signals:
        closed: The project is closed; it can be opened again.
    """

    closed = Signal()

    def __init__(self, project: Project, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project = project
        self._board = board
        self._tasks: dict[int, deque[_Task]] = {}  # the first of each is under way
        self._num_holds = 0
        self._is_closing = False
        self.is_closed = False

    def run(
        self,
        image_id: int,
        function: Callable[[JobContext], Any],
        *,
        on_done: Callable[[Any], object] | None = None,
        on_failed: Callable[[str], object] | None = None,
        when_due: Callable[[], bool] | None = None,
        must_finish: bool = False,
        urgent: bool = False,
    ) -> None:
        """Does something with an image's files after all that was asked for before.

        Args:
            image_id: The image.
            function: The work, in another thread.
            on_done: Gets its result, on the window's thread.
            on_failed: Gets a sentence, on the window's thread.
            when_due: Asked on the window's thread when its turn comes; False drops it.
            must_finish: Whether it is done even if the program is about to end.
            urgent: Whether a person waits for it.
        """
        tasks = self._tasks.setdefault(image_id, deque())
        tasks.append(_Task(function, on_done, on_failed, when_due, must_finish, urgent))
        if len(tasks) == 1:
            self._start(image_id)

    def after(self, image_id: int, call: Callable[[], object]) -> None:
        """Calls something on the window's thread when all that was asked for before is done and told."""

        def when_due() -> bool:
            call()
            return False

        self.run(image_id, lambda _: None, when_due=when_due)

    def hold(self) -> None:
        """Keeps the project open although `close` was called, till `let_go`."""
        self._num_holds += 1

    def let_go(self) -> None:
        """Takes one `hold` back."""
        self._num_holds -= 1
        self._close_when_done()

    def close(self) -> None:
        """Closes the project once all work is done and nobody holds it; `closed` follows."""
        self._is_closing = True
        self._close_when_done()

    def close_now(self) -> None:
        """Closes the project before returning, for the end of the program; no job may be under way any more."""
        if self.is_closed:
            return
        unfinished = [task for tasks in self._tasks.values() for task in tasks if task.must_finish]
        self._tasks.clear()
        for task in unfinished:  # perhaps done a moment ago and not told yet: doing it again changes nothing
            with suppress(SeamsegError, OSError):
                task.function(JobContext(lambda _: None))
        self.project.close()
        self.is_closed = True
        self.closed.emit()

    def _start(self, image_id: int) -> None:
        if self._board.is_closed:
            return  # `close_now` will do what must be done
        task = self._tasks[image_id][0]
        if task.when_due is not None and not task.when_due():
            self._end(image_id)
            return
        self._board.run(
            "",
            task.function,
            on_done=task.on_done,
            on_failed=task.on_failed,
            on_ended=lambda: self._end(image_id),
            visible=False,
            urgent=task.urgent,
        )

    def _end(self, image_id: int) -> None:
        tasks = self._tasks.get(image_id)
        if tasks is None:  # closed meanwhile
            return
        tasks.popleft()
        if tasks:
            self._start(image_id)
        else:
            del self._tasks[image_id]
            self._close_when_done()

    def _close_when_done(self) -> None:
        if self._is_closing and not self._tasks and not self._num_holds and not self._board.is_closed:
            self._is_closing = False  # once
            self._board.run("", lambda _: self._close(), on_done=self._on_closed, visible=False)

    def _close(self) -> None:
        self.project.close()
        give_back()  # its images and labels are gone by now

    def _on_closed(self, _: object) -> None:
        self.is_closed = True
        self.closed.emit()
