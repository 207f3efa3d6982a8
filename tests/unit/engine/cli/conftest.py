"""Datasets for the tests of commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

_SEAMSEG = Path(__file__).parents[3] / "fixtures" / "formats" / "seamseg"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A seamseg dataset of four images with splits train (4) and val (2)."""
    return Path(shutil.copytree(_SEAMSEG, tmp_path / "dataset"))
