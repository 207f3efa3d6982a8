"""The categories of a project, and the keys by which its labels on disk know them.

A category keeps its key for the life of the project, whatever its name, colour and place in the list become, and a
key is never given twice. The journal and the label files speak of keys, the rest of the program of places in the list;
so renaming, moving and adding categories changes one row of the database and no label.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import DamagedDatabaseError, ProjectError, RetiredCategoryError
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.patch import Patch, Records
from seamseg_studio.engine.scene.recategorise import translate_categories
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY, Taxonomy


@dataclass(frozen=True, slots=True)
class KeyedTaxonomy:
    """A taxonomy with the key of each category.

    Attributes:
        taxonomy: The categories.
        keys: Their keys, in order.
        number: Which version of the project's categories this is, ascending.
    """

    taxonomy: Taxonomy
    keys: tuple[int, ...]
    number: int = 0

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
        return {**content, "categories": categories, "number": self.number}

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
        return cls(taxonomy, keys, int(data.get("number", 0)) if number is None else number)

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

    def show_prediction(self, result: PanopticResult, keys: Sequence[int] | None) -> PanopticResult:
        """Brings a prediction to the present list; segments of categories that are gone become void.

        Args:
            result: As the model gave it.
            keys: The keys of the categories of that time; None if those were the places.
        """
        highest = max((c for c in result.categories.tolist() if c != VOID_CATEGORY), default=-1)
        if self.is_plain and highest < len(self.keys) and (keys is None or tuple(keys) == self.keys[: len(keys)]):
            return result
        places = self.places
        table = np.full(VOID_CATEGORY + 1, VOID_CATEGORY, dtype=np.int64)
        for index, key in enumerate(range(VOID_CATEGORY) if keys is None else keys):
            table[index] = places.get(key, VOID_CATEGORY)
        categories = table[result.categories]
        kept: NDArray[np.int32] = np.arange(len(categories), dtype=np.int32)
        kept[categories == VOID_CATEGORY] = VOID
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
        self.current = self._read()[-1]

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
        self.current = self._read()[-1]

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


def add_version(connection: sqlite3.Connection, taxonomy: Taxonomy, keys: Sequence[int], kind: str = "set") -> int:
    """Writes a version of the categories as a row of `taxonomies`; returns its number."""
    number = connection.execute(
        "INSERT INTO taxonomies (time, content, kind) VALUES (?, ?, ?)",
        (time.time(), json.dumps(KeyedTaxonomy(taxonomy, tuple(keys)).to_json()), kind),
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
