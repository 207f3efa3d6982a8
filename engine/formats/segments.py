"""Making a partition of what a file says, with every repair counted."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.runs import measure_segments, renumber
from seamseg_studio.engine.scene.panoptic_map import MAX_ID, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import VOID, Taxonomy

UNLISTED = "pixels of unlisted segments made void"
SEVERAL_STUFF = "second segments of a stuff category kept apart"
UNSEEN = "segments without pixels left out"
NO_SCORE = "scores left out that are no finite numbers"


@dataclass(frozen=True, slots=True)
class ImageLabels:
    """Labels as they come from a file: a partition, like a panoptic map, but without what editing needs.

    Attributes:
        ids: 0 is void. [H, W] int32.
        segments: Of every other id in `ids`, and no more.
        provenance: Who said so last, see `PanopticMap.provenance`; None if each pixel has its segment's origin.
            [H, W] uint8.
        weights: How much each pixel counts in training, 0 to 1; None if all count the same. [H, W] float32.
    """

    ids: NDArray[np.int32]
    segments: Mapping[int, Segment]
    provenance: NDArray[np.uint8] | None = None
    weights: NDArray[np.float32] | None = None

    def to_map(self) -> PanopticMap:
        """Makes a panoptic map; takes `ids` over."""
        return PanopticMap(self.ids, self.segments, self.provenance)


def assemble(
    ids: NDArray[np.int32], segments: Mapping[int, Segment], taxonomy: Taxonomy, name: str, losses: Losses
) -> ImageLabels:
    """Joins an id image and the segments that its index lists.

    Pixels whose id is not listed become void, listed segments without pixels are left out; both are counted, and so are
    second segments of a stuff category, which stay as they are.

    Args:
        ids: Taken over. [H, W] int32.
        segments: By id.
        taxonomy: What their categories refer to.
        name: The image, for the list of repairs.
        losses: Where repairs are counted.

    Raises:
        FormatError: An id is negative or too large.
    """
    low, high = int(ids.min(initial=0)), int(ids.max(initial=0))
    if low < 0 or high > MAX_ID:
        raise FormatError(f"{name}: segment ids go from {low} to {high}; 0 to {MAX_ID} are possible")
    table = measure_segments(ids)
    shown = set(table.ids.tolist())
    unlisted = np.array([i not in segments for i in table.ids.tolist()], np.bool_)
    if unlisted.any():
        number = int(table.areas[unlisted].sum())
        listed = ", ".join(map(str, table.ids[unlisted][:10].tolist()))
        losses.add(UNLISTED, name, number, f"ids {listed}")
        kept = table.ids[~unlisted]
        ids = renumber(ids, kept, kept)
    unseen = sorted(segments.keys() - shown - {VOID})
    losses.add(UNSEEN, name, len(unseen), f"ids {', '.join(map(str, unseen[:10]))}")
    kept_segments = {i: segment for i, segment in segments.items() if i in shown and i != VOID}
    stuff = [s.category for s in kept_segments.values() if taxonomy.is_stuff(s.category) and not s.is_crowd]
    losses.add(SEVERAL_STUFF, name, len(stuff) - len(set(stuff)))
    return ImageLabels(ids, kept_segments)


def read_score(entry: Mapping[str, object], name: str, losses: Losses) -> float | None:
    """Takes the "score" of a JSON object; one that is no finite number is left out and counted."""
    score = entry.get("score")
    if score is None:
        return None
    if isinstance(score, int | float) and not isinstance(score, bool) and abs(score) <= sys.float_info.max:
        return float(score)
    losses.add(NO_SCORE, name)
    return None


def written_score(score: float | None) -> float | None:
    """Rounds a score for a JSON file; None if there is none that JSON can hold."""
    return round(score, 6) if score is not None and math.isfinite(score) else None


def compact(panoptic_map: PanopticMap) -> tuple[NDArray[np.int32], list[int]]:
    """Renumbers the segments 1, 2, ... in the order of their ids.

    Returns:
        The id image ([H, W] int32) and the former id of each new one (entry 0 is void).
    """
    old = sorted(panoptic_map.segments)
    if old == list(range(1, len(old) + 1)):
        return panoptic_map.ids, [VOID, *old]
    new = np.arange(1, len(old) + 1, dtype=np.int32)
    return renumber(panoptic_map.ids, np.array(old, np.int64), new), [VOID, *old]
