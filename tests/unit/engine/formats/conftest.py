"""Taxonomies and panoptic maps for the tests of formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy


@pytest.fixture
def taxonomy() -> Taxonomy:
    """Three stuff categories and three things, one with a name that is a dangerous path."""
    names = ["road", "sky", "../../wall", "car", "person/rider", "Ωmega"]
    return Taxonomy(
        "street",
        tuple(
            Category(name, Kind.STUFF if index < 3 else Kind.THING, (index * 40, 255 - index * 30, index * 7))
            for index, name in enumerate(names)
        ),
    )


@pytest.fixture
def make_map() -> Callable[..., PanopticMap]:
    """Makes a blocky random map: stuff at most once, several instances, a crowd, some void."""

    def make(seed: int, height: int = 60, width: int = 90, ids: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)) -> PanopticMap:
        random = np.random.default_rng(seed)
        cells = random.integers(0, len(ids) + 1, (-(-height // 6), -(-width // 6)))
        lookup = np.array([0, *ids], np.int32)
        image = np.kron(lookup[cells], np.ones((6, 6), np.int32))[:height, :width]
        categories = [0, 2, 3, 3, 4, 5, 4]
        segments = {
            number: Segment(categories[k % 7], is_crowd=k == 6, origin=Origin.IMPORTED) for k, number in enumerate(ids)
        }
        return PanopticMap.from_arrays(np.ascontiguousarray(image), segments)

    return make


@pytest.fixture
def make_photo(tmp_path: Path) -> Callable[..., Path]:
    """Writes a photograph and returns its path."""

    def make(name: str, height: int = 60, width: int = 90) -> Path:
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(len(name)).integers(0, 255, (4, 5, 3), np.uint8)
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR).save(path)
        return path

    return make
