"""The processes of a distributed training: who this one is, and what they agree on.

`torchrun` sets the environment; without it there is one process and everything here returns at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from seamseg_studio.training.errors import TrainingError

# Between two exchanges lies at most a validation of a share of the images.
TIMEOUT = timedelta(minutes=30)


def count() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Number of this process, from 0."""
    return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0


def join(device: str) -> tuple[str, bool]:
    """Joins the processes that `torchrun` started, if it did.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".

    Returns:
        The device of this process ("auto" and "cuda" become that of its local rank), and whether it has joined now and
        must `leave`.

    Raises:
        TrainingError: The others cannot be reached.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or count() > 1:
        return device, False
    on_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if on_gpu:
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(torch.device(device))
    elif device == "auto":
        device = "cpu"
    try:
        distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=TIMEOUT)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"the processes of this training do not find each other ({str(error).splitlines()[0]}): start them with "
            "torchrun, and let --rdzv-endpoint name a machine that all can reach"
        ) from error
    return device, True


def leave() -> None:
    """Leaves the processes that `join` joined."""
    with suppress(RuntimeError):  # the others may have gone already
        distributed.destroy_process_group()


def in_parallel(module: nn.Module, device: torch.device) -> nn.Module:
    """Returns a module whose gradients become the mean over the processes; the module itself if there is one."""
    if count() == 1:
        return module
    # A batch without things leaves the mask head unused.
    devices = [device] if device.type == "cuda" else None
    return DistributedDataParallel(module, device_ids=devices, find_unused_parameters=True)


def without_exchange(module: nn.Module, wanted: bool) -> AbstractContextManager[Any]:
    """Leaves the gradients of a batch in this process until those of the last one are there."""
    return module.no_sync() if wanted and isinstance(module, DistributedDataParallel) else nullcontext()


def mean(values: Tensor) -> Tensor:
    """Returns the mean over the processes, on every process."""
    if count() == 1:
        return values
    total = values.detach().clone()
    distributed.all_reduce(total)
    return total / count()


def mean_count(number: Tensor | int, like: Tensor) -> Tensor | int:
    """Returns the mean of a number of samples over the processes, at least one sample being among all of them.

    Losses are divided by it: their mean over the processes is then that of the joint batch.
    """
    if count() == 1:
        return number.clamp(min=1) if isinstance(number, Tensor) else max(number, 1)
    own = number.float() if isinstance(number, Tensor) else torch.tensor(float(number), device=like.device)
    total = own.detach().clone()
    distributed.all_reduce(total)
    return total.clamp(min=1) / count()


def maximum(values: Sequence[float], device: torch.device) -> list[float]:
    """Returns the largest value of any process at each place, on every process."""
    if count() == 1:
        return list(values)
    joint = torch.tensor(list(values), dtype=torch.float64, device=device)
    distributed.all_reduce(joint, op=distributed.ReduceOp.MAX)
    result: list[float] = joint.tolist()
    return result


def gather(value: Any) -> list[Any]:
    """Returns the values of all processes, on every process. They are pickled: only for our own plain values."""
    if count() == 1:
        return [value]
    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values
