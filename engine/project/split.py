"""Dividing images into a part to train on and one to validate on, so that nothing leaks from one into the other.

What belongs together stays together: the images of a folder or of a sequence, and near-duplicates in any case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from seamseg_studio.engine.project.errors import ProjectError

TRAIN, VAL = "train", "val"
_NUMBER = re.compile(r"\d+(?![A-Za-z0-9])")  # not the 8 of "8bit"


class GroupBy(StrEnum):
    """What besides near-duplicates belongs together."""

    LOOK = "look"  # near-duplicates only
    SEQUENCE = "sequence"  # names in one folder that differ in their last number only
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How corrections are divided; the same rule divides the same images in the same way.

    Attributes:
        val_share: The part of the images to validate on, 0 (none) to below 1.
        group_by: What belongs together.
        seed: Another one chooses other groups.
    """

    val_share: float = 0.2
    group_by: GroupBy = GroupBy.SEQUENCE
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.val_share < 1:
            raise ValueError(f"{self.val_share} of the images cannot be kept for validation; 0 to below 1 can")


@dataclass(frozen=True, slots=True)
class Split:
    """Where each image went.

    Attributes:
        rule: What divided them.
        part_of: `TRAIN` or `VAL`, by image id.
        group_of: The group that it belongs to, by image id.
    """

    rule: SplitRule
    part_of: Mapping[int, str] = field(default_factory=dict)
    group_of: Mapping[int, str] = field(default_factory=dict)


def sequence_of(path: str) -> str:
    """Returns a path without its last number: what the frames of one sequence share.

    `a/aachen_000003_000019_leftImg8bit.png` and `.._000021_leftImg8bit.png` are of one sequence.
    """
    folder, slash, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    numbers = list(_NUMBER.finditer(stem))
    if numbers:
        stem = f"{stem[: numbers[-1].start()]}#{stem[numbers[-1].end() :]}"
    return f"{folder}{slash}{stem}"


def group_images(paths: Mapping[int, str], duplicates: Sequence[tuple[int, int]], group_by: GroupBy) -> dict[int, str]:
    """Puts images that belong together into groups.

    Args:
        paths: With '/', by image id.
        duplicates: Pairs of ids of images that look nearly the same.
        group_by: What else belongs together.

    Returns:
        The name of each image's group, by id: the least name of what was put together.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = leader[above]
            name = above
        return name

    names = {image_id: _group_of(path, group_by) for image_id, path in paths.items()}
    for one, other in duplicates:
        first, second = sorted((find(names[one]), find(names[other])))
        leader[second] = first
    return {image_id: find(name) for image_id, name in names.items()}


def _group_of(path: str, group_by: GroupBy) -> str:
    if group_by is GroupBy.FOLDER:
        return path.rpartition("/")[0]
    return sequence_of(path) if group_by is GroupBy.SEQUENCE else path


def divide(group_of: Mapping[int, str], rule: SplitRule) -> Split:
    """Chooses groups for validation until they hold about the share that is wanted.

    Groups come in the order of a hash of seed and name, so it does not matter in which order images were added, and
    images that are added later change the choice only near its end.

    Raises:
        ProjectError: Something is to be kept for validation, but all images belong together.
    """
    sizes: dict[str, int] = {}
    for group in group_of.values():
        sizes[group] = sizes.get(group, 0) + 1
    chosen: set[str] = set()
    if rule.val_share > 0 and group_of:
        if len(sizes) == 1:
            raise ProjectError(
                f"all {len(group_of)} images belong to one {_WORDS[rule.group_by]}, so none can be kept for validation"
                " without leaking; group them in another way, or keep none"
            )
        chosen = _choose(sizes, rule)
    part_of = {image_id: VAL if group in chosen else TRAIN for image_id, group in group_of.items()}
    return Split(rule, part_of, dict(group_of))


_WORDS = {GroupBy.LOOK: "set of near-duplicates", GroupBy.SEQUENCE: "sequence", GroupBy.FOLDER: "folder"}


def _choose(sizes: Mapping[str, int], rule: SplitRule) -> set[str]:
    def place(group: str) -> bytes:
        return hashlib.sha256(f"{rule.seed}:{group}".encode("utf-8", "surrogatepass")).digest()

    wanted = rule.val_share * sum(sizes.values())
    chosen: set[str] = set()
    number = 0
    for group in sorted(sizes, key=place):
        if abs(number + sizes[group] - wanted) < abs(number - wanted):
            chosen.add(group)
            number += sizes[group]
    if not chosen:
        chosen = {min(sizes, key=lambda group: (sizes[group], place(group)))}
    if len(chosen) == len(sizes):
        chosen.remove(max(sizes, key=lambda group: (sizes[group], place(group))))
    return chosen
