"""Dividing images into a part to train on and one to validate on, so that nothing leaks from one into the other.

What belongs together stays together: the images of a folder or of a sequence, and near-duplicates in any case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from seamseg_studio.engine.project.errors import ProjectError

TRAIN, VAL = "train", "val"
_MIN_DIGITS = 3  # of a number that counts frames for sure: 0001, 12-30-59
_NUMBER = re.compile(r"\d{4}-\d\d-\d\d|\d\d([-.:])\d\d\1\d\d(?!\d)|\d+(?:\.\d+)?")
# Numbers that say how a picture is stored: the 8 of 8bit, 1080p, 640x480, 24fps.
_STORAGE = re.compile(
    r"(?:480|576|720|1080|1440|2160)[pi](?![a-z])|[248]k(?![a-z])|\d+x\d+|\d+(?:bits?|bpp|px|fps)", re.IGNORECASE
)
_COPY = re.compile(r"(?:[ _.-]*\(\d{1,2}\)|[ _.-]+(?:copy|edit(?:ed)?)|~\d)+$|^copy of ", re.IGNORECASE)


class GroupBy(StrEnum):
    """What besides near-duplicates belongs together."""

    LOOK = "look"  # near-duplicates only
    SEQUENCE = "sequence"  # names in one folder that differ in the number of the frame only
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
        unseen: Images of which nobody knows what they look like: near-duplicates of them are known by name only.
    """

    rule: SplitRule
    part_of: Mapping[int, str] = field(default_factory=dict)
    group_of: Mapping[int, str] = field(default_factory=dict)
    unseen: frozenset[int] = frozenset()


def sequence_of(path: str) -> str:
    """Returns a path without the number of its frame and all numbers behind: what the frames of one sequence share.

    `a/aachen_000003_000019_leftImg8bit.png` and `.._000021_leftImg8bit.png` are of one sequence, and so are
    `frame_000001_rgb8.png` and `frame_000002_rgb8.png`, `12a.jpg`, `12b.jpg` and `13a.jpg`, `IMG_0007 (1).jpg` and
    `IMG_0008.jpg`. Where several numbers may count the frames, names are rather taken to be of one sequence than not.
    """
    folder, slash, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    stem = _COPY.sub("", stem) or stem
    place = _frame_number(stem)
    if place is not None:
        rest = re.sub(r"#[A-Za-z](?![A-Za-z])", "#", _NUMBER.sub("#", stem[place:]))
        stem = stem[:place] + rest
    return f"{folder}{slash}{stem}"


def _frame_number(stem: str) -> int | None:
    """The place of the number that counts frames: the last long one, or the last that stands alone, or the first."""
    storage = [(found.start(), found.end()) for found in _STORAGE.finditer(stem)]
    numbers = [
        found for found in _NUMBER.finditer(stem) if not any(start <= found.start() < end for start, end in storage)
    ]
    if not numbers:
        return None
    long = [found for found in numbers if sum(map(str.isdigit, found.group())) >= _MIN_DIGITS]
    alone = [found for found in numbers if not stem[: found.start()][-1:].isalpha()]
    return (long[-1] if long else alone[-1] if alone else numbers[0]).start()


def group_images(
    paths: Mapping[int, str],
    duplicates: Sequence[tuple[int, int]],
    group_by: GroupBy,
    unseen: Collection[int] = (),
) -> dict[int, str]:
    """Puts images that belong together into groups.

    Args:
        paths: With '/', by image id.
        duplicates: Pairs of ids of images that look nearly the same.
        group_by: What else belongs together.
        unseen: Images whose near-duplicates are not known: they stay with what their name says is near, its copies and
            the frames before and after.

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
    for one, other in [*duplicates, *_by_name(paths, unseen)]:
        first, second = sorted((find(names[one]), find(names[other])))
        leader[second] = first
    return {image_id: find(name) for image_id, name in names.items()}


def _by_name(paths: Mapping[int, str], unseen: Collection[int]) -> Iterator[tuple[int, int]]:
    """Pairs every image that nobody has looked at with its copies and with the frames before and after it."""
    sequences: dict[str, dict[tuple[str | int, ...], list[int]]] = {}
    for image_id, path in paths.items() if unseen else ():
        sequences.setdefault(sequence_of(path), {}).setdefault(_frame_of(path), []).append(image_id)
    for frames in sequences.values():
        order = sorted(frames)
        for place, frame in enumerate(order):
            lost = [image_id for image_id in frames[frame] if image_id in unseen]
            near = [frames[other][0] for other in order[max(0, place - 1) : place + 2]]
            yield from ((one, other) for one in lost for other in (*frames[frame], *near) if one != other)


def _frame_of(path: str) -> tuple[str | int, ...]:
    """What frames of a sequence are sorted by: the name without marks of copies, numbers as numbers."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    parts = re.split(r"(\d+)", _COPY.sub("", stem) or stem)
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts))


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
