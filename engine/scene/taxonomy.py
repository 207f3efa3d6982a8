"""The taxonomy: an ordered list of categories, stuff first, then things."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write, finite
from seamseg_studio.engine.scene.errors import TaxonomyError

VOID = 0
"""The id of unlabelled pixels in an id image."""

VOID_CATEGORY = 255
"""The category of void in arrays of categories, as in the original network's output."""

MAX_CATEGORIES = VOID_CATEGORY
"""Categories fit in a uint8 beside `VOID_CATEGORY`."""


class Kind(StrEnum):
    """Whether a category is countable."""

    STUFF = "stuff"
    THING = "thing"


@dataclass(frozen=True, slots=True)
class Category:
    """One name that a pixel may be given.

    Attributes:
        name: What people read; unique in its taxonomy.
        kind: Stuff (amorphous, one segment per image) or thing (countable, one segment per instance).
        color: Red, green, blue, 0 to 255.
    """

    name: str
    kind: Kind
    color: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """An ordered list of categories: all stuff, then all things.

    Raises:
        TaxonomyError: Two categories share a name, a thing stands before a stuff category, a colour is out of range,
            or there are none or more than `MAX_CATEGORIES` of them.
    """

    name: str
    categories: tuple[Category, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.categories) <= MAX_CATEGORIES:
            raise TaxonomyError(
                f"taxonomy {self.name!r} has {len(self.categories)} categories; 1 to {MAX_CATEGORIES} are possible"
            )
        seen: set[str] = set()
        things_began = False
        for index, category in enumerate(self.categories):
            if not category.name.strip():
                raise TaxonomyError(f"category {index} of taxonomy {self.name!r} has no name")
            if any("\ud800" <= char <= "\udfff" for char in category.name):
                raise TaxonomyError(f"category {index} of taxonomy {self.name!r} has half a character in its name")
            if category.name in seen:
                raise TaxonomyError(f"taxonomy {self.name!r} names {category.name!r} twice")
            seen.add(category.name)
            if len(category.color) != 3 or not all(0 <= value <= 255 for value in category.color):
                raise TaxonomyError(f"the colour of {category.name!r} is {category.color}, not three numbers 0 to 255")
            if category.kind is Kind.THING:
                things_began = True
            elif things_began:
                raise TaxonomyError(f"stuff category {category.name!r} stands after a thing; put all stuff first")

    @property
    def num_stuff(self) -> int:
        return sum(category.kind is Kind.STUFF for category in self.categories)

    @property
    def num_things(self) -> int:
        return len(self.categories) - self.num_stuff

    def __len__(self) -> int:
        return len(self.categories)

    def __getitem__(self, index: int) -> Category:
        return self.categories[index]

    def index_of(self, name: str) -> int:
        """Returns the index of the category called `name`.

        Raises:
            KeyError: No category has this name.
        """
        for index, category in enumerate(self.categories):
            if category.name == name:
                return index
        raise KeyError(name)

    def is_thing(self, index: int) -> bool:
        """Tells whether category `index` is a thing; False for indices outside, void included."""
        return 0 <= index < len(self.categories) and self.categories[index].kind is Kind.THING

    def is_stuff(self, index: int) -> bool:
        """Tells whether category `index` is stuff; False for indices outside, void included."""
        return 0 <= index < len(self.categories) and self.categories[index].kind is Kind.STUFF

    def extends(self, former: Taxonomy) -> bool:
        """Tells whether labels made with `former` keep their meaning: each category has its place and kind here too."""
        return len(self) >= len(former) and all(
            new.kind is old.kind for new, old in zip(self.categories, former.categories, strict=False)
        )

    @property
    def palette(self) -> NDArray[np.uint8]:
        """The colours in order. [N, 3] uint8, RGB."""
        return np.array([category.color for category in self.categories], dtype=np.uint8).reshape(-1, 3)

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "categories": [
                {"name": category.name, "kind": category.kind.value, "color": list(category.color)}
                for category in self.categories
            ],
        }

    @classmethod
    def from_json(cls, data: object) -> Taxonomy:
        """Reads what `to_json` gives.

        Raises:
            TaxonomyError: A field is missing, of another type or out of range; the message names the entry.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("categories"), list):
            raise TaxonomyError("a taxonomy is a JSON object with 'name' and a list 'categories'")
        name = data.get("name", "")
        if not isinstance(name, str):
            raise TaxonomyError("the name of the taxonomy is not a text")
        return cls(name, tuple(_category(index, entry) for index, entry in enumerate(data["categories"])))

    @classmethod
    def load(cls, path: Path | str) -> Taxonomy:
        """Reads a JSON file written by `save`.

        Raises:
            TaxonomyError: The file is not JSON or not a taxonomy; the message names the file.
            OSError: The file cannot be read.
        """
        try:
            return cls.from_json(json.loads(finite(Path(path)).read_text(encoding="utf-8")))
        except (ValueError, RecursionError) as error:
            raise TaxonomyError(f"{path} is not a usable taxonomy: {error}") from error

    def save(self, path: Path | str) -> None:
        """Writes the taxonomy as JSON, whole or not at all.

        Raises:
            OSError: The file cannot be written.
        """
        text = json.dumps(self.to_json(), ensure_ascii=False, indent=1)
        atomic_write(Path(path), text.encode("utf-8"))


def _category(index: int, entry: object) -> Category:
    if not isinstance(entry, Mapping):
        raise TaxonomyError(f"category {index} is not a JSON object")
    name, kind, color = entry.get("name"), entry.get("kind"), entry.get("color")
    if not isinstance(name, str):
        raise TaxonomyError(f"category {index} has no name")
    if kind not in (Kind.STUFF.value, Kind.THING.value):
        raise TaxonomyError(f"the kind of category {name!r} is {kind!r}, not 'stuff' or 'thing'")
    if not isinstance(color, list) or len(color) != 3 or not all(type(value) is int for value in color):
        raise TaxonomyError(f"the colour of category {name!r} is {color!r}, not three numbers 0 to 255")
    return Category(name, Kind(kind), (color[0], color[1], color[2]))
