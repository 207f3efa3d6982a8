"""The event stream of a training run: one JSON document a line, for the studio, scripts and plots.

Every line holds `v` (the version of this format, 1), `event` and `time` (seconds since 1970). Readers must skip events
and keys that they do not know; a change that would break them raises `v`.

| event        | further keys                                                                                      |
|--------------|---------------------------------------------------------------------------------------------------|
| `start`      | `total_steps` (0 when a clock ends the run), `num_images`, `device`, `step` (the first; > 0 when   |
|              | resumed), `num_parameters`                                                                        |
| `step`       | `step`, `losses` {obj, bbx, roi_cls, roi_bbx, roi_msk, sem}, `total`, `lr`, `seconds` (since the   |
|              | start of the run), `images` (seen since then), `progress` (0 to 1)                                 |
| `epoch`      | `epoch` (finished ones), `step`                                                                    |
| `snapshot`   | `step`, `path`                                                                                    |
| `validation` | `step`, `pq`, `miou`, `categories` {name: {"iou", "pq"}} (null where the category does not occur)   |
| `done`       | `step`, `bundle` (path), `seconds`                                                                |
| `stopped`    | `step`, `snapshot` (path): stopped on request, `--resume` goes on from there                       |
| `error`      | `message`                                                                                         |
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

VERSION = 1
EVENTS = ("start", "step", "epoch", "snapshot", "validation", "done", "stopped", "error")


class EventLog:
    """Writes events as they happen; each line is flushed, so that a reader may follow.

    The file is made with the first event, so that a run that is refused leaves nothing.

    Args:
        target: A file (appended to, so that a resumed run continues its log), "-" for stdout, or None for nowhere.
    """

    def __init__(self, target: Path | str | None) -> None:
        self._to_stdout = target is not None and str(target) == "-"
        self._path = None if target is None or self._to_stdout else Path(target)
        self._file: IO[str] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether there is somebody to tell of an error: a reader of stdout, or a file with events in it."""
        return self._to_stdout or self._file is not None

    def emit(self, event: str, **values: Any) -> None:
        """Writes one event. Numbers that JSON does not have (NaN, infinity) become null.

        Raises:
            OSError: The file cannot be made or written.
        """
        assert event in EVENTS, event
        stream = sys.stdout if self._to_stdout else self._open()
        if stream is None:
            return
        line = {"v": VERSION, "event": event, "time": round(time.time(), 3), **values}
        stream.write(json.dumps(_finite(line), allow_nan=False) + "\n")
        stream.flush()

    def close(self) -> None:
        """Closes the file; stdout stays open."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _open(self) -> IO[str] | None:
        if self._file is None and self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8")
        return self._file

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def read_events(path: Path) -> list[dict[str, Any]]:
    """Returns the events of a log that this version understands; a line cut off by a crash is skipped."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(event, dict) and event.get("v") == VERSION and event.get("event") in EVENTS:
            events.append(event)
    return events


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
