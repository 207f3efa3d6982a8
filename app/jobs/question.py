"""A question that a tool puts to the engine: one at a time, and an answer to an older one counts no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seamseg_studio.app.jobs.engine_jobs import Answer


class Question:
    """The question that waits for its answer, if any."""

    def __init__(self, on_failure: Callable[[str], None]) -> None:
        """`on_failure` is given a sentence for the person if the engine cannot answer."""
        self._on_failure = on_failure
        self._answer: Answer | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is awaited."""
        return self._answer is not None

    def put(self, answer: Answer, on_found: Callable[[Any], None]) -> None:
        """Waits for an answer in place of the one before; `on_found` is given what was found."""
        self.drop()
        self._answer = answer
        answer.succeeded.connect(lambda found, _: self._end(answer, on_found, found))
        answer.failed.connect(lambda sentence: self._end(answer, self._on_failure, sentence))
        # Neither, where another engine has taken the place of the one that was asked: people may ask that one.
        answer.ended.connect(lambda: self._end(answer, lambda _: None, None))

    def drop(self) -> None:
        """Asks no more."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.cancel()

    def _end(self, answer: Answer, tell: Callable[[Any], None], what: object) -> None:
        if answer is self._answer:
            self._answer = None
            tell(what)
