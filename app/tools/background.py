"""Computing for a tool beside the window's thread: the newest request counts, older ones that wait are dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal

Result = TypeVar("Result")


class _Relay(QObject):
    """Carries a result from the worker's thread to the window's (a queued signal)."""

    ready = Signal(object)


class Background(Generic[Result]):
    """Runs one function at a time in a thread that ends when nothing is left to do.

    `on_ready` is called in the thread that made this object, with the result of every request that was carried out.
    A request replaces one that still waits: while a person drags, only the newest place is worth computing.
    """

    def __init__(self, name: str, on_ready: Callable[[Result], None]) -> None:
        self._name = name
        self._on_ready = on_ready
        self._relay = _Relay()
        self._relay.ready.connect(self._on_relay_ready)
        self._thread: threading.Thread | None = None
        self._waiting: Callable[[], Result] | None = None
        self._is_wanted = False

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return self._thread is not None

    def request(self, function: Callable[[], Result]) -> None:
        """Computes `function()` as soon as what is under way has ended."""
        self._is_wanted = True
        self._waiting = function
        if self._thread is None:
            self._start()

    def drop(self) -> None:
        """Forgets what waits, and the result of what is under way."""
        self._is_wanted = False
        self._waiting = None

    def _start(self) -> None:
        function, self._waiting = self._waiting, None
        assert function is not None
        relay = self._relay  # the thread keeps it alive, whatever becomes of the tool

        def work() -> None:
            try:
                outcome: object = function()
            except Exception as error:  # noqa: BLE001 - told where the window's thread can raise it
                outcome = _Failure(error)
            relay.ready.emit(outcome)

        self._thread = threading.Thread(target=work, name=f"tool-{self._name}", daemon=True)
        self._thread.start()

    def _on_relay_ready(self, outcome: object) -> None:
        assert self._thread is not None
        self._thread.join()  # it has nothing left to do but to end
        self._thread = None
        is_wanted = self._is_wanted
        if self._waiting is not None:
            self._start()
        if isinstance(outcome, _Failure):
            raise outcome.error
        if is_wanted:
            self._on_ready(outcome)  # type: ignore[arg-type]


class _Failure:
    """An exception on its way to the window's thread."""

    def __init__(self, error: Exception) -> None:
        self.error = error
