"""A process that edits a project at full speed until it is killed: python painter.py PROJECT LOG SEED

A line of LOG is `IMAGE try STATE` before a call and `IMAGE done STATE` after it, so the project must hold the last
state that is done or the one that was tried after it ("*": not known beforehand).
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from pathlib import Path

import numpy as np

from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.patch import Patch
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.stroke import Stroke


def digest(panoptic_map: PanopticMap) -> str:
    """A short text that differs if anything of a map differs."""
    content = hashlib.sha256(panoptic_map.ids.tobytes() + panoptic_map.provenance.tobytes())
    content.update(repr(sorted(panoptic_map.segments.items())).encode())
    return content.hexdigest()[:16]


class Painter:
    """Edits one image and says in the log what it is about to do and what is done."""

    def __init__(self, project: Project, image_id: int, log: int, rng: random.Random) -> None:
        self._project = project
        self._image_id = image_id
        self._log = log
        self._rng = rng
        self._map = project.load_map(image_id)
        self._policy = EditingPolicy(project.taxonomy)
        # States known to lie before and after the present one; what was done in an earlier life is not known.
        self._states = [digest(self._map)]
        self._place = 0
        self._say("done", self._states[0])

    def step(self) -> None:
        """Makes one random change, in memory and in the project."""
        kind = self._rng.random()
        if kind < 0.15:
            self._travel(-1)
        elif kind < 0.25:
            self._travel(1)
        elif kind < 0.35:
            self._say("try", self._states[self._place])
            self._project.checkpoint(self._image_id, self._map)
            self._say("done", self._states[self._place])
        elif kind < 0.8:
            patch = self._patch(by_record=kind < 0.6)
            if patch is not None and not patch.is_empty:
                patch.apply(self._map)
                self._append(patch)
        else:
            self._append(self._stroke())

    def _travel(self, by: int) -> None:
        place = self._place + by
        expected = self._states[place] if 0 <= place < len(self._states) else "*"
        self._say("try", expected)
        patch = self._project.undo(self._image_id) if by < 0 else self._project.redo(self._image_id)
        if patch is not None:
            (patch.revert if by < 0 else patch.apply)(self._map)
            if expected == "*":
                self._states, self._place = [digest(self._map)], 0
            else:
                self._place = place
        self._say("done", digest(self._map))

    def _append(self, patch: Patch | None) -> None:
        if patch is None:
            return
        self._states[self._place + 1 :] = [digest(self._map)]
        self._place += 1
        self._say("try", self._states[self._place])
        self._project.append(self._image_id, patch)
        self._say("done", self._states[self._place])

    def _patch(self, by_record: bool) -> Patch | None:
        category = self._rng.randrange(len(self._policy.taxonomy))
        if by_record:
            chosen = sorted(self._map.segments)
            return edits.relabel(self._map, [self._rng.choice(chosen)], category, self._policy) if chosen else None
        y, x = self._rng.randrange(self._map.shape[0] - 3), self._rng.randrange(self._map.shape[1] - 3)
        mask = np.ones((3, 3), dtype=bool)
        return edits.paint(self._map, mask, Box(y, x, y + 3, x + 3), Segment(category), self._policy)

    def _stroke(self) -> Patch | None:
        target = self._rng.choice([None, Segment(self._rng.randrange(len(self._policy.taxonomy)))])
        stroke = Stroke(self._map, target, self._policy)
        for _ in range(3):
            point = (self._rng.uniform(0, self._map.shape[0]), self._rng.uniform(0, self._map.shape[1]))
            stroke.line_to(point, self._rng.uniform(1, 4))
        return stroke.finish()

    def _say(self, what: str, state: str) -> None:
        os.write(self._log, f"{self._image_id} {what} {state}\n".encode())


def main() -> None:
    folder, log, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    with Project.open(folder) as project:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        painters = [Painter(project, record.id, descriptor, rng) for record in project.images()]
        while True:
            rng.choice(painters).step()


if __name__ == "__main__":
    main()
