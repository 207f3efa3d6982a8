"""The categories of a project."""

from __future__ import annotations

from dataclasses import dataclass

from seamseg_studio.engine.project.category_keys import add_version
from seamseg_studio.engine.project.errors import ProjectError
from seamseg_studio.engine.project.images import Progress
from seamseg_studio.engine.project.rooms import ProjectRooms
from seamseg_studio.engine.project.taxonomy_change import Moves, TaxonomyEditor, TaxonomyImpact, TaxonomyReport
from seamseg_studio.engine.scene.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class TaxonomyVersion:
    """One version of a project's categories.

    Attributes:
        taxonomy: The categories.
        time: When they came to be, in seconds since the epoch.
        number: Ascending.
    """

    taxonomy: Taxonomy
    time: float
    number: int


class TaxonomyMethods(ProjectRooms):
    """The part of `Project` that is about categories."""

    @property
    def taxonomy(self) -> Taxonomy:
        return self._taxonomies.current.taxonomy

    def taxonomy_history(self) -> list[TaxonomyVersion]:
        """Returns all versions of the categories, the present one last."""
        times = self._taxonomies.times()
        return [TaxonomyVersion(v.taxonomy, times[v.number], v.number) for v in self._taxonomies.versions()]

    def set_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Gives the project other categories by their places; the former ones stay in its history.

        Once there are labels, categories may be renamed, recoloured and things added at the end; all else is for
        `change_taxonomy`, which takes the labels along.

        Raises:
            ProjectError: Labels refer to categories that would change their place or kind.
            SaveError: It could not be written.
        """
        current = self._taxonomies.current
        used = self._database.row(
            "SELECT EXISTS (SELECT 1 FROM images WHERE root <> '' OR checkpoint <> '' OR prediction <> '')"
            " OR EXISTS (SELECT 1 FROM journal) AS used"
        )
        assert used is not None
        if taxonomy.extends(current.taxonomy):
            fresh = self._taxonomies.next_key()
            keys = [*current.keys, *range(fresh, fresh + len(taxonomy) - len(current.keys))]
        elif not used["used"]:
            keys = list(range(len(taxonomy)))
        else:
            raise ProjectError(
                f"{self._folder.name}: its labels use the present categories; names and colours may change and things"
                " may be added at the end; to move, join or delete categories, change them together with the labels"
            )
        with self._database.write() as connection:
            add_version(connection, taxonomy, keys)
        self._taxonomies.reload()

    def preview_taxonomy(self, taxonomy: Taxonomy, moves: Moves) -> TaxonomyImpact:
        """Tells how many images `change_taxonomy` would touch and what would become void, without doing it.

        Raises:
            ValueError: `moves` is not about the present categories, or leads outside the new ones.
        """
        return self._editor().impact(taxonomy, moves)

    def change_taxonomy(self, taxonomy: Taxonomy, moves: Moves, progress: Progress | None = None) -> TaxonomyReport:
        """Changes categories at will, and the labels of all images with them, as one operation: all or nothing.

        The database is backed up before, and `take_back_taxonomy` undoes it. Renaming, recolouring, moving and adding
        cost nothing; images that show a category that goes, joins another or becomes stuff are changed one by one,
        their status stays. Maps that were loaded before must be loaded anew, predictions under way be made anew.

        Args:
            taxonomy: The categories afterwards.
            moves: For each present category its place in `taxonomy`, or None to make its segments void.
            progress: Called with (images done, images to do); returning False takes everything back.

        Raises:
            ValueError: `moves` is not about the present categories, or leads outside the new ones.
            ProjectError: Labels could not be read or written, or `progress` said so; all is then as it was.
        """
        return self._editor().change(taxonomy, moves, progress)

    def take_back_taxonomy(self) -> TaxonomyReport:
        """Brings back the categories before the last change, and the labels of all images not edited since.

        Raises:
            ProjectError: There is no change to take back, or labels show categories that only it has brought.
        """
        return self._editor().take_back()

    def _editor(self) -> TaxonomyEditor:
        return TaxonomyEditor(self._database, self._taxonomies, self._labels, self._journal)
