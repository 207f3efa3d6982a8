from __future__ import annotations

import numpy as np
import pytest

from seamseg_studio.engine.scene import fill
from seamseg_studio.engine.scene.geometry import Box


def scene() -> np.ndarray:
    """Stuff 1 on the left, 2 on the right, thing 3 between; one row of void on top."""
    ids = np.ones((200, 300), dtype=np.int32)
    ids[:, 150:] = 2
    ids[40:160, 60:260] = 3
    ids[0] = 0
    return ids


@pytest.mark.parametrize("fine_pixels", [1 << 18, 2000, 100])
def test_each_pixel_gets_the_nearest_source(monkeypatch: pytest.MonkeyPatch, fine_pixels: int) -> None:
    monkeypatch.setattr(fill, "_FINE_PIXELS", fine_pixels)
    ids, box = scene(), Box(40, 60, 160, 260)
    hole = np.ones(box.shape, dtype=bool)
    filled = fill.stuff_around(ids, hole, box, {1, 2})
    assert set(np.unique(filled)) == {1, 2}
    off = 0 if fine_pixels > 10_000 else 3 * int(np.ceil(np.sqrt(ids.size / fine_pixels)))
    assert (filled[:, : 80 - off] == 1).all()
    assert (filled[:, 110 + off :] == 2).all()
    assert (fill.stuff_around(ids, hole, box, {2})[hole] == 2).all()


def test_a_hole_without_sources_becomes_void() -> None:
    ids = scene()
    hole = np.ones((200, 300), dtype=bool)
    assert not fill.stuff_around(ids, hole, Box(0, 0, 200, 300), {1, 2}).any()
    assert not fill.stuff_around(ids, hole[:3, :3], Box(5, 5, 8, 8), set()).any()
    assert not fill.stuff_around(ids, hole[:3, :3], Box(5, 5, 8, 8), {77}).any()


def test_a_far_source_is_found() -> None:
    ids = np.zeros((900, 1200), dtype=np.int32)
    ids[880:, 1190:] = 4
    hole = np.ones((5, 5), dtype=bool)
    assert (fill.stuff_around(ids, hole, Box(3, 3, 8, 8), {4}) == 4).all()
    excluded = fill.stuff_around(
        ids,
        hole,
        Box(3, 3, 8, 8),
        {4},
        lambda box, step: np.ones((-(-box.height // step), -(-box.width // step)), bool),
    )
    assert not excluded.any()
