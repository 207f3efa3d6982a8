"""States of labels from before the categories of a project changed, as undo leads back to them.

The journal keeps such a state as it was. People see it in the present categories: segments of a category that joined
another have that one, those of a category that went are void, and things that became stuff are one segment. So
nothing stands in the way of undo; and what is done from there on is a change of what people see, so the journal first
takes the step from the one to the other.
"""

from __future__ import annotations

from collections.abc import Callable

from seamseg_studio.engine.project.category_keys import TaxonomyTable
from seamseg_studio.engine.scene.panoptic_map import PanopticMap


class PastStates:
    """Knows of which images the journal stands at such a state. Maps have keys for categories here."""

    def __init__(self, taxonomies: TaxonomyTable, load: Callable[[int], PanopticMap]) -> None:
        """Args:
        taxonomies: The categories.
        load: Gives the map of an image as the journal has it.
        """
        self._taxonomies = taxonomies
        self._load = load
        self._known: dict[int, tuple[int, bool]] = {}  # by image: for which version of the categories, and whether

    def catch_up(self, image_id: int, panoptic_map: PanopticMap) -> None:
        """Brings the map of an image at the cursor from the state in the journal to what people see."""
        patch = self._taxonomies.catch_up(panoptic_map)
        if patch is not None:
            patch.apply(panoptic_map)
        self._known[image_id] = (self._taxonomies.current.number, patch is not None)

    def is_behind(self, image_id: int) -> bool:
        """Tells whether people see another map of an image than the journal gives."""
        if not self._taxonomies.successors and not self._taxonomies.turned:
            return False
        number, is_behind = self._known.get(image_id, (-1, False))
        if number != self._taxonomies.current.number:
            self.catch_up(image_id, self._load(image_id))
            is_behind = self._known[image_id][1]
        return is_behind

    def note_present(self, image_id: int) -> None:
        """Says that the journal of an image stands at what people see."""
        self._known[image_id] = (self._taxonomies.current.number, False)

    def forget(self, image_id: int) -> None:
        """Says that the journal of an image may stand elsewhere now."""
        self._known.pop(image_id, None)
