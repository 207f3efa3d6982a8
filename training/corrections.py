"""A project as training data: what people corrected, what is held back to judge by, and what nobody has labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.errors import FormatError, ImageError
from seamseg_studio.engine.formats.image_file import read_image
from seamseg_studio.engine.project.corrections import Correction
from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.project.store import Project
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy
from seamseg_studio.training.agreement import (
    MIN_CORRECTED_SHARE,
    corrected_share,
    leave_to_base,
    shrunk,
    unchanged_part,
)
from seamseg_studio.training.dataset import sample_from_map
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.extend import category_map, extended_taxonomy
from seamseg_studio.training.sample import VOID_CATEGORY, Sample, compact
from seamseg_studio.training.split import difference_hash, find_groups, hold_out
from seamseg_studio.training.transforms import shrink

UNLABELLED_PER_CORRECTED, MIN_UNLABELLED, MAX_UNLABELLED = 2, 8, 100


@dataclass(frozen=True, slots=True)
class Material:
    """What a fine-tune learns from and is judged by, in the words of `taxonomy`.

    Attributes:
        taxonomy: The base's categories and the project's that are new to it.
        corrected: To learn from.
        held_out: Corrected too, kept to judge by.
        unlabelled: All void: the base model teaches there.
        agreed: Accepted as the base says it: void too, but the base teaches with more weight.
    """

    taxonomy: Taxonomy
    corrected: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    unlabelled: tuple[Sample, ...]
    agreed: tuple[Sample, ...] = ()


def read_material(
    folder: Path,
    base: Taxonomy,
    *,
    shortest_px: int,
    lineage: Mapping[str, Any] | None = None,
    ask: Callable[[NDArray[np.uint8]], PanopticResult] | None = None,
) -> Material:
    """Reads a project.

    Args:
        folder: The project.
        base: Categories of the base model; those of the project are matched by name.
        shortest_px: Larger images are scaled down to this shorter side, to save memory.
        lineage: Of the base model: what it learned from is not held back, and what was held back stays so.
        ask: What the base says about an image: what people accepted of that is left to the base (`leave_to_base`).
            None to learn all of it from labels.

    Raises:
        ProjectError: The labels of an image cannot be read.
        ImageError: A photograph cannot be read.
        TrainingInputError: There is no project, nothing is corrected yet or all of it is what the base says, or a
            category differs in kind.
    """
    try:
        project = Project.open(folder, read_only=True)
    except ProjectError as error:
        raise TrainingInputError(str(error)) from error
    with project:
        samples, unchanged, answers, touched, paths, hashes = [], [], [], [], [], []
        for correction in project.corrections():
            image = read_image(correction.image_path)
            hashes.append(difference_hash(image))
            paths.append(correction.image_path)
            mask = unchanged_part(correction, project.taxonomy)
            # However small it is, what a person did is a correction.
            touched.append(bool(((correction.map.ids != VOID) & ~mask).any()))
            sample = shrink(compact(_sample_of(correction, image)), shortest_px)
            samples.append(sample)
            unchanged.append(shrunk(mask.view(np.uint8), sample.size).view(np.bool_))
            # About the whole image: of a smaller one the base would say something slightly different.
            answer = ask(image) if ask is not None and mask.any() else None
            if answer is not None:  # hundreds of them at full size would fill the memory
                ids = shrunk(answer.ids, sample.size)
                answer = replace(answer, ids=ids, second_choice=None, uncertainty=None)
            answers.append(answer)
        if not samples:
            raise TrainingInputError(
                f"{folder}: has no corrected or accepted images to learn from; correct or accept at least one first"
            )
        taxonomy = extended_taxonomy(base, project.taxonomy, _used(samples), str(folder))
        samples = [_translated(sample, project.taxonomy, taxonomy) for sample in samples]
        names = [sample.name for sample in samples]
        held_before, learned = _former_split(lineage or {})
        held = hold_out(names, find_groups(paths, hashes), held_before=held_before, learned=learned)
        table = category_map(base, taxonomy).numpy()
        left = [
            sample if answer is None else leave_to_base(sample, mask, answer, table, taxonomy.num_stuff)
            for sample, mask, answer in zip(samples, unchanged, answers, strict=True)
        ]
        teaches = [t or corrected_share(s) >= MIN_CORRECTED_SHARE for t, s in zip(touched, left, strict=True)]
        if not any(teaches[i] for i in range(len(left)) if i not in held):
            held = frozenset(i for i in held if names[i] in held_before)  # rather learn than judge by the only ones
        num_unlabelled = min(max(UNLABELLED_PER_CORRECTED * len(samples), MIN_UNLABELLED), MAX_UNLABELLED)
        unlabelled = tuple(_read_unlabelled(project, set(paths), num_unlabelled, shortest_px))
    learned_from = [i for i in range(len(samples)) if i not in held]
    corrected = tuple(left[i] for i in learned_from if teaches[i])
    if not corrected:
        raise TrainingInputError(
            f"{folder}: nothing was corrected in its {len(learned_from)} accepted images, they are as the model makes "
            "them, so there is nothing to learn; correct what is wrong in some of them first"
        )
    agreed = tuple(left[i] for i in learned_from if not teaches[i])
    return Material(taxonomy, corrected, tuple(samples[i] for i in sorted(held)), unlabelled, agreed)


def _sample_of(correction: Correction, image: NDArray[np.uint8]) -> Sample:
    return sample_from_map(correction.name, image, correction.map, correction.weights)


def _used(samples: list[Sample]) -> frozenset[int]:
    return frozenset(int(c) for sample in samples for c in sample.categories.tolist() if c != VOID_CATEGORY)


def _translated(sample: Sample, own: Taxonomy, wanted: Taxonomy) -> Sample:
    known = sample.categories != VOID_CATEGORY
    categories = sample.categories.copy()
    categories[known] = [wanted.index_of(own[index].name) for index in categories[known].tolist()]
    return replace(sample, categories=categories)


def _former_split(lineage: Mapping[str, Any]) -> tuple[Set[str], Set[str]]:
    """Returns the names that any ancestor held back, and those that any learned from."""
    held: set[str] = set()
    learned: set[str] = set()
    while lineage:
        held |= {str(name) for name in lineage.get("held_out", ())}
        images = lineage.get("images", ())
        learned |= {str(name) for name in images} if isinstance(images, list) else set()
        following = lineage.get("base_lineage", {})
        lineage = following if isinstance(following, Mapping) else {}
    return held, learned


def _read_unlabelled(project: Project, corrected: Set[Path], count: int, shortest_px: int) -> Iterator[Sample]:
    records = [r for r in project.images() if r.path not in corrected and r.status in (Status.NEW, Status.PREDICTED)]
    step = max(1, len(records) // count)
    for record in records[::step][:count]:
        try:
            image = read_image(record.path)
        except (ImageError, FormatError, OSError):
            continue  # nobody has labelled it; others will do
        empty = Sample(
            f"unlabelled/{record.id}",
            image,
            np.zeros(image.shape[:2], dtype=np.int32),
            np.array([VOID_CATEGORY], dtype=np.int64),
            np.array([False]),
        )
        yield shrink(empty, shortest_px)
