"""A draft: the crop of a map that an edit works on before it becomes a patch."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.fill import stuff_around
from seamseg_studio.engine.scene.geometry import Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch, patch_between, patch_of_runs
from seamseg_studio.engine.scene.policy import EditingPolicy, FillPolicy
from seamseg_studio.engine.scene.runs import Runs
from seamseg_studio.engine.scene.taxonomy import VOID


class Draft:
    """Collects the changes of one edit inside one box; the map itself is not touched.

    The caller asks the policy which pixels may change; everything put here is vouched for by a human.
    """

    def __init__(self, panoptic_map: PanopticMap, box: Box, policy: EditingPolicy) -> None:
        self.map = panoptic_map
        self.box = box
        self.policy = policy
        # Most edits put once: then what changes is compared where they put, and no crop is ever copied.
        self._put_first: tuple[Mask, NDArray[np.int32] | np.int32] | None = None
        self._crops: tuple[NDArray[np.int32], NDArray[np.uint8]] | None = None
        self._records: dict[int, Segment] = {}
        self._new_ids = panoptic_map.new_ids()

    @property
    def ids(self) -> NDArray[np.int32]:
        """Ids in the box as this draft leaves them; not to be changed. [h, w] int32."""
        if self._put_first is None and self._crops is None:
            return self.map.ids[self.box.slices]
        return self._written()[0]

    def segment(self, segment_id: int) -> Segment:
        """Returns a record as this draft leaves it."""
        return self._records.get(segment_id) or self.map.segments[segment_id]

    def add(self, segment: Segment) -> int:
        """Adds a segment and returns its id; stuff that must be one segment joins the one there is.

        Raises:
            EditError: No id is left.
        """
        joined = self.policy.stuff_to_join(self.map, segment.category)
        if joined is not None and not segment.is_crowd:
            return joined
        if self.policy.merge_stuff and self.policy.taxonomy.is_stuff(segment.category) and not segment.is_crowd:
            for segment_id, record in self._records.items():
                if record.category == segment.category and not record.is_crowd:
                    return segment_id
        segment_id = next(self._new_ids)
        self._records[segment_id] = segment
        return segment_id

    def change(self, segment_id: int, segment: Segment) -> None:
        """Replaces a segment's record."""
        self._records[segment_id] = segment

    def put(self, pixels: Mask, segment_id: int) -> None:
        """Gives pixels to a segment or to void, in the name of a human."""
        self._put(pixels, np.int32(segment_id))

    def put_ids(self, pixels: Mask, ids: NDArray[np.int32]) -> None:
        """Gives each pixel to the segment named at the same place of `ids`, in the name of a human."""
        self._put(pixels, ids)

    def clear(self, pixels: Mask, second_choice: NDArray[np.uint8] | None, leaving: Collection[int] = ()) -> None:
        """Takes pixels away from their segments and fills them as the policy says.

        Args:
            pixels: [h, w] bool, the shape of the draft's box.
            second_choice: The model's runner-up category per pixel of the whole image. [H, W] uint8.
            leaving: Segments that must not get the pixels back (they may show more of themselves around).
        """
        if self.policy.fill is FillPolicy.VOID:
            self.put(pixels, VOID)
            return
        if self.policy.fill is FillPolicy.SECOND_CHOICE and second_choice is not None:
            pixels = self._put_second_choice(pixels, second_choice[self.box.slices], leaving)
        sources = self.policy.fill_sources(self.map).difference(leaving)
        self.put_ids(pixels, stuff_around(self.map.ids, pixels, self.box, sources))

    def _put_second_choice(self, pixels: Mask, second_choice: NDArray[np.uint8], leaving: Collection[int]) -> Mask:
        """Fills where the second choice is usable stuff; returns the pixels still to fill."""
        left = pixels
        for category in np.unique(second_choice[pixels]).tolist():
            if not self.policy.may_fill(self.map, category):
                continue
            chosen = pixels & (second_choice == category)
            known = self.policy.stuff_segment(self.map, category)
            if known is not None and known in leaving:
                continue
            self.put(chosen, self.add(Segment(category)) if known is None else known)
            left = left & ~chosen
        return left

    def to_patch(self, label: str) -> Patch:
        """Returns what the draft changes as a patch."""
        if self._put_first is None:
            if self._crops is None:
                return patch_of_runs(self.map, Runs.empty(), self._records, label)
            return patch_between(self.map, self.box, *self._crops, self._records, label)
        pixels, ids = self._put_first
        runs = Runs.where(
            self.map.ids[self.box.slices],
            ids,
            self.map.provenance[self.box.slices],
            np.uint8(Origin.HUMAN.code),
            (self.box.y0, self.box.x0),
            pixels,
        )
        return patch_of_runs(self.map, runs, self._records, label)

    def _put(self, pixels: Mask, ids: NDArray[np.int32] | np.int32) -> None:
        if self._put_first is None and self._crops is None:
            self._put_first = (pixels, ids)
            return
        crop, provenance = self._written()
        np.copyto(crop, ids, where=pixels)
        np.copyto(provenance, np.uint8(Origin.HUMAN.code), where=pixels)

    def _written(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Returns the crops with all that was put so far; writable."""
        if self._crops is None:
            self._crops = (self.map.ids[self.box.slices].copy(), self.map.provenance[self.box.slices].copy())
            if self._put_first is not None:
                first, self._put_first = self._put_first, None
                self._put(*first)
        return self._crops
