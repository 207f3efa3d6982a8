"""How long the stages of a prediction take."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Times the stages of one prediction.

    Attributes:
        timings_ms: By stage, of those that have ended.
    """

    def __init__(self, on_stage: Callable[[str], None] | None) -> None:
        """`on_stage` is called with the name of each stage before it begins; what it raises ends the prediction."""
        self.timings_ms: dict[str, float] = {}
        self._on_stage = on_stage
        self._stage = ""
        self._start_s = 0.0

    def begin(self, stage: str) -> None:
        """Ends the stage under way and begins another."""
        self.end()
        if self._on_stage is not None:
            self._on_stage(stage)
        self._stage, self._start_s = stage, time.perf_counter()

    def end(self) -> None:
        """Ends the stage under way."""
        if self._stage:
            self.timings_ms[self._stage] = (time.perf_counter() - self._start_s) * 1000
        self._stage = ""
