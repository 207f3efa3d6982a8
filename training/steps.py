"""What a step of the training says, read when the GPU has come so far."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from seamseg_studio.training import ranks
from seamseg_studio.training.batch import Batch
from seamseg_studio.training.errors import DivergedError

_GRADIENT = "gradient"


class StepResult:
    """The losses of one step, the mean over all processes; on a GPU they arrive while the host goes on.

    Attributes:
        step: Number of the step, from 0.
        rate: The learning rate.
    """

    def __init__(
        self,
        losses_L: Tensor,
        loss_names: Sequence[str],
        step: int,
        rate: float,
        names: list[str],
        gradient: Tensor | None = None,
    ) -> None:
        """Sends for the losses.

        Args:
            losses_L: On any device.
            loss_names: What they are called.
            step, rate: See the attributes.
            names: The images of this process.
            gradient: The norm of all gradients, on the device of the losses; None where it may overflow. Scalar.
        """
        self.step, self.rate = step, rate
        self._loss_names, self._names = tuple(loss_names), names
        self._arrived: Any = None  # an event of the GPU
        self._values_L = losses_L.detach()
        if gradient is not None:
            self._loss_names += (_GRADIENT,)
            self._values_L = torch.cat([self._values_L, gradient.detach().to(losses_L.dtype).view(1)])
        if losses_L.is_cuda:
            arriving = torch.empty(self._values_L.shape, dtype=losses_L.dtype, pin_memory=True)
            arriving.copy_(self._values_L, non_blocking=True)
            self._values_L = arriving
            self._arrived = cast(Any, torch.cuda.Event)()  # PyTorch gives it no types
            self._arrived.record()

    def losses(self) -> dict[str, float]:
        """Returns the losses by name; waits until they are there.

        Raises:
            DivergedError: One is not finite, or the gradients are not; the step did not change the weights.
        """
        if self._arrived is not None:
            self._arrived.synchronize()
        values = dict(zip(self._loss_names, self._values_L.tolist(), strict=True))
        if not all(math.isfinite(value) for value in values.values()):
            described = ", ".join(f"{name} {value:.3g}" for name, value in values.items())
            raise DivergedError(self.step, [name for part in ranks.gather(self._names) for name in part], described)
        values.pop(_GRADIENT, None)
        return values


def groups(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Yields the batches of each step: `size` of them, fewer at the end."""
    remaining = iter(batches)
    while group := list(itertools.islice(remaining, size)):
        yield group


def limit_gradients(network: nn.Module, max_norm: float) -> Tensor:
    """Clips the gradients of a network; returns a norm of them that is finite if all of them are. Scalar.

    Args:
        network: After the backward pass.
        max_norm: The largest norm of all gradients together; 0 for any.
    """
    if max_norm:
        return nn.utils.clip_grad_norm_(network.parameters(), max_norm)
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    return nn.utils.get_total_norm(gradients, float("inf"))


def leave_out(optimizer: torch.optim.Optimizer, is_wrong: Tensor) -> None:
    """Makes the next steps of a fused optimiser leave the weights alone where `is_wrong`, without the host knowing.

    Args:
        optimizer: Made with `fused=True`.
        is_wrong: Scalar bool on the device of the weights.
    """
    # The same way as a gradient scaler goes.
    optimizer.found_inf = is_wrong.float()  # type: ignore[attr-defined]
