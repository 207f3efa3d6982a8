"""When a run ends early: a signal, or scores that do not rise any more."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(slots=True)
class Best:
    """The best validation so far.

    Attributes:
        score: PQ, or mIoU where there is no PQ; None before the first validation.
        step: When.
        num_worse: Validations since then.
    """

    score: float | None = None
    step: int = 0
    num_worse: int = 0

    def take(self, metrics: Mapping[str, Any], step: int) -> bool:
        """Takes note of a validation; returns whether it is the best one."""
        score = metrics.get("pq")
        score = metrics.get("miou") if score is None else score
        if score is None:
            return False
        if self.score is None or score > self.score:
            self.score, self.step, self.num_worse = float(score), step, 0
            return True
        self.num_worse += 1
        return False


class StopSignals(AbstractContextManager[None]):
    """Calls `stop` on SIGTERM and SIGINT inside the block (in the main thread; elsewhere signals cannot be caught)."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._former: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._on_signal)

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop()
