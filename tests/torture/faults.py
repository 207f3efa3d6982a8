"""Faults under a project that is worked on: python -m tests.torture.faults [--rounds 300] [--seed 1]

Each round works on a project while something fails, and then compares all of it, in memory and on disk, with what it
was before or would be after: the disk is full (RLIMIT_FSIZE), memory runs out (RLIMIT_AS), the folder disappears and
comes back as an unplugged drive does, the clock jumps by years, the files become read-only. Failures of single calls of
the operating system (no space, I/O error, no access, half a write) are `benchmarks/durability.py`'s. Prints a JSON line
with how many faults of each kind were injected, told as one error, survived without one, and how many steps were lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.project import Project, Status
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from tests.torture import seeds

State = dict[int, tuple[object, ...]]
SIDE = 800


@contextmanager
def full_disk(_: Path, rng: random.Random) -> Iterator[None]:
    """Files cannot grow beyond a few bytes more than the database has."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (rng.choice((0, 100, 4096, 20_000)), former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


@contextmanager
def no_memory(_: Path, rng: random.Random) -> Iterator[None]:
    """Next to nothing can be allocated that is not there already."""
    former = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    extra = rng.choice((0, 1 << 16, 1 << 18, 1 << 20))
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + extra, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, former)


@contextmanager
def folder_away(folder: Path, _: random.Random) -> Iterator[None]:
    """The project's folder is not where it was, and comes back."""
    away = folder.with_name("unplugged")
    folder.rename(away)
    try:
        yield
    finally:
        if folder.exists():  # something was written where the drive was
            raise AssertionError(f"a project was begun anew in place of one that is away: {list(folder.iterdir())}")
        away.rename(folder)


@contextmanager
def clock_jumps(_: Path, rng: random.Random) -> Iterator[None]:
    """Every look at the clock tells another year."""
    real = time.time

    def jumping() -> float:
        return real() + rng.uniform(-2e9, 2e9)

    with mock.patch("time.time", jumping):
        yield


@contextmanager
def no_access(folder: Path, rng: random.Random) -> Iterator[None]:
    """The folders of the project are read-only (told by the system even to its administrator, as immutable)."""
    real_open, real_mkstemp = os.open, __import__("tempfile").mkstemp

    def refuse(path: object, flags: int, *args: object, **kwargs: object) -> int:
        if str(path).startswith(str(folder)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise PermissionError(13, "Permission denied", str(path))
        return real_open(path, flags, *args, **kwargs)  # type: ignore[arg-type]

    def refuse_made(*args: object, **kwargs: object) -> tuple[int, str]:
        if str(kwargs.get("dir", "")).startswith(str(folder)):
            raise PermissionError(13, "Permission denied", str(kwargs["dir"]))
        return real_mkstemp(*args, **kwargs)  # type: ignore[no-any-return]

    with mock.patch("os.open", refuse), mock.patch("tempfile.mkstemp", refuse_made):
        yield


FAULTS = {
    "full disk": full_disk,
    "out of memory": no_memory,
    "folder disappears": folder_away,
    "clock jumps": clock_jumps,
    "no access": no_access,
}


def work(project: Project, rng: random.Random) -> str:
    """Does one thing to a project; returns what."""
    kind = rng.choice(("paint", "paint", "paint", "undo", "redo", "checkpoint", "predict", "remark"))
    if kind == "paint":
        panoptic_map = project.load_map(1)
        y, x = rng.randrange(SIDE - 40), rng.randrange(SIDE - 40)
        mask = np.ones((rng.randrange(1, 40), rng.randrange(1, 40)), bool)
        box = Box(y, x, y + mask.shape[0], x + mask.shape[1])
        segment = Segment(rng.randrange(len(project.taxonomy)))
        patch = edits.paint(panoptic_map, mask, box, segment, EditingPolicy(project.taxonomy))
        if not patch.is_empty:
            project.append(1, patch)
    elif kind == "undo":
        project.undo(1)
    elif kind == "redo":
        project.redo(1)
    elif kind == "checkpoint":
        project.checkpoint(1)
    elif kind == "predict":
        project.store_prediction(2, seeds.make_result(), "tiny")
    else:
        project.set_status(2, rng.choice(list(Status)), f"note {rng.random()}")
    return kind


def state_of(project: Project) -> State:
    """All that a person would miss."""
    state: State = {}
    for record in project.images():
        panoptic_map = project.load_map(record.id)
        panoptic_map.check(project.taxonomy)
        steps = tuple((entry.seq, entry.label, entry.undone) for entry in project.history(record.id))
        state[record.id] = (panoptic_map.ids.tobytes(), steps, record.status, record.note, record.num_edits)
    return state


def make_project(folder: Path) -> Path:
    """A project of an image to work on and one to predict."""
    photos = folder / "photos"
    photos.mkdir()
    seeds.make_photo().resize((SIDE, SIDE)).save(photos / "1.png")
    seeds.make_photo().save(photos / "2.png")
    with Project.create(folder / "p.seamseg", seeds.TAXONOMY) as project:
        project.add_images(sorted(photos.iterdir()))
    return folder / "p.seamseg"


def one_round(folder: Path, fault: Callable[..., object], rng: random.Random) -> tuple[int, int, int]:
    """Returns how many things were done while something failed, how many errors were told, and what was lost."""
    done = errors = lost = 0
    with Project.open(folder) as project:
        for _ in range(rng.randrange(3)):
            work(project, rng)
        for _ in range(rng.randrange(1, 4)):
            before = state_of(project)
            failed = False
            seed = rng.random()
            try:
                with fault(folder, rng):  # type: ignore[attr-defined]
                    done += 1
                    work(project, random.Random(seed))
            except (SeamsegError, MemoryError):
                failed = True
            errors += failed
            after = state_of(project)
            lost += failed and after != before
            if failed:  # the fault is over: the same work must succeed now
                work(project, random.Random(seed))
        last = state_of(project)
    with Project.open(folder) as project:
        lost += state_of(project) != last
    return done, errors, lost


def main() -> int:
    """Runs the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    rng = random.Random(args.seed)
    table: dict[str, Counter[str]] = {name: Counter() for name in FAULTS}
    start = time.monotonic()
    with TemporaryDirectory() as name:
        folder = make_project(Path(name))
        for number in range(args.rounds):
            kind = list(FAULTS)[number % len(FAULTS)]
            done, errors, lost = one_round(folder, FAULTS[kind], rng)
            table[kind].update(injected=done, told=errors, survived=done - errors, lost=lost)
    seconds = round(time.monotonic() - start, 1)
    print(json.dumps({"rounds": args.rounds, "seconds": seconds, **{k: dict(v) for k, v in table.items()}}))
    return int(any(counts["lost"] for counts in table.values()))


if __name__ == "__main__":
    sys.exit(main())
