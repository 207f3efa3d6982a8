"""Which corrected images are held back to judge a training, so that what is learned cannot leak into them.

Images of one group never part: near copies of each other, and neighbours in a sequence. A group is held back once and
for all, because later trainings are told which were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.project.split import sequence_of

SHARE = 0.2
MIN_IMAGES = 5  # with fewer, all are needed for learning
MAX_BITS = 4  # near copies differ in at most so many of 64
_MAX_GROUP = 0.34  # a longer sequence is cut into runs


def difference_hash(image: NDArray[np.uint8]) -> int:
    """Returns 64 bits that near copies share: where a 9 x 8 miniature gets brighter from left to right."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def find_groups(paths: Sequence[Path], hashes: Sequence[int]) -> list[int]:
    """Returns the group of each image: equal numbers belong together.

    Args:
        paths: Of the images; see `sequence_of`. A long sequence is cut into runs, so that some can be held back.
        hashes: See `difference_hash`.
    """
    members: dict[str, list[int]] = {}
    for index in sorted(range(len(paths)), key=lambda i: str(paths[i])):
        path = paths[index]
        members.setdefault(sequence_of(path.as_posix()), []).append(index)
    longest = max(1, int(_MAX_GROUP * len(paths)))
    group = list(range(len(paths)))
    for sequence in members.values():
        length = len(sequence) if len(sequence) <= longest else max(1, len(sequence) // 10)
        for place, index in enumerate(sequence):
            group[index] = sequence[place - place % length]
    for i in range(len(paths)):
        for j in range(i):
            if (hashes[i] ^ hashes[j]).bit_count() <= MAX_BITS and group[i] != group[j]:
                group = [group[j] if g == group[i] else g for g in group]
    return group


def hold_out(
    names: Sequence[str], groups: Sequence[int], *, held_before: Set[str] = frozenset(), learned: Set[str] = frozenset()
) -> frozenset[int]:
    """Returns the places of the images to hold back; none if there are too few images or groups.

    Args:
        names: Of the images.
        groups: See `find_groups`.
        held_before: Names that former trainings held back; they stay so.
        learned: Names that former trainings learned from; they are never held back.
    """
    held = {i for i, name in enumerate(names) if name in held_before}
    if len(names) < MIN_IMAGES:
        return frozenset(held) if len(held) < len(names) else frozenset()
    used = {groups[i] for i, name in enumerate(names) if name in learned and name not in held_before}
    open_groups = {group for group in groups if group not in used} - {groups[i] for i in held}
    wanted = max(1, round(SHARE * len(names)))

    def chance(group: int) -> str:
        return hashlib.sha256(names[groups.index(group)].encode()).hexdigest()

    for group in sorted(open_groups, key=chance):
        members = {i for i, g in enumerate(groups) if g == group}
        if len(held) >= wanted:
            break
        if len(held) + len(members) <= max(2 * wanted, 1) and len(held) + len(members) < len(names):
            held |= members
    return frozenset(held) if len(held) < len(names) else frozenset()
