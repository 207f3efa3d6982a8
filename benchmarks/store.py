"""Times the project store: python benchmarks/store.py [IMAGES] [--statistics-only]

Adds that many images (hard links to a few real files), lists them, journals steps and replays a long history. With
`--statistics-only` the images are lines of the database without a file, so that many can be had at once: it shows how
long a large project takes to open and to be summed up.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from seamseg_studio.engine.project import Project, Status
from seamseg_studio.engine.scene.panoptic_map import Segment
from seamseg_studio.engine.scene.policy import EditingPolicy
from seamseg_studio.engine.scene.stroke import Stroke
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

TAXONOMY = Taxonomy("benchmark", (Category("road", Kind.STUFF, (9, 9, 9)), Category("car", Kind.THING, (0, 0, 142))))
NUM_STEPS = 500
NUM_COUNTED = 15
NUM_LOOKED_AT = 100


def timed(what: str, action: Callable[[], object]) -> None:
    start = time.perf_counter()
    action()
    print(f"{what:58s}{1e3 * (time.perf_counter() - start):10.1f} ms")


def make_photos(folder: Path, number: int) -> list[Path]:
    folder.mkdir()
    first = folder / "0000000.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (768, 1024, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(first)
    paths = [first]
    for index in range(1, number):
        paths.append(folder / f"{index:07d}.jpg")
        os.link(first, paths[-1])
    return paths


def draw(project: Project, image_id: int) -> None:
    """Journals strokes and prints how long the disk kept each."""
    rng = random.Random(0)
    panoptic_map = project.load_map(image_id)
    policy = EditingPolicy(project.taxonomy)
    times_ms: list[float] = []
    copied_ms: list[float] = []
    keep = project._database._listener
    assert keep is not None

    def timed_keep(changed: Sequence[int], added: Sequence[int]) -> None:
        start = time.perf_counter()
        keep(changed, added)
        copied_ms.append(1e3 * (time.perf_counter() - start))

    project._database._listener = timed_keep
    for _ in range(NUM_STEPS):
        stroke = Stroke(panoptic_map, Segment(1), policy)
        for _ in range(6):
            stroke.line_to((rng.uniform(0, 768), rng.uniform(0, 1024)), rng.uniform(4, 40))
        patch = stroke.finish()
        if patch is not None:
            start = time.perf_counter()
            project.append(image_id, patch)
            times_ms.append(1e3 * (time.perf_counter() - start))
    project._database._listener = keep
    for what, times in (("journal a stroke (fsync included)", times_ms), ("its second home alone", copied_ms)):
        half, most = np.percentile(times, [50, 95])
        print(f"{f'{what}, median / p95':58s}{half:10.2f} / {most:.2f} ms")


def count_all(project: Project) -> None:
    """Gives every image counts, as if it were labelled."""
    with project._database.write() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO category_counts VALUES (?, ?, 3, 1000)",
            ((record.id, key) for record in project.images() for key in range(NUM_COUNTED)),
        )


def fill(project: Project, number: int) -> None:
    """Adds lines of images as a large project has them: some accepted, with the time that they took."""
    statuses = [status.value for status in Status]
    rng = random.Random(0)
    with project._database.write() as connection:
        connection.executemany(
            "INSERT INTO images (path, name, height, width, num_bytes, status, seconds, num_edits)"
            " VALUES (?, ?, 1024, 2048, 1000000, ?, ?, ?)",
            (
                (f"photos/{i:07d}.jpg", f"{i:07d}.jpg", rng.choice(statuses), rng.uniform(20, 900), rng.randrange(80))
                for i in range(number)
            ),
        )
    count_all(project)


def show_statistics(folder: Path, number: int) -> None:
    with Project.create(folder / "photos.seamseg", TAXONOMY) as project:
        timed(f"write {number} lines, each with {NUM_COUNTED} categories", lambda: fill(project, number))
    start = time.perf_counter()
    with Project.open(folder / "photos.seamseg") as project:
        records = project.images()
        print(f"{f'open and list {len(records)} images':58s}{1e3 * (time.perf_counter() - start):10.1f} ms")
        for _ in range(3):
            timed("statistics: progress, time, segments and pixels", project.statistics)
        timed("set a status", lambda: project.set_status(records[-1].id, Status.FLAGGED, "look"))
        timed("statistics after that", project.statistics)
        timed("size of the journal", project.journal_size)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("number", nargs="?", type=int, default=10_000)
    parser.add_argument("--statistics-only", action="store_true")
    arguments = parser.parse_args()
    number = arguments.number
    if arguments.statistics_only:
        with tempfile.TemporaryDirectory() as temporary:
            show_statistics(Path(temporary), number)
        return
    with tempfile.TemporaryDirectory() as temporary:
        paths = make_photos(Path(temporary) / "photos", number)
        with Project.create(Path(temporary) / "photos.seamseg", TAXONOMY) as project:
            timed(f"add {number} images (headers only)", lambda: project.add_images(paths))
            timed(f"add the same {number} again", lambda: project.add_images(paths))
            image_id = project.images()[0].id
            timed("set a status", lambda: project.set_status(image_id, Status.FLAGGED, "look"))
            draw(project, image_id)
            size = (project.folder / "project.db").stat().st_size
            print(f"{'journal of these strokes':58s}{size / 2**20:10.1f} MiB with the table of images")
        start = time.perf_counter()
        with Project.open(project.folder) as project:
            records = project.images()
            print(f"{f'open and list {len(records)} images':58s}{1e3 * (time.perf_counter() - start):10.1f} ms")
            timed(f"load a map of {NUM_STEPS} steps, leaving a checkpoint", lambda: project.load_map(image_id))
            timed("load it again", lambda: project.load_map(image_id))
            timed("undo (cursor and patch)", lambda: project.undo(image_id))
            count_all(project)
            timed(f"statistics, each image with {NUM_COUNTED} categories", lambda: project.statistics())
            timed("size of the journal", lambda: project.journal_size())
            old = project.taxonomy
            new = Taxonomy("renamed", (*old.categories, Category("bus", Kind.THING, (0, 60, 100))))
            timed("add and rename categories (backup included)", lambda: project.change_taxonomy(new, {0: 0, 1: 1}))
            few = [record.id for record in records[:NUM_LOOKED_AT]]
            timed(f"look at {len(few)} images for near-duplicates", lambda: project._images.looks(few))


if __name__ == "__main__":
    main()
