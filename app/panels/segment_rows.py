"""What the list of segments says about each, in which order and under which headings; values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.panoptic_map import PanopticMap
    from seamseg_studio.engine.scene.taxonomy import Taxonomy


class Order(StrEnum):
    """In which order segments are listed."""

    AREA = "area"
    CATEGORY = "category"
    SCORE = "score"


class Grouping(StrEnum):
    """Under which headings segments are listed."""

    NONE = "none"
    CATEGORY = "category"
    ORIGIN = "origin"
    STATE = "state"


LOCKED, CROWD, FREE = "locked", "crowd", "free"
"""The keys of headings by state."""


class Row(NamedTuple):
    """What the list shows of one segment. `area` is its share of the image, 0 to 1.

    A tuple, as thousands are made after every edit.
    """

    segment_id: int
    name: str
    color: tuple[int, int, int]
    category: int
    area: float
    score: float | None
    origin: str
    is_locked: bool
    is_crowd: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading.

    Attributes:
        key: The category's, the origin's or the state's name; it stays the same while rows come and go.
        color: Of the category; None for other headings.
        rows: In order, at least one.
    """

    key: str
    color: tuple[int, int, int] | None
    rows: tuple[Row, ...]

    @property
    def area(self) -> float:
        """The share of the image of all of them."""
        return sum(row.area for row in self.rows)


def rows_of(panoptic_map: PanopticMap, taxonomy: Taxonomy, order: Order) -> list[Row]:
    """The rows of all segments; things are numbered within their category in the order of their ids.

    Area: largest first. Category: in the taxonomy's order. Score: least certain first, those without one last.
    Ties by id.
    """
    areas = panoptic_map.areas()
    num_pixels = max(1, panoptic_map.shape[0] * panoptic_map.shape[1])
    heads = [
        (category.name, category.color, taxonomy.is_thing(index)) for index, category in enumerate(taxonomy.categories)
    ]
    numbers = [0] * len(heads)
    rows = []
    for segment_id, segment in sorted(panoptic_map.segments.items()):
        place = segment.category
        name, color, is_thing = heads[place]
        numbers[place] = number = numbers[place] + 1
        rows.append(
            Row(
                segment_id,
                f"{name} {number}" if is_thing or number > 1 else name,
                color,
                place,
                areas.get(segment_id, 0) / num_pixels,
                segment.score,
                segment.origin.value,
                segment.locked,
                segment.is_crowd,
            )
        )
    if order is Order.AREA:
        rows.sort(key=lambda row: row.area, reverse=True)  # stable, so ties stay by id
    elif order is Order.CATEGORY:
        rows.sort(key=lambda row: row.category)
    else:
        rows.sort(key=lambda row: 2.0 if row.score is None else row.score)
    return rows


def groups_of(rows: list[Row], taxonomy: Taxonomy, grouping: Grouping) -> list[Group]:
    """`rows` under headings, which come in the order of their first rows; none for no grouping."""
    if grouping is Grouping.NONE:
        return []
    members: dict[str, list[Row]] = {}
    for row in rows:
        members.setdefault(_heading(row, taxonomy, grouping), []).append(row)
    return [
        Group(key, found[0].color if grouping is Grouping.CATEGORY else None, tuple(found))
        for key, found in members.items()
    ]


def _heading(row: Row, taxonomy: Taxonomy, grouping: Grouping) -> str:
    if grouping is Grouping.ORIGIN:
        return row.origin
    if grouping is Grouping.STATE:
        return LOCKED if row.is_locked else CROWD if row.is_crowd else FREE
    return taxonomy[row.category].name


def share_text(share: float) -> str:
    """A share of the image in per cent, as short as can be told apart."""
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"
