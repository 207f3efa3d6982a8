"""How much a fine-tune may do, and its settings: careful ones, so that little corrections move little."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seamseg_studio.engine.model.config import Config
from seamseg_studio.training.agreement import Evidence
from seamseg_studio.training.config import TrainingOptions

LEARNING_RATE, HEADS_LEARNING_RATE = 3e-4, 1e-3  # of the whole network; of the heads alone, which need more
ADAM_EPSILON = 1e-4  # gradients of real mistakes are larger; those of a model that is right are rounding errors
SNAPSHOT_MINUTES = 1.0  # such a training takes minutes itself
STEPS_PER_IMAGE, MIN_STEPS, MAX_STEPS = 8, 40, 2000
MAX_CPU_MINUTES = 4.0
NUM_VALIDATIONS, PATIENCE = 8, 4
MIN_JUDGES = 8  # with fewer images held back, which validation is the best one is chance: the run goes to its end
LARGEST_SCALE = 1.25
REPLAY_SHARE = 0.25  # of the images of a training come from what was known before
DISTILL_WEIGHT = 0.3  # enough to remember; with more, the base's mistakes on the very images are remembered too


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a fine-tune may do; zero means the default.

    Attributes:
        max_steps: Steps.
        max_minutes: Minutes.
        learning_rate: Of the heads; the body learns at a tenth of it.
        heads_only: Whether the body stays as it is and its features are computed only once; None for yes on a CPU.
        replay: Weight of what was known before; 0 to learn from corrections alone.
        replay_set: A seamseg dataset of what the base was trained on: its train split is learned too, its val split
            shows whether anything is forgotten. None for what the bundle carries, if anything.
    """

    max_steps: int = 0
    max_minutes: float = 0.0
    learning_rate: float = 0.0
    heads_only: bool | None = None
    replay: float = 1.0
    replay_set: Path | None = None


def fine_tune_settings(
    base: Config,
    num_images: int,
    *,
    on_gpu: bool,
    budget: Budget,
    heads_only: bool = False,
    num_held_out: int = 0,
    evidence: Evidence | None = None,
) -> tuple[Config, TrainingOptions]:
    """Returns the settings of a short fine-tune: norms frozen, low rate, images at the size of inference.

    Args:
        base: Configuration of the base bundle.
        num_images: Corrected images.
        on_gpu: Whether a GPU trains.
        budget: What the person allows.
        heads_only: Whether the body stays as it is.
        num_held_out: Corrected images that are held back to judge by.
        evidence: How much there is to learn; None for enough.
    """
    batch_size = 1 if heads_only else min(num_images, 8 if on_gpu else 2)
    wanted = STEPS_PER_IMAGE * num_images / (1 - REPLAY_SHARE if budget.replay else 1)
    steps = budget.max_steps or min(max(MIN_STEPS, round(wanted)), MAX_STEPS)
    minutes = budget.max_minutes or (0.0 if on_gpu else MAX_CPU_MINUTES)
    rate = HEADS_LEARNING_RATE if heads_only else LEARNING_RATE
    changes: dict[str, dict[str, Any]] = {
        "general": {"log_interval": 1, "val_interval": 1},
        "body": {"num_frozen": 2, "body_params": {}},
        "optimizer": {"lr": budget.learning_rate or rate, "weight_decay": 1e-4},
        "scheduler": {"burn_in_steps": min(10, steps // 4), "burn_in_start": 0.1, "type": "linear", "params": {}},
        "dataloader": {
            "random_flip": not heads_only,
            "random_scale": () if heads_only else (0.8, LARGEST_SCALE),
            "longest_max_size": 4 * base.dataloader.shortest_size,
            "train_batch_size": batch_size,
            "num_workers": 2 if on_gpu else 0,
        },
        "roi": {"num_samples": min(base.roi.num_samples, 128)},
        "rpn": {
            "num_pre_nms_train": min(base.rpn.num_pre_nms_train, 1000),
            "num_post_nms_train": min(base.rpn.num_post_nms_train, 300),
        },
    }
    options = TrainingOptions(
        optimizer="adamw",
        adam_epsilon=ADAM_EPSILON,
        schedule="cosine",
        max_steps=steps,
        max_minutes=minutes,
        amp="bf16" if on_gpu else "off",
        channels_last=True,
        clip_grad_norm=5.0,
        freeze=("body",) if heads_only else (),
        body_lr_factor=0.1,
        lr_factors={} if evidence is None else evidence.rate_factors(),
        frozen_norms=True,
        color_jitter=0.0 if heads_only else 0.15,
        ignore_void=True,
        negatives_everywhere=True,
        mask_positives_only=True,
        snapshot_minutes=SNAPSHOT_MINUTES,
        distill=DISTILL_WEIGHT * budget.replay,
        early_stop=PATIENCE if num_held_out >= MIN_JUDGES else 0,
        use_best=num_held_out >= MIN_JUDGES,
    )
    return base.replace(**changes), options


def keep_network(base: Config, trained: Config) -> Config:
    """Returns the configuration that belongs into the new bundle: the base's, since only weights have changed."""
    return replace(base, optimizer=trained.optimizer)
