"""What a training run reads from its `.ini` file: the network's sections plus `[training]`, which is ours.

The defaults of `[training]` leave every extra off, so that a configuration of the original project trains as it did.
"""

from __future__ import annotations

import configparser
import dataclasses
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.model.config import (
    Config,
    ConfigError,
    dump_config,
    load_config,
    read_section,
    value_to_text,
)

SECTION = "training"
OPTIMIZERS = ("sgd", "adamw")
AMP_MODES = ("off", "bf16", "fp16")
SCHEDULES = ("config", "cosine")
_LOWEST = {
    **{"max_steps": 0, "max_minutes": 0, "accumulate": 1, "clip_grad_norm": 0, "body_lr_factor": 0, "color_jitter": 0},
    **{"blur": 0, "copy_paste": 0, "snapshot_minutes": 0, "keep_snapshots": 1, "val_max_images": 0, "early_stop": 0},
    **{"distill": 0, "balance": 0, "adam_epsilon": 0, "noise": 0, "mosaic": 0},
}


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """Options that the original project does not have. A zero or an empty value means off."""

    optimizer: str = "sgd"  # one of OPTIMIZERS; [optimizer] lr, weight_decay and momentum apply to both
    adam_epsilon: float = 1e-8  # of adamw: gradients far below it move the weights little
    schedule: str = "config"  # "config" follows [scheduler]; "cosine" falls to 1 % of lr over the whole run
    schedule_span: tuple[float, ...] = ()  # part of the cosine that the run goes through, (0, 0.5) for the first half
    max_steps: int = 0  # stop after so many steps; 0: after [scheduler] epochs
    max_minutes: float = 0.0  # stop after so long; "cosine" then follows the clock and still ends low
    amp: str = "off"  # one of AMP_MODES: mixed precision on a GPU
    channels_last: bool = False  # memory order that convolutions on a GPU prefer
    seed: int = 0  # of everything that is drawn at random
    clip_grad_norm: float = 0.0  # largest norm of all gradients together
    ema_decay: float = 0.0  # moving average of the weights, used for validation and for the bundle
    accumulate: int = 1  # batches whose gradients make one step
    compile: bool = False  # let torch.compile make the body faster; the first steps take minutes
    deterministic: bool = False  # only operations that give the same bits each time, where there are such
    body_lr_factor: float = 1.0  # learning rate of the body over that of the rest
    layer_decay: float = 1.0  # learning rate of mod5 over that of mod4, and so on down to mod1: 1 for all the same
    lr_factors: Mapping[str, float] = field(default_factory=dict)  # {"sem_head": 2.0}: further factors by prefix
    freeze: tuple[str, ...] = ()  # prefixes of parameters to leave alone: ("body.backbone", "rpn_head")
    frozen_norms: bool = False  # all norms use and keep their running statistics
    log_scale: bool = False  # draw the scale evenly in its logarithm: as many images halved as doubled
    crop_size: tuple[int, ...] = ()  # (height, width) pixels of random crops; smaller images are padded with void
    color_jitter: float = 0.0  # strength of random brightness, contrast, saturation and hue
    blur: float = 0.0  # probability of a random blur
    noise: float = 0.0  # most grain, as a share of white; every image draws its own
    mosaic: float = 0.0  # probability that a crop is made of four images (crop_size must be set)
    copy_paste: float = 0.0  # probability that instances of other images are pasted into one
    ignore_void: bool = False  # anchors and proposals on void are no negatives (void may hide a thing)
    negatives_everywhere: bool = False  # images without things give negative proposals too
    mask_positives_only: bool = False  # compute masks of positive proposals only (same loss, other norm statistics)
    snapshot_minutes: float = 10.0  # between snapshots; there is always one at the end
    tensorboard: bool = True  # write curves to OUT/tensorboard
    keep_snapshots: int = 2  # the last so many; an older one serves when the newest is damaged
    val_max_images: int = 0  # validate on at most so many images; 0: all
    early_stop: int = 0  # end after so many validations without a better PQ
    use_best: bool = False  # put the weights of the best validation into the bundle, not the last ones
    distill: float = 0.0  # weight of the losses by which the base model teaches void pixels (with corrections only)
    balance: float = 0.0  # images of categories rarer than this share of the images come more often, up to 4 times
    annotated: tuple[str, ...] = ()  # the only categories that the set labels everywhere; the rest of it is void


def load_training_config(source: Path | str, *, name: str | None = None) -> tuple[Config, TrainingOptions]:
    """Reads a configuration with its optional `[training]` section.

    Args:
        source: A path, or the text itself (a string that holds a line break).
        name: What messages call the source; the path by default.

    Raises:
        ConfigError: As for `load_config`; unknown keys are named with the nearest known one.
    """
    if isinstance(source, str) and "\n" in source:
        text, name = source, name or "the configuration"
    else:
        name = name or str(source)
        try:
            text = finite(Path(source)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name} cannot be read as a configuration ({error}): give an .ini text file") from error
    parser = configparser.ConfigParser(interpolation=None, default_section="\0none")
    try:
        parser.read_string(text, source=name)
    except configparser.Error as error:
        first_line = str(error).splitlines()[0]
        raise ConfigError(f"{name} is no .ini file ({first_line}): correct it or start from a default") from error
    items: Mapping[str, str] = dict(parser[SECTION]) if parser.has_section(SECTION) else {}
    parser.remove_section(SECTION)
    rest = io.StringIO()
    parser.write(rest)
    config = load_config(rest.getvalue() + "\n", name=name)
    options: TrainingOptions = read_section(SECTION, TrainingOptions, items, name, True)
    _check(options, name)
    return config, options


def dump_training_config(config: Config, options: TrainingOptions) -> str:
    """Returns `.ini` text that `load_training_config` reads back to equal values."""
    lines = [f"[{SECTION}]"]
    for key in dataclasses.fields(options):
        lines.append(f"{key.name} = {value_to_text(getattr(options, key.name))}".rstrip())
    return dump_config(config) + "\n" + "\n".join(lines) + "\n"


def _check(options: TrainingOptions, name: str) -> None:
    choices: dict[str, tuple[str, ...]] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "amp": AMP_MODES}
    for key, allowed in choices.items():
        value: Any = getattr(options, key)
        if value not in allowed:
            raise ConfigError(f"{name}: [{SECTION}] {key} = {value!r} is unknown: use one of {', '.join(allowed)}")
    if options.crop_size and (len(options.crop_size) != 2 or min(options.crop_size) < 32):
        raise ConfigError(
            f"{name}: [{SECTION}] crop_size = {options.crop_size} must be (height, width), 32 or more each"
        )
    if options.mosaic and not options.crop_size:
        raise ConfigError(f"{name}: [{SECTION}] mosaic needs a crop_size, of which each image takes a quarter")
    for key, lowest in _LOWEST.items():
        if getattr(options, key) < lowest:
            raise ConfigError(f"{name}: [{SECTION}] {key} = {getattr(options, key)} must be at least {lowest}")
    for prefix, factor in options.lr_factors.items():
        if isinstance(factor, bool) or not isinstance(factor, int | float) or factor < 0:
            raise ConfigError(f"{name}: [{SECTION}] lr_factors: {prefix!r} needs a number of at least 0")
    if not 0 < options.layer_decay <= 1:
        raise ConfigError(f"{name}: [{SECTION}] layer_decay = {options.layer_decay} must be above 0 and at most 1")
    if (span := options.schedule_span) and (len(span) != 2 or not 0 <= span[0] < span[1] <= 1):
        raise ConfigError(f"{name}: [{SECTION}] schedule_span = {span} must be two shares such as (0, 0.5)")
    if not 0 <= options.ema_decay < 1:
        raise ConfigError(f"{name}: [{SECTION}] ema_decay = {options.ema_decay} must be at least 0 and below 1")
