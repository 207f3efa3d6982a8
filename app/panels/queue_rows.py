"""What the queue lists: where the model is least sure of the open image, less what a person vouched for."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Origin
from seamseg_studio.engine.scene.review import places, seams, segment_doubts

MAX_ROWS = 200
_MIN_DOUBT = 0.05  # what is surer is nothing to look at
_MIN_SEAM_PX = 8  # shorter borders are specks
_VIEW = 0.16  # of the image's longer side around a place


class Listed(StrEnum):
    """What is listed."""

    PLACES = "places"
    SEGMENTS = "segments"
    BORDERS = "borders"
    IMAGES = "images"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Somewhere to look.

    Attributes:
        doubt: How unsure the model is of it, 0 to 1.
        ids: The segments that it is about, the lower id first; empty on void.
        box: What to show; None for the whole of a segment.
    """

    doubt: float
    ids: tuple[int, ...]
    box: Box | None = None


def queue_rows(
    ids: NDArray[np.int32],
    provenance: NDArray[np.uint8],
    uncertainty: NDArray[np.uint8],
    segments: Set[int],
    listed: Listed,
) -> tuple[QueueRow, ...]:
    """The places, segments or borders of an image, the most uncertain first; at most `MAX_ROWS`.

    Args:
        ids: Segment per pixel. [H, W].
        provenance: Who said so, as `PanopticMap.provenance`. [H, W].
        uncertainty: Of the model, 0 certain to 255. [H, W].
        segments: The ids that there are.
        listed: Which of them.
    """
    doubt = np.where(provenance == Origin.HUMAN.code, 0, uncertainty).astype(np.uint8)
    if listed is Listed.PLACES:
        found = [
            QueueRow(place.doubt, _known(segments, place.segment), _around(place.y, place.x, ids.shape))
            for place in places(ids, doubt, MAX_ROWS)
        ]
    elif listed is Listed.BORDERS:
        found = [
            QueueRow(seam.doubt, _known(segments, seam.first, seam.second), _around(seam.y, seam.x, ids.shape))
            for seam in seams(ids, doubt)
            if seam.length_px >= _MIN_SEAM_PX
        ]
    else:
        doubts = segment_doubts(ids, doubt, int(ids.max(initial=0)) + 1)
        found = [QueueRow(float(doubts[known]), (known,)) for known in segments if known < len(doubts)]
        found.sort(key=lambda row: (-row.doubt, row.ids))
    return tuple(row for row in found[:MAX_ROWS] if row.doubt >= _MIN_DOUBT)


def _known(segments: Set[int], *ids: int) -> tuple[int, ...]:
    return tuple(known for known in ids if known in segments)


def _around(y: int, x: int, shape: tuple[int, ...]) -> Box:
    reach = max(round(_VIEW * max(shape) / 2), 16)
    return Box(y, x, y + 1, x + 1).grown(reach, (shape[0], shape[1]))
