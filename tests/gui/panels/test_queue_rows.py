"""The queue's rows as values: the least certain first, nothing that a person vouched for."""

from __future__ import annotations

import numpy as np

from seamseg_studio.app.panels.queue_rows import MAX_ROWS, Listed, queue_rows
from seamseg_studio.engine.scene.panoptic_map import Origin

SHAPE = (60, 90)


def two_halves() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segment 1 left, 2 right, void at the foot; unsure along their border, more so in a spot of segment 2."""
    ids = np.ones(SHAPE, np.int32)
    ids[:, 45:] = 2
    ids[50:] = 0
    uncertainty = np.zeros(SHAPE, np.uint8)
    uncertainty[:50, 43:47] = 100
    uncertainty[20:30, 70:80] = 250
    return ids, np.full(SHAPE, Origin.MODEL.code, np.uint8), uncertainty


def test_places_lead_to_the_spot_first() -> None:
    ids, provenance, uncertainty = two_halves()
    rows = queue_rows(ids, provenance, uncertainty, {1, 2}, Listed.PLACES)
    assert rows[0].ids == (2,)
    box = rows[0].box
    assert box is not None
    assert (box.y0 <= 25 < box.y1, box.x0 <= 75 < box.x1) == (True, True)
    doubts = [round(row.doubt, 4) for row in rows]
    assert doubts == sorted(doubts, reverse=True)


def test_segments_come_by_their_mean_doubt() -> None:
    ids, provenance, uncertainty = two_halves()
    rows = queue_rows(ids, provenance, uncertainty, {1, 2}, Listed.SEGMENTS)
    assert [row.ids for row in rows] == [(2,)], "segment 1 is nearly sure"
    assert rows[0].box is None
    uncertainty[:50, :43] = 200
    assert [row.ids for row in queue_rows(ids, provenance, uncertainty, {1, 2}, Listed.SEGMENTS)] == [(1,), (2,)]


def test_borders_name_both_sides() -> None:
    ids, provenance, uncertainty = two_halves()
    rows = queue_rows(ids, provenance, uncertainty, {1, 2}, Listed.BORDERS)
    assert rows[0].ids == (1, 2)
    assert rows[0].doubt == np.float64(100 / 255)


def test_what_a_person_said_is_in_no_queue() -> None:
    ids, provenance, uncertainty = two_halves()
    provenance[:] = Origin.HUMAN.code
    for listed in (Listed.PLACES, Listed.SEGMENTS, Listed.BORDERS):
        assert queue_rows(ids, provenance, uncertainty, {1, 2}, listed) == ()


def test_the_queue_stays_short() -> None:
    ids = np.arange(1, 1 + 40 * 40, dtype=np.int32).reshape(40, 40)
    uncertainty = np.full((40, 40), 255, np.uint8)
    rows = queue_rows(ids, np.zeros((40, 40), np.uint8), uncertainty, set(range(1, 1601)), Listed.SEGMENTS)
    assert len(rows) == MAX_ROWS
    assert rows[0].ids == (1,), "ties by id"
