"""A piece of long work with progress and cancel, and the board that lists those under way."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from seamseg_studio.engine.errors import SeamsegError

_log = logging.getLogger(__name__)
Result = TypeVar("Result")


class JobCancelled(Exception):  # noqa: N818 - a wish carried out, not an error
    """Raised inside a job's function by `JobContext.report` after the person cancelled it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `total` 0 means that nobody knows the end."""

    done: int = 0
    total: int = 0
    detail: str = ""


class Job(QObject):
    """Something that takes a while.

    Signals:
        progressed: The new `Progress`.
        succeeded: The result, for those who asked for one.
        failed: One sentence for the person.
        cancelled: The person stopped it; what was finished until then is kept.
        ended: After any of the three above.
    """

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    ended = Signal()

    can_pause = False

    def __init__(self, title: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.progress = Progress()
        self.paused = False
        self.is_over = False

    def cancel(self) -> None:
        """Asks the job to stop soon; `cancelled` follows unless it ends by itself first."""
        raise AssertionError("every job says how it is cancelled")

    def set_paused(self, paused: bool) -> None:
        """Holds the job before its next step, or lets it go on; only where `can_pause`."""
        self.paused = paused
        self.progressed.emit(self.progress)

    def _advance(self, progress: Progress) -> None:
        self.progress = progress
        self.progressed.emit(progress)

    def _end(self, signal: str, *values: object) -> None:
        if self.is_over:
            return
        self.is_over = True
        getattr(self, signal).emit(*values)
        self.ended.emit()


class JobContext:
    """What a function in the background may do: report how far it is, and learn that it should stop."""

    def __init__(
        self, on_progress: Callable[[Progress], None], on_told: Callable[[object], None] = lambda _: None
    ) -> None:
        self._on_progress = on_progress
        self._on_told = on_told
        self._stop = threading.Event()

    def report(self, done: int, total: int, detail: str = "") -> None:
        """Says how far the work is.

        Raises:
            JobCancelled: The person cancelled; let it pass through, after putting things in order.
        """
        self.check()
        self._on_progress(Progress(done, total, detail))

    def tell(self, part: object) -> None:
        """Hands over a part of the result, for who asked for parts."""
        self._on_told(part)

    def check(self) -> None:
        """Stops the work if it is not wanted any more.

        Raises:
            JobCancelled: The person cancelled.
        """
        if self._stop.is_set():
            raise JobCancelled

    def stop(self) -> None:
        self._stop.set()


class _Relay(QObject):
    """Carries the outcome from the pool's thread to the thread that made it (a queued signal)."""

    progressed = Signal(object)
    told = Signal(object)
    succeeded = Signal(object)
    failed = Signal(str)
    cancelled = Signal()


def _carry_out(function: Callable[[JobContext], object], context: JobContext, relay: _Relay) -> None:
    try:
        context.check()  # not wanted any more when its turn came
        result = function(context)
    except JobCancelled:
        relay.cancelled.emit()
    except (SeamsegError, OSError) as error:
        relay.failed.emit(sentence_of(error))
    except Exception as error:  # noqa: BLE001 - the border of the job: whatever happens is told, the window goes on
        _log.exception("A job failed")
        relay.failed.emit(f"{type(error).__name__}: {error}")
    else:
        relay.succeeded.emit(result)


class FunctionJob(Job):
    """Runs a function once in a thread of a pool.

    What is called at its end is kept here, and let go of when it was called: a closure kept by Qt's connections is
    freed in the midst of the job's destructor, and whatever it was the last to hold with it.
    """

    def __init__(
        self,
        title: str,
        function: Callable[[JobContext], object],
        pool: Executor,
        parent: QObject | None = None,
        *,
        on_told: Callable[[Any], object] | None = None,
        on_done: Callable[[Any], object] | None = None,
        on_failed: Callable[[str], object] | None = None,
        on_ended: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(title, parent)
        relay = _Relay(self)
        relay.progressed.connect(self._advance)
        relay.told.connect(self._on_relay_told)
        relay.succeeded.connect(self._on_relay_succeeded)
        relay.failed.connect(self._on_relay_failed)
        relay.cancelled.connect(self._on_relay_cancelled)
        self._context = JobContext(relay.progressed.emit, relay.told.emit)
        self._work: Callable[[], None] | None = lambda: _carry_out(function, self._context, relay)
        self._pool = pool
        self._on_told, self._on_done, self._on_failed, self._on_ended = on_told, on_done, on_failed, on_ended

    def start(self) -> None:
        work, self._work = self._work, None
        assert work is not None
        self._pool.submit(work)

    def cancel(self) -> None:
        self._context.stop()

    def _on_relay_told(self, part: object) -> None:
        if self._on_told is not None:
            self._on_told(part)

    def _on_relay_succeeded(self, result: object) -> None:
        on_done = self._on_done
        self._let_go("succeeded", result, (lambda: on_done(result)) if on_done is not None else None)

    def _on_relay_failed(self, message: str) -> None:
        on_failed = self._on_failed
        self._let_go("failed", message, (lambda: on_failed(message)) if on_failed is not None else None)

    def _on_relay_cancelled(self) -> None:
        self._let_go("cancelled", None, None)

    def _let_go(self, signal: str, value: object, call: Callable[[], object] | None) -> None:
        if self.is_over:
            return
        on_ended = self._on_ended
        self._on_told = self._on_done = self._on_failed = self._on_ended = None
        try:
            if call is not None:
                call()
        finally:
            self._end(signal, *(() if signal == "cancelled" else (value,)))
            if on_ended is not None:
                on_ended()


class JobBoard(QObject):
    """Owns the threads and lists the jobs that a person should see.

    Signals:
        changed: A job came or went.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None, num_threads: int = 2) -> None:
        super().__init__(parent)
        # Python's threads, not Qt's: a QRunnable that is freed while its thread ends takes the process down.
        self._pool = ThreadPoolExecutor(num_threads, "studio-job")
        # What a person waits for must not stand behind an export.
        self._urgent_pool = ThreadPoolExecutor(num_threads, "studio-urgent")
        self.is_closed = False
        self._jobs: list[Job] = []
        self._hidden: set[Job] = set()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs under way, oldest first."""
        return tuple(self._jobs)

    def add(self, job: Job) -> None:
        """Shows `job` until it ends."""
        self._jobs.append(job)
        job.ended.connect(self._on_job_ended)
        self.changed.emit()

    def run(
        self,
        title: str,
        function: Callable[[JobContext], Result],
        *,
        on_told: Callable[[Any], object] | None = None,
        on_done: Callable[[Result], object] | None = None,
        on_failed: Callable[[str], object] | None = None,
        on_ended: Callable[[], object] | None = None,
        visible: bool = True,
        urgent: bool = False,
    ) -> FunctionJob:
        """Runs `function` in the background; the callbacks come on the window's thread.

        Args:
            title: What a person reads in the status bar.
            function: The work, given a `JobContext`.
            on_told: Gets what it tells on its way.
            on_done: Gets its result.
            on_failed: Gets a sentence.
            on_ended: Called last, also after it was cancelled.
            visible: Whether the status bar shows it.
            urgent: Whether a person waits for it: then no other work holds it up.
        """
        pool = self._urgent_pool if urgent else self._pool
        job = FunctionJob(
            title, function, pool, self, on_told=on_told, on_done=on_done, on_failed=on_failed, on_ended=on_ended
        )
        if visible:
            self.add(job)
        else:
            self._hidden.add(job)
            job.ended.connect(self._on_job_ended)
        job.start()
        return job

    def close(self) -> None:
        """Cancels everything and waits for the threads: each ends at its next report."""
        for job in (*self._jobs, *self._hidden):
            job.cancel()
        self.is_closed = True
        for pool in (self._pool, self._urgent_pool):
            pool.shutdown(wait=True, cancel_futures=True)

    def _on_job_ended(self) -> None:
        # A slot that held the job itself would be freed by the job's destructor, and free the job once more: so the
        # slots here know no job, and look for those that are over.
        over = [job for job in (*self._jobs, *self._hidden) if job.is_over]
        self._jobs = [job for job in self._jobs if not job.is_over]
        self._hidden = {job for job in self._hidden if not job.is_over}
        self.changed.emit()
        for job in over:
            job.deleteLater()


def sentence_of(error: BaseException) -> str:
    """One sentence for a person: our own messages as they are, the system's with the file they concern."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
