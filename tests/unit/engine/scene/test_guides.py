from __future__ import annotations

import numpy as np
import pytest

from seamseg_studio.engine.scene import guides, morphology, shape_edits
from seamseg_studio.engine.scene.errors import EditError
from seamseg_studio.engine.scene.panoptic_map import PanopticMap, Segment
from seamseg_studio.engine.scene.policy import EditingPolicy

from .strategies import TAXONOMY

CAR = 3
POLICY = EditingPolicy(TAXONOMY)


def picture() -> np.ndarray:
    """A bright disk of radius 30 on dark ground, 120 x 160."""
    image = np.full((120, 160, 3), 40, dtype=np.uint8)
    rows, columns = np.ogrid[:120, :160]
    image[(rows - 60) ** 2 + (columns - 80) ** 2 <= 900] = 220
    return image


def disk(radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:120, :160]
    return (rows - 60) ** 2 + (columns - 80) ** 2 <= radius**2


def test_scissors_follow_the_edge() -> None:
    scissors = guides.Scissors(picture())
    with pytest.raises(ValueError, match="anchor"):
        scissors.path_to((30, 80))
    scissors.set_anchor((60, 50))
    path = scissors.path_to((30, 80))
    assert path[0] == (60, 50)
    assert path[-1] == (30, 80)
    distance = [np.hypot(y - 60, x - 80) for y, x in path]
    assert max(abs(d - 30) for d in distance) < 3
    steps = np.abs(np.diff(np.array(path), axis=0)).max(axis=1)
    assert (steps <= 1).all()


def test_scissors_stay_within_reach_and_the_picture() -> None:
    scissors = guides.Scissors(picture(), reach_px=10)
    scissors.set_anchor((-5, 500))
    assert scissors.path_to((1000, -1000))[-1] == (10, 149)


def test_superpixels_cover_everything_in_connected_pieces() -> None:
    pieces = guides.superpixels(picture(), 16)
    assert pieces.min() == 1
    for number in np.unique(pieces):
        _, areas = morphology.components(pieces == number)
        assert len(areas) == 1
    bright = np.bincount(pieces.ravel(), weights=disk(30).ravel())
    wrong = np.minimum(bright, np.bincount(pieces.ravel()) - bright).sum()
    assert wrong < 0.03 * disk(30).sum(), "pieces end at the edges of the picture"


def test_a_rough_segment_snaps_to_the_edge() -> None:
    ids = np.ones((120, 160), dtype=np.int32)
    ids[disk(28)] = 2
    panoptic_map = PanopticMap(ids, {1: Segment(0), 2: Segment(CAR)})
    shape_edits.snap_to_superpixels(panoptic_map, 2, picture(), 14, POLICY).apply(panoptic_map)
    panoptic_map.check(TAXONOMY)
    assert ((panoptic_map.ids == 2) != disk(30)).sum() < 0.03 * disk(30).sum()


def test_scribbles_divide_a_segment_at_the_edge() -> None:
    panoptic_map = PanopticMap(np.ones((120, 160), np.int32), {1: Segment(CAR)})
    seeds = [[(10.0, 10.0), (110.0, 10.0), (110.0, 150.0)], [(60.0, 70.0), (60.0, 90.0)]]
    shape_edits.split_by_seeds(panoptic_map, 1, seeds, picture(), POLICY).apply(panoptic_map)
    panoptic_map.check(TAXONOMY)
    assert panoptic_map.area(0) == 0
    assert ((panoptic_map.ids == 2) != disk(30)).sum() < 0.03 * disk(30).sum()
    with pytest.raises(EditError, match="at least two parts"):
        shape_edits.split_by_seeds(panoptic_map, 1, seeds[:1], picture(), POLICY)
    with pytest.raises(EditError, match="at least two parts"):
        shape_edits.split_by_seeds(panoptic_map, 1, [], picture(), POLICY)


@pytest.mark.parametrize("size", [8, 16, 40])
def test_superpixels_of_a_noisy_picture_are_of_like_size(size: int) -> None:
    """No piece flows around others that stay a few pixels large."""
    rng = np.random.default_rng(size)
    image = np.clip(rng.normal(120, 12, (240, 320, 3)), 0, 255).astype(np.uint8)
    areas = np.bincount(guides.superpixels(image, size).reshape(-1))[1:]
    assert len(areas) == (240 // size) * (320 // size)
    assert areas.min() > 0.1 * size * size
    assert areas.max() < 6 * size * size
