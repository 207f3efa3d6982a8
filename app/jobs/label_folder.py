"""Labelling many images in the background: progress, throughput, time left, pause, cancel."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.engine_jobs import Answer, EngineJobs
from seamseg_studio.app.jobs.job import Job, Progress
from seamseg_studio.engine.service.protocol import EngineKind

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord

_WINDOW = 4  # images at the engine or being stored: enough to keep both busy
_RATE_OVER = 30  # of so many last images


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run: how many were labelled, and a sentence for each that was not."""

    num_labelled: int
    problems: tuple[str, ...]


class Pace:
    """How fast things get done, over the last few of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque([clock()], maxlen=_RATE_OVER + 1)

    def tick(self) -> None:
        """One more is done."""
        self._times.append(self._clock())

    def restart(self) -> None:
        """Forgets the past, as after a pause."""
        self._times.clear()
        self._times.append(self._clock())

    @property
    def per_second(self) -> float:
        """Things a second; 0 before the first."""
        span = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / span if span > 0 else 0.0


def duration_text(seconds: float) -> str:
    """`seconds` in the two largest units that matter."""
    whole = max(0, round(seconds))
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


class LabelFolderJob(Job):
    """Asks the engine for the labels of images and hands each answer on.

    `store` gets the record, the result and the model's name, and a function to call (on the window's thread) when the
    labels are on disk: with an empty text, or with a sentence saying why not.
    """

    can_pause = True

    def __init__(
        self,
        title: str,
        engine: EngineJobs,
        records: Iterable[ImageRecord],
        store: Callable[[ImageRecord, object, str, Callable[[str], None]], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._engine = engine
        self._waiting = deque(records)
        self._total = len(self._waiting)
        self._store = store
        self._answers: dict[int, Answer] = {}
        self._num_storing = 0
        self._num_labelled = 0
        self._problems: list[str] = []
        self._pace = Pace()

    stored = Signal(int)

    def start(self) -> None:
        """Asks for the first images."""
        self._show_progress()
        self._fill()

    def cancel(self) -> None:
        """Stops; what is labelled stays labelled."""
        self._waiting.clear()
        for answer in list(self._answers.values()):
            answer.cancel()
        self._end("cancelled")

    def set_paused(self, paused: bool) -> None:
        super().set_paused(paused)
        if not paused:
            self._pace.restart()
            self._fill()

    def _fill(self) -> None:
        while not self.paused and self._waiting and len(self._answers) + self._num_storing < _WINDOW:
            self._ask(self._waiting.popleft())
        if not self._waiting and not self._answers and not self._num_storing:
            self._end("succeeded", Outcome(self._num_labelled, tuple(self._problems)))

    def _ask(self, record: ImageRecord) -> None:
        answer = self._engine.predict(record.path, in_background=True)
        self._answers[record.id] = answer
        answer.succeeded.connect(lambda result, bundle: self._on_answer_succeeded(record, result, bundle))
        answer.failed.connect(lambda text: self._on_answer_failed(record, text))
        answer.ended.connect(lambda: self._on_answer_ended(record))

    def _on_answer_succeeded(self, record: ImageRecord, result: object, bundle: str) -> None:
        if not self.is_over:
            self._num_storing += 1
            self._store(record, result, bundle, lambda problem: self._on_stored(record, problem))

    def _on_answer_failed(self, record: ImageRecord, text: str) -> None:
        if self._engine.state.kind is EngineKind.FAILED:
            self._waiting.clear()
            self._end("failed", text)
            return
        self._problems.append(text if record.name in text else f"{record.name}: {text}")
        self._step()

    def _on_answer_ended(self, record: ImageRecord) -> None:
        answer = self._answers.pop(record.id, None)
        if self.is_over:
            return
        if answer is not None and answer.is_cancelled:  # another engine has taken the place of the one that was asked
            self._waiting.appendleft(record)
        self._fill()

    def _on_stored(self, record: ImageRecord, problem: str) -> None:
        self._num_storing -= 1
        if problem:
            self._problems.append(problem)
        else:
            self._num_labelled += 1
            self.stored.emit(record.id)
        if not self.is_over:
            self._step()
            self._fill()

    def _step(self) -> None:
        self._pace.tick()
        self._show_progress()

    def _show_progress(self) -> None:
        done = self._num_labelled + len(self._problems)
        rate = self._pace.per_second
        detail = ""
        if rate > 0:
            speed = self.tr("{0} img/s").format(f"{rate:.1f}" if rate < 20 else f"{rate:.0f}")
            if rate < 1:
                speed = self.tr("{0} s an image").format(f"{1 / rate:.1f}")
            detail = speed + " · " + self.tr("{0} left").format(duration_text((self._total - done) / rate))
        self._advance(Progress(done, self._total, detail))
