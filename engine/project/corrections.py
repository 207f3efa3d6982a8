"""Corrections: what people vouch for in a project, as training data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.names import unique_names
from seamseg_studio.engine.project.records import ImageRecord, Status
from seamseg_studio.engine.scene.geometry import Mask
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy

if TYPE_CHECKING:
    from seamseg_studio.engine.project.store import Project

SURROUNDINGS_PX = 12
"""How far around a correction stuff is taken as seen by the person who made it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The labels of one image as far as people vouch for them.

    Attributes:
        image_path: The image, not copied.
        name: Unique among the corrections of a project, safe as a file name, without a suffix.
        map: Void where nobody vouched.
        status: Of the image; `ACCEPTED` means that all of `map` is vouched for.
        vouched_share: The part of the image that is not void, 0 to 1.
    """

    image_path: Path
    name: str
    map: PanopticMap
    status: Status
    vouched_share: float


def corrections(project: Project) -> Iterator[Correction]:
    """Yields the images that people vouch for, wholly or partly, one at a time, in the project's order.

    Accepted images vouch for everything. Others do so for what was corrected (`vouched_part`); flagged ones, and
    images that only the model labelled, for nothing.

    Raises:
        ProjectError: The labels of an image cannot be read; the message names the file.
    """
    records = [record for record in project.images() if _counts(record)]
    names = unique_names([record.path for record in records])
    for record, name in zip(records, names, strict=True):
        panoptic_map = project.load_map(record.id)
        if record.status is not Status.ACCEPTED:
            panoptic_map = vouched_part(panoptic_map, project.taxonomy)
        share = 1.0 - panoptic_map.area(VOID) / max(1, panoptic_map.box.area)
        if share > 0:
            yield Correction(record.path, name, panoptic_map, record.status, share)


def vouched_part(panoptic_map: PanopticMap, taxonomy: Taxonomy) -> PanopticMap:
    """Returns a map with void where nobody vouched.

    A human vouches for the pixels that a human or an imported data set labelled, for all of a segment whose category
    a human gave, for all of a thing that was touched, and for the stuff within `SURROUNDINGS_PX` of all these: who
    draws a border has looked at both sides. What a human erased to void is void in any case.
    """
    human = np.isin(panoptic_map.provenance, (Origin.HUMAN.code, Origin.IMPORTED.code))
    table = np.zeros(panoptic_map.next_id(), dtype=np.bool_)
    touched = np.unique(panoptic_map.ids[human]).tolist()
    for segment_id, segment in panoptic_map.segments.items():
        is_touched_thing = taxonomy.is_thing(segment.category) and segment_id in touched
        table[segment_id] = segment.origin is not Origin.MODEL or is_touched_thing
    vouched: Mask = human | table[panoptic_map.ids]
    stuff = np.zeros_like(table)
    stuff[[i for i, segment in panoptic_map.segments.items() if taxonomy.is_stuff(segment.category)]] = True
    vouched |= _near(vouched) & stuff[panoptic_map.ids]
    ids: NDArray[np.int32] = np.where(vouched, panoptic_map.ids, np.int32(VOID))
    provenance: NDArray[np.uint8] = np.where(vouched, panoptic_map.provenance, np.uint8(0))
    return PanopticMap.from_arrays(ids, panoptic_map.segments, provenance)


def _near(mask: Mask) -> Mask:
    if not mask.any():
        return mask
    distance = cv2.distanceTransform(np.logical_not(mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.asarray(distance <= SURROUNDINGS_PX, dtype=np.bool_)


def _counts(record: ImageRecord) -> bool:
    return record.has_labels and record.status not in (Status.NEW, Status.FLAGGED)
