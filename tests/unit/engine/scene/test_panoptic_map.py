from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from seamseg_studio.engine.scene.errors import PartitionError
from seamseg_studio.engine.scene.geometry import EMPTY_BOX, Box
from seamseg_studio.engine.scene.panoptic_map import MAX_ID, Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.panoptic_result import PanopticResult

from .strategies import TAXONOMY, maps, snapshot


def ids_of(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.int32)


@given(maps())
def test_areas_boxes_and_masks_are_those_of_the_pixels(panoptic_map: PanopticMap) -> None:
    panoptic_map.check(TAXONOMY)
    assert sum(panoptic_map.areas().values()) + panoptic_map.area(0) == panoptic_map.ids.size
    for segment_id in panoptic_map.segments:
        pixels = panoptic_map.ids == segment_id
        mask, box = panoptic_map.mask(segment_id)
        assert panoptic_map.area(segment_id) == pixels.sum() == mask.sum()
        np.testing.assert_array_equal(mask, pixels[box.slices])
        assert mask[0].any()
        assert mask[-1].any()
        assert mask[:, 0].any()
        assert mask[:, -1].any()


@given(maps())
def test_a_copy_is_equal_and_independent(panoptic_map: PanopticMap) -> None:
    twin = panoptic_map.copy()
    assert snapshot(twin) == snapshot(panoptic_map)
    assert twin.next_id() == panoptic_map.next_id()
    assert not np.shares_memory(twin.ids, panoptic_map.ids)


def test_what_it_hands_out_is_read_only() -> None:
    panoptic_map = PanopticMap.empty(2, 3)
    for array in (panoptic_map.ids, panoptic_map.provenance):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    with pytest.raises(TypeError):
        panoptic_map.segments[1] = Segment(0)  # type: ignore[index]


@pytest.mark.parametrize(
    ("ids", "segments", "message"),
    [
        (ids_of([0, 1]), {}, r"without a segment: \[1\]"),
        (ids_of([0, 0]), {4: Segment(0)}, r"without a pixel: \[4\]"),
        (ids_of([-1, 0]), {-1: Segment(0)}, "ids go from -1"),
        (ids_of([MAX_ID + 1, 0]), {MAX_ID + 1: Segment(0)}, f"to {MAX_ID + 1}"),
        (np.zeros(3, np.int32), {}, "2 dimensions"),
    ],
)
def test_what_is_no_partition_is_refused(ids: np.ndarray, segments: dict[int, Segment], message: str) -> None:
    with pytest.raises(PartitionError, match=message):
        PanopticMap(ids, segments)


def test_check_finds_categories_that_break_the_rules() -> None:
    two_roads = PanopticMap(ids_of([1, 2]), {1: Segment(0), 2: Segment(0)})
    with pytest.raises(PartitionError, match="'road' has two segments"):
        two_roads.check(TAXONOMY)
    two_roads.check(TAXONOMY, merged_stuff=False)
    PanopticMap(ids_of([1, 2]), {1: Segment(0), 2: Segment(0, is_crowd=True)}).check(TAXONOMY)
    with pytest.raises(PartitionError, match="category 9, not in the taxonomy"):
        PanopticMap(ids_of([1, 1]), {1: Segment(9)}).check(TAXONOMY)


def test_provenance_is_that_of_the_segments_unless_given() -> None:
    segments = {1: Segment(0, origin=Origin.MODEL), 2: Segment(1, origin=Origin.IMPORTED), 3: Segment(3)}
    panoptic_map = PanopticMap(ids_of([0, 1, 2, 3]), segments)
    assert panoptic_map.provenance.tolist() == [[0, 1, 3, 2]]
    assert panoptic_map.category_map().tolist() == [[255, 0, 1, 3]]


def test_unknown_ids_have_no_pixels() -> None:
    panoptic_map = PanopticMap.empty(4, 4)
    assert panoptic_map.area(7) == 0
    assert panoptic_map.bbox(7) == EMPTY_BOX
    assert panoptic_map.bbox(0) == Box(0, 0, 4, 4)


def test_a_result_becomes_a_map_of_the_models_origin() -> None:
    result = PanopticResult(
        ids_of([0, 1, 1], [0, 3, 3]),
        np.array([255, 0, 1, 3]),
        np.array([0, 0.5, 0.25, 0.75], np.float32),
        np.array([False, False, False, True]),
    )
    panoptic_map = result.to_map()
    panoptic_map.check(TAXONOMY)
    assert panoptic_map.segments[3] == Segment(3, True, 0.75, Origin.MODEL)
    assert list(panoptic_map.segments) == [1, 3]
    assert panoptic_map.provenance.tolist() == [[0, 1, 1], [0, 1, 1]]
    with pytest.raises(PartitionError, match="differ in length"):
        PanopticResult(result.ids, result.categories, result.scores[:2], result.is_crowd)
    with pytest.raises(PartitionError, match="dimension"):
        PanopticResult(result.ids, result.categories[:, None], result.scores, result.is_crowd)


def test_a_reader_in_another_thread_never_puts_an_old_box_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box worked out while a change is made belongs to the time before."""
    from seamseg_studio.engine.scene import panoptic_map as module
    from seamseg_studio.engine.scene.geometry import Box, box_of_id

    ids = np.zeros((8, 8), np.int32)
    ids[2:6, 2:6] = 1
    panoptic_map = PanopticMap(ids, {1: Segment(0)})
    runs = module.Runs.between(
        ids,
        np.where(np.arange(8)[:, None] < 4, 0, ids),
        np.zeros_like(ids, np.uint8),
        np.zeros_like(ids, np.uint8),
        (0, 0),
    )

    def interrupted(crop: np.ndarray, segment_id: int, box: Box) -> Box:
        found = box_of_id(crop, segment_id, box)
        monkeypatch.setattr(module, "box_of_id", box_of_id)
        panoptic_map._write(runs)  # as the window's thread would, just then
        return found

    monkeypatch.setattr(module, "box_of_id", interrupted)
    assert panoptic_map.bbox(1) == Box(2, 2, 6, 6)
    assert panoptic_map.bbox(1) == Box(4, 2, 6, 6)
