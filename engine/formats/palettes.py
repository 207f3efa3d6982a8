"""Colours for categories that come without, and taxonomies from lists that mix stuff and things."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_GOLDEN_RATIO = 0.618033988749895


def color_for(index: int) -> tuple[int, int, int]:
    """A colour for the category at `index`: neighbours differ in hue, rounds in lightness."""
    hue = (index * _GOLDEN_RATIO) % 1
    lightness = (0.5, 0.38, 0.64)[index % 3]
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.65)
    return (round(red * 255), round(green * 255), round(blue * 255))


@dataclass(frozen=True, slots=True)
class ForeignCategory:
    """A category as another format lists it.

    Attributes:
        key: Its number or name there.
        name: What people read.
        is_thing: Whether it is countable.
        color: Its colour there; None if it has none.
    """

    key: int | str
    name: str
    is_thing: bool
    color: tuple[int, int, int] | None = None


def make_taxonomy(name: str, entries: Sequence[ForeignCategory]) -> tuple[Taxonomy, dict[int | str, int]]:
    """Orders the categories of another format stuff first, then things, each in the order given.

    Returns:
        The taxonomy, and the index in it of every key.

    Raises:
        TaxonomyError: There are none, too many, or two with one name.
    """
    ordered = sorted(entries, key=lambda entry: entry.is_thing)
    categories = tuple(
        Category(entry.name, Kind.THING if entry.is_thing else Kind.STUFF, entry.color or color_for(index))
        for index, entry in enumerate(ordered)
    )
    return Taxonomy(name.encode(errors="replace").decode(), categories), {
        entry.key: index for index, entry in enumerate(ordered)
    }
