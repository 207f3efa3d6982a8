"""Projects with a few small images."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.project import ImageRecord, Project
from seamseg_studio.engine.scene.panoptic_result import PanopticResult
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

HEIGHT, WIDTH = 24, 32
TAXONOMY = Taxonomy(
    "test",
    (
        Category("road", Kind.STUFF, (128, 64, 128)),
        Category("sky", Kind.STUFF, (70, 130, 180)),
        Category("car", Kind.THING, (0, 0, 142)),
        Category("person", Kind.THING, (220, 20, 60)),
    ),
)


def make_image(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def make_result(car_column: int = 4) -> PanopticResult:
    """Sky above road, and a car on the border."""
    ids = np.ones((HEIGHT, WIDTH), dtype=np.int32)
    ids[HEIGHT // 2 :] = 2
    ids[8:16, car_column : car_column + 8] = 3
    ids[:2, :2] = 0
    return PanopticResult(
        ids,
        np.array([255, 1, 0, 2]),
        np.array([1, 1, 0.9, 0.75], dtype=np.float32),
        np.zeros(4, dtype=bool),
        np.full((HEIGHT, WIDTH), 255, dtype=np.uint8),
        timings_ms={"body": 1.5},
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(3):
        make_image(tmp_path / "photos" / f"{number}.png", number)
    return tmp_path / "photos"


@pytest.fixture
def project(tmp_path: Path, photos: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "street.seamseg", TAXONOMY) as opened:
        opened.add_images(sorted(photos.iterdir()))
        yield opened


@pytest.fixture
def record(project: Project) -> ImageRecord:
    return project.images()[0]


@pytest.fixture
def reopened(project: Project) -> Iterator[Callable[[], Project]]:
    """Closes the project and opens it again, as often as called."""
    opened: list[Project] = []

    def reopen() -> Project:
        for former in [project, *opened]:
            former.close()
        opened.append(Project.open(project.folder))
        return opened[-1]

    yield reopen
    for former in opened:
        former.close()


def forget_copies(folder: Path) -> None:
    """Takes the second home of the journal away, so that only the database has the steps."""
    shutil.rmtree(folder / "journal", ignore_errors=True)
