"""The training loop, as named steps: load a batch, compute losses, step, and at intervals validate and snapshot."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.norm import freeze_norms
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.training.augment import jitter_colors
from seamseg_studio.training.batch import Batch
from seamseg_studio.training.config import TrainingOptions, dump_training_config
from seamseg_studio.training.dataset import KeyedBatches
from seamseg_studio.training.errors import DivergedError, TrainingInputError
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.forward import ForwardOptions, compute_losses, normalise
from seamseg_studio.training.losses import LOSS_NAMES
from seamseg_studio.training.optim import (
    MovingAverage,
    cosine_rate,
    freeze,
    learning_rate,
    make_optimizer,
    set_learning_rate,
)
from seamseg_studio.training.snapshots import Progress, load_snapshot, save_snapshot

_AMP_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


Validate = Callable[[PanopticNet], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step reports: the losses in the order of LOSS_NAMES, their weighted sum and the learning rate."""

    losses: list[float]
    total: float
    rate: float


class Trainer:
    """Trains a network until its schedule, its clock or a person ends the run.

    Attributes:
        network: What is trained.
        progress: How far the run is.
        stop_requested: Set by SIGTERM, SIGINT or a caller; the run then ends after the step at hand.
    """

    def __init__(
        self,
        network: PanopticNet,
        config: Config,
        options: TrainingOptions,
        loader: Iterable[Batch],
        batches: KeyedBatches,
        *,
        out: Path,
        device: torch.device,
        events: EventLog,
        category_sets: Tensor | None = None,
        validate: Validate | None = None,
    ) -> None:
        """Prepares the run.

        Args:
            network: Moved to `device`.
            config, options: What to do.
            loader: Yields the batches of one epoch each time it is iterated.
            batches: The loader's sampler, told the epoch.
            out: Folder of the snapshots; must exist.
            device: Where to train.
            events: Where progress is told.
            category_sets: See `semantic_loss`. [K, C] bool.
            validate: Called every `[general] val_interval` epochs.
        """
        self.config, self.options, self.device = config, options, device
        self._loader, self._batches, self._out, self._events, self._validate = loader, batches, out, events, validate
        self.stop_requested = threading.Event()
        self.progress = Progress()
        self._forward_options = ForwardOptions(
            options.ignore_void, options.negatives_everywhere, options.mask_positives_only
        )
        freeze(network, options.freeze + _frozen_modules(config))
        if options.frozen_norms:
            freeze_norms(network)
        elif config.body.bn_frozen:
            freeze_norms(network.body.backbone)
        self.network = network.to(device)
        if options.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._category_sets = None if category_sets is None else category_sets.to(device)
        self._optimizer = make_optimizer(self.network, config.optimizer, options)
        self._average = MovingAverage(self.network, options.ema_decay) if options.ema_decay else None
        self._scaler = torch.amp.GradScaler(device.type, enabled=options.amp == "fp16")
        self._weights = torch.tensor(config.optimizer.loss_weights, device=device)
        self.steps_per_epoch = len(batches)
        self.num_steps = options.max_steps or config.scheduler.epochs * self.steps_per_epoch
        self._started = 0.0
        self._last_snapshot = 0.0

    def run(self) -> bool:
        """Trains.

        Returns:
            Whether the schedule came to its end; False if the run was stopped (a snapshot says where).

        Raises:
            DivergedError: A loss is not finite. The snapshot is that of the last time it was.
            OSError: A snapshot cannot be written.
        """
        self._started = time.monotonic() - self.progress.seconds
        self._last_snapshot = time.monotonic()
        with _signals(self.stop_requested.set):
            while not self._is_over() and not self.stop_requested.is_set():
                self._train_epoch()
        self.save()
        return not self.stop_requested.is_set()

    def final_state(self) -> dict[str, Tensor]:
        """Returns the weights worth keeping: the moving average if there is one. On the CPU."""
        state = self._average.tensors if self._average else self.network.state_dict()
        return {name: value.detach().cpu().contiguous() for name, value in state.items()}

    def train_step(self, batch: Batch) -> StepResult:
        """Learns from one batch.

        Raises:
            DivergedError: A loss is not finite; the weights were not changed.
        """
        rate = self._set_rate()
        batch = batch.to(self.device)
        images = jitter_colors(batch.images, self.options.color_jitter)
        mean, std = self.config.dataloader.rgb_mean, self.config.dataloader.rgb_std
        images = normalise(images, batch.sizes, mean, std)
        if self.options.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        with self._autocast():
            losses = compute_losses(self.network, images, batch, self._forward_options, self._category_sets).stacked()
        total = (losses * self._weights).sum()
        self._optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        # Everything up to here is queued on a GPU before this waits for it.
        values = losses.detach().cpu().tolist()
        if not torch.isfinite(torch.tensor(values)).all():
            described = ", ".join(f"{name} {value:.3g}" for name, value in zip(LOSS_NAMES, values, strict=True))
            raise DivergedError(self.progress.step, list(batch.names), described)
        if self.options.clip_grad_norm:
            self._scaler.unscale_(self._optimizer)
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.options.clip_grad_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        if self._average:
            self._average.update(self.network)
        return StepResult(
            values, sum(v * w for v, w in zip(values, self.config.optimizer.loss_weights, strict=True)), rate
        )

    def save(self) -> Path:
        """Writes a snapshot and tells where."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "average": {"updates": self._average.num_updates, "tensors": self._average.tensors}
            if self._average
            else {},
            "config": dump_training_config(self.config, self.options),
            "random": torch.get_rng_state(),
            "random_device": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }
        path = save_snapshot(self._out, state, self.progress)
        self._last_snapshot = time.monotonic()
        self._events.emit("snapshot", step=self.progress.step, path=str(path))
        return path

    def resume(self) -> None:
        """Goes back to where the snapshot in the output folder was taken.

        Raises:
            TrainingInputError: There is none, it is damaged, or it belongs to another network.
        """
        state, self.progress = load_snapshot(self._out)
        try:
            self.network.load_state_dict(state["network"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._scaler.load_state_dict(state["scaler"])
            if self._average and state["average"]:
                self._average.num_updates = state["average"]["updates"]
                for name, tensor in state["average"]["tensors"].items():
                    self._average.tensors[name].copy_(tensor)
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingInputError(
                f"{self._out}: its snapshot belongs to another configuration or taxonomy; use the same ones again"
            ) from error
        torch.set_rng_state(state["random"])
        if self.device.type == "cuda" and state["random_device"] is not None:
            torch.cuda.set_rng_state(state["random_device"], self.device)

    def _train_epoch(self) -> None:
        self.network.train()
        self._batches.set_epoch(self.progress.epoch, self.progress.batch)
        for batch in self._loader:
            result = self.train_step(batch)
            p = self.progress
            self.progress = Progress(
                p.step + 1, p.epoch, p.batch + 1, time.monotonic() - self._started, p.images + len(batch.names)
            )
            self._report(result)
            minutes = (time.monotonic() - self._last_snapshot) / 60
            if self.options.snapshot_minutes and minutes >= self.options.snapshot_minutes:
                self.save()
            if self._is_over() or self.stop_requested.is_set():
                break
        if self.progress.batch >= self.steps_per_epoch:
            self.progress = replace(self.progress, epoch=self.progress.epoch + 1, batch=0)
            self._events.emit("epoch", epoch=self.progress.epoch, step=self.progress.step)
            if self._validate and self.progress.epoch % self.config.general.val_interval == 0:
                self._events.emit("validation", step=self.progress.step, **self._validate(self.network))

    def _report(self, result: StepResult) -> None:
        step = self.progress.step
        if step % self.config.general.log_interval and step != 1 and not self._is_over():
            return
        self._events.emit(
            "step",
            step=step,
            losses=dict(zip(LOSS_NAMES, result.losses, strict=True)),
            total=result.total,
            lr=result.rate,
            seconds=round(self.progress.seconds, 3),
            images=self.progress.images,
            progress=round(self._share_done(), 4),
        )

    def _is_over(self) -> bool:
        return self._share_done() >= 1

    def _share_done(self) -> float:
        by_clock = self.progress.seconds / (60 * self.options.max_minutes) if self.options.max_minutes else 0.0
        if self.options.max_minutes and not self.options.max_steps:
            return by_clock
        return max(by_clock, self.progress.step / max(self.num_steps, 1))

    def _set_rate(self) -> float:
        base, scheduler, step = self.config.optimizer.lr, self.config.scheduler, self.progress.step
        if self.options.schedule == "cosine":
            rate = cosine_rate(base, self._share_done(), step, scheduler)
        else:
            rate = learning_rate(base, step, self.num_steps, self.progress.epoch, scheduler)
        set_learning_rate(self._optimizer, rate)
        return rate

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.options.amp == "off":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=_AMP_TYPES[self.options.amp])


def seed_everything(seed: int) -> None:
    """Seeds Python's and PyTorch's random numbers."""
    random.seed(seed)
    torch.manual_seed(seed)


def _frozen_modules(config: Config) -> tuple[str, ...]:
    return tuple(f"body.backbone.mod{i}" for i in range(1, config.body.num_frozen + 1))


class _signals(AbstractContextManager[None]):  # noqa: N801 - reads as a function where it is used
    """Calls `stop` on SIGTERM and SIGINT inside the block (in the main thread; elsewhere signals cannot be caught)."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._former: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._former[number] = signal.signal(number, self._on_signal)

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop()
