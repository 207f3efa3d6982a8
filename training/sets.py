"""What `seamseg-train` trains on: one seamseg dataset, or a list of several that are put into one taxonomy.

The list is a JSON file; paths are relative to it:

    {"taxonomy": "street.json",
     "sets": [{"path": "camvid", "share": 2.0},
              {"path": "idd", "categories": {"vehicle": ["car", "truck"], "far": null}, "annotated": ["road", "car"]}]}

`categories` says what names of the set mean: a name of the taxonomy, several (one of them, not known which), or null
for void; other names keep theirs. `annotated` lists the only names (of the taxonomy) that the set labels everywhere:
the rest of it is void and no background. `share` is how many of the images of a training come from the set.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import Taxonomy
from seamseg_studio.training.config import TrainingOptions
from seamseg_studio.training.dataset import SampleSource, SeamsegSource
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID_CATEGORY
from seamseg_studio.training.sources import JoinedSource, MappedSource, map_by_table

_KEYS = frozenset({"path", "categories", "annotated", "share"})
MAX_REPEATS = 4


@dataclass(frozen=True, slots=True)
class DataSets:
    """Everything to train on, in the words of `taxonomy`.

    Attributes:
        name: What people call it.
        taxonomy: Its categories.
        train: Images to learn from.
        held_out: Images to validate on; None if there are none.
        groups: The places in `train` of each set.
        shares: How many of the images come from each set; empty to take every image once an epoch.
        category_sets: See `semantic_loss`; None without such labels. [K, C] bool.
        is_partial: Whether void may hide things because a set does not label all categories.
    """

    name: str
    taxonomy: Taxonomy
    train: SampleSource
    held_out: SampleSource | None
    groups: tuple[range, ...]
    shares: tuple[float, ...]
    category_sets: Tensor | None
    is_partial: bool


def open_sets(path: Path, config: Config, options: TrainingOptions) -> DataSets:
    """Opens a dataset, or the sets of a list.

    Raises:
        FormatError: A dataset cannot be read.
        TrainingInputError: The list cannot be read, or names what is not there.
    """
    is_list = path.suffix.lower() == ".json" and path.is_file()
    document: dict[str, Any] = _read_list(path) if is_list else {"sets": [{"path": "."}]}
    folder = path.parent if is_list else path
    names = (config.dataloader.train_set, config.dataloader.val_set)
    parts = [_open(folder / str(entry["path"]), names) for entry in document["sets"]]
    taxonomy = _find_taxonomy(folder, document, parts[0][0].taxonomy)
    sets: list[frozenset[int]] = []
    mapped = [
        [_mapped(part, taxonomy, entry, options.annotated, sets, path, is_list) for part in pair]
        for entry, pair in zip(document["sets"], parts, strict=True)
    ]
    train = JoinedSource([pair[0] for pair in mapped])
    held_out = JoinedSource([part for pair in mapped for part in pair[1:]])
    shares = tuple(float(entry.get("share", 1.0)) for entry in document["sets"])
    has_shares = any("share" in entry for entry in document["sets"])
    if has_shares and options.balance:
        raise TrainingInputError(
            f"{path}: its sets have a share, so that balance = {options.balance} of the configuration cannot choose "
            "images too; leave out one of them"
        )
    is_partial = bool(options.annotated) or any("annotated" in entry for entry in document["sets"])
    is_partial |= any(part.is_partial for pair in parts for part in pair)
    return DataSets(
        path.resolve().stem if is_list else path.resolve().name,
        taxonomy,
        train,
        held_out if len(held_out) else None,
        tuple(train.groups()),
        shares if has_shares else (),
        _set_table(sets, len(taxonomy)),
        is_partial or len(parts) > 1,
    )


def repeat_rare(source: SampleSource, num_categories: int, threshold: float) -> list[int]:
    """Returns the indices of a set, those of images with rare categories several times.

    An image comes `max(1, sqrt(threshold / share))` times, up to MAX_REPEATS, rounded, for the rarest of its
    categories, whose share is that of the images that hold it (repeat factor sampling; Gupta et al., LVIS,
    arXiv 1908.03195).
    """
    holds = np.zeros((len(source), num_categories), dtype=bool)
    for index in range(len(source)):
        categories = source[index].categories
        holds[index, categories[categories < num_categories]] = True
    share = holds.mean(axis=0)
    factors = np.where(share > 0, np.sqrt(threshold / np.maximum(share, 1e-9)), 0)
    repeats = np.clip(np.rint((holds * factors).max(axis=1, initial=0)), 1, MAX_REPEATS).astype(int)
    return np.repeat(np.arange(len(source)), repeats).tolist()


class ChosenSource:
    """Some images of a set, perhaps several times.

    Args:
        source: The set.
        indices: Which.
    """

    def __init__(self, source: SampleSource, indices: Sequence[int]) -> None:
        self._source, self._indices = source, list(indices)

    def __len__(self) -> int:
        return len(self._indices)

    def size(self, index: int) -> tuple[int, int]:
        """Returns (height, width)."""
        return self._source.size(self._indices[index])

    def __getitem__(self, index: int) -> Any:
        return self._source[self._indices[index]]


def _open(folder: Path, splits: tuple[str, str]) -> list[SeamsegSource]:
    sources = [SeamsegSource(folder, splits[0])]
    if splits[1] and (folder / "lst" / f"{splits[1]}.txt").is_file():
        sources.append(SeamsegSource(folder, splits[1]))
    return sources


def _mapped(
    source: SeamsegSource,
    taxonomy: Taxonomy,
    entry: Mapping[str, Any],
    annotated: Sequence[str],
    sets: list[frozenset[int]],
    path: Path,
    is_list: bool,
) -> MappedSource:
    own = source.taxonomy
    table, found = map_by_table(own, taxonomy, entry.get("categories", {}), str(path))
    table = np.where(table >= FIRST_CATEGORY_SET, table + len(sets), table)
    sets += found
    if (table == VOID_CATEGORY).all():
        raise TrainingInputError(
            f"{path}: the set {entry['path']} has no category of {taxonomy.name}; say in its list what its names mean"
        )
    labelled = [*annotated, *entry.get("annotated", ())]
    if labelled:
        known = {category.name: i for i, category in enumerate(taxonomy.categories)}
        unknown = next((name for name in labelled if name not in known), None)
        if unknown is not None:
            raise TrainingInputError(
                f"{path}: annotated: {taxonomy.name} has no category {unknown!r}; correct the name"
            )
        kept = {known[name] for name in labelled}
        table = np.array([value if value in kept or value >= FIRST_CATEGORY_SET else VOID_CATEGORY for value in table])
    was_thing = np.array([own.is_thing(i) for i in range(len(own))], dtype=np.bool_)
    things = range(taxonomy.num_stuff, len(taxonomy))
    prefix = f"{entry['path']}/" if is_list else ""
    return MappedSource(source, table, things=things, was_thing=was_thing, prefix=prefix)


def _find_taxonomy(folder: Path, document: Mapping[str, Any], first: Taxonomy) -> Taxonomy:
    name = document.get("taxonomy")
    if name is None:
        return first
    try:
        return Taxonomy.load(folder / str(name))
    except (TaxonomyError, OSError) as error:
        raise TrainingInputError(f"the taxonomy of the list cannot be used: {error}") from error


def _set_table(sets: Sequence[frozenset[int]], num_categories: int) -> Tensor | None:
    if not sets:
        return None
    table = torch.zeros(len(sets), num_categories, dtype=torch.bool)
    for row, members in enumerate(sets):
        table[row, sorted(members)] = True
    return table


def _read_list(path: Path) -> dict[str, Any]:
    try:
        document: Any = json.loads(finite(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingInputError(f"{path}: is no list of datasets ({error}); see docs/training.md") from error
    entries = document.get("sets") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise TrainingInputError(f'{path}: has no list "sets"; see docs/training.md')
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
            raise TrainingInputError(f'{path}: each of "sets" needs a "path"; see docs/training.md')
        unknown = sorted(set(entry) - _KEYS)
        if unknown:
            raise TrainingInputError(f"{path}: {unknown[0]!r} is unknown; use {', '.join(sorted(_KEYS))}")
        share = entry.get("share", 1.0)
        if isinstance(share, bool) or not isinstance(share, int | float) or not (math.isfinite(share) and share > 0):
            raise TrainingInputError(f"{path}: share = {share!r} must be a number above 0")
        if not isinstance(entry.get("categories", {}), dict) or not isinstance(entry.get("annotated", []), list):
            raise TrainingInputError(f'{path}: "categories" is a mapping and "annotated" a list of names')
    return dict(document)
