"""Computing beside the window's thread: the newest request counts, older ones that wait are dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Signal, Slot

Result = TypeVar("Result")


class _Relay(QObject):
    """Carries ended tasks from their threads to the window's (a queued signal).

    There is one for the process: an object of Qt's must not die in a task's thread, nor while something is on its way
    to it.
    """

    ended = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.ended.connect(self._on_ended)

    @Slot(object)
    def _on_ended(self, task: _Task[object]) -> None:
        task.deliver(task)


@cache
def _relay() -> _Relay:
    return _Relay()


class _Task(Generic[Result]):
    """One request in its thread, which ends with it."""

    def __init__(self, name: str, function: Callable[[], Result], deliver: Callable[[_Task[Result]], None]) -> None:
        self.deliver = deliver
        self.is_wanted = True
        self._function = function
        self._relay = _relay()
        self._result: Result | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()

    def result(self) -> Result:
        """Returns what the function returned, or raises what it raised. Only after `wait`."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _work(self) -> None:
        try:
            self._result = self._function()
        except Exception as error:  # noqa: BLE001 - raised again where the window's thread asks for the result
            self._error = error
        self._relay.ended.emit(self)


class Background(Generic[Result]):
    """Runs one function at a time in a thread that ends when nothing is left to do.

    A request replaces one that still waits: while a person drags, only the newest place is worth computing.
    """

    def __init__(self, name: str, on_ready: Callable[[Result], None], owner: QObject | None = None) -> None:
        """Args:
        name: Of its threads.
        on_ready: Called with each result, in the thread that made the request.
        owner: If it is gone when a result comes, nobody is told.
        """
        self._name = name
        self._on_ready = on_ready
        self._owner = owner
        self._task: _Task[Result] | None = None
        self._waiting: Callable[[], Result] | None = None

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._waiting is not None or (self._task is not None and self._task.is_wanted)

    def request(self, function: Callable[[], Result]) -> None:
        """Computes `function()` as soon as what is under way has ended."""
        self._waiting = function
        if self._task is None:
            self._start()

    def finish(self) -> None:
        """Waits until everything asked for is computed and taken; what was dropped is not waited for."""
        while self.busy:
            assert self._task is not None
            self._collect(self._task)

    def drop(self) -> None:
        """Forgets what waits, and the result of what is under way."""
        self._waiting = None
        if self._task is not None:
            self._task.is_wanted = False

    def _start(self) -> None:
        function, self._waiting = self._waiting, None
        assert function is not None
        self._task = _Task(f"studio-{self._name}", function, self._on_task_ended)

    def _on_task_ended(self, task: _Task[Result]) -> None:
        if task is self._task:  # else `finish` has taken it already
            self._collect(task)

    def _collect(self, task: _Task[Result]) -> None:
        task.wait()
        self._task = None
        if self._waiting is not None:
            self._start()
        if task.is_wanted and (self._owner is None or shiboken6.isValid(self._owner)):
            self._on_ready(task.result())
