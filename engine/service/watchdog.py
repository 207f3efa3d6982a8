"""Killing a child that keeps its parent waiting in the middle of something. No torch here.

A child that falls silent between two messages is found out by whoever listens. One that stops in the middle of a
message, or while it starts, holds the listener itself: a read from a socket has no other way to end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TICK_S = 0.25


class Watchdog:
    """Watches one thread's waits on one child.

    Attributes:
        has_bitten: Whether the child was killed for it.
    """

    def __init__(self, kill: Callable[[], None], is_closing: Callable[[], bool], grace_s: float) -> None:
        """Starts watching.

        Args:
            kill: Ends the child, which ends the wait.
            is_closing: Whether nobody wants the child any more: then it has `grace_s` only.
            grace_s: See above.
        """
        self.has_bitten = False
        self._kill = kill
        self._is_closing = is_closing
        self._grace_s = grace_s
        self._since_s: float | None = None
        self._limit_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="engine-watchdog", daemon=True)
        self._thread.start()

    @contextmanager
    def limit(self, limit_s: float) -> Iterator[None]:
        """Kills the child if the block takes longer; costs nothing else, so that every message can be watched."""
        self._limit_s, self._since_s = limit_s, time.monotonic()
        try:
            yield
        finally:
            self._since_s = None

    def close(self) -> None:
        """Ends watching."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        closing_since_s: float | None = None
        while not self._ended.wait(_TICK_S):
            now_s, since_s = time.monotonic(), self._since_s
            if closing_since_s is None and self._is_closing():
                closing_since_s = now_s
            if since_s is None:
                continue
            is_late = now_s - since_s > self._limit_s
            if is_late or (closing_since_s is not None and now_s - closing_since_s > self._grace_s):
                self.has_bitten = True
                self._kill()
                return
