"""Changing the categories of a project whose labels exist: one operation, backed up before, that can be taken back.

Labels know categories by key, so only what ends is work: a category that goes away, joins another or becomes stuff. The
images that show it get a step in their journal; those that nobody but the model has touched get a new root.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seamseg_studio.engine.project.category_keys import KeyedTaxonomy, TaxonomyTable, add_version
from seamseg_studio.engine.project.database import Database
from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.journal import Journal
from seamseg_studio.engine.project.labels import LabelStore
from seamseg_studio.engine.project.statistics import count_categories
from seamseg_studio.engine.scene.taxonomy import Taxonomy

Moves = Mapping[int, int | None]
"""Where each category goes: its place in the new list, or None if its segments become void."""


@dataclass(frozen=True, slots=True)
class TaxonomyImpact:
    """What a change of the categories would do to labels, as far as they were counted.

    Attributes:
        num_images: Images whose labels would change.
        num_segments: Segments that would become void, by former category.
        num_pixels: Pixels that would become void, by former category.
        num_uncounted: Images edited since they were last counted; they may add to the numbers above.
    """

    num_images: int
    num_segments: Mapping[int, int]
    num_pixels: Mapping[int, int]
    num_uncounted: int


@dataclass(slots=True)
class TaxonomyReport:
    """What a change of the categories did.

    Attributes:
        num_images: Images whose labels changed.
        backup: The database as it was before.
        kept: Names of images that were edited since the change that was taken back, and so stay as they are.
    """

    num_images: int = 0
    backup: Path | None = None
    kept: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Plan:
    keys: tuple[int, ...]
    replaced: Mapping[int, int | None]  # keys that end, and what takes their place
    joined: frozenset[int]  # keys of stuff that may now have several segments in an image


class TaxonomyEditor:
    """Changes the categories of one project and its labels with them."""

    def __init__(self, database: Database, taxonomies: TaxonomyTable, labels: LabelStore, journal: Journal) -> None:
        self._database = database
        self._taxonomies = taxonomies
        self._labels = labels
        self._journal = journal

    def impact(self, taxonomy: Taxonomy, moves: Moves) -> TaxonomyImpact:
        """Tells what `change` would do, without doing it.

        Raises:
            ValueError: `moves` is not about the present categories, or leads outside the new ones.
        """
        plan = self._plan(taxonomy, moves)
        lost = {key for key, target in plan.replaced.items() if target is None}
        places = self._taxonomies.current.places
        rows = self._database.rows(
            f"SELECT category, sum(num_segments) AS segments, sum(num_pixels) AS pixels FROM category_counts"
            f" WHERE category IN ({_listed(lost)}) GROUP BY category"
        )
        return TaxonomyImpact(
            len(self._showing(set(plan.replaced) | plan.joined) - self._uncounted()),
            {places[int(row["category"])]: int(row["segments"]) for row in rows},
            {places[int(row["category"])]: int(row["pixels"]) for row in rows},
            len(self._uncounted()),
        )

    def change(self, taxonomy: Taxonomy, moves: Moves, progress: Progress | None = None) -> TaxonomyReport:
        """Gives the project other categories and its labels with them; all of it happens, or nothing.

        Args:
            taxonomy: The categories afterwards.
            moves: Where each present category goes. Several may go to one place; the one that has its name, or the
                first, goes on, the others join it.
            progress: Called with (images done, images to do); returning False takes everything back.

        Raises:
            ValueError: `moves` is not about the present categories, or leads outside the new ones.
            ProjectError: Labels cannot be read or written, or `progress` ended it; all is as it was.
        """
        plan = self._plan(taxonomy, moves)
        report = TaxonomyReport(backup=self._database.back_up("categories"))
        written: set[str] = set()
        is_complete = False
        try:
            with self._database.write() as connection:
                stale = self._forget_former_steps(connection)
                number = add_version(connection, taxonomy, plan.keys, "change", plan.replaced)
                self._taxonomies.reload()
                concerned = set(plan.replaced) | plan.joined
                images = sorted(self._showing(concerned)) if concerned else []
                for done, image_id in enumerate(images):
                    if progress is not None and progress(done, len(images)) is False:
                        raise ProjectError("the change of the categories was cancelled; nothing has changed")
                    report.num_images += self._change_image(connection, image_id, plan, number, written, stale)
                is_complete = True
        except BaseException:
            self._taxonomies.reload()
            # A commit that failed at its last fsync may still be found on disk after a crash, so its files stay.
            if not is_complete:
                self._labels.drop(written)
            raise
        for image_id, file in stale:
            self._labels.drop({file} - self._labels.files_in_use(image_id) - {""})
        if progress is not None:
            progress(len(images), len(images))
        return report

    def take_back(self) -> TaxonomyReport:
        """Brings back the categories before the last change, and the labels of all images not edited since.

        Raises:
            ProjectError: There is no change to take back, or labels show categories that only it has brought.
        """
        last, former = self._last_two()
        new = set(last.keys) - set(former.keys)
        shown = self._showing(new) if new else set()
        shown -= {i for i in shown & self._uncounted() if not self._shows(i, new)}
        if shown:
            names = ", ".join(sorted({repr(last.taxonomy[last.keys.index(key)].name) for key in new}))
            raise ProjectError(
                f"{self._database.path.parent}: labels of {len(shown)} images may show {names}, new since the change;"
                " relabel those segments first"
            )
        report = TaxonomyReport(backup=self._database.back_up("categories"))
        dropped: list[tuple[int, str]] = []
        try:
            with self._database.write() as connection:
                add_version(connection, former.taxonomy, former.keys, "taken back", dict.fromkeys(new))
                self._taxonomies.reload()
                steps = connection.execute(
                    "SELECT taxonomy_steps.*, name, cursor, images.root AS present FROM taxonomy_steps"
                    " JOIN images ON images.id = image_id WHERE taxonomy_id = ? ORDER BY image_id",
                    (last.number,),
                ).fetchall()
                for step in steps:
                    if self._take_back_step(connection, step):
                        report.num_images += 1
                        dropped.append((int(step["image_id"]), str(step["root"])))
                    elif not step["entry"] or step["cursor"] >= step["entry"]:  # else people undid it already
                        report.kept.append(str(step["name"]))
                connection.execute("DELETE FROM taxonomy_steps WHERE taxonomy_id = ?", (last.number,))
        except BaseException:
            self._taxonomies.reload()
            raise
        for image_id, file in dropped:
            self._labels.drop({file} - self._labels.files_in_use(image_id) - {""})
        return report

    def _last_two(self) -> tuple[KeyedTaxonomy, KeyedTaxonomy]:
        row = self._database.row("SELECT kind FROM taxonomies ORDER BY id DESC LIMIT 1")
        versions = self._taxonomies.versions()
        if row is None or row["kind"] == "taken back" or len(versions) < 2:
            raise ProjectError(f"{self._database.path.parent}: there is no change of the categories to take back")
        return versions[-1], versions[-2]

    def _plan(self, taxonomy: Taxonomy, moves: Moves) -> _Plan:
        current = self._taxonomies.current
        if set(moves) != set(range(len(current.keys))):
            raise ValueError(f"the moves name {sorted(moves)}, the categories are 0 to {len(current.keys) - 1}")
        sources: dict[int, list[int]] = {}
        for former in sorted(moves):
            target = moves[former]
            if target is not None:
                if not 0 <= target < len(taxonomy):
                    raise ValueError(f"category {former} moves to {target}; there are {len(taxonomy)} categories")
                sources.setdefault(target, []).append(former)
        keys: list[int] = []
        replaced: dict[int, int | None] = {current.keys[i]: None for i, target in moves.items() if target is None}
        joined: set[int] = set()
        fresh = self._taxonomies.next_key()
        for index, category in enumerate(taxonomy.categories):
            formers = sources.get(index, [])
            if not formers:
                keys.append(fresh)
                fresh += 1
                continue
            keeper = next((i for i in formers if current.taxonomy[i].name == category.name), formers[0])
            keys.append(current.keys[keeper])
            replaced |= {current.keys[i]: keys[-1] for i in formers if i != keeper}
            becomes_stuff = current.taxonomy.is_thing(keeper) and taxonomy.is_stuff(index)
            if taxonomy.is_stuff(index) and (len(formers) > 1 or becomes_stuff):
                joined.add(keys[-1])
        return _Plan(tuple(keys), replaced, frozenset(joined))

    def _change_image(
        self,
        connection: sqlite3.Connection,
        image_id: int,
        plan: _Plan,
        number: int,
        written: set[str],
        stale: list[tuple[int, str]],
    ) -> bool:
        panoptic_map, _ = self._labels.load_by_key(image_id)
        # Also of what former changes ended: undo may have led back to a state from before them.
        patch = self._taxonomies.catch_up(panoptic_map, plan.joined)
        if patch is None:
            return False
        image = connection.execute("SELECT * FROM images WHERE id = ?", (image_id,)).fetchone()
        entry, root = 0, ""
        patch.apply(panoptic_map)
        if self._labels.is_models_work(image):
            root = self._labels.write_root(image_id, panoptic_map, number)
            written.add(root)
            # A checkpoint may lie among steps that were taken back; from there the way leads to the former root only.
            connection.execute(
                "UPDATE images SET root = ?, root_is_model = 1, checkpoint = '', checkpoint_entry = 0 WHERE id = ?",
                (root, image_id),
            )
            self._journal.forget_discarded(connection, image_id, 0)
            self._journal.forget_mark(image_id)
            stale.append((image_id, str(image["checkpoint"])))
        else:
            entry = self._journal.append(image_id, patch, keeps_status=True)
        count_categories(connection, image_id, panoptic_map, entry, None)
        connection.execute(
            "INSERT INTO taxonomy_steps VALUES (?, ?, ?, ?, ?)",
            (number, image_id, entry, image["root"] if root else "", root),
        )
        return True

    def _take_back_step(self, connection: sqlite3.Connection, step: sqlite3.Row) -> bool:
        image_id, entry = int(step["image_id"]), int(step["entry"])
        if entry:
            if step["cursor"] != entry:
                return False
            after = self._journal.take_back(connection, image_id)
        else:
            if step["present"] != step["root"] or not self._journal.is_empty(image_id):
                return False
            after = 0
            self._journal.forget_mark(image_id)
            connection.execute(
                "UPDATE images SET root = ?, root_is_model = ? WHERE id = ?",
                (step["former_root"], int(str(step["former_root"]).endswith(".json")), image_id),
            )
        count_categories(connection, image_id, self._labels.load_by_key(image_id)[0], after, None)
        return True

    def _forget_former_steps(self, connection: sqlite3.Connection) -> list[tuple[int, str]]:
        """Only the last change can be taken back; returns the images and files that earlier ones kept for it."""
        rows = connection.execute("SELECT image_id, former_root FROM taxonomy_steps WHERE former_root <> ''").fetchall()
        connection.execute("DELETE FROM taxonomy_steps")
        return [(int(row["image_id"]), str(row["former_root"])) for row in rows]

    def _showing(self, keys: set[int] | frozenset[int]) -> set[int]:
        """Returns the images whose labels show one of some categories, or may do so."""
        rows = self._database.rows(f"SELECT DISTINCT image_id FROM category_counts WHERE category IN ({_listed(keys)})")
        return {int(row["image_id"]) for row in rows} | self._uncounted()

    def _uncounted(self) -> set[int]:
        return {int(row["id"]) for row in self._database.rows("SELECT id FROM images WHERE cursor <> counted_entry")}

    def _shows(self, image_id: int, keys: set[int]) -> bool:
        panoptic_map, _ = self._labels.load_by_key(image_id)
        return any(segment.category in keys for segment in panoptic_map.segments.values())


def _listed(keys: set[int] | frozenset[int]) -> str:
    return ", ".join(str(key) for key in sorted(keys))
