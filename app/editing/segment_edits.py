"""What can be done with whole segments, each as one undo step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from seamseg_studio.app.editing.editing_state import EditingState
from seamseg_studio.engine.scene import edits, shape_edits
from seamseg_studio.engine.scene.errors import SceneError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

MakePatch = Callable[[EditingPolicy], Patch]
"""Makes the patch of an edit by the policy in force; it may raise a `SceneError`."""


class SegmentEdits(EditingState):
    """Edits of segments by id. Each honours the policy; whether anything changed, or will soon, is returned.

    Signals:
        corrected: A person made this `Patch` just now; undo and redo make none.
    """

    corrected = Signal(object)

    @property
    def second_choice(self) -> NDArray[np.uint8] | None:
        """The model's runner-up category per pixel, if the image was labelled. [H, W] uint8."""
        raise AssertionError("the document knows the prediction")

    def edit(self, make: MakePatch, *, num_pixels: int = 0, then: Callable[[Patch], object] | None = None) -> bool:
        """Makes a patch and commits it as one undo step."""
        raise AssertionError("the document is the only writer of a map")

    def relabel(self, ids: Collection[int], category: int) -> bool:
        """Gives segments another category."""
        name = self.taxonomy[category].name
        return self._edit(ids, lambda policy: edits.relabel(self.map, ids, category, policy, f"relabel as {name}"))

    def delete(self, ids: Collection[int]) -> bool:
        """Removes segments, filling their pixels as the policy says."""
        label = f"delete {self.describe(ids)}"
        return self._edit(ids, lambda policy: edits.delete(self.map, ids, policy, self.second_choice, label))

    def merge(self, ids: Collection[int]) -> bool:
        """Makes one segment of several."""
        label = f"merge {self.describe(ids)}"
        return self._edit(ids, lambda policy: edits.merge(self.map, ids, policy, label))

    def set_locked(self, ids: Collection[int], locked: bool) -> bool:
        """Locks segments against every edit, or unlocks them."""
        return self.edit(lambda _: edits.set_locked(self.map, ids, locked))

    def set_crowd(self, ids: Collection[int], is_crowd: bool) -> bool:
        """Marks segments as crowds, or no longer so."""
        return self._edit(ids, lambda policy: edits.set_crowd(self.map, ids, is_crowd, policy))

    def to_instances(self, ids: Collection[int], category: int) -> bool:
        """Makes each unconnected part of segments an instance of a thing category."""
        label = f"convert to {self.taxonomy[category].name}"
        return self._edit(ids, lambda policy: shape_edits.to_instances(self.map, ids, category, policy, label))

    def split_components(self, ids: Collection[int]) -> bool:
        """Makes each unconnected part of segments one of its own."""
        label = f"split {self.describe(ids)} into parts"
        return self._edit(ids, lambda policy: shape_edits.split_components(self.map, ids, policy, label=label))

    def fill_holes(self, ids: Collection[int]) -> bool:
        """Gives segments what they enclose."""
        label = f"fill holes of {self.describe(ids)}"
        return self._edit(ids, lambda policy: shape_edits.fill_holes(self.map, ids, policy, label))

    def grow(self, segment_id: int, radius_px: float) -> bool:
        """Adds what is around a segment; a negative radius takes its rim away."""
        name = self.describe([segment_id])
        if radius_px >= 0:
            return self._edit(
                [segment_id],
                lambda policy: shape_edits.grow(self.map, segment_id, radius_px, policy, f"grow {name}"),
            )
        return self._edit(
            [segment_id],
            lambda policy: shape_edits.shrink(
                self.map, segment_id, -radius_px, policy, self.second_choice, f"shrink {name}"
            ),
        )

    def smooth(self, ids: Collection[int], radius_px: float) -> bool:
        """Smooths the borders of segments together with their neighbours'."""
        label = f"smooth {self.describe(ids)}"
        return self._edit(ids, lambda policy: shape_edits.smooth(self.map, ids, radius_px, policy, label))

    def relabel_selection(self, category: int) -> bool:
        return bool(self.selection) and self.relabel(sorted(self.selection), category)

    def delete_selection(self) -> bool:
        return bool(self.selection) and self.delete(sorted(self.selection))

    def num_pixels_around(self, ids: Iterable[int]) -> int:
        """How many pixels the common box of segments has: what an edit of them has to look at."""
        box = EMPTY_BOX
        for segment_id in ids:
            if segment_id in self.map.segments:
                box = box.union(self.map.bbox(segment_id))
        return box.area

    def _edit(self, ids: Collection[int], make: MakePatch) -> bool:
        return self.edit(make, num_pixels=self.num_pixels_around(ids))


class Attempt:
    """A patch, or the sentence why there is none."""

    def __init__(self, make: MakePatch, policy: EditingPolicy, then: Callable[[Patch], object] | None) -> None:
        self.patch: Patch | None = None
        self.error = ""
        self.then = then
        try:
            self.patch = make(policy)
        except SceneError as error:
            self.error = str(error)
