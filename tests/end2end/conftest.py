"""Real photos, the bundled model, and the processes that a person starts."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / "resources" / "samples" / "images"
STREETS = ("000000303818.jpg", "000000423617.jpg")

sys.path.insert(0, str(REPOSITORY / "tests" / "gui"))  # the hand that moves the mouse over the canvas


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of two sample photos: a bend with a bus, and a wet road with buses and cars."""
    folder = tmp_path / "street"
    folder.mkdir()
    for name in STREETS:
        shutil.copyfile(SAMPLES / name, folder / name)
    return folder
