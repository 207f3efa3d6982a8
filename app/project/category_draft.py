"""A changed list of categories before it is put into force, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seamseg_studio.engine.scene.taxonomy import Taxonomy

_NEW_COLORS = ((230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 130, 200), (245, 130, 48), (145, 30, 180))


@dataclass(frozen=True, slots=True)
class DraftCategory:
    """One line of the draft.

    Attributes:
        former: Its place in the present list; None for a new one.
        name: What people read.
        is_thing: Whether it is countable.
        color: Red, green, blue, 0 to 255.
        is_removed: Whether it shall go.
        goes_to: Name of the category that the segments of a removed one get; empty to leave them unlabelled.
    """

    former: int | None
    name: str
    is_thing: bool
    color: tuple[int, int, int]
    is_removed: bool = False
    goes_to: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The lines in the order in which they are edited; things and stuff may be mixed until `taxonomy` sorts them."""

    name: str
    lines: tuple[DraftCategory, ...]

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> Draft:
        """The present list."""
        return cls(
            taxonomy.name,
            tuple(
                DraftCategory(index, category.name, taxonomy.is_thing(index), category.color)
                for index, category in enumerate(taxonomy.categories)
            ),
        )

    @property
    def kept(self) -> list[DraftCategory]:
        """The lines that stay, stuff first, as the taxonomy has them."""
        stay = [line for line in self.lines if not line.is_removed]
        return [line for line in stay if not line.is_thing] + [line for line in stay if line.is_thing]

    def taxonomy(self) -> Taxonomy:
        """The list in force afterwards.

        Raises:
            TaxonomyError: It has no categories, two of one name, or one without a name.
        """
        from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

        def kind(line: DraftCategory) -> Kind:
            return Kind.THING if line.is_thing else Kind.STUFF

        return Taxonomy(self.name, tuple(Category(line.name.strip(), kind(line), line.color) for line in self.kept))

    def moves(self) -> dict[int, int | None]:
        """Where the segments of each present category go: a place in the new list, or None for unlabelled."""
        places = {line.name.strip(): place for place, line in enumerate(self.kept)}
        return {
            line.former: places.get(line.goes_to) if line.is_removed else places[line.name.strip()]
            for line in self.lines
            if line.former is not None
        }

    def with_line(self, place: int, **changes: object) -> Draft:
        """A draft in which one line is different; who goes to a renamed category goes to its new name."""
        old = self.lines[place]
        new = replace(old, **changes)  # type: ignore[arg-type]
        lines = [new if number == place else line for number, line in enumerate(self.lines)]
        if new.name != old.name:
            lines = [replace(line, goes_to=new.name) if line.goes_to == old.name else line for line in lines]
        return replace(self, lines=tuple(lines))

    def added(self, name: str) -> Draft:
        """A draft with one thing more, at the end."""
        color = _NEW_COLORS[len(self.lines) % len(_NEW_COLORS)]
        return replace(self, lines=(*self.lines, DraftCategory(None, self._free(name), True, color)))

    def removed(self, place: int) -> Draft:
        """A draft without a line: a new one vanishes, one that labels may use is marked; marked ones come back."""
        line = self.lines[place]
        if line.former is None:
            return replace(self, lines=(*self.lines[:place], *self.lines[place + 1 :]))
        return self.with_line(place, is_removed=not line.is_removed, goes_to="")

    def moved(self, place: int, offset: int) -> Draft:
        """A draft in which a line stands `offset` places further, held at the ends."""
        lines = list(self.lines)
        line = lines.pop(place)
        lines.insert(min(max(place + offset, 0), len(lines)), line)
        return replace(self, lines=tuple(lines))

    def imported(self, taxonomy: Taxonomy) -> Draft:
        """The list of a file: present categories of the same name are kept as it says, the others are marked."""
        formers = {line.name: line.former for line in self.lines}
        lines = [replace(line, former=formers.get(line.name)) for line in Draft.of(taxonomy).lines]
        names = {line.name for line in lines}
        gone = [replace(line, is_removed=True) for line in self.lines if line.former is not None]
        return Draft(taxonomy.name, (*lines, *(line for line in gone if line.name not in names)))

    def _free(self, name: str) -> str:
        names: Sequence[str] = [line.name for line in self.lines]
        numbered = (f"{name} {number}" for number in range(2, len(names) + 3))
        return name if name not in names else next(other for other in numbered if other not in names)
