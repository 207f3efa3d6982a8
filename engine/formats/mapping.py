"""Expressing labels in another taxonomy: by equal names, or by a mapping file.

A mapping file is JSON: a taxonomy (`name`, `categories`) with an object `map` beside it, from the names of source
categories to names of the taxonomy's. Names that `map` leaves out must agree; null makes a category void. A name that
the source does not have is a slip, unless `"several_sources": true` says that the map serves several datasets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.json_file import read_json, shown
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.runs import renumber
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy

_MEMBERS = ("name", "categories", "map", "several_sources")

MADE_VOID = "segments of unmapped categories made void"
MERGED = "segments merged into the stuff segment of their category"


@dataclass(frozen=True, slots=True)
class TaxonomyMapping:
    """Where the categories of one taxonomy go in another.

    Attributes:
        target: The taxonomy of the result.
        index: Target category of each source category, None for void.
    """

    target: Taxonomy
    index: tuple[int | None, ...]

    def apply(self, labels: ImageLabels, name: str, losses: Losses) -> ImageLabels:
        """Translates the labels of one image.

        Segments that end in one stuff category are merged into the one with the lowest id, crowds apart; segments of
        categories without a target become void. Both are counted.

        Args:
            labels: In the source taxonomy.
            name: The image, for the list of losses.
            losses: Where they are counted.
        """
        goes: dict[int, int] = {}
        segments: dict[int, Segment] = {}
        stuff: dict[int, int] = {}
        made_void = merged = 0
        for segment_id, segment in sorted(labels.segments.items()):
            category = self.index[segment.category]
            if category is None:
                made_void += 1
                continue
            is_stuff = not self.target.is_thing(category)
            if is_stuff and category in stuff and not segment.is_crowd:
                goes[segment_id] = stuff[category]
                merged += 1
                continue
            if is_stuff and not segment.is_crowd:
                stuff[category] = segment_id
            goes[segment_id] = segment_id
            segments[segment_id] = Segment(category, segment.is_crowd, segment.score, segment.origin, segment.locked)
        losses.add(MADE_VOID, name, made_void)
        losses.add(MERGED, name, merged)
        if not made_void and not merged:
            return replace(labels, segments=segments)
        old = np.array(list(goes), np.int64)
        ids = renumber(labels.ids, old, np.array(list(goes.values()), np.int64))
        provenance, weights = labels.provenance, labels.weights
        if made_void and provenance is not None:
            provenance = np.where(ids == VOID, np.uint8(0), provenance)
        if made_void and weights is not None:
            weights = np.where(ids == VOID, np.float32(0), weights)
        return ImageLabels(ids, segments, provenance, weights)


def read_mapping(path: Path, source: Taxonomy) -> TaxonomyMapping:
    """Reads a mapping file or a plain taxonomy.

    Raises:
        FormatError: It is neither, has a member that means nothing or twice the same, names a category that source or
            target do not have, or leaves one of the source out.
    """
    document = read_json(path, unique=True)
    try:
        target = Taxonomy.from_json(document)
    except TaxonomyError as error:
        raise FormatError(f"{path}: {error}; correct it") from error
    for key in document:
        if key not in _MEMBERS:
            raise FormatError(
                f"{path}: has the member {key!r}, which means nothing{_nearest(key, _MEMBERS)}; correct it"
            )
    wanted, several = document.get("map", {}), document.get("several_sources", False)
    if not isinstance(wanted, Mapping):
        raise FormatError(f"{path}: 'map' is no object of source and target names; correct it")
    if not isinstance(several, bool):
        raise FormatError(f"{path}: 'several_sources' is {shown(several)}; write true or false")
    indices = {category.name: number for number, category in enumerate(target.categories)}
    for name, goal in wanted.items():
        if goal is not None and not isinstance(goal, str):
            raise FormatError(f"{path}: maps {name!r} to {shown(goal)}, which is no name; give one name, or null")
        if goal is not None and goal not in indices:
            raise FormatError(
                f"{path}: maps {name!r} to {goal!r}, which is not among its categories{_nearest(goal, indices)}; "
                "correct the name or add the category"
            )
    if not several:
        _check_names(path, wanted, [category.name for category in source.categories])
    index: list[int | None] = []
    for category in source.categories:
        goal = wanted.get(category.name, category.name)
        if goal is not None and goal not in indices:
            raise FormatError(
                f"{path}: says nothing of the category {category.name!r}{_nearest(category.name, indices)}; "
                "map it to a category, or to null for void"
            )
        index.append(None if goal is None else indices[goal])
    return TaxonomyMapping(target, tuple(index))


def _check_names(path: Path, wanted: Mapping[str, object], names: list[str]) -> None:
    """Refuses a map of categories that the source does not have; the message names the nearest that it has."""
    for name in wanted:
        if name not in names:
            raise FormatError(
                f"{path}: maps {name!r}, which is no category of the source{_nearest(name, names)}; correct the name, "
                'take it out, or write "several_sources": true beside the map if it serves several datasets'
            )


def _nearest(name: str, names: Iterable[str]) -> str:
    """Words for the most similar of several names."""
    by_folded = {known.casefold(): known for known in names}
    near = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0)
    return f" (the nearest name is {by_folded[near[0]]!r})" if near else ""
