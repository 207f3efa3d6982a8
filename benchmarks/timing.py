"""Times and how they are told, for the benchmarks of the window."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer


@dataclass(frozen=True, slots=True)
class Timing:
    """How long something took, and how much of it its thread was computing: the rest it waited for a processor."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    times: list[Timing]
    target_ms: float | None
    peers: str = ""

    @property
    def is_fine(self) -> bool:
        return (
            self.target_ms is None or float(np.percentile([time.wall_ms for time in self.times], 95)) <= self.target_ms
        )

    def __str__(self) -> str:
        p50, p95 = np.percentile([time.wall_ms for time in self.times], [50, 95])
        cpu = np.percentile([time.cpu_ms for time in self.times], 95)
        verdict = "" if self.target_ms is None else ("ok" if self.is_fine else "MISSED")
        if verdict == "MISSED" and self.target_ms is not None and cpu <= self.target_ms:
            verdict = "(load)"  # it waited for a processor: on a machine of its own it would be in time
        target = "" if self.target_ms is None else f"{self.target_ms:.0f}"
        return f"{self.what:50s}{p50:9.1f}{p95:9.1f}{cpu:9.1f}{target:>8s}  {verdict:7s}{self.peers}"


class Stopwatch:
    """Measures from its making on. `own` counts this thread's computing, else all threads'."""

    def __init__(self, *, own: bool = True) -> None:
        self._clock = time.thread_time if own else time.process_time
        self._wall, self._cpu = time.perf_counter(), self._clock()

    def read(self) -> Timing:
        return Timing(1e3 * (time.perf_counter() - self._wall), 1e3 * (self._clock() - self._cpu))


def load() -> float:
    """How many programs want a processor, on average over a minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


@contextmanager
def waiting() -> Iterator[Callable[[], None]]:
    """Gives what handles the next events and sleeps till then, for a millisecond at most.

    As the program does when it has nothing to do: a loop that never sleeps would take Python's lock, and a processor,
    from the threads that are waited for. What was put off to be deleted is deleted, as by the program's own loop:
    `processEvents` alone keeps it, and Python would look through more and more of it for circles to free.
    """

    def step() -> None:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    timer = QTimer()
    timer.start(1)
    yield step
    timer.stop()
