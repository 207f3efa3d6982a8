"""Kills a painting process, breaks the disk under another, and counts what was lost: python benchmarks/durability.py

With a number, so many kills instead of 200. The faulty disk needs Linux and a C compiler; it is left out elsewhere.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

PROJECT_TESTS = Path(__file__).resolve().parents[1] / "tests" / "unit" / "engine" / "project"
sys.path.insert(0, str(PROJECT_TESTS))
from painter import digest  # noqa: E402  the process under test, shared with the tests

TAXONOMY = Taxonomy(
    "benchmark",
    tuple(Category(f"stuff {i}", Kind.STUFF, (i, i, i)) for i in range(5))
    + tuple(Category(f"thing {i}", Kind.THING, (i, i, 255)) for i in range(5)),
)


def make_project(folder: Path, num_images: int = 2) -> Path:
    """A project of a few small random pictures."""
    photos = folder / "photos"
    photos.mkdir()
    for number in range(num_images):
        pixels = np.random.default_rng(number).integers(0, 255, (96, 128, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(photos / f"{number}.png")
    with Project.create(folder / "photos.seamseg", TAXONOMY) as project:
        project.add_images(sorted(photos.iterdir()))
        return project.folder


def kill_once(folder: Path, log: Path, seed: int, seconds: float) -> int:
    """Paints for a while, kills the painter and returns how many steps it had finished."""
    log.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, PROJECT_TESTS / "painter.py", folder, log, str(seed)])
    while not (log.exists() and log.stat().st_size) and process.poll() is None:
        time.sleep(0.002)
    time.sleep(seconds)
    process.kill()
    process.wait()
    return log.read_text().count(" done ")


def survey(folder: Path, log: Path) -> tuple[int, int]:
    """Returns how many images were in a state that the log does not allow, and how many were one step ahead of it."""
    possible: dict[int, list[str]] = {}
    for line in log.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            image_id, what, state = line.split()
            possible[int(image_id)] = [state] if what == "done" else [*possible[int(image_id)], state]
    lost = ahead = 0
    with Project.open(folder) as project:
        for image_id, states in possible.items():
            panoptic_map = project.load_map(image_id)
            panoptic_map.check(TAXONOMY)
            found = digest(panoptic_map)
            if found != states[0]:
                if found in states or "*" in states:
                    ahead += 1
                else:
                    lost += 1
    return lost, ahead


def kills(num_kills: int) -> bool:
    """Prints what came of killing the painter; tells whether nothing was lost."""
    rng = random.Random(0)
    lost = ahead = steps = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_project(Path(temporary))
        log = Path(temporary) / "log"
        start = time.monotonic()
        for number in range(num_kills):
            steps += kill_once(folder, log, number, rng.uniform(0, 0.4))
            lost_now, ahead_now = survey(folder, log)
            lost, ahead = lost + lost_now, ahead + ahead_now
        seconds = time.monotonic() - start
        with Project.open(folder) as project:
            history = sum(len(project.history(record.id)) for record in project.images())
        size = (folder / "project.db").stat().st_size / 2**20
    print(f"{num_kills} kills at random moments in {seconds:.0f} s, {steps} finished steps")
    print(f"steps lost: {lost}; steps that were on disk before their caller knew: {ahead}")
    print(f"partitions broken: 0; history kept: {history} steps, {size:.1f} MiB")
    return lost == 0


def faults() -> bool:
    """Prints how often the disk failed under each operation; tells whether each failure was told and nothing lost."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        print("faulty disk: left out, there is no C compiler")
        return True
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_project(Path(temporary), 3)
        library = Path(temporary) / "faults.so"
        source = PROJECT_TESTS / "faults.c"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        start = time.monotonic()
        found = subprocess.run(
            [sys.executable, PROJECT_TESTS / "faulty.py", folder, "all"],
            env={**os.environ, "LD_PRELOAD": str(library)},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - start
    if found.returncode:
        print(f"faulty disk: FAILED\n{found.stderr}")
        return False
    table = json.loads(found.stdout)
    print(f"faults injected in {seconds:.0f} s; after each the project was whole, in memory and on disk")
    calls = ("write", "fsync", "rename", "open")
    print(f"  {'call that failed:':24s}" + "".join(f"{call:>8s}" for call in calls))
    for name, by_kind in table.items():
        counts = [sum(n for kind, (n, _) in by_kind.items() if kind.startswith(call)) for call in calls]
        print(f"  {name:24s}" + "".join(f"{number:8d}" for number in counts))
    total = sum(number for by_kind in table.values() for number, _ in by_kind.values())
    told = sum(errors for by_kind in table.values() for _, errors in by_kind.values())
    print(f"  {total} faults: no space, I/O error, no access, half a write")
    print(f"  told as one error: {told}; overcome without one: {total - told}; lost: 0")
    return True


def main() -> None:
    num_kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    nothing_lost = kills(num_kills) if num_kills else True
    sys.exit(0 if faults() and nothing_lost else 1)


if __name__ == "__main__":
    main()
