"""The categories of a project, and the keys by which its labels on disk know them.

A category keeps its key for the life of the project, whatever its name, colour and place in the list become, and a
key is never given twice. The journal and the label files speak of keys, the rest of the program of places in the list;
so renaming, moving and adding categories changes one row of the database and no label.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import DamagedDatabaseError, ProjectError, RetiredCategoryError
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch, Records
from seamseg_studio.engine.scene.recategorise import recategorise, translate_categories
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY, Taxonomy

STEP_LABEL = "categories changed"


@dataclass(frozen=True, slots=True)
class KeyedTaxonomy:
    """A taxonomy with the key of each category.

    Attributes:
        taxonomy: The categories.
        keys: Their keys, in order.
        number: Which version of the project's categories this is, ascending.
        replaced: The keys that ended with this version, and what took their place; None if their pixels became void.
    """

    taxonomy: Taxonomy
    keys: tuple[int, ...]
    number: int = 0
    replaced: Mapping[int, int | None] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether every key is the category's place."""
        return self.keys == tuple(range(len(self.keys)))

    @property
    def places(self) -> dict[int, int]:
        """The place of each key."""
        return {key: index for index, key in enumerate(self.keys)}

    def to_json(self) -> dict[str, object]:
        """Returns the taxonomy's JSON with a key beside each category."""
        content = self.taxonomy.to_json()
        entries = content["categories"]
        assert isinstance(entries, list)
        categories = [{**entry, "key": key} for entry, key in zip(entries, self.keys, strict=True)]
        replaced = [[key, successor] for key, successor in self.replaced.items()]
        return {**content, "categories": categories, "number": self.number, "replaced": replaced}

    @classmethod
    def from_json(cls, data: object, number: int | None = None) -> KeyedTaxonomy:
        """Reads what `to_json` gives; without keys, as older projects have it, the places are the keys.

        Raises:
            ValueError: It is no taxonomy, or the keys are not distinct numbers.
        """
        taxonomy = Taxonomy.from_json(data)
        assert isinstance(data, Mapping)
        keys = tuple(entry.get("key", index) for index, entry in enumerate(data["categories"]))
        if any(type(key) is not int or key < 0 for key in keys) or len(set(keys)) != len(keys):
            raise ValueError("the keys of the categories are not distinct numbers")
        replaced = {int(key): successor for key, successor in data.get("replaced", ())}
        return cls(taxonomy, keys, int(data.get("number", 0)) if number is None else number, replaced)

    def patch_to_keys(self, patch: Patch) -> Patch:
        """Returns a patch as the journal keeps it."""
        return patch if self.is_plain else _translated(patch, dict(enumerate(self.keys)))

    def patch_to_places(self, patch: Patch) -> Patch:
        """Returns a patch of the journal as the program uses it.

        Raises:
            KeyError: It has a category that is not in the list any more.
        """
        return _translated(patch, self.places)

    def show(self, panoptic_map: PanopticMap) -> None:
        """Brings a map from keys to places.

        Raises:
            KeyError: A segment has a category that is not in the list any more.
        """
        translate_categories(panoptic_map, self.places)

    def show_prediction(
        self, result: PanopticResult, keys: Sequence[int] | None, successors: Mapping[int, int | None]
    ) -> PanopticResult:
        """Brings a prediction to the present list; segments of categories that are gone become void.

        Args:
            result: As the model gave it.
            keys: The keys of the categories of that time; None if those were the places.
            successors: What took the place of keys that ended.
        """
        highest = max((c for c in result.categories.tolist() if c != VOID_CATEGORY), default=-1)
        if self.is_plain and highest < len(self.keys) and (keys is None or tuple(keys) == self.keys[: len(keys)]):
            return result
        places = self.places
        table = np.full(VOID_CATEGORY + 1, VOID_CATEGORY, dtype=np.int64)
        for index, key in enumerate(range(VOID_CATEGORY) if keys is None else keys):
            table[index] = places.get(successors.get(key, key), VOID_CATEGORY)  # type: ignore[arg-type]  # None is none
        categories = table[result.categories]
        kept: NDArray[np.int32] = np.arange(len(categories), dtype=np.int32)
        kept[categories == VOID_CATEGORY] = VOID
        keepers: dict[int, int] = {}
        for segment_id, category in enumerate(categories.tolist()):
            if category != VOID_CATEGORY and self.taxonomy.is_stuff(category) and not result.is_crowd[segment_id]:
                kept[segment_id] = keepers.setdefault(category, segment_id)
        second = result.second_choice
        second = None if second is None else np.take(table.astype(np.uint8), second)
        return replace(result, ids=np.take(kept, result.ids), categories=categories, second_choice=second)


class TaxonomyTable:
    """The versions of a project's categories; the last one counts."""

    def __init__(self, database: Database) -> None:
        """Reads them.

        Raises:
            DamagedError: The last one cannot be read.
        """
        self._database = database
        self.reload()

    def versions(self) -> list[KeyedTaxonomy]:
        """Returns all versions, the present one last."""
        return self._read()

    def times(self) -> dict[int, float]:
        """Returns when each version came to be, in seconds since the epoch, by number."""
        return {int(row["id"]): float(row["time"]) for row in self._database.rows("SELECT id, time FROM taxonomies")}

    def next_key(self) -> int:
        """Returns a key that was never given."""
        return 1 + max(key for version in self._read() for key in version.keys)

    def name_of(self, key: int) -> str:
        """Returns the last name of a category, also of one that is gone."""
        for version in reversed(self._read()):
            if key in version.keys:
                return version.taxonomy[version.keys.index(key)].name
        return f"number {key}"

    def reload(self) -> None:
        """Reads the present version again, after a transaction that added one (or failed to)."""
        versions = self._read()
        self.current = versions[-1]
        self.successors = _successors(versions)
        self.turned = _turned(versions)

    def catch_up(self, panoptic_map: PanopticMap, joined: Collection[int] = ()) -> Patch | None:
        """Makes the patch that brings a state of before the categories changed to the present ones.

        Args:
            panoptic_map: With keys for categories. Not changed.
            joined: Keys of which there may be several segments that are to be one.

        Returns:
            None if it is as the present categories want it, but for those of which nothing says what became of them.
        """
        shown = [segment.category for segment in panoptic_map.segments.values() if not segment.is_crowd]
        several = {key for key in self.turned.union(joined) if shown.count(key) > 1}
        every = {segment.category for segment in panoptic_map.segments.values()}
        replaced = {key: self.successors[key] for key in every if key in self.successors}
        if not replaced and not several:
            return None
        stuff = {key for key, place in self.current.places.items() if self.current.taxonomy.is_stuff(place)}
        return recategorise(panoptic_map, replaced, several | stuff.intersection(replaced.values()), STEP_LABEL)

    def is_unchanged(self, keys: Iterable[int]) -> bool:
        """Tells whether nothing has become of some categories since labels may have shown them."""
        return all(key in self.current.keys and key not in self.turned for key in keys)

    def retired(self, error: KeyError) -> ProjectError:
        """Returns what to tell a person about a key that is not in the list, any more or yet."""
        if error.args[0] in self._read()[-1].keys:
            return ProjectError(
                f"{self._database.path.parent}: another studio has changed its categories; open the project anew"
            )
        return RetiredCategoryError(self._database.path.parent, self.name_of(int(error.args[0])))

    def _read(self) -> list[KeyedTaxonomy]:
        rows = self._database.rows("SELECT id, content FROM taxonomies ORDER BY id")
        try:
            versions = [KeyedTaxonomy.from_json(json.loads(row["content"]), int(row["id"])) for row in rows]
        except (ValueError, TypeError) as error:
            raise DamagedDatabaseError(self._database.path, error) from error
        if not versions:
            raise DamagedDatabaseError(self._database.path, "it has no categories")
        return versions


def _successors(versions: Sequence[KeyedTaxonomy]) -> dict[int, int | None]:
    """Returns what stands for each key that is not in the list any more: a key of the list, or None for void.

    Keys of which no version says what became of them are left out.
    """
    present = set(versions[-1].keys)
    successors: dict[int, int | None] = {}
    for version in reversed(versions):  # a key may have come back and ended again; the last time counts
        for key, successor in version.replaced.items():
            if key in present or key in successors:
                continue
            if successor is None or successor in present:
                successors[key] = successor
            elif successor in successors:
                successors[key] = successors[successor]
    return successors


def _turned(versions: Sequence[KeyedTaxonomy]) -> frozenset[int]:
    """Returns the keys of stuff that were things once."""
    things = {key for v in versions for place, key in enumerate(v.keys) if v.taxonomy.is_thing(place)}
    present = versions[-1]
    return frozenset(key for key in things if key in present.keys and present.taxonomy.is_stuff(present.places[key]))


def add_version(
    connection: sqlite3.Connection,
    taxonomy: Taxonomy,
    keys: Sequence[int],
    kind: str = "set",
    replaced: Mapping[int, int | None] | None = None,
) -> int:
    """Writes a version of the categories as a row of `taxonomies`; returns its number."""
    number = connection.execute(
        "INSERT INTO taxonomies (time, content, kind) VALUES (?, ?, ?)",
        (time.time(), json.dumps(KeyedTaxonomy(taxonomy, tuple(keys), replaced=replaced or {}).to_json()), kind),
    ).lastrowid
    assert number is not None
    return number


def _translated(patch: Patch, categories: Mapping[int, int]) -> Patch:
    return replace(
        patch,
        segments_before=_records(patch.segments_before, categories),
        segments_after=_records(patch.segments_after, categories),
    )


def _records(records: Records, categories: Mapping[int, int]) -> dict[int, Segment | None]:
    return {
        segment_id: None if record is None else replace(record, category=categories[record.category])
        for segment_id, record in records.items()
    }
