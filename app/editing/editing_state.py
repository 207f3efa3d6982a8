"""What edits act on: the selection, the editing policy and the category to paint with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.look.palettes import PaletteChoice, displayed
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy


class EditingState(QObject):
    """A map with what a person has chosen about it. It is changed by `Document` only, which is one of these.

    Signals:
        selection_changed: `selection` changed.
        policy_changed: `policy` changed.
        category_changed: `current_category` changed, to this index.
        palette_changed: `displayed_taxonomy` has other colours.
    """

    selection_changed = Signal()
    policy_changed = Signal()
    category_changed = Signal(int)
    palette_changed = Signal()

    def __init__(self, panoptic_map: PanopticMap, taxonomy: Taxonomy, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._map = panoptic_map
        self._selection: frozenset[int] = frozenset()
        self._policy = EditingPolicy(taxonomy)
        self._category = 0
        self._palette = PaletteChoice.PROJECT
        self._displayed = taxonomy

    @property
    def map(self) -> PanopticMap:
        """The map as people see it, a stroke under way included; another object after `Document.map_replaced`."""
        return self._map

    @property
    def taxonomy(self) -> Taxonomy:
        return self._policy.taxonomy

    @property
    def displayed_taxonomy(self) -> Taxonomy:
        """The taxonomy in the colours in which it is shown."""
        return self._displayed

    def set_palette(self, palette: PaletteChoice) -> None:
        """Shows the categories in other colours."""
        if palette is not self._palette:
            self._palette = palette
            self._displayed = displayed(self.taxonomy, palette)
            self.palette_changed.emit()

    @property
    def selection(self) -> frozenset[int]:
        """The selected segments' ids."""
        return self._selection

    def set_selection(self, ids: Collection[int]) -> None:
        """Selects `ids`; those without a segment are left out."""
        selection = frozenset(i for i in ids if i in self._map.segments)
        if selection != self._selection:
            self._selection = selection
            self.selection_changed.emit()

    @property
    def policy(self) -> EditingPolicy:
        """What edits may change and what erased pixels become; `selected` is filled in from the selection."""
        return self._policy

    def set_policy(self, policy: EditingPolicy) -> None:
        if policy != self._policy:
            self._policy = policy
            self.policy_changed.emit()

    def change_policy(self, **changes: Any) -> None:
        """Replaces some fields of the policy, such as ``fill=FillPolicy.VOID``."""
        self.set_policy(replace(self._policy, **changes))

    @property
    def effective_policy(self) -> EditingPolicy:
        """The policy with the selection filled in, as edits need it."""
        return replace(self._policy, selected=self._selection)

    def go_on_like(self, other: EditingState) -> None:
        """Takes the category and the policy over from the image before, less the region, which is an image's own."""
        if other.taxonomy == self.taxonomy:
            self.set_current_category(other.current_category)
            self.set_policy(replace(other.policy, region=None, selected=frozenset()))

    @property
    def current_category(self) -> int:
        """The category that the brush paints."""
        return self._category

    def set_current_category(self, category: int) -> None:
        """Chooses what to paint with.

        Raises:
            ValueError: The taxonomy has no such category.
        """
        if not 0 <= category < len(self.taxonomy):
            raise ValueError(f"category {category} is not one of the taxonomy's {len(self.taxonomy)}")
        if category != self._category:
            self._category = category
            self.category_changed.emit(category)

    def segment_at(self, y: int, x: int) -> int:
        """The id of the segment under pixel (y, x), void outside the image."""
        height, width = self._map.shape
        return int(self._map.ids[y, x]) if 0 <= y < height and 0 <= x < width else VOID

    def describe(self, ids: Collection[int]) -> str:
        """A few words for segments: the category of one, the number of several."""
        known = [i for i in ids if i in self._map.segments]
        if len(known) == 1:
            return self.taxonomy[self._map.segments[known[0]].category].name
        return f"{len(known)} segments"


def habits_of(state: EditingState) -> EditingState:
    """What `go_on_like` takes over of `state`, without its map."""
    habits = EditingState(PanopticMap.empty(1, 1), state.taxonomy)
    habits.go_on_like(state)
    return habits
