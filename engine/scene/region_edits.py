"""What a drawn region does to the map, however it was drawn: by corners, freehand, by colour or along edges."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.draft import Draft
from seamseg_studio.engine.scene.edits import changeable, erase, paint
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.geometry import Box, Mask, tight_box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy


class RegionMode(StrEnum):
    """What a region does to the segment that it is drawn for."""

    ADD = "add"
    SUBTRACT = "subtract"
    REPLACE = "replace"


def apply_region(
    panoptic_map: PanopticMap,
    mask: Mask,
    box: Box,
    target: int | Segment | None,
    policy: EditingPolicy,
    mode: RegionMode = RegionMode.ADD,
    second_choice: NDArray[np.uint8] | None = None,
    label: str = "region",
) -> Patch:
    """Adds a region to a segment, takes it away from it, or makes it the segment's whole shape.

    Args:
        panoptic_map: Not changed.
        mask: The region. [h, w] bool, the shape of `box`.
        box: Where it lies, inside the image.
        target: A segment there is, or (only `ADD`) the record of a new one, or (only `SUBTRACT`) None: the region is
            taken away from whatever it lies on.
        policy: Decides which pixels may change and what the pixels taken away become.
        mode: See above.
        second_choice: The model's runner-up category per pixel. [H, W] uint8.
        label: For the history list.

    Raises:
        EditError: The region is empty, or the target is missing, does not exist, is locked or protected.
    """
    tight = tight_box(mask, box)
    if tight.is_empty:
        raise EditError("the region covers no pixel of the image; draw it on the image")
    mask, box = mask[tight.moved(-box.y0, -box.x0).slices], tight
    if mode is RegionMode.SUBTRACT and target is None:
        return erase(panoptic_map, mask, box, policy, second_choice, label)
    if target is None or (isinstance(target, Segment) and mode is not RegionMode.ADD):
        raise EditError("select the segment that the region belongs to first")
    if mode is RegionMode.ADD:
        return paint(panoptic_map, mask, box, target, policy, label)
    assert isinstance(target, int)
    changeable(panoptic_map, [target], policy)
    if mode is RegionMode.SUBTRACT:
        draft = Draft(panoptic_map, box, policy)
        own = policy.allows(panoptic_map, box, mask & (draft.ids == target))
        draft.clear(own, second_choice, leaving={target})
        return draft.to_patch(label)
    whole = box.union(panoptic_map.bbox(target))
    draft = Draft(panoptic_map, whole, policy)
    inside = np.zeros(whole.shape, dtype=np.bool_)
    inside[box.moved(-whole.y0, -whole.x0).slices] = mask
    draft.clear(policy.allows(panoptic_map, whole, (draft.ids == target) & ~inside), second_choice, leaving={target})
    draft.put(policy.allows(panoptic_map, whole, inside), target)
    return draft.to_patch(label)
