"""How a training was started, kept for the next window: among this person's own files, never in the project.

A project may come from a stranger. What is started or ended on this machine is never read from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.app.folders import user_data_folder
from seamseg_studio.engine.files import atomic_write


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """A process that was started into a folder.

    Attributes:
        pid: Its number.
        program: The interpreter.
        arguments: Of the program.
    """

    pid: int
    program: str
    arguments: Sequence[str]

    def write(self, out: Path) -> None:
        """Keeps it for the folder `out`.

        Raises:
            OSError: The disk is full or not writable.
        """
        path = _path_of(out)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"pid": self.pid, "program": self.program, "arguments": list(self.arguments)}
        atomic_write(path, json.dumps(content).encode())


def read_record(out: Path) -> TrainingRecord | None:
    """Returns what this person's studio started into `out` and has not ended; None if there is nothing."""
    try:
        record = json.loads(_path_of(out).read_text(encoding="utf-8"))
        arguments = [str(argument) for argument in record["arguments"]]
        return TrainingRecord(int(record["pid"]), str(record["program"]), arguments)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_record(out: Path) -> None:
    """Removes it; harmless if there is none."""
    with suppress(OSError):
        _path_of(out).unlink(missing_ok=True)


def _path_of(out: Path) -> Path:
    return user_data_folder() / "trainings" / f"{hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:32]}.json"
