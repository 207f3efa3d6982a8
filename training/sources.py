"""Sets of training images joined, and put into the words of one taxonomy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.dataset import SampleSource
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID_CATEGORY, Sample


class MappedSource:
    """A set whose categories are replaced; what has no counterpart becomes void, and is not background.

    Args:
        source: The set.
        table: The category for each of its own: an index, 255 for void, 256 + k for category set k. [C] int64.
        things: Which of the new categories are things. A segment that was no instance becomes a crowd of them.
        was_thing: Which of its own categories are things. [C] bool.
        prefix: Put before the names, so that those of several sets differ.
    """

    def __init__(
        self,
        source: SampleSource,
        table: NDArray[np.int64],
        *,
        things: range,
        was_thing: NDArray[np.bool_],
        prefix: str = "",
    ) -> None:
        self._source, self._table, self._prefix = source, table, prefix
        self._crowds = ~was_thing & (table >= things.start) & (table < things.stop)

    def __len__(self) -> int:
        return len(self._source)

    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width)."""
        return self._source.size(index)

    def __getitem__(self, index: int) -> Sample:
        sample = self._source[index]
        categories, is_crowd = sample.categories.copy(), sample.is_crowd.copy()
        # One of several, not known which: the sets have no name that could be translated.
        categories[categories >= len(self._table)] = VOID_CATEGORY
        known = categories != VOID_CATEGORY
        is_crowd[known] |= self._crowds[categories[known]]
        categories[known] = self._table[categories[known]]
        return replace(sample, name=f"{self._prefix}{sample.name}", categories=categories, is_crowd=is_crowd)


class JoinedSource:
    """Several sets, one after the other."""

    def __init__(self, sources: Sequence[SampleSource]) -> None:
        self._sources = list(sources)
        self._ends = np.cumsum([len(source) for source in self._sources]).tolist()

    def __len__(self) -> int:
        return int(self._ends[-1]) if self._ends else 0

    def groups(self) -> list[range]:
        """The indices of each set."""
        starts = [0, *self._ends[:-1]]
        return [range(start, end) for start, end in zip(starts, self._ends, strict=True)]

    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width)."""
        source, place = self._find(index)
        return source.size(place)

    def __getitem__(self, index: int) -> Sample:
        source, place = self._find(index)
        return source[place]

    def _find(self, index: int) -> tuple[SampleSource, int]:
        number = int(np.searchsorted(self._ends, index, side="right"))
        return self._sources[number], index - (self._ends[number - 1] if number else 0)


class ChangedSource:
    """A set whose samples are changed when they are read, in a way that leaves their shape (height over width)."""

    def __init__(self, source: SampleSource, change: Callable[[Sample], Sample]) -> None:
        self._source, self._change = source, change

    def __len__(self) -> int:
        return len(self._source)

    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width) before the change."""
        return self._source.size(index)

    def __getitem__(self, index: int) -> Sample:
        return self._change(self._source[index])


def map_by_name(own: Taxonomy, wanted: Taxonomy) -> NDArray[np.int64]:
    """Returns the category of the same name for each of a taxonomy's own, void where there is none. [C]."""
    index = {category.name: i for i, category in enumerate(wanted.categories)}
    return np.array([index.get(category.name, VOID_CATEGORY) for category in own.categories], dtype=np.int64)


def map_by_table(
    own: Taxonomy, wanted: Taxonomy, names: Mapping[str, str | Sequence[str] | None], where: str
) -> tuple[NDArray[np.int64], list[frozenset[int]]]:
    """Returns the category for each of a taxonomy's own, and the category sets that it speaks of.

    Args:
        own: Of the set.
        wanted: Of the training.
        names: For names of `own`, one of `wanted`, several (one of them, not known which), or None for void. Names that
            are not listed keep their name where `wanted` has it, else they become void.
        where: What messages call the source of `names`.

    Raises:
        TrainingInputError: A name is in neither taxonomy.
    """
    table = map_by_name(own, wanted)
    own_index = {category.name: i for i, category in enumerate(own.categories)}
    wanted_index = {category.name: i for i, category in enumerate(wanted.categories)}
    sets: list[frozenset[int]] = []
    for name, target in names.items():
        if name not in own_index:
            raise TrainingInputError(f"{where}: the set ({own.name}) has no category {name!r}; correct the name")
        targets = [target] if isinstance(target, str) else list(target or ())
        for one in targets:
            if one not in wanted_index:
                raise TrainingInputError(
                    f"{where}: the taxonomy {wanted.name} has no category {one!r}; correct the name"
                )
        if not targets:
            table[own_index[name]] = VOID_CATEGORY
        elif len(targets) == 1:
            table[own_index[name]] = wanted_index[targets[0]]
        else:
            table[own_index[name]] = FIRST_CATEGORY_SET + len(sets)
            sets.append(frozenset(wanted_index[one] for one in targets))
    return table, sets


def translated(source: SampleSource, own: Taxonomy, wanted: Taxonomy, *, prefix: str = "") -> MappedSource:
    """Returns a set in the words of another taxonomy, categories matched by name.

    Raises:
        TrainingInputError: No category has the same name.
    """
    table = map_by_name(own, wanted)
    if (table == VOID_CATEGORY).all():
        raise TrainingInputError(
            f"the set {prefix.rstrip('/') or own.name} and the taxonomy {wanted.name} have no category in common; give "
            "it the same names or a mapping"
        )
    was_thing = np.array([own.is_thing(i) for i in range(len(own))], dtype=np.bool_)
    things = range(wanted.num_stuff, len(wanted))
    return MappedSource(source, table, things=things, was_thing=was_thing, prefix=prefix)
