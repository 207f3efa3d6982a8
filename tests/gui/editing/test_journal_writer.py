"""Undo and redo across a disk that comes and goes."""

from __future__ import annotations

import numpy as np
from canvas_street import TAXONOMY
from hypothesis import given
from hypothesis import strategies as st
from memory_project import MemoryProject

from seamseg_studio.app.editing.journal_writer import JournalWriter
from seamseg_studio.engine.project import ProjectError
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy

SIDE = 6


class Disk(MemoryProject):
    """A journal that can refuse."""

    is_full = False

    def append(self, image_id: int, patch: Patch) -> int:
        self._check()
        return super().append(image_id, patch)

    def undo(self, image_id: int) -> Patch | None:
        self._check()
        return super().undo(image_id)

    def redo(self, image_id: int) -> Patch | None:
        self._check()
        return super().redo(image_id)

    def _check(self) -> None:
        if self.is_full:
            raise ProjectError("the disk is full; make room")


def new_map() -> PanopticMap:
    return PanopticMap(
        np.arange(1, SIDE * SIDE + 1, dtype=np.int32).reshape(SIDE, SIDE) % 2 + 1, {1: Segment(2), 2: Segment(2)}
    )


@given(st.lists(st.sampled_from(["paint", "paint", "undo", "redo", "full", "well"]), max_size=30))
def test_what_is_seen_is_what_the_journal_holds_in_the_end(steps: list[str]) -> None:
    disk = Disk(TAXONOMY)
    writer = JournalWriter(disk, 1)
    panoptic_map = new_map()
    # The plain truth: maps before and after each step, and where one is among them.
    states, place = [panoptic_map.ids.copy()], 0
    for number, step in enumerate(steps):
        if step in ("full", "well"):
            disk.is_full = step == "full"
        elif step == "paint":
            mask = np.zeros((SIDE, SIDE), bool)
            mask[number % SIDE, number // SIDE % SIDE] = True
            target = 3 - int(panoptic_map.ids[number % SIDE, number // SIDE % SIDE])
            patch = edits.paint(panoptic_map, mask, panoptic_map.box, target, EditingPolicy(TAXONOMY))
            patch.apply(panoptic_map)
            writer.append(patch)
            states = [*states[: place + 1], panoptic_map.ids.copy()]
            place += 1
        else:
            assert writer.can_redo == (place < len(states) - 1)
            try:
                moved = writer.undo() if step == "undo" else writer.redo()
            except ProjectError:
                continue  # nothing changed
            if moved is None:
                continue
            (moved.revert if step == "undo" else moved.apply)(panoptic_map)
            place += -1 if step == "undo" else 1
        assert np.array_equal(panoptic_map.ids, states[place])
    disk.is_full = False
    assert writer.flush()
    replayed = new_map()
    for patch in disk.patches[: disk.num_done]:
        patch.apply(replayed)
    assert np.array_equal(replayed.ids, panoptic_map.ids)
