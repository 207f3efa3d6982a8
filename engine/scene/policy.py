"""The editing policy: the one place that decides which pixels an edit may change, and which segments may gain any.

Locked segments and protected categories neither lose nor gain pixels, and keep their records. Edits of pixels change
those that `allows` leaves them. Edits of whole segments (delete, merge, relabel, crowd, split) ask `check_whole`: they
are refused for a segment none of whose pixels may change, and change only what lies inside where a region cuts
through a segment; a record that only part of a segment gets splits that part off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy


class FillPolicy(StrEnum):
    """What erased pixels become."""

    VOID = "void"
    AROUND = "around"  # the nearest stuff that is not erased
    SECOND_CHOICE = "second choice"  # the model's runner-up category; where that is no stuff, as AROUND


class Editable(StrEnum):
    """Which pixels an edit may change. Those of locked segments and protected categories it never may."""

    EVERYTHING = "everything"
    VOID_ONLY = "void only"
    STUFF_ONLY = "void and stuff"
    SELECTED = "selected segments"


_ONLY = {
    Editable.VOID_ONLY: "void",
    Editable.STUFF_ONLY: "void and stuff",
    Editable.SELECTED: "the selected segments",
}
"""What may change, as messages say it."""


@dataclass(frozen=True, slots=True)
class EditingPolicy:
    """What every edit honours; tools never check locks themselves.

    Attributes:
        taxonomy: Tells stuff from things.
        editable: Which pixels may change.
        selected: The segments that `Editable.SELECTED` means.
        protected_categories: Categories whose segments may not change and whose pixels may be neither more nor fewer.
        fill: What erased pixels become.
        region: If given, pixels outside may not change.
        merge_stuff: Whether a stuff category is kept to one segment that is no crowd (the rule of a partition).
    """

    taxonomy: Taxonomy
    editable: Editable = Editable.EVERYTHING
    selected: frozenset[int] = field(default_factory=frozenset)
    protected_categories: frozenset[int] = field(default_factory=frozenset)
    fill: FillPolicy = FillPolicy.AROUND
    region: Box | None = None
    merge_stuff: bool = True

    def is_protected(self, segment: Segment) -> bool:
        """Tells whether a segment is locked or of a protected category."""
        return segment.locked or segment.category in self.protected_categories

    def check_category(self, category: int) -> None:
        """Refuses a category that segments may not get.

        Raises:
            EditError: It is not in the taxonomy or protected.
        """
        if not 0 <= category < len(self.taxonomy):
            raise EditError(f"category {category} is not in the taxonomy; choose one of 0 to {len(self.taxonomy) - 1}")
        if category in self.protected_categories:
            raise EditError(f"category {self.taxonomy[category].name!r} is protected; lift its protection first")

    def check_open(self, panoptic_map: PanopticMap, segment_id: int) -> None:
        """Refuses a segment that may not gain pixels, nor change at all.

        Raises:
            EditError: It does not exist, is locked or protected.
        """
        segment = panoptic_map.segments.get(segment_id)
        if segment is None:
            raise EditError(f"there is no segment {segment_id} any more")
        if segment.locked:
            raise EditError(f"segment {segment_id} is locked; unlock it first")
        if segment.category in self.protected_categories:
            self.check_category(segment.category)

    def check_whole(self, panoptic_map: PanopticMap, segment_id: int) -> None:
        """Refuses a segment that is to be changed as a whole though none of its pixels may change.

        Raises:
            EditError: It does not exist, is locked, protected, not of what is editable, or outside the region.
        """
        self.check_open(panoptic_map, segment_id)
        if not self._is_target(segment_id, panoptic_map.segments[segment_id]):
            raise EditError(
                f"segment {segment_id} may not change while only {_ONLY[self.editable]} may; "
                "make everything editable first"
            )
        if self.region is not None and self.region.intersection(panoptic_map.bbox(segment_id)).is_empty:
            raise EditError(f"segment {segment_id} lies outside the region that may change; lift the region first")

    def check_joining(self, panoptic_map: PanopticMap, category: int) -> None:
        """Refuses to let segments join that of a stuff category where it is locked.

        Raises:
            EditError: It is locked.
        """
        keeper = self.stuff_to_join(panoptic_map, category)
        if keeper is not None and panoptic_map.segments[keeper].locked:
            name = self.taxonomy[category].name
            raise EditError(f"the segment of {name!r} is locked; unlock it before others join it")

    def is_cut(self, panoptic_map: PanopticMap, segment_id: int) -> bool:
        """Tells whether the region leaves out a part of a segment's bounding box."""
        return self.region is not None and not self.region.contains(panoptic_map.bbox(segment_id))

    def editable_ids(self, panoptic_map: PanopticMap) -> NDArray[np.bool_] | None:
        """Returns, by id, whether its pixels may change; None if all may.

        Ids given out after this call are beyond the end of the table: they belong to the edit that asked.
        """
        table = np.ones(panoptic_map.next_id(), dtype=np.bool_)
        table[VOID] = self.editable is not Editable.SELECTED or VOID in self.selected
        for segment_id, segment in panoptic_map.segments.items():
            table[segment_id] = not self.is_protected(segment) and self._is_target(segment_id, segment)
        return None if table[list(panoptic_map.segments)].all() and table[VOID] else table

    def allows(self, panoptic_map: PanopticMap, box: Box, candidates: Mask) -> Mask:
        """Returns which of some candidate pixels may change.

        Args:
            panoptic_map: The map before the edit.
            box: Where the candidates lie.
            candidates: [h, w] bool, the shape of `box`.
        """
        allowed = candidates
        table = self.editable_ids(panoptic_map)
        if table is not None:
            allowed = allowed & table[panoptic_map.ids[box.slices]]
        return self.inside(box, allowed)

    def inside(self, box: Box, candidates: Mask) -> Mask:
        """Returns which of some candidate pixels lie inside the region: `allows` for segments that may change."""
        if self.region is None or self.region.contains(box):
            return candidates
        inside = np.zeros(box.shape, dtype=np.bool_)
        common = self.region.intersection(box)
        if not common.is_empty:
            inside[common.moved(-box.y0, -box.x0).slices] = True
        return candidates & inside

    def stuff_to_join(self, panoptic_map: PanopticMap, category: int) -> int | None:
        """Returns the segment that new pixels of a stuff category join; None for things and for the first segment."""
        return self.stuff_segment(panoptic_map, category) if self.merge_stuff else None

    def stuff_segment(self, panoptic_map: PanopticMap, category: int) -> int | None:
        """Returns the first segment of a stuff category that is no crowd; None for things and if there is none."""
        if not self.taxonomy.is_stuff(category):
            return None
        for segment_id in panoptic_map.ids_of_category(category):
            if not panoptic_map.segments[segment_id].is_crowd:
                return segment_id
        return None

    def fill_sources(self, panoptic_map: PanopticMap) -> frozenset[int]:
        """Returns the stuff segments that may grow into erased pixels."""
        return frozenset(
            segment_id
            for segment_id, segment in panoptic_map.segments.items()
            if self.taxonomy.is_stuff(segment.category) and not segment.is_crowd and not self.is_protected(segment)
        )

    def may_fill(self, panoptic_map: PanopticMap, category: int) -> bool:
        """Tells whether erased pixels may become this category: stuff that may gain pixels."""
        if not self.taxonomy.is_stuff(category) or category in self.protected_categories:
            return False
        known = self.stuff_segment(panoptic_map, category)
        return known is None or not panoptic_map.segments[known].locked

    def _is_target(self, segment_id: int, segment: Segment) -> bool:
        if self.editable is Editable.VOID_ONLY:
            return False
        if self.editable is Editable.STUFF_ONLY:
            return not self.taxonomy.is_thing(segment.category)
        if self.editable is Editable.SELECTED:
            return segment_id in self.selected
        return True
