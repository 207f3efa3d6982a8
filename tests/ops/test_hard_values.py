"""Numbers that are none, infinite or huge, and types that lose digits: both implementations answer alike."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seamseg_studio.engine.ops import native, native_boxes, native_fusion, native_nms
from seamseg_studio.engine.ops.boxes import assign_levels, box_shifts, mask_counts, shift_boxes
from seamseg_studio.engine.ops.fusion import panoptic_fusion
from seamseg_studio.engine.ops.nms import nms
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling, roi_sampling
from seamseg_studio.engine.ops.semantic import best_categories

INF, NAN = math.inf, math.nan
HARD = st.sampled_from([0.0, -5.0, 2.0, 6.5, 3e38, -3e38, INF, -INF, NAN, 1e30, 2.0**31, -(2.0**31), 1e19])
ROWS = st.lists(st.tuples(HARD, HARD, HARD, HARD), min_size=1, max_size=8)


def assert_alike(call: Callable[[], Any]) -> None:
    """Fails unless the compiled ops and plain PyTorch give the same."""
    found = call()
    with native.reference_only():
        expected = call()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4, equal_nan=True)


@given(ROWS)
@settings(deadline=None, max_examples=60)
def test_boxes(device: torch.device, rows: list[tuple[float, ...]]) -> None:
    boxes = torch.tensor(rows, device=device)
    mask = torch.ones(5, 7, dtype=torch.bool, device=device)
    assert_alike(lambda: shift_boxes(boxes, boxes.flip(0)))
    assert_alike(lambda: box_shifts(boxes, boxes.flip(0)))
    assert_alike(lambda: mask_counts(boxes, mask))
    assert_alike(lambda: nms(boxes, boxes[:, 0].contiguous(), 0.5))
    levels = assign_levels(boxes, 4)
    assert levels.min() >= 0
    assert levels.max() <= 3


@given(ROWS, st.sampled_from(["bilinear", "nearest"]), st.sampled_from(["border", "zero"]))
@settings(deadline=None, max_examples=80)
def test_sampling(device: torch.device, rows: list[tuple[float, ...]], interpolation: Any, padding: Any) -> None:
    boxes, index = torch.tensor(rows, device=device), torch.arange(len(rows), device=device) % 2
    x = torch.rand(2, 3, 5, 7, device=device)
    assert_alike(lambda: roi_sampling(x, boxes, index, (3, 2), interpolation=interpolation, padding=padding))
    assert_alike(lambda: pyramid_sampling([x, x[..., :3, :4]], boxes, index, (3, 2), (20, 28)))


@given(ROWS)
@settings(deadline=None, max_examples=40)
def test_fusion(device: torch.device, rows: list[tuple[float, ...]]) -> None:
    boxes, num = torch.tensor(rows, device=device), len(rows)
    semantic = torch.zeros(9, 11, dtype=torch.uint8, device=device)
    categories = torch.zeros(num, dtype=torch.long, device=device)
    scores, masks = torch.linspace(1, 0.6, num, device=device), torch.full((num, 4, 4), 5.0, device=device)
    assert_alike(lambda: panoptic_fusion(semantic, boxes, categories, scores, masks, num_stuff=1, min_stuff_area=3))


@given(st.lists(HARD, min_size=12, max_size=12), st.sampled_from([(2, 2), (4, 4), (5, 3)]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_logits(device: torch.device, values: list[float], size: tuple[int, int], with_second: bool) -> None:
    logits = torch.tensor(values, device=device).reshape(3, 2, 2)
    best, second, margin = best_categories(logits, size, with_second=with_second)
    with native.reference_only():
        expected, _, expected_margin = best_categories(logits, size, with_second=with_second)
    if margin is None or second is None or expected_margin is None:
        return
    # Both round where they blend.
    noise = 1e-5 * float(logits.nan_to_num().clamp(-1e30, 1e30).abs().max())
    torch.testing.assert_close(margin, expected_margin, rtol=1e-4, atol=noise)
    clear = expected_margin > noise
    assert torch.equal(best[clear], expected[clear])
    assert second.max() <= 2


def test_logits_that_are_none_lose_and_infinite_ones_tie(device: torch.device) -> None:
    logits = torch.tensor([[NAN, NAN, -INF, INF], [0.0, NAN, -INF, INF], [-1.0, NAN, -INF, 5.0]], device=device)
    best, second, margin = best_categories(logits[:, None], (1, 4), with_second=True)
    assert second is not None
    assert margin is not None
    assert best.tolist() == [[1, 0, 0, 0]]
    assert second.tolist() == [[2, 1, 1, 1]]
    assert margin.tolist() == [[1.0, 0.0, 0.0, 0.0]]


def test_counts_of_hard_boxes(device: torch.device) -> None:
    hard = [[0, 0, INF, INF], [-INF, -INF, INF, INF], [NAN, 0, 5, 7], [0, 0, 1e30, 3e38], [0, 0, NAN, 7]]
    boxes, mask = torch.tensor(hard, device=device), torch.ones(5, 7, dtype=torch.bool, device=device)
    for dtype in (torch.float32, torch.float64, torch.float16):
        assert mask_counts(boxes.to(dtype), mask).tolist() == [35, 35, 35, 35, 0]
    with native.reference_only():
        assert mask_counts(boxes, mask).tolist() == [35, 35, 35, 35, 0]


def test_a_mask_too_large_for_32_bits_is_counted_all_the_same(device: torch.device) -> None:
    side = math.isqrt(native_boxes.MAX_MASK_PIXELS) + 1
    mask = torch.full((1, 1), 255, dtype=torch.uint8, device=device).expand(side, side)
    boxes = torch.tensor([[0.0, 0, side, side], [0, 0, 1, 2]], device=device)
    assert mask_counts(boxes, mask).tolist() == [float(torch.tensor(255.0 * side * side)), 510.0]


def test_scores_that_differ_in_float64_only_keep_their_order(device: torch.device) -> None:
    boxes = torch.tensor([[0.0, 0, 9, 9]] * 2, device=device)
    scores = torch.tensor([0.5, 0.5 + 1e-12], dtype=torch.float64, device=device)
    assert nms(boxes, scores, 0.5).tolist() == [1]


def test_boxes_that_want_a_gradient_get_one(device: torch.device) -> None:
    boxes = torch.tensor([[1.0, 1, 9, 8]], device=device, requires_grad=True)
    x, index = torch.rand(1, 2, 8, 8, device=device), torch.zeros(1, dtype=torch.long, device=device)
    for y in (roi_sampling(x, boxes, index, (2, 2))[0], pyramid_sampling([x], boxes, index, (2, 2), (16, 16))):
        (gradient,) = torch.autograd.grad(y.sum(), boxes)
        assert gradient.abs().sum() > 0


def test_more_instances_than_the_library_takes(device: torch.device) -> None:
    num = native_fusion.MAX_INSTANCES + 1
    semantic = torch.zeros(4, 4, dtype=torch.uint8, device=device)
    boxes, scores = torch.zeros(num, 4, device=device), torch.zeros(num, device=device)
    boxes[-1], scores[-1] = torch.tensor([0.0, 0, 4, 4]), 0.9
    masks = torch.full((1, 1, 1), 9.0, device=device).expand(num, 1, 1)
    categories = torch.zeros(num, dtype=torch.long, device=device)
    ids, found, *_ = panoptic_fusion(semantic, boxes, categories, scores, masks, num_stuff=1)
    assert found.tolist() == [255, 1]
    assert ids[1:3, 1:3].eq(1).all()


def test_groups_may_keep_nothing_and_an_image_has_no_negative_side(device: torch.device) -> None:
    boxes = torch.rand(3, 5, 4, device=device)
    keep, count = native_nms.nms_groups(boxes, torch.rand(3, 5, device=device), 0.5, 0)
    assert keep.shape == (3, 0)
    assert keep.dtype == count.dtype == torch.long
    assert count.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match=r"size must be two numbers from 0 up, got \(-2, 10\)"):
        native_boxes.shift_boxes(boxes[0], boxes[0], (-2, 10))


def tie_logits() -> Tensor:
    """Four categories at one pixel: the first best alone, the other three equal."""
    return torch.tensor([2.0, 1.0, 1.0, 1.0])[:, None, None]


def test_ties_of_the_runner_up_go_to_the_lower_category(device: torch.device) -> None:
    for rolled, wanted in ((0, (0, 1)), (1, (1, 0)), (2, (2, 0)), (3, (3, 0))):
        logits = tie_logits().roll(rolled, 0).to(device)
        best, second, margin = native_fusion.best_categories(logits, (2, 3), with_second=True)
        assert second is not None
        assert margin is not None
        assert best.eq(wanted[0]).all()
        assert second.eq(wanted[1]).all()
        assert margin.eq(1.0).all()


def test_a_score_of_just_the_threshold_is_not_above_it(device: torch.device) -> None:
    boxes = torch.tensor([[[0.0, 0, 9, 9], [20, 20, 29, 29]]], device=device)
    scores = torch.tensor([[0.5, 0.75]], device=device)
    keep, count = native_nms.nms_groups(boxes, scores, 0.5, score_threshold=0.5)
    assert keep[0, : int(count)].tolist() == [1]


def test_a_point_on_the_first_edge_is_inside_and_one_on_the_last_is_not(device: torch.device) -> None:
    x = torch.arange(1.0, 17.0, device=device).reshape(1, 1, 4, 4)
    index = torch.zeros(2, dtype=torch.long, device=device)
    # Of one bin, the centre of the first box is (0, 0), of the second (4, 4).
    boxes = torch.tensor([[-1.0, -1, 1, 1], [3, 3, 5, 5]], device=device)
    y, inside = roi_sampling(x, boxes, index, (1, 1), interpolation="nearest", padding="zero")
    assert y.flatten().tolist() == [1.0, 0.0]
    assert inside.flatten().tolist() == [True, False]


def test_a_category_without_pixels_counts_up_to_the_last_seen(device: torch.device) -> None:
    nothing = torch.zeros(0, dtype=torch.long, device=device)
    for values, wanted in (([1, 1], [255, 0, 1]), ([1, 255], [255, *range(255)])):
        semantic = torch.tensor([values], dtype=torch.uint8, device=device)

        def fuse(semantic: Tensor = semantic) -> Any:
            boxes, masks = torch.zeros(0, 4, device=device), torch.zeros(0, 3, 3, device=device)
            return panoptic_fusion(
                semantic, boxes, nothing, torch.zeros(0, device=device), masks, num_stuff=9, min_stuff_area=0
            )

        assert_alike(fuse)
        assert fuse()[1].tolist() == wanted
