"""The client's books: which requests are unanswered, where each one is, and which goes next. No torch here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Generic, TypeVar

from seamseg_studio.engine.scene.consequences import CorrectedPart
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.engine.service.errors import EngineError
from seamseg_studio.engine.service.protocol import PredictOptions, Priority, Prompt
from seamseg_studio.engine.service.shared_pixels import Array

T = TypeVar("T")

# Batch requests at the worker at a time: the next one is there when one is done, and the rest cost no shared memory.
_BATCH_WINDOW = 2
_MAX_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the engine has loaded; `min_stuff_area` is what its maps leave out, in pixels of the network's input."""

    name: str
    taxonomy: Taxonomy
    num_parameters: int
    card_title: str
    device: str
    min_stuff_area: float = 4096.0


class Request(Generic[T]):
    """Something asked of the engine.

    Attributes:
        number: Tells requests of a client apart; later ones have higher numbers.
        future: Gets the answer, or an EngineError whose message is a sentence for a person. Its callbacks run on the
            client's reader thread, those of a cancelled one on the thread that cancels.
        bundle: Name of the model that answered; set before the future is.
        on_progress: Called on the reader thread with sentences about what is happening; may be set at any time.
    """

    def __init__(self, number: int, on_progress: Callable[[str], None] | None = None) -> None:
        """Made by the client."""
        self.number = number
        self.future: Future[T] = Future()
        self.bundle: str | None = None
        self.on_progress = on_progress

    def cancel(self) -> bool:
        """Says that nobody wants the answer any more; the future is cancelled at once, unless already done."""
        return self.future.cancel()

    def resolve(self, value: T) -> None:
        """Gives the answer, unless it was cancelled meanwhile."""
        with suppress(InvalidStateError):
            self.future.set_result(value)

    def fail(self, sentence: str) -> None:
        """Gives an error instead, unless it was cancelled meanwhile."""
        with suppress(InvalidStateError):
            self.future.set_exception(EngineError(sentence))


class Phase(Enum):
    """Where a request is."""

    WAITING = auto()  # here
    SENT = auto()  # in the worker's queue
    STARTED = auto()  # being worked on


@dataclass(slots=True, eq=False)
class Pending:
    """An unanswered request and what is needed to send it, again if it must be."""

    request: Request[Any]
    payload: Array | Path | str | None  # an image, an image file, the model to load
    options: PredictOptions | None  # None: a model to load, or a prompt
    priority: Priority
    key: str = ""  # of the image, where its features are to be kept
    prompt: Prompt | None = None
    fuses_again: bool = False  # the worker should have seen the image
    part: CorrectedPart | None = None  # what is asked for follows from this correction
    with_pixels: bool = False  # of an image that the worker should have seen, and has not
    phase: Phase = Phase.WAITING
    attempts: int = 0

    @property
    def is_load(self) -> bool:
        """Whether a model is to be loaded."""
        return self.options is None and self.prompt is None

    @property
    def subject(self) -> str:
        """What it is about, for messages."""
        if self.prompt is not None:
            return "answering a prompt"
        if self.part is not None:
            return "looking around a correction"
        if self.options is None:
            return f"loading the model {self.payload or 'starter'}"
        return f"labelling {self.payload}" if isinstance(self.payload, Path) else "labelling the image"


class RequestTable:
    """All unanswered requests. Not thread-safe: the client's lock guards it."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._pending)

    def __iter__(self) -> Iterator[Pending]:
        return iter(list(self._pending.values()))

    def next_number(self) -> int:
        """A number no request has had."""
        return next(self._numbers)

    def add(self, pending: Pending) -> None:
        """Takes in a new request."""
        self._pending[pending.request.number] = pending

    def get(self, number: int) -> Pending | None:
        """The request of a number, if it is unanswered."""
        return self._pending.get(number)

    def pop(self, number: int) -> Pending | None:
        """The same, and forgets it."""
        return self._pending.pop(number, None)

    def next_to_send(self) -> Pending | None:
        """The waiting request that goes next: by priority, then by number; of batch ones only what the window lets."""
        num_batch = sum(p.priority == Priority.BATCH and p.phase != Phase.WAITING for p in self._pending.values())
        waiting = [
            pending
            for pending in self._pending.values()
            if pending.phase == Phase.WAITING and (pending.priority != Priority.BATCH or num_batch < _BATCH_WINDOW)
        ]
        return min(waiting, key=lambda pending: (pending.priority, pending.request.number), default=None)

    def is_busy(self) -> bool:
        """Whether the worker works on one of them."""
        return any(pending.phase == Phase.STARTED for pending in self._pending.values())

    def take_back(self, *, blame: bool) -> tuple[list[Pending], list[Pending]]:
        """Puts everything that a dead child had back in the queue.

        Args:
            blame: Whether what was being worked on may have killed it.

        Returns:
            The requests that were being worked on and get another attempt, and those (now forgotten) that had it.
        """
        retried, given_up = [], []
        for pending in list(self._pending.values()):
            if pending.phase == Phase.STARTED:
                pending.attempts += blame
                if pending.attempts >= _MAX_ATTEMPTS:
                    given_up.append(self._pending.pop(pending.request.number))
                    continue
                retried.append(pending)
            pending.phase = Phase.WAITING
        return retried, given_up

    def clear(self) -> list[Pending]:
        """Forgets everything and returns it."""
        everything = list(self._pending.values())
        self._pending.clear()
        return everything
