"""The training loop, as named steps: load a batch, compute losses, step, and at intervals validate and snapshot."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.norm import freeze_norms
from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops import native
from seamseg_studio.training import ranks
from seamseg_studio.training.augment import add_noise, jitter_colors
from seamseg_studio.training.batch import Batch
from seamseg_studio.training.chance import Deterministic, random_state, restore_random_state
from seamseg_studio.training.config import TrainingOptions, dump_training_config
from seamseg_studio.training.dataset import KeyedBatches
from seamseg_studio.training.distill import Teacher
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.events import EventLog
from seamseg_studio.training.features import FeatureCache
from seamseg_studio.training.forward import ForwardOptions, LossModel, normalise
from seamseg_studio.training.optim import (
    MovingAverage,
    cosine_rate,
    fill_momenta,
    first_modules,
    freeze,
    learning_rate,
    make_optimizer,
    set_learning_rate,
)
from seamseg_studio.training.snapshots import BestFile, Progress, load_snapshot, save_snapshot
from seamseg_studio.training.steps import StepResult, groups, leave_out, limit_gradients
from seamseg_studio.training.stopping import Best, StopSignals
from seamseg_studio.training.timings import LIMIT, StepTimes, slow_data_message

_AMP_TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}

Validate = Callable[[PanopticNet], dict[str, Any]]


class Trainer:
    """Trains a network until its schedule, its clock, scores that do not rise any more, or a person ends the run.

    Attributes:
        network: What is trained.
        progress: How far the run is.
        best: The best validation so far.
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
        teacher: Teacher | None = None,
        keep_features: bool = False,
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
            validate: Called every `[general] val_interval` epochs, in all processes.
            teacher: What void pixels are learned from, where `distill` is set.
            keep_features: Whether to compute the features of an image only once; the body must be frozen, and each
                name stand for the same pixels.
        """
        self.config, self.options, self.device = config, options, device
        self._loader, self._batches, self._out, self._events, self._validate = loader, batches, out, events, validate
        self.stop_requested = threading.Event()
        self.progress = Progress()
        self.best = Best()
        self._best_file = BestFile(out)
        freeze(network, options.freeze + first_modules(config.body.num_frozen))
        if options.frozen_norms:
            freeze_norms(network)
        elif config.body.bn_frozen:
            freeze_norms(network.body.backbone)
        self.network = network.to(device)
        if options.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if options.compile:
            self.network.body.compile()
        torch.backends.cudnn.benchmark = config.general.cudnn_benchmark and not options.deterministic
        self._optimizer = make_optimizer(self.network, config.optimizer, options)
        self._average = MovingAverage(self.network, options.ema_decay) if options.ema_decay else None
        self._scaler = torch.amp.GradScaler(device.type, enabled=options.amp == "fp16")
        forward_options = ForwardOptions(
            options.ignore_void, options.negatives_everywhere, options.mask_positives_only, device.type == "cuda"
        )
        sets = None if category_sets is None else category_sets.to(device)
        self._losses = LossModel(
            self.network,
            forward_options,
            sets,
            teacher=teacher if options.distill else None,
            features=FeatureCache(self.network) if keep_features else None,
        )
        weights = [*config.optimizer.loss_weights, options.distill][: len(self._losses.names)]
        self._loss_weights = [float(weight) for weight in weights]
        self._weights = torch.tensor(self._loss_weights, device=device)
        self._parallel = ranks.in_parallel(self._losses, device)
        self.steps_per_epoch = -(-len(batches) // options.accumulate)
        self.num_steps = options.max_steps or config.scheduler.epochs * self.steps_per_epoch
        self._stops = False  # what all processes have agreed on; a signal reaches them at different times
        self._started = 0.0
        self._last_snapshot = 0.0
        self._validated = 0
        self._times = StepTimes(device)
        self._told_of_slow_data = False
        self._unread: tuple[StepResult, Progress] | None = None

    def run(self) -> bool:
        """Trains.

        Returns:
            Whether the run came to its end; False if it was stopped (a snapshot says where).

        Raises:
            DivergedError: A loss is not finite. The snapshot is that of the last time it was.
            OSError: The last snapshot cannot be written.
        """
        native.status()  # waits for a first build, so that all steps and all processes compute alike
        self._started = time.monotonic() - self.progress.seconds
        self._last_snapshot = time.monotonic()
        with StopSignals(self.stop_requested.set), Deterministic(self.options.deterministic):
            if self.progress == Progress() and self.options.snapshot_minutes:
                self._write_if_possible(self.save, "snapshot")  # killed before the next one, it can go on from here
            self._agree_to_stop()
            while not self._is_over() and not self._stops:
                self._train_epoch()
                self._agree_to_stop()
            if self._validate and not self._stops and self._validated != self.progress.step:
                # The last weights may be the best ones.
                self._take_validation(self._validate(self._judged_network()))
                self._agree_to_stop()
        self.save()
        return not self._stops

    def final_state(self) -> dict[str, Tensor]:
        """Returns the weights worth keeping: the best ones where asked, the moving average if there is one. On the CPU.

        Where the best ones were asked for and their file has been damaged, the last ones are returned, and it is told.
        """
        if self.options.use_best and self.best.score is not None:
            best = self._best_file.weights()
            if best is not None:
                return best
            self._events.emit("warning", message=f"{self._out}: best.pt is damaged; the last weights are kept instead")
        return self._worth_keeping()

    def train_step(self, group: Sequence[Batch]) -> StepResult:
        """Learns from batches whose gradients make one step; if a loss is not finite, the weights stay as they are."""
        self._times.begin()
        rate = self._set_rate()
        self._optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros_like(self._weights)
        for number, batch in enumerate(group):
            with ranks.without_exchange(self._parallel, number + 1 < len(group)):
                sums += self._backward(batch, 1 / len(group))
        sums = ranks.mean(sums)
        if self.options.clip_grad_norm:
            self._scaler.unscale_(self._optimizer)
        gradient = limit_gradients(self.network, self.options.clip_grad_norm)
        if not self._scaler.is_enabled():
            leave_out(self._optimizer, ~(sums.isfinite().all() & gradient.isfinite()))
        self._scaler.step(self._optimizer)
        self._scaler.update()
        if self._average:
            self._average.update()
        self._times.mark("optimizer")
        self._times.end()
        names = [name for batch in group for name in batch.names]
        # A scaler tries how far it can go: gradients that overflow are part of its trade.
        checked = None if self._scaler.is_enabled() else gradient
        return StepResult(sums, self._losses.names, self.progress.step, rate, names, checked)

    def save(self) -> None:
        """Writes a snapshot and tells where; with several processes the first one does.

        Raises:
            OSError: It cannot be written; the former one is there.
        """
        all_random = ranks.gather(random_state(self.device))
        self._last_snapshot = time.monotonic()
        if ranks.rank():
            return
        best = self.best
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "average": {"updates": self._average.num_updates, "tensors": self._average.tensors}
            if self._average
            else {},
            "best": {"score": best.score, "step": best.step, "num_worse": best.num_worse},
            "config": dump_training_config(self.config, self.options),
            "random": all_random,
        }
        path = save_snapshot(self._out, state, self.progress, keep=self.options.keep_snapshots)
        self._best_file.write()
        self._events.emit("snapshot", step=self.progress.step, path=str(path))

    def resume(self) -> None:
        """Goes back to where the snapshot in the output folder was taken.

        Raises:
            TrainingInputError: There is none, it is damaged, or it belongs to another network.
        """
        state, self.progress = load_snapshot(self._out)
        random_states = state.get("random", [])
        if isinstance(random_states, Tensor):  # of a version that knew one process only
            random_states = [{"cpu": random_states, "device": state["random_device"]}]
        if len(random_states) != ranks.count():
            raise TrainingInputError(
                f"{self._out}: its snapshot was made by {len(random_states)} processes, not {ranks.count()}; start as "
                "many again"
            )
        try:
            self.network.load_state_dict(state["network"])
            self._optimizer.load_state_dict(state["optimizer"])
            fill_momenta(self._optimizer)
            self._scaler.load_state_dict(state["scaler"])
            if self._average and state["average"]:
                self._average.num_updates = state["average"]["updates"]
                for name, tensor in state["average"]["tensors"].items():
                    self._average.tensors[name].copy_(tensor)
            self.best = Best(**state.get("best", {}))
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainingInputError(
                f"{self._out}: its snapshot belongs to another configuration or taxonomy; use the same ones again"
            ) from error
        restore_random_state(random_states[ranks.rank()], self.device)

    def _train_epoch(self) -> None:
        self.network.train()
        self._batches.set_epoch(self.progress.epoch, self.progress.batch)
        for group in self._times.waiting(groups(self._loader, self.options.accumulate)):
            result = self.train_step(group)
            self._advance(group)
            # A GPU is still busy with this step: what the one before says is there, and nobody waits.
            self._read()
            self._unread = result, self.progress
            minutes = (time.monotonic() - self._last_snapshot) / 60
            is_due = bool(self.options.snapshot_minutes) and minutes >= self.options.snapshot_minutes
            if ranks.maximum([float(is_due)], self.device)[0]:
                self._read()
                self._write_if_possible(self.save, "snapshot")
            if self._is_over() or self._stops:
                break
        self._read()
        if self.progress.batch >= len(self._batches):
            self.progress = replace(self.progress, epoch=self.progress.epoch + 1, batch=0)
            self._events.emit("epoch", epoch=self.progress.epoch, step=self.progress.step)
            if self._validate and self.progress.epoch % self.config.general.val_interval == 0:
                self._take_validation(self._validate(self._judged_network()))

    def _backward(self, batch: Batch, share: float) -> Tensor:
        """Adds the gradients of one batch; returns its share of the losses."""
        batch = batch.to(self.device)
        images = add_noise(jitter_colors(batch.images, self.options.color_jitter), self.options.noise)
        mean, std = self.config.dataloader.rgb_mean, self.config.dataloader.rgb_std
        images = normalise(images, batch.sizes, mean, std)
        if self.options.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        with self._autocast():
            losses: Tensor = self._parallel(images, batch)
        losses = losses * share
        self._times.mark("forward")
        self._scaler.scale((losses * self._weights).sum()).backward()  # type: ignore[no-untyped-call]
        self._times.mark("backward")
        return losses.detach()

    def _advance(self, group: Sequence[Batch]) -> None:
        p = self.progress
        wishes = [float(self.stop_requested.is_set()), time.monotonic() - self._started]
        stop, seconds = ranks.maximum(wishes, self.device)
        self._stops = stop > 0
        num_images = ranks.count() * sum(len(batch.names) for batch in group)
        self.progress = Progress(p.step + 1, p.epoch, p.batch + len(group), seconds, p.images + num_images)

    def _agree_to_stop(self) -> None:
        wish = float(self.stop_requested.is_set())
        self._stops = ranks.maximum([wish], self.device)[0] > 0

    def _take_validation(self, metrics: dict[str, Any]) -> None:
        step = self._validated = self.progress.step
        self._events.emit("validation", step=step, **metrics)
        if self.best.take(metrics, step) and self.best.score is not None:
            self._best_file.take(self._worth_keeping(), self.best.score, step)
            if ranks.rank() == 0:  # in the others they wait in memory: the file may be on another machine
                self._write_if_possible(self._best_file.write, "best weights")

    def _judged_network(self) -> PanopticNet:
        if self._average is None:
            return self.network
        averaged = copy.deepcopy(self.network)
        averaged.load_state_dict(self._average.tensors)
        return averaged

    def _worth_keeping(self) -> dict[str, Tensor]:
        state = self._average.tensors if self._average else self.network.state_dict()
        return {name: value.detach().cpu().contiguous() for name, value in state.items()}

    def _write_if_possible(self, write: Callable[[], None], what: str) -> None:
        try:
            write()
        except OSError as error:
            # Hours of work must not end for a full disk: the next attempt may find room.
            self._events.emit("warning", message=f"the {what} could not be written ({error}); free some space")

    def _read(self) -> None:
        """Reads and tells what the last step says, if that is not done yet.

        Raises:
            DivergedError: One of its losses is not finite.
        """
        if self._unread is None:
            return
        result, progress = self._unread
        self._unread = None
        losses = result.losses()
        step, is_last = progress.step, progress.step == self.progress.step and self._is_over()
        if step % self.config.general.log_interval and step != 1 and not is_last:
            return
        self._events.emit(
            "step",
            step=step,
            losses=losses,
            total=sum(v * w for v, w in zip(losses.values(), self._loss_weights, strict=True)),
            lr=result.rate,
            seconds=round(progress.seconds, 3),
            images=progress.images,
            progress=round(self._share_done(progress), 4),
            timings=self._times.take(),
        )
        share = self._times.waiting_share()
        if share > LIMIT and not self._told_of_slow_data:
            self._told_of_slow_data = True
            self._events.emit("warning", message=slow_data_message(share, self.config.dataloader.num_workers))

    def _is_over(self) -> bool:
        patience = self.options.early_stop
        return self._share_done() >= 1 or (patience > 0 and self.best.num_worse >= patience)

    def _share_done(self, progress: Progress | None = None) -> float:
        progress = progress or self.progress
        by_clock = progress.seconds / (60 * self.options.max_minutes) if self.options.max_minutes else 0.0
        if self.options.max_minutes and not self.options.max_steps:
            return by_clock
        return max(by_clock, progress.step / max(self.num_steps, 1))

    def _set_rate(self) -> float:
        base, scheduler, step = self.config.optimizer.lr, self.config.scheduler, self.progress.step
        if self.options.schedule == "cosine":
            first, last = self.options.schedule_span or (0.0, 1.0)
            rate = cosine_rate(base, first + (last - first) * self._share_done(), step, scheduler)
        else:
            rate = learning_rate(base, step, self.num_steps, self.progress.epoch, scheduler)
        set_learning_rate(self._optimizer, rate)
        return rate

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.options.amp == "off":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=_AMP_TYPES[self.options.amp])
