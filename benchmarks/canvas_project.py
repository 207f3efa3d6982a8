"""Projects to time the window with: pictures with many segments, and long lists of images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.project import Project
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

NUM_STUFF, NUM_THINGS = 20, 20
TAXONOMY = Taxonomy(
    "benchmark",
    tuple(Category(f"stuff {i}", Kind.STUFF, (40 + 9 * i, 200 - 7 * i, 90)) for i in range(NUM_STUFF))
    + tuple(Category(f"thing {i}", Kind.THING, (230 - 9 * i, 60, 20 + 11 * i)) for i in range(NUM_THINGS)),
)
PROJECT = "benchmark.seamseg"
LARGE, MEDIUM, CROWDED = "large.jpg", "medium.jpg", "crowded.jpg"


def cells(shape: tuple[int, int], num_segments: int, seed: int) -> PanopticMap:
    """Irregular cells: a fifth of them stuff, merged by category, the rest instances."""
    rng = np.random.default_rng(seed)
    small = (1024, max(1024 * shape[1] // shape[0], 64))
    seeds = np.ones(small, np.uint8)
    seeds[rng.integers(0, small[0], num_segments), rng.integers(0, small[1], num_segments)] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.where(labels % 5 == 0, 1 + labels // 5 % NUM_STUFF, labels + NUM_STUFF)
    ids = cv2.resize(labels.astype(np.float32), shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.int32)
    segments = {
        int(i): Segment(int(i) - 1 if i <= NUM_STUFF else NUM_STUFF + int(i) % NUM_THINGS) for i in np.unique(ids)
    }
    return PanopticMap(ids, segments)


def photo(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Something with edges and noise at every scale."""
    rng = np.random.default_rng(1)
    picture = np.zeros((*shape, 3), np.float32)
    for side in (8, 64, 512):
        noise = rng.random((side, side, 3), np.float32)
        picture += cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC) * (80 if side > 8 else 120)
    return np.clip(picture, 0, 255).astype(np.uint8)


def make_project(folder: Path, *, quick: bool) -> None:
    """A project of three labelled pictures: 67 and 24 megapixels with 500 segments, 2 with 5,000."""
    shapes = {LARGE: (8192, 8192), MEDIUM: (4000, 6000), CROWDED: (1080, 1920)}
    if quick:
        shapes = {LARGE: (2048, 2048), MEDIUM: (1000, 1500), CROWDED: (540, 960)}
    for name, shape in shapes.items():
        cv2.imwrite(str(folder / name), photo(shape)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    with Project.create(folder / PROJECT, TAXONOMY) as project:
        for record in project.add_images([folder / name for name in shapes]):
            project.load_map(record.id)
            num_segments = 5400 if record.name == CROWDED else 600
            project.store_labels(record.id, cells((record.height, record.width), num_segments, record.id))


def make_long_project(folder: Path, num_images: int) -> Path:
    """A project that lists `num_images` images; all are the same file, which nobody reads but for its thumbnail."""
    path = folder / "one.jpg"
    cv2.imwrite(str(path), photo((240, 320)))
    with Project.create(folder / f"list-{num_images}.seamseg", TAXONOMY) as project:
        (record,) = project.add_images([path])
        columns = [row["name"] for row in project._database.rows("PRAGMA table_info(images)")]
        others = [name for name in columns if name not in ("id", "path", "name")]
        with project._database.write() as connection:
            connection.execute(
                "WITH RECURSIVE number(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < ?)"
                f" INSERT INTO images (id, path, name, {', '.join(others)})"
                f" SELECT n, path || n, printf('%06d.jpg', n), {', '.join(others)} FROM number"
                " JOIN images ON images.id = ?",
                (num_images, record.id),
            )
    return project.folder
