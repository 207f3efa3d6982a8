"""Segments taken from one map and put into another at the same place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seamseg_studio.engine.scene.draft import Draft
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box, Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy


@dataclass(frozen=True, slots=True, eq=False)
class CopiedSegment:
    """A segment apart from its map.

    Attributes:
        record: What is known of it.
        mask: Its pixels. [h, w] bool, never changed.
        box: Where they lay.
    """

    record: Segment
    mask: Mask
    box: Box


def copied(panoptic_map: PanopticMap, ids: Collection[int]) -> tuple[CopiedSegment, ...]:
    """Copies segments; those that do not exist are left out."""
    chosen = [i for i in dict.fromkeys(ids) if i in panoptic_map.segments]
    return tuple(CopiedSegment(panoptic_map.segments[i], *panoptic_map.mask(i)) for i in chosen)


def paste(
    panoptic_map: PanopticMap, segments: Sequence[CopiedSegment], policy: EditingPolicy, label: str = "paste"
) -> Patch:
    """Puts copied segments where they lay, later ones over earlier ones; stuff joins the segment of its category.

    Each becomes a person's own and is not locked; what lies outside this image is left out.

    Raises:
        EditError: There is nothing to paste inside the image, a category is not in the taxonomy, or protected, or a
            stuff segment to join is locked.
    """
    box = EMPTY_BOX
    for segment in segments:
        if not 0 <= segment.record.category < len(policy.taxonomy):
            raise EditError(f"category {segment.record.category} of the copy is not in the taxonomy of this project")
        policy.check_category(segment.record.category)
        box = box.union(segment.box.clipped(panoptic_map.shape))
    if box.is_empty:
        raise EditError("there is nothing to paste inside this image; copy a segment that lies within its size")
    draft = Draft(panoptic_map, box, policy)
    for segment in segments:
        common = segment.box.clipped(panoptic_map.shape)
        target = draft.add(replace(segment.record, score=None, origin=Origin.HUMAN, locked=False))
        if target in panoptic_map.segments:
            policy.check_open(panoptic_map, target)
        mask = np.zeros(box.shape, dtype=np.bool_)
        mask[common.moved(-box.y0, -box.x0).slices] = segment.mask[
            common.moved(-segment.box.y0, -segment.box.x0).slices
        ]
        draft.put(policy.allows(panoptic_map, box, mask), target)
    return draft.to_patch(label)
