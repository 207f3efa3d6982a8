"""A process whose disk fails at one call after the other: python faulty.py PROJECT [fast|all]

Run with faults.c before the C library. Each operation of the project is repeated with the first, second, third ...
call of each kind failing, until it goes through without meeting the fault. After every failure there must have been
one `SaveError`, and the project must be as it was, in this process and for one that opens a copy of the folder; after
the disk is mended the operation must succeed. Prints a JSON summary.
"""

from __future__ import annotations

import ctypes
import errno
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from seamseg_studio.engine.project import Project, SaveError, Status
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.taxonomy import Taxonomy

WRITE, SYNC, RENAME, OPEN = 1, 2, 4, 8
ONCE, FOR_GOOD, SHORT = 0, 1, 2
KINDS = {
    "write: no space": (WRITE, errno.ENOSPC, FOR_GOOD),
    "write: I/O error": (WRITE, errno.EIO, ONCE),
    "write: half of it": (WRITE, errno.ENOSPC, SHORT),
    "fsync: I/O error": (SYNC, errno.EIO, ONCE),
    "fsync: no space": (SYNC, errno.ENOSPC, FOR_GOOD),
    "rename: no access": (RENAME, errno.EACCES, FOR_GOOD),
    "rename: I/O error": (RENAME, errno.EIO, ONCE),
    "open: no access": (OPEN, errno.EACCES, FOR_GOOD),
    "open: no space": (OPEN, errno.ENOSPC, ONCE),
}
FAST = ("write: half of it", "fsync: I/O error", "rename: no access", "open: no access")
_FIRST_CALLS, _MOST_CALLS = 3, 500

OPERATIONS = (
    "append",
    "checkpoint",
    "undo",
    "store a prediction",
    "store labels",
    "status, time, view",
    "compact",
    "change the categories",
)
State = dict[int, tuple[object, ...]]


class Disk:
    """The switch of faults.c."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)

    def breaks(self, calls: int, after: int, code: int, how: int) -> None:
        self._library.fault_arm(calls, after, code, how)

    def mends(self) -> int:
        """Returns how many calls failed."""
        self._library.fault_disarm()
        return int(self._library.fault_failures())


class Worker:
    """The operations of a project, each of which can be done any number of times."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._number = 0

    def do(self, name: str) -> None:
        """Makes one of `OPERATIONS`."""
        work: tuple[Callable[[], object], ...] = (
            self._append,
            lambda: self.project.checkpoint(1),
            lambda: self.project.undo(1),
            lambda: self.project.store_prediction(2, self._result(), "starter"),
            lambda: self.project.store_labels(3, self._result().to_map()),
            self._remarks,
            lambda: self.project.compact(1, 2),
            self._change_categories,
        )
        work[OPERATIONS.index(name)]()

    def prepare(self, name: str) -> None:
        """Brings about what an operation needs to have something to do."""
        self._number += 1
        if name in ("undo", "checkpoint", "compact"):
            for _ in range(3):
                self._append()
        if name == "change the categories":
            self.project.store_prediction(2, self._result(), "starter")
            self._append()
        if name == "store labels":  # nobody may have worked on the image
            with self.project._database.write() as connection:
                connection.execute("UPDATE images SET root = '', status = 'new' WHERE id = 3")

    def _append(self) -> None:
        self._number += 1
        x = self._number * 5 % 28
        panoptic_map = self.project.load_map(1)
        policy = EditingPolicy(self.project.taxonomy)
        mask = np.ones((4, 4), dtype=bool)
        category = self._number % len(self.project.taxonomy)
        patch = edits.paint(panoptic_map, mask, Box(2, x, 6, x + 4), Segment(category), policy)
        if not patch.is_empty:
            self.project.append(1, patch)

    def _remarks(self) -> None:
        self.project.set_status(3, Status.FLAGGED, f"look {self._number}")
        self.project.add_time(3, 1.0)
        self.project.set_view(3, {"scale": self._number})

    def _change_categories(self) -> None:
        old = self.project.taxonomy
        stuff = list(old.categories[: old.num_stuff])[::-1]
        turned = Taxonomy(f"turned {self._number}", (*stuff, *old.categories[old.num_stuff :]))
        moves: dict[int, int | None] = {i: turned.categories.index(c) for i, c in enumerate(old.categories)}
        moves[len(old) - 1] = len(old) - 2  # people become cars, or what is there instead of cars
        self.project.change_taxonomy(turned, moves)
        self.project.take_back_taxonomy()

    def _result(self) -> PanopticResult:
        ids = np.ones(self.project.load_map(2).shape, dtype=np.int32)
        ids[12:] = 2
        ids[8:16, self._number % 20 : self._number % 20 + 8] = 3
        return PanopticResult(
            ids,
            np.array([255, 1, 0, len(self.project.taxonomy) - 1]),
            np.ones(4, dtype=np.float32),
            np.zeros(4, dtype=bool),
            None,
        )


def state_of(project: Project) -> State:
    """Everything that must not change when an operation fails."""
    project._images.hash_all()
    state: State = {0: (project.taxonomy, len(project.taxonomy_history()))}
    for record in project.images():
        panoptic_map: PanopticMap = project.load_map(record.id)
        panoptic_map.check(project.taxonomy)
        state[record.id] = (
            panoptic_map.ids.tobytes(),
            panoptic_map.provenance.tobytes(),
            tuple(sorted((i, repr(segment)) for i, segment in panoptic_map.segments.items())),
            tuple(project.history(record.id)),
            (record.status, record.note, record.num_edits, record.seconds),
            repr(project.view(record.id)),
        )
    return state


def state_of_copy(project: Project) -> State:
    """What a process finds that opens the folder as it is on disk at this moment."""
    with tempfile.TemporaryDirectory(dir=project.folder.parent) as temporary:
        copy = Path(shutil.copytree(project.folder, Path(temporary) / project.folder.name))
        with Project.open(copy) as opened:
            assert not opened.read_only
            return state_of(opened)


def strike(disk: Disk, worker: Worker, name: str, kind: str, stride: int) -> tuple[int, int]:
    """Lets each call of one kind fail in one operation; returns the numbers of faults and of errors.

    With a `stride` above 1 only the first few calls, and then every `stride`-th.
    """
    calls, code, how = KINDS[kind]
    errors = 0
    for faults, after in enumerate((*range(_FIRST_CALLS), *range(_FIRST_CALLS, _MOST_CALLS, stride))):
        worker.prepare(name)
        before = state_of(worker.project)
        failed = False
        disk.breaks(calls, after, code, how)
        try:
            worker.do(name)
        except SaveError:
            failed = True
        finally:
            struck = disk.mends()
        if not struck:
            return faults, errors
        errors += failed
        now = state_of(worker.project)
        parts = name in ("status, time, view", "change the categories")  # several operations, each whole
        if failed and not parts:
            assert now == before, f"{name} failed but changed something ({kind}, call {after})"
        on_disk = state_of_copy(worker.project)
        # After a failed fsync the commit may or may not be on disk; SQLite overwrites it with the next one.
        if calls != SYNC:
            assert on_disk == now, f"{name}: the disk has something else ({kind}, call {after})"
        if failed:
            worker.do(name)  # the disk is mended
            assert state_of_copy(worker.project) == state_of(worker.project), f"{name}: not mended ({kind}, {after})"
    raise AssertionError(f"{name} never got through")


def main() -> None:
    fast = sys.argv[2:] == ["fast"]
    template = Path(sys.argv[1])
    disk = Disk()
    table: dict[str, dict[str, tuple[int, int]]] = {}
    for name in OPERATIONS:
        table[name] = {}
        for kind in FAST if fast else KINDS:
            with tempfile.TemporaryDirectory(dir=template.parent) as temporary:
                folder = Path(shutil.copytree(template, Path(temporary) / template.name))
                with Project.open(folder) as project:
                    table[name][kind] = strike(disk, Worker(project), name, kind, 6 if fast else 3)
                    final = state_of(project)
                with Project.open(folder) as project:
                    assert state_of(project) == final
    print(json.dumps(table))


if __name__ == "__main__":
    main()
