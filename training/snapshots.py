"""Snapshots: everything that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seamseg_studio.engine.files import atomic_path
from seamseg_studio.training.errors import TrainingInputError

FILE_NAME = "snapshot.pt"
VERSION = 1


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


def save_snapshot(folder: Path, state: dict[str, Any], progress: Progress) -> Path:
    """Writes FOLDER/snapshot.pt whole or not at all; the one before stays until then.

    Args:
        folder: Must exist.
        state: Tensors, numbers, texts and containers of them.
        progress: How far the run is.

    Raises:
        OSError: It cannot be written.
    """
    record = {name: getattr(progress, name) for name in Progress.__dataclass_fields__}
    path = folder / FILE_NAME
    with atomic_path(path) as temporary:
        torch.save({"version": VERSION, "progress": record, **state}, temporary)
    return path


def load_snapshot(folder: Path) -> tuple[dict[str, Any], Progress]:
    """Reads the snapshot of a run. Tensors are on the CPU.

    Raises:
        TrainingInputError: There is none, or it is damaged.
    """
    path = folder / FILE_NAME
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TrainingInputError(f"{path}: there is no snapshot to resume from; start without --resume") from error
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if state["version"] != VERSION:
            raise TrainingInputError(f"{path}: is of another version ({state['version']}); start without --resume")
        return state, Progress(**state["progress"])
    except TrainingInputError:
        raise
    except Exception as error:  # torch.load raises whatever the damage makes it meet
        raise TrainingInputError(f"{path}: is damaged; start again without --resume") from error
