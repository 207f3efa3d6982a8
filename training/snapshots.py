"""Snapshots: everything that a run needs to go on as if it had never stopped.

OUT/snapshot.pt is the newest, OUT/snapshot.1.pt the one before, and so on. OUT/best.pt holds the weights that did best
in validation.
"""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seamseg_studio.engine.files import atomic_path
from seamseg_studio.training.errors import TrainingInputError

FILE_NAME = "snapshot.pt"
BEST_NAME = "best.pt"
VERSION = 1
_MAX_KEPT = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        step: Steps done.
        epoch: Epochs done.
        batch: Batches done of the present epoch.
        seconds: Time spent, resumed runs included.
        images: Images seen.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    images: int = 0


def save_snapshot(folder: Path, state: dict[str, Any], progress: Progress, *, keep: int = 1) -> Path:
    """Writes FOLDER/snapshot.pt whole or not at all; the one before stays until then.

    Args:
        folder: Must exist.
        state: Tensors, numbers, texts and containers of them.
        progress: How far the run is.
        keep: How many snapshots to keep, this one included.

    Raises:
        OSError: It cannot be written; all former ones are there.
    """
    record = {name: getattr(progress, name) for name in Progress.__dataclass_fields__}
    path = folder / FILE_NAME
    with atomic_path(path) as temporary:
        _write({"version": VERSION, "progress": record, **state}, temporary, path)
        _age(folder, keep)
    return path


def load_snapshot(folder: Path) -> tuple[dict[str, Any], Progress]:
    """Reads the newest snapshot of a run that is whole. Tensors are on the CPU.

    Raises:
        TrainingInputError: There is none, or all are damaged.
    """
    paths = snapshot_files(folder)
    if not paths:
        raise TrainingInputError(f"{folder / FILE_NAME}: there is no snapshot to resume from; start without --resume")
    for path in paths:
        state = _read(path)
        if state is None:
            continue
        if state["version"] != VERSION:
            raise TrainingInputError(f"{path}: is of another version ({state['version']}); start without --resume")
        progress = _progress_of(state)
        if progress is not None:
            return state, progress
    raise TrainingInputError(f"{paths[0]}: is damaged; start again without --resume")


def snapshot_files(folder: Path) -> list[Path]:
    """The snapshots in a folder, the newest first."""
    return [path for path in (_aged(folder, age) for age in range(_MAX_KEPT)) if path.is_file()]


def save_best(folder: Path, weights: dict[str, Tensor], score: float, step: int) -> Path:
    """Writes FOLDER/best.pt whole or not at all.

    Raises:
        OSError: It cannot be written; a former one is there.
    """
    path = folder / BEST_NAME
    with atomic_path(path) as temporary:
        _write({"version": VERSION, "weights": weights, "score": score, "step": step}, temporary, path)
    return path


def load_best(folder: Path) -> dict[str, Tensor] | None:
    """Returns the weights that did best in validation; None if there are none, or they are damaged."""
    state = _read(folder / BEST_NAME)
    return None if state is None else state.get("weights")


class BestFile:
    """The weights that did best in validation: in FOLDER/best.pt, and in memory as long as the disk refuses them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: tuple[dict[str, Tensor], float, int] | None = None

    def take(self, weights: dict[str, Tensor], score: float, step: int) -> None:
        """Takes weights to `write`: a copy, since the network goes on learning meanwhile."""
        self._waiting = {name: weight.clone() for name, weight in weights.items()}, score, step

    def write(self) -> None:
        """Writes what was taken, if that is not done yet.

        Raises:
            OSError: It cannot be written; the former file is there, and the weights wait.
        """
        if self._waiting is not None:
            save_best(self._folder, *self._waiting)
            self._waiting = None

    def weights(self) -> dict[str, Tensor] | None:
        """Returns the best weights; None if their file is missing or damaged."""
        return load_best(self._folder) if self._waiting is None else self._waiting[0]


def clean_up(folder: Path) -> None:
    """Removes what a run that was killed while it wrote has left behind."""
    for path in folder.glob(".*.pt.*.part"):
        path.unlink(missing_ok=True)


def _aged(folder: Path, age: int) -> Path:
    return folder / (f"snapshot.{age}.pt" if age else FILE_NAME)


def _age(folder: Path, keep: int) -> None:
    """Renumbers the snapshots that are kept; killed at any point, it leaves the newest where it is."""
    for age in range(min(keep, _MAX_KEPT) - 1, 0, -1):
        younger, older = _aged(folder, age - 1), _aged(folder, age)
        if not younger.is_file():
            continue
        if age > 1:
            younger.replace(older)
            continue
        # The newest gets a second name, for its own is that of the next one.
        older.unlink(missing_ok=True)
        try:
            os.link(younger, older)
        except OSError:  # a file system without links: moved, and missing until the next one is renamed onto it
            younger.replace(older)


def _write(state: dict[str, Any], temporary: Path, path: Path) -> None:
    with temporary.open("wb") as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:
            # PyTorch hides what the system says, that the disk is full for instance, behind an error of its own.
            reason = error.__context__
            if not isinstance(reason, OSError):
                raise
            raise OSError(reason.errno, reason.strerror, str(path)) from error


def _progress_of(state: dict[str, Any]) -> Progress | None:
    record = state.get("progress")
    if not isinstance(record, dict) or not all(isinstance(value, int | float) for value in record.values()):
        return None
    try:
        return Progress(**record)
    except TypeError:  # of other names
        return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.testzip() is not None:  # torch.load does not look at the sums of its tensors
                return None
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return state if isinstance(state, dict) and "version" in state else None
    except Exception:  # noqa: BLE001 - torch.load raises whatever the damage makes it meet
        return None
