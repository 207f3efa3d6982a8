"""Learning from a project's corrections: which samples, and the small, careful defaults of a fine-tune."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.config import TrainingOptions
from seamseg_studio.training.dataset import sample_from_map
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.sample import VOID_CATEGORY, Sample, compact

LEARNING_RATE = 3e-4
STEPS_PER_IMAGE, MIN_STEPS, MAX_STEPS = 8, 40, 2000
MAX_CPU_MINUTES = 4.0


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a fine-tune may do; zero means the default.

    Attributes:
        max_steps: Steps.
        max_minutes: Minutes.
        learning_rate: Of the heads; the body learns at a tenth of it.
    """

    max_steps: int = 0
    max_minutes: float = 0.0
    learning_rate: float = 0.0


def read_corrections(folder: Path, taxonomy: Taxonomy) -> list[Sample]:
    """Returns the corrected images of a project as samples, void where nobody vouched for the labels.

    Args:
        folder: The project.
        taxonomy: Of the model that learns; categories are matched by name.

    Raises:
        ProjectError: The labels of an image cannot be read.
        ImageError: A photograph cannot be read.
        TrainingInputError: There is no project, nothing is corrected yet, or the model lacks a category.
    """
    try:
        project = Project.open(folder, read_only=True)
    except ProjectError as error:
        raise TrainingInputError(str(error)) from error
    with project:
        table = _category_table(project.taxonomy, taxonomy)
        samples = []
        for correction in project.corrections():
            sample = sample_from_map(correction.name, read_image(correction.image_path), correction.map)
            samples.append(_translate(compact(sample), table, project.taxonomy, taxonomy, folder))
    if not samples:
        raise TrainingInputError(
            f"{folder}: has no corrected or accepted images to learn from; correct or accept at least one first"
        )
    return samples


def fine_tune_settings(
    base: Config, num_images: int, *, on_gpu: bool, budget: Budget
) -> tuple[Config, TrainingOptions]:
    """Returns the settings of a short fine-tune: norms frozen, low rate, images at the size of inference.

    Args:
        base: Configuration of the base bundle.
        num_images: Corrected images.
        on_gpu: Whether a GPU trains.
        budget: What the person allows.
    """
    batch_size = min(num_images, 8 if on_gpu else 2)
    steps = budget.max_steps or min(max(MIN_STEPS, STEPS_PER_IMAGE * num_images), MAX_STEPS)
    minutes = budget.max_minutes or (0.0 if on_gpu else MAX_CPU_MINUTES)
    changes: dict[str, dict[str, Any]] = {
        "general": {"log_interval": 1},
        "body": {"num_frozen": 2, "body_params": {}},
        "optimizer": {"lr": budget.learning_rate or LEARNING_RATE, "weight_decay": 1e-4},
        "scheduler": {"burn_in_steps": min(10, steps // 4), "burn_in_start": 0.1, "type": "linear", "params": {}},
        "dataloader": {
            "random_flip": True,
            "random_scale": (0.8, 1.25),
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
        schedule="cosine",
        max_steps=steps,
        max_minutes=minutes,
        amp="bf16" if on_gpu else "off",
        channels_last=True,
        clip_grad_norm=5.0,
        body_lr_factor=0.1,
        frozen_norms=True,
        color_jitter=0.15,
        ignore_void=True,
        negatives_everywhere=True,
        mask_positives_only=True,
    )
    return base.replace(**changes), options


def keep_network(base: Config, trained: Config) -> Config:
    """Returns the configuration that belongs into the new bundle: the base's, since only weights have changed."""
    return replace(base, optimizer=trained.optimizer)


def _category_table(own: Taxonomy, wanted: Taxonomy) -> np.ndarray:
    """Returns the model's category for each of the project's; -1 where it has none of that name and kind."""
    index = {(category.name, category.kind): i for i, category in enumerate(wanted.categories)}
    return np.array([index.get((category.name, category.kind), -1) for category in own.categories], dtype=np.int64)


def _translate(sample: Sample, table: np.ndarray, own: Taxonomy, wanted: Taxonomy, folder: Path) -> Sample:
    known = sample.categories != VOID_CATEGORY
    categories = sample.categories.copy()
    categories[known] = table[categories[known]]
    if (categories < 0).any():
        name = own[int(sample.categories[categories < 0][0])].name
        raise TrainingInputError(
            f"{folder}: {sample.name} has labels of category {name!r}, which the base model ({wanted.name}) does not "
            "know; choose a base with that category, or relabel them"
        )
    return replace(sample, categories=categories)
