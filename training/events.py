"""The event stream of a training run: one JSON document a line, for the studio, scripts and plots.

Every line holds `v` (the version of this format, 1), `event` and `time` (seconds since 1970). Readers must skip events
and keys that they do not know; a change that would break them raises `v`.

| event        | further keys                                                                                      |
|--------------|---------------------------------------------------------------------------------------------------|
| `start`      | `total_steps` (0 when a clock ends the run), `num_images`, `device`, `step` (the first; > 0 when   |
|              | resumed), `num_parameters`, `num_processes`; from corrections also `num_held_out`,                 |
|              | `num_unlabelled`, `heads_only`, `base_scores` {"pq", "miou"} on what is held back                 |
| `step`       | `step`, `losses` {obj, bbx, roi_cls, roi_bbx, roi_msk, sem}, `total`, `lr`, `seconds` (since the   |
|              | start of the run), `images` (seen since then), `progress` (0 to 1),                                |
|              | `timings` {data, forward, backward, optimizer} (mean seconds a step since the last such event)     |
| `epoch`      | `epoch` (finished ones), `step`                                                                    |
| `snapshot`   | `step`, `path`                                                                                    |
| `validation` | `step`, `pq`, `miou`, `categories` {name: {"iou", "pq"}} (null where the category does not occur)   |
| `done`       | `step`, `bundle` (path), `seconds`; from corrections also `gate` {"status": "promoted" or          |
|              | "candidate", "reason", "held_out" and "old_data": {"pq", "miou": {"base", "new"}, "categories"}}   |
| `stopped`    | `step`, `snapshot` (path): stopped on request, `--resume` goes on from there                       |
| `warning`    | `message`: something did not work out, and the run goes on (a snapshot on a full disk)             |
| `error`      | `message`                                                                                         |
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

VERSION = 1
EVENTS = ("start", "step", "epoch", "snapshot", "validation", "done", "stopped", "warning", "error")
_MAX_WAITING = 1000  # lines that are kept while the disk is full


class EventLog:
    """Writes events as they happen; each line is flushed, so that a reader may follow.

    The file is made with the first event, so that a run that is refused leaves nothing. What a full disk refuses is
    kept and written later: a training does not end for want of its log.

    Args:
        target: A file (appended to, so that a resumed run continues its log), "-" for stdout, or None for nowhere.

    Attributes:
        listeners: Called with each event.
    """

    def __init__(self, target: Path | str | None) -> None:
        self._to_stdout = target is not None and str(target) == "-"
        self._path = None if target is None or self._to_stdout else Path(target)
        self._file: IO[bytes] | None = None
        self._waiting: deque[bytes] = deque(maxlen=_MAX_WAITING)
        self._is_cut = False
        self.listeners: list[Callable[[Mapping[str, Any]], None]] = []

    @property
    def path(self) -> Path | None:
        """The file; None for stdout or nowhere."""
        return self._path

    @property
    def has_begun(self) -> bool:
        """Whether there is somebody to tell of an error: a reader of stdout, or a file with events in it."""
        return self._to_stdout or self._file is not None

    def emit(self, event: str, **values: Any) -> None:
        """Writes one event. Numbers that JSON does not have (NaN, infinity) become null.

        Raises:
            OSError: The file cannot be made, or there is no reader of stdout.
        """
        assert event in EVENTS, event
        line = _finite({"v": VERSION, "event": event, "time": round(time.time(), 3), **values})
        text = json.dumps(line, allow_nan=False) + "\n"
        if self._to_stdout:
            sys.stdout.write(text)
            sys.stdout.flush()
        elif self._path is not None:
            file = self._open(self._path)
            self._waiting.append(text.encode())
            self._write(file)
        for listener in self.listeners:
            listener(line)

    def close(self) -> None:
        """Closes the file; stdout stays open."""
        if self._file is not None:
            self._write(self._file)
            self._file.close()
        self._file = None

    def _open(self, path: Path) -> IO[bytes]:
        if self._file is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)
            # A run that was killed may have left half a line.
            self._is_cut = not _ends_with_a_line(path)
        return self._file

    def _write(self, file: IO[bytes]) -> None:
        while self._waiting:
            line = (b"\n" if self._is_cut else b"") + self._waiting[0]
            try:
                self._is_cut = file.write(line) != len(line)
            except OSError:
                return
            if self._is_cut:
                return
            self._waiting.popleft()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def read_events(path: Path) -> list[dict[str, Any]]:
    """Returns the events of a log that this version understands; a line cut off by a crash is skipped."""
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get("v") == VERSION and event.get("event") in EVENTS:
            events.append(event)
    return events


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
