"""Large projects and files: python -m tests.torture.scale [--images 100000] [--segments 1000000] [--steps 10000]

Prints a table of how long each thing took and how much memory the process had at most, one process for each, and exits
with 1 if one went beyond its limit.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from seamseg_studio.engine.errors import SeamsegError
from seamseg_studio.engine.formats.image_file import read_image, read_size
from seamseg_studio.engine.project import Project, Status
from seamseg_studio.engine.scene import edits
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from tests.torture import seeds
from tests.torture.test_bombs import HUGE

Row = tuple[str, float]
_MOST_LINKS = 30_000  # that file systems allow to one file


def timed(rows: list[Row], what: str, call: Callable[[], object]) -> object:
    """Calls something and notes how many seconds it took."""
    start = time.perf_counter()
    result = call()
    rows.append((what, time.perf_counter() - start))
    return result


def many_images(number: int, folder: Path) -> list[Row]:
    """A project of so many photographs: links to one file, each with labels counted."""
    rows: list[Row] = []
    photos = folder / "photos"
    photos.mkdir()
    seeds.make_photo().save(photos / "000000.png")
    for place in range(1, number):
        first = photos / f"{place - place % _MOST_LINKS:06}.png"
        path = photos / f"{place:06}.png"
        if path == first:
            seeds.make_photo().save(path)
        else:
            path.hardlink_to(first)
    project = Project.create(folder / "p.seamseg", seeds.TAXONOMY)
    timed(rows, f"add {number:,} images by their headers", lambda: project.add_images(sorted(photos.iterdir())))
    timed(rows, "close", project.close)
    project = Project.open(folder / "p.seamseg")
    timed(rows, "close once more", project.close)
    project = timed(rows, "open", lambda: Project.open(folder / "p.seamseg"))  # type: ignore[assignment]
    timed(rows, "list all images", project.images)
    timed(rows, "statistics", project.statistics)
    timed(rows, "set a status", lambda: project.set_status(number // 2, Status.FLAGGED, "look"))
    _paint(project, number // 2, 1)
    timed(rows, "a step on one of them", lambda: _paint(project, number // 2, 4))
    timed(rows, "look for missing files", project.missing_images)
    project.close()
    return rows


def _paint(project: Project, image_id: int, x: int) -> None:
    panoptic_map = project.load_map(image_id)
    segment = Segment(int(x % len(project.taxonomy)))
    box = Box(2, x, 5, x + 3)
    patch = edits.paint(panoptic_map, np.ones((3, 3), bool), box, segment, EditingPolicy(project.taxonomy))
    if not patch.is_empty:
        project.append(image_id, patch)


def many_segments(number: int, folder: Path) -> list[Row]:
    """An image of so many segments, 8 x 8 pixels each."""
    rows: list[Row] = []
    side = int(np.ceil(np.sqrt(number)))
    cells = np.arange(1, side * side + 1, dtype=np.int32).reshape(side, side)
    ids = np.repeat(np.repeat(cells, 8, axis=0), 8, axis=1)
    segments = {place: Segment(2) for place in range(1, side * side + 1)}
    panoptic_map = timed(rows, f"map of {side * side:,} segments", lambda: PanopticMap.from_arrays(ids, segments))
    assert isinstance(panoptic_map, PanopticMap)
    (folder / "photos").mkdir()
    seeds.make_photo().resize(ids.shape).save(folder / "photos" / "a.png")
    policy = EditingPolicy(seeds.TAXONOMY)
    patch = edits.paint(panoptic_map, np.ones((99, 99), bool), Box(50, 50, 149, 149), Segment(2), policy)
    timed(rows, "a dab of 99 x 99 pixels", lambda: patch.apply(panoptic_map))
    timed(rows, "undo it", lambda: patch.revert(panoptic_map))
    with Project.create(folder / "p.seamseg", seeds.TAXONOMY) as project:
        project.add_images([folder / "photos" / "a.png"])
        timed(rows, "store it in a project", lambda: project.store_labels(1, panoptic_map))
        timed(rows, "load it", lambda: project.load_map(1))
    return rows


def long_journal(number: int, folder: Path) -> list[Row]:
    """An image with so many steps."""
    rows: list[Row] = []
    (folder / "photos").mkdir()
    seeds.make_photo().resize((1024, 768)).save(folder / "photos" / "a.png")
    policy = EditingPolicy(seeds.TAXONOMY)
    rng = np.random.default_rng(0)
    with Project.create(folder / "p.seamseg", seeds.TAXONOMY) as project:
        project.add_images([folder / "photos" / "a.png"])
        panoptic_map = project.load_map(1)

        def work() -> None:
            for step in range(number):
                y, x = int(rng.integers(0, 740)), int(rng.integers(0, 1000))
                segment = Segment(step % len(project.taxonomy))
                patch = edits.paint(panoptic_map, np.ones((9, 9), bool), Box(y, x, y + 9, x + 9), segment, policy)
                patch.apply(panoptic_map)
                project.append(1, patch)

        timed(rows, f"make {number:,} steps, each on disk", work)
        state = panoptic_map.ids.tobytes()
    (project.folder / "labels").exists()
    project = Project.open(folder / "p.seamseg")
    loaded = timed(rows, "load the map by its whole journal", lambda: project.load_map(1))
    assert isinstance(loaded, PanopticMap)
    assert loaded.ids.tobytes() == state
    timed(rows, "load it again", lambda: project.load_map(1))
    timed(rows, "list the history", lambda: project.history(1))
    timed(rows, "undo a step", lambda: project.undo(1))

    def undo_all() -> None:
        while project.undo(1) is not None:
            pass

    timed(rows, "undo all others", undo_all)
    project.close()
    return rows


def huge_headers(_: int, folder: Path) -> list[Row]:
    """Files of some hundred bytes that promise up to 65,000 x 30,000 pixels and more."""
    rows: list[Row] = []
    for name, data in HUGE.items():
        path = folder / "huge"
        path.write_bytes(data)

        def read(path: Path = path, name: str = name) -> None:
            for look in (read_size, read_image):
                try:
                    look(path)
                except SeamsegError:
                    continue
                raise AssertionError(f"{name} was not refused")

        timed(rows, f"refuse {name}", read)
    return rows


LARGE = {"images": many_images, "segments": many_segments, "steps": long_journal, "headers": huge_headers}
MOST_MIB = {"images": 600, "segments": 4000, "steps": 600, "headers": 400}


def main() -> int:
    """Prints the table, or makes one part of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--headers", type=int, default=1)
    parser.add_argument("--only", choices=LARGE)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        with TemporaryDirectory(prefix="scale-") as name:
            rows = LARGE[args.only](getattr(args, args.only), Path(name))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"rows": rows, "most_mib": most}))
        return 0
    code = 0
    for part in [args.only] if args.only else LARGE:
        command = [sys.executable, "-m", "tests.torture.scale", "--inside", "--only", part]
        command += [f"--{part}", str(getattr(args, part))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{part}: FAILED\n{done.stderr[-2000:]}")
            code = 1
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        for what, seconds in found["rows"]:
            print(f"{what:45}{seconds * 1e3:12.1f} ms")
        within = found["most_mib"] <= MOST_MIB[part]
        code |= not within
        print(
            f"{'memory of this process at most':45}{found['most_mib']:12.0f} MiB (limit {MOST_MIB[part]})", flush=True
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
