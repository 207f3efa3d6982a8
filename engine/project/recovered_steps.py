"""Which steps of which database make up the history of each image when a project is recovered.

The newest database that knows an image tells the truth about it: what was undone and replaced there stays gone, even
if a backup still has it. Other databases only fill gaps.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from seamseg_studio.engine.project.journal_copy import MOST_NUMBERS
from seamseg_studio.engine.project.records import Status
from seamseg_studio.engine.scene.errors import PatchError
from seamseg_studio.engine.scene.patch import Patch

Values = dict[str, object]
_KEYS = {"settings": "key", "bundles": "name", "category_counts": "image_id", "views": "image_id"}
_KEYS |= {"taxonomy_steps": "image_id", "sqlite_sequence": "name"}  # all others have an "id"
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)  # the second: of the words in which SQLite complains
_MOST_BYTES = 2**28  # of a value that is read from a damaged database; steps are far smaller
_NEAR = 64
_NUMBERS = ("id", "height", "width", "cursor", "num_edits", "compacted", "checkpoint_entry")


@dataclass(frozen=True, slots=True)
class Step:
    """A row of a journal without its patch.

    Attributes:
        number: Its id.
        parent: The step before, 0 for the first.
        is_discarded: Whether it was undone and replaced.
        is_good: Whether its patch can be read.
        time: When it was made; another time under the same number is another step.
    """

    number: int
    parent: int
    is_discarded: bool
    is_good: bool
    time: object = None


Steps = Mapping[int, Step]


class Source:
    """A database that may be damaged."""

    is_copy = False  # of the journal only, and as new as the newest database

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, table: str) -> Iterator[Values]:
        """Yields the rows that can be read around damaged pages, most by ascending key; some come twice."""
        if table not in self._tables:
            return
        key = _KEYS.get(table, "id")
        if key == "id":
            yield from self._rows_between_damages(table)
        else:
            for direction in ("ASC", "DESC"):
                try:
                    yield from self._select(f"SELECT * FROM {table} ORDER BY {key} {direction}")
                except UNREADABLE:
                    continue
                return

    @cached_property
    def _tables(self) -> frozenset[str]:
        try:
            found = self._select("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            # A view, or a virtual table, may never end.
            plain = (row for row in found if str(row["sql"]).lower().split()[:2] == ["create", "table"])
            return frozenset(str(row["name"]) for row in plain)
        except UNREADABLE:
            return frozenset()

    def _rows_between_damages(self, table: str) -> Iterator[Values]:
        low, failures = 0, 0
        while low < MOST_NUMBERS:
            try:
                for row in self._select(f"SELECT * FROM {table} WHERE id > {low} ORDER BY id"):
                    yield row
                    low, failures = max(low, as_number(row, "id")), 0
            except UNREADABLE:
                # Near by one after the other, so that little is passed over; then ever farther.
                low, failures = low + (1 << max(0, failures - _NEAR)), failures + 1
            else:
                return

    def _select(self, query: str) -> Iterator[Values]:
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as damaged:
            damaged.execute("PRAGMA trusted_schema = OFF")
            damaged.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
            damaged.text_factory = lambda octets: octets.decode(errors="replace")
            cursor = damaged.execute(query)
            names = [str(column[0]) for column in cursor.description]
            for values in cursor:
                yield dict(zip(names, values, strict=True))

    @cached_property
    def images(self) -> dict[int, Values]:
        """The images that can be read, by id."""
        return {_number(row, "id"): row for row in self.rows("images") if _is_image(row)}

    @cached_property
    def steps(self) -> dict[int, dict[int, Step]]:
        """The steps that can be read, by image and id."""
        found: dict[int, dict[int, Step]] = {}
        for row in self.rows("journal"):
            if all(isinstance(row.get(name), int) for name in ("id", "image_id", "parent", "discarded")):
                state = bool(row["discarded"]), _is_good(row), row.get("time")
                step = Step(_number(row, "id"), _number(row, "parent"), *state)
                found.setdefault(_number(row, "image_id"), {})[step.number] = step
        return found

    @cached_property
    def newest_given(self) -> int:
        """The highest number that a step of any image ever had here, 0 if that cannot be read."""
        rows = [row for row in self.rows("sqlite_sequence") if row.get("name") == "journal"]
        return max((seq for row in rows if (seq := as_number(row, "seq")) < MOST_NUMBERS), default=0)


@dataclass(slots=True)
class History:
    """What an image is to have in the new database.

    Attributes:
        image: Its row.
        owner: The database that tells the truth about it.
        is_whole: Whether its steps lead from the root to the cursor without a gap.
        steps: Its steps, each with the database whose row is to be taken.
    """

    image: Values
    owner: Source
    is_whole: bool = True
    steps: dict[int, tuple[Source, Step]] = field(default_factory=dict)


def choose_history(image_id: int, sources: Sequence[Source]) -> History:
    """Puts the history of an image together.

    Args:
        image_id: An image that at least one of them knows.
        sources: The newest first.
    """
    place = next(place for place, source in enumerate(sources) if image_id in source.images)
    owner = sources[place]
    copy = next((source for source in sources if source.is_copy and _is_whole(source, image_id)), None)
    if copy is not None and _is_behind(sources[0], copy, image_id):
        return _whole_copy(image_id, copy)
    image = dict(owner.images[image_id])
    own = owner.steps.get(image_id, {})
    history = History(image, owner, steps={number: (owner, step) for number, step in own.items()})
    if place and _takes_newer_steps(history, image_id, [s for s in sources[:place] if not s.is_copy]):
        return history
    if _is_chain(own, _number(image, "cursor")):
        return history
    others = [source for source in sources if source is not owner]
    history.is_whole = _fill_to_cursor(history, own, image_id, others)
    if not history.is_whole and copy is not None:
        return _whole_copy(image_id, copy)
    if not history.is_whole:
        same_root = [
            source for source in others if source.images.get(image_id, {}).get("root", image["root"]) == image["root"]
        ]
        _fill_beginning(history, own, image_id, same_root)
    return history


def _is_whole(source: Source, image_id: int) -> bool:
    image = source.images.get(image_id)
    return image is not None and _is_chain(source.steps.get(image_id, {}), _number(image, "cursor"))


def _is_behind(newest: Source, copy: Source, image_id: int) -> bool:
    """Tells whether the newest database knows less of an image than the second home of its journal."""
    known = max(newest.steps.get(image_id, {}), default=0)
    kept = max(copy.steps.get(image_id, {}), default=0)
    image = newest.images.get(image_id)
    if image is None:
        return kept >= known
    more_folded = as_number(copy.images[image_id], "compacted") - as_number(image, "compacted")
    if more_folded or kept <= known:
        # Nothing that was folded becomes steps again, so who has folded more is later. The database has, if writing
        # the second home anew failed; but a step of a number that it never gave is later than all of it.
        return more_folded > 0 or kept > newest.newest_given > 0
    return True


def _whole_copy(image_id: int, copy: Source) -> History:
    image = copy.images[image_id] | {"counted_entry": -1}  # the counts are not kept there
    steps = {number: (copy, step) for number, step in copy.steps.get(image_id, {}).items()}
    return History(image, copy, steps=steps)


def _takes_newer_steps(history: History, image_id: int, newer: Sequence[Source]) -> bool:
    """Follows the steps of a newer database that has lost only its row of the image.

    What was undone there cannot be told from what was done, so all of it counts as done; it can be undone again.
    """
    first = min((step.number for _, step in history.steps.values() if not step.is_discarded), default=0)
    for source in newer:
        line = _line(source.steps.get(image_id, {}))
        # If its first step is another, older ones were folded into a root that nobody knows any more.
        if line and line[0].number == (first or line[0].number) and _is_chain({s.number: s for s in line}, 0):
            history.steps = {step.number: (source, step) for step in line}
            history.image |= {
                "cursor": line[-1].number,
                "num_edits": _number(history.image, "compacted") + len(line),
                "counted_entry": -1,
            }
            return True
    return False


def _fill_to_cursor(history: History, own: Steps, image_id: int, others: Sequence[Source]) -> bool:
    """Goes back from the cursor to the root by the parents, taking from others the steps that are missing."""
    entry = _number(history.image, "cursor")
    num_done = _number(history.image, "num_edits") - _number(history.image, "compacted")
    taken: dict[int, tuple[Source, Step]] = {}
    while entry and len(taken) < num_done and entry not in taken:
        pools = [(s, steps) for s in others if _is_same(own, steps := s.steps.get(image_id, {}), entry)]
        found = _find(entry, [(history.owner, own), *pools])
        if found is None:
            return False
        taken[entry] = found
        entry = found[1].parent
    if len(taken) != num_done:
        return False
    if taken:
        # Others may not know yet that the steps before were folded into the root.
        source, step = taken[min(taken)]
        taken[step.number] = (source, Step(step.number, 0, False, True))
    history.steps = {n: kept for n, kept in history.steps.items() if n > _number(history.image, "cursor")} | taken
    entry = _number(history.image, "cursor")
    for step in _line({n: step for n, (_, step) in history.steps.items() if n > entry}):
        # What was undone can be redone up to the first gap.
        if step.parent == entry and step.is_good:
            entry = step.number
        else:
            del history.steps[step.number]
    return True


def _fill_beginning(history: History, own: Steps, image_id: int, others: Sequence[Source]) -> None:
    """Lengthens what leads from the root to the first gap, so that less is lost; the rest stays to be told of."""
    entry = 0
    while True:
        later = [step for step in _line(own) if step.number > entry]
        following = next((step for step in later if step.parent == entry), None)
        if following is not None and following.is_good:
            entry = following.number
            continue
        # A step beside one that is known to follow was undone.
        limit = later[0].number if later else _number(history.image, "cursor") + 1
        for source in others:
            steps = source.steps.get(image_id, {})
            if following is not None:
                found = steps.get(following.number)
            else:
                found = next((s for s in _line(steps) if s.parent == entry and s.number < limit), None)
            if found is not None and found.is_good and found.number > entry and _is_same(own, steps, found.number):
                history.steps[found.number] = (source, Step(found.number, entry, False, True))
                entry = found.number
                break
        else:
            return


def _find(number: int, pools: Sequence[tuple[Source, Steps]]) -> tuple[Source, Step] | None:
    for source, steps in pools:
        step = steps.get(number)
        if step is not None and step.is_good:
            return source, step
    return None


def _is_same(own: Steps, others: Steps, number: int) -> bool:
    """Tells whether a number means the same step in another database, for all that can be read.

    Two that share a step share all before it: so the next one that both have tells, or else the one before.
    """
    shared = own.keys() & others.keys()
    nearest = min((n for n in shared if n >= number), default=max(shared, default=None))
    return nearest is None or own[nearest].time == others[nearest].time


def _line(steps: Steps) -> list[Step]:
    """The steps that are not discarded, oldest first."""
    return sorted((step for step in steps.values() if not step.is_discarded), key=lambda step: step.number)


def _is_chain(steps: Steps, cursor: int) -> bool:
    line = _line(steps)
    parents = [0, *(step.number for step in line)]
    follows = all(step.is_good and step.parent == parent for step, parent in zip(line, parents, strict=False))
    return follows and cursor in parents


def _is_image(row: Values) -> bool:
    texts = ("path", "name", "root", "checkpoint", "prediction")
    is_typed = all(isinstance(row.get(n), int) for n in _NUMBERS) and all(isinstance(row.get(n), str) for n in texts)
    return is_typed and row.get("status") in set(Status)


def _is_good(row: Values) -> bool:
    data = row.get("patch")
    try:
        Patch.from_bytes(data if isinstance(data, bytes) else b"")
    except PatchError:
        return False
    return True


def as_number(row: Values, name: str) -> int:
    """Returns a number of a row, 0 if it is none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _number(row: Values, name: str) -> int:
    value = row[name]
    assert isinstance(value, int)
    return value
