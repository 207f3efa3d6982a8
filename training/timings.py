"""Where the time of training steps goes, without making the host wait for the GPU."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, cast

import torch

PARTS = ("data", "forward", "backward", "optimizer")
LIMIT = 0.3  # of the time waited for images: from there on they are what limits a training
_LEAST_STEPS = 20  # before that is judged: the first images are late because the workers start

T = TypeVar("T")


class _Mark(Protocol):
    """A moment, on the clock of the host or of a GPU."""

    def seconds_until(self, later: Any) -> float: ...
    def is_over(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class _HostMark:
    at: float = field(default_factory=time.perf_counter)

    def seconds_until(self, later: _HostMark) -> float:
        return later.at - self.at

    def is_over(self) -> bool:
        return True


class _GPUMark:
    def __init__(self) -> None:
        self._event: Any = cast(Any, torch.cuda.Event)(enable_timing=True)  # PyTorch gives it no types
        self._event.record()

    def seconds_until(self, later: _GPUMark) -> float:
        return float(self._event.elapsed_time(later._event)) / 1000

    def is_over(self) -> bool:
        return bool(self._event.query())


class StepTimes:
    """Measures the parts of steps; on a GPU by events in its queue, which are read when they are over."""

    def __init__(self, device: torch.device) -> None:
        """Prepares for steps on `device`."""
        self._new_mark: type[_HostMark] | type[_GPUMark] = _GPUMark if device.type == "cuda" else _HostMark
        self._sums = dict.fromkeys(PARTS, 0.0)
        self._num_steps = 0
        self._waited = 0.0
        self._num_waits = 0
        self._steady: tuple[float, float] | None = None  # when steps began to be steady, and what was waited until then
        self._present: list[tuple[str, _Mark]] = []
        self._finished: list[list[tuple[str, _Mark]]] = []

    def waiting(self, items: Iterable[T]) -> Iterator[T]:
        """Yields the items; what it takes until each is there counts as `data`."""
        iterator = iter(items)
        while True:
            began = time.perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            self._sums["data"] += time.perf_counter() - began
            self._waited += time.perf_counter() - began
            self._num_waits += 1
            if self._num_waits == _LEAST_STEPS:
                self._steady = time.perf_counter(), self._waited
            yield item

    def begin(self) -> None:
        """A step begins."""
        self._present = [("", self._new_mark())]

    def mark(self, part: str) -> None:
        """What was since the last mark belonged to `part`."""
        self._present.append((part, self._new_mark()))

    def end(self) -> None:
        """The step is queued; its times count as soon as they are known."""
        self._finished.append(self._present)
        self._present = []

    def take(self) -> dict[str, float]:
        """Returns the mean seconds a step of each part, over the steps since the last call that are over by now."""
        while self._finished and self._finished[0][-1][1].is_over():
            marks = self._finished.pop(0)
            for (_, earlier), (part, later) in itertools.pairwise(marks):
                self._sums[part] += earlier.seconds_until(later)
            self._num_steps += 1
        found = {part: round(value / max(self._num_steps, 1), 6) for part, value in self._sums.items()}
        self._sums, self._num_steps = dict.fromkeys(PARTS, 0.0), 0
        return found

    def waiting_share(self) -> float:
        """Returns the share of the time that was waited for images; 0 until enough steps are over to judge by."""
        if self._steady is None or self._num_waits < 2 * _LEAST_STEPS:
            return 0.0
        since, waited = self._steady
        return (self._waited - waited) / max(time.perf_counter() - since, 1e-9)


def slow_data_message(share: float, num_workers: int) -> str:
    """Returns the sentence that tells a person that loading images is what limits the training."""
    return (
        f"{100 * share:.0f} % of the time is spent waiting for images: raise [dataloader] num_workers (now "
        f"{num_workers}) or put the images on a faster disk"
    )
