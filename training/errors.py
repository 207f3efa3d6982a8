"""Errors of the trainer that a person reads."""

from __future__ import annotations

from seamseg_studio.engine.errors import InputError, SeamsegError


class TrainingError(SeamsegError):
    """A training run failed on the way (exit code 1)."""


class TrainingInputError(InputError):
    """The data or the base model make the whole training pointless (exit code 2)."""


class DivergedError(TrainingError):
    """The loss is no finite number any more."""

    def __init__(self, step: int, names: list[str], losses: str) -> None:
        super().__init__(
            f"the loss is not a finite number at step {step} ({losses}; images {', '.join(names)}): the last good "
            "snapshot is kept; lower [optimizer] lr or set [training] clip_grad_norm, then --resume"
        )
