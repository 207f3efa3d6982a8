"""Optimiser, learning rate over time, and the moving average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from seamseg_studio.engine.model.config import ConfigError
from seamseg_studio.engine.model.norm import Norm
from seamseg_studio.engine.model.sections import OptimizerConfig, SchedulerConfig
from seamseg_studio.training.config import TrainingOptions

COSINE_FLOOR = 0.01  # share of the learning rate at the end of a cosine schedule
BODY = "body.backbone."
_LAST_MODULE = 5


def make_optimizer(network: nn.Module, config: OptimizerConfig, options: TrainingOptions) -> torch.optim.Optimizer:
    """Returns the optimiser over what may learn; weights of norms and biases of norms decay only where asked.

    Each group holds `factor`, its learning rate over the run's.

    Raises:
        ConfigError: `[training] freeze` leaves nothing to learn, or `lr_factors` names a part that is not there.
    """
    for prefix in options.lr_factors:
        if not any(name == prefix or name.startswith(f"{prefix}.") for name, _ in network.named_parameters()):
            raise ConfigError(f"[training] lr_factors: the network has no part {prefix!r}; use names such as sem_head")
    norm_parameters = {id(p) for m in network.modules() if isinstance(m, Norm) for p in m.parameters(recurse=False)}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        decays = config.weight_decay_norm or id(parameter) not in norm_parameters
        factor = rate_factor(name, options)
        groups.setdefault((factor, config.weight_decay if decays else 0.0), []).append(parameter)
    if not groups:
        raise ConfigError(f"[training] freeze = {options.freeze} leaves nothing to train: freeze less")
    parts: list[dict[str, Any]] = [
        {"params": parameters, "weight_decay": decay, "factor": factor, "lr": config.lr * factor}
        for (factor, decay), parameters in groups.items()
    ]
    # One launch for many tensors; and it can be told to leave them alone without the host knowing (`leave_out`).
    if options.optimizer == "adamw":
        return torch.optim.AdamW(parts, lr=config.lr, eps=options.adam_epsilon, fused=True)
    optimizer = torch.optim.SGD(parts, lr=config.lr, momentum=config.momentum, nesterov=config.nesterov, fused=True)
    fill_momenta(optimizer)
    return optimizer


def fill_momenta(optimizer: torch.optim.Optimizer) -> None:
    """Gives parameters a momentum of 0 that have none yet: a fused step wants them of all parameters or of none."""
    for group in optimizer.param_groups:
        if group.get("momentum"):
            for parameter in group["params"]:
                state = optimizer.state[parameter]
                if state.get("momentum_buffer") is None:
                    state["momentum_buffer"] = torch.zeros_like(parameter)


def rate_factor(name: str, options: TrainingOptions) -> float:
    """Returns the learning rate of a parameter over the run's."""
    factor = 1.0
    if name.startswith(BODY):
        module = name.removeprefix(BODY).split(".")[0].removeprefix("mod")
        depth = int(module) if module.isdigit() else 1
        factor = options.body_lr_factor * options.layer_decay ** max(_LAST_MODULE - depth, 0)
    for prefix, value in options.lr_factors.items():
        if name == prefix or name.startswith(f"{prefix}."):
            factor *= value
    return factor


def freeze(network: nn.Module, prefixes: tuple[str, ...]) -> None:
    """Stops the parameters whose names begin with one of `prefixes` from learning."""
    for name, parameter in network.named_parameters():
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes):
            parameter.requires_grad_(False)


def first_modules(count: int) -> tuple[str, ...]:
    """Returns the names of the first so many modules of the body."""
    return tuple(f"{BODY}mod{i}" for i in range(1, count + 1))


def learning_rate(base: float, step: int, num_steps: int, epoch: int, config: SchedulerConfig) -> float:
    """Returns the learning rate of `[scheduler]` at a step.

    During the burn-in it rises linearly from `burn_in_start` times `base`; the schedule counts the burn-in's steps too,
    and lags one step behind after it, as in the original project.

    Args:
        base: Learning rate of the configuration.
        step: Steps done so far.
        num_steps: Steps of the whole run.
        epoch: Epochs done so far, for `update_mode = epoch`.
        config: The schedule.

    Raises:
        ConfigError: `params` lacks a value that the schedule needs.
    """
    if config.burn_in_steps and step <= config.burn_in_steps and config.update_mode == "batch":
        return base * (config.burn_in_start + (1 - config.burn_in_start) * step / config.burn_in_steps)
    if config.update_mode == "epoch":
        if config.burn_in_steps and step < config.burn_in_steps:
            return base * (config.burn_in_start + (1 - config.burn_in_start) * step / config.burn_in_steps)
        return base * _factor(epoch, max(config.epochs, 1), config)
    at = step - 1 if config.burn_in_steps else step
    return base * _factor(at, max(num_steps, 1), config)


def cosine_rate(base: float, progress: float, step: int, config: SchedulerConfig) -> float:
    """Returns the learning rate of a half cosine over the whole run, after the same burn-in.

    Args:
        base: Learning rate of the configuration.
        progress: Share of the run that is over, 0 to 1.
        step: Steps done so far.
        config: For its burn-in.
    """
    warm = 1.0
    if config.burn_in_steps and step < config.burn_in_steps:
        warm = config.burn_in_start + (1 - config.burn_in_start) * step / config.burn_in_steps
    cosine = 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
    return base * warm * (COSINE_FLOOR + (1 - COSINE_FLOOR) * cosine)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the rate of every group, times the group's factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


class MovingAverage:
    """An exponential moving average of a network's weights and running statistics.

    The decay grows with the number of updates, so that the random start is forgotten early in a short run.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.num_updates = 0
        # The network's own tensors: steps and loaded snapshots change them in place.
        self._present = {name: value.detach() for name, value in network.state_dict().items()}
        self.tensors = {name: value.clone() for name, value in self._present.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Moves the average towards the network's present state."""
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        floats = [name for name, value in self._present.items() if value.is_floating_point()]
        counts = [name for name, value in self._present.items() if not value.is_floating_point()]
        torch._foreach_lerp_(
            [self.tensors[name] for name in floats], [self._present[name] for name in floats], 1 - decay
        )
        if counts:
            torch._foreach_copy_([self.tensors[name] for name in counts], [self._present[name] for name in counts])


def _factor(at: int, total: int, config: SchedulerConfig) -> float:
    params = config.params
    try:
        if config.type == "linear":
            first, last = float(params.get("alpha_0", 1.0)), float(params.get("alpha_1", 0.0))
            return first + (last - first) * min(at / total, 1.0)
        if config.type == "step":
            return math.pow(float(params["gamma"]), at // int(params["step_size"]))
        if config.type == "multistep":
            return math.pow(float(params["gamma"]), sum(at >= milestone for milestone in params["milestones"]))
        return math.pow(max(1 - at / total, 0.0), float(params["gamma"]))
    except KeyError as error:
        raise ConfigError(f"[scheduler] params lacks {error} for type = {config.type}: add it") from error
