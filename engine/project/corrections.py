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

SEEN_WEIGHT = 0.5
"""What a pixel counts that lies around a correction: it was seen, but nobody has said so."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The labels of one image as far as people vouch for them.

    Attributes:
        image_path: The image, not copied.
        name: Unique among the corrections of a project, safe as a file name, without a suffix.
        map: Void where nobody vouched; its provenance says who said what.
        status: Of the image; `ACCEPTED` means that all of `map` is vouched for.
        vouched_share: The part of the image that is not void, 0 to 1.
        weights: How much each pixel counts: 1 where a human vouched, `SEEN_WEIGHT` around, 0 in void. [H, W] float32.
        image_id: Of the image in its project.
    """

    image_path: Path
    name: str
    map: PanopticMap
    status: Status
    vouched_share: float
    weights: NDArray[np.float32]
    image_id: int


def corrections(project: Project) -> Iterator[Correction]:
    """Yields the images that people vouch for, wholly or partly, one at a time, in the project's order.

    Accepted images vouch for everything. Others do so for what was corrected (`vouched_part`); flagged ones, and
    images that only the model labelled, for nothing.

    Raises:
        ProjectError: The labels of an image cannot be read; the message names the file.
    """
    records = vouched_records(project)
    names = unique_names([record.path for record in records])
    for record, name in zip(records, names, strict=True):
        panoptic_map = project.load_map(record.id)
        panoptic_map, weights = vouched_labels(panoptic_map, record.status, project.taxonomy)
        share = 1.0 - panoptic_map.area(VOID) / max(1, panoptic_map.box.area)
        if share > 0:
            yield Correction(record.path, name, panoptic_map, record.status, share, weights, record.id)


def vouched_records(project: Project) -> list[ImageRecord]:
    """Returns the images that people may vouch for: accepted, or with work of theirs, and not flagged."""
    by_model = project.untouched_images()
    return [
        record
        for record in project.images()
        if record.has_labels
        and record.status not in (Status.NEW, Status.FLAGGED)
        and (record.status is Status.ACCEPTED or record.id not in by_model)
    ]


def vouched_labels(
    panoptic_map: PanopticMap, status: Status, taxonomy: Taxonomy
) -> tuple[PanopticMap, NDArray[np.float32]]:
    """Returns a map with void where nobody vouched, and how much each pixel counts; see `Correction`."""
    weights = vouched_weights(panoptic_map, status, taxonomy)
    return _kept(panoptic_map, weights), weights


def vouched_part(panoptic_map: PanopticMap, taxonomy: Taxonomy) -> PanopticMap:
    """Returns a map with void where nobody vouched.

    A human vouches for the pixels that a human or an imported data set labelled, for all of a segment whose category
    a human gave, for all of a thing that was touched, and for the stuff within `SURROUNDINGS_PX` of all these: who
    draws a border has looked at both sides. What a human erased to void is void in any case.
    """
    return _kept(panoptic_map, vouched_weights(panoptic_map, Status.IN_PROGRESS, taxonomy))


def vouched_weights(panoptic_map: PanopticMap, status: Status, taxonomy: Taxonomy) -> NDArray[np.float32]:
    """Returns how much each pixel counts, see `Correction.weights`. [H, W] float32."""
    labelled = panoptic_map.ids != VOID
    weights: NDArray[np.float32] = labelled.astype(np.float32)
    if status is Status.ACCEPTED:
        return weights
    human = np.isin(panoptic_map.provenance, (Origin.HUMAN.code, Origin.IMPORTED.code))
    table = np.zeros(panoptic_map.next_id(), dtype=np.bool_)
    touched = np.unique(panoptic_map.ids[human]).tolist()
    for segment_id, segment in panoptic_map.segments.items():
        is_touched_thing = taxonomy.is_thing(segment.category) and segment_id in touched
        table[segment_id] = segment.origin is not Origin.MODEL or is_touched_thing
    vouched: Mask = human | table[panoptic_map.ids]
    stuff = np.zeros_like(table)
    stuff[[i for i, segment in panoptic_map.segments.items() if taxonomy.is_stuff(segment.category)]] = True
    seen = _near(vouched) & stuff[panoptic_map.ids]
    weights = vouched.astype(np.float32)
    weights[seen & ~vouched] = SEEN_WEIGHT
    weights[~labelled] = 0
    return weights


def _kept(panoptic_map: PanopticMap, weights: NDArray[np.float32]) -> PanopticMap:
    """Returns a map with void where the weight is 0; the map itself if that is so already."""
    kept = weights > 0
    if np.array_equal(kept, panoptic_map.ids != VOID):
        return panoptic_map
    ids: NDArray[np.int32] = np.where(kept, panoptic_map.ids, np.int32(VOID))
    provenance: NDArray[np.uint8] = np.where(kept, panoptic_map.provenance, np.uint8(0))
    return PanopticMap.from_arrays(ids, panoptic_map.segments, provenance)


def _near(mask: Mask) -> Mask:
    if not mask.any():
        return mask
    distance = cv2.distanceTransform(np.logical_not(mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    return np.asarray(distance <= SURROUNDINGS_PX, dtype=np.bool_)
