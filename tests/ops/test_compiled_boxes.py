"""Boxes and the best categories by the compiled ops, beside the reference."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.ops import boxes as box_ops
from seamseg_studio.engine.ops import native, native_boxes, native_fusion, reference, semantic

MakeBoxes = Callable[..., Tensor]


def test_boxes_move_and_compare_alike(device: torch.device, make_boxes: MakeBoxes) -> None:
    boxes, others = make_boxes(50, 6), make_boxes(50, 7)
    shifts = torch.randn(50, 4, generator=torch.Generator().manual_seed(8))
    with native.reference_only():
        moved, between = box_ops.shift_boxes(boxes, shifts), box_ops.box_shifts(boxes, others)
    cut = box_ops.clip_boxes(moved, (60, 80))
    on_device = [value.to(device) for value in (boxes, shifts, others)]
    torch.testing.assert_close(native_boxes.shift_boxes(*on_device[:2], (60, 80)).cpu(), cut)
    torch.testing.assert_close(native_boxes.shift_boxes(*on_device[:2]).cpu(), moved)
    torch.testing.assert_close(native_boxes.box_shifts(on_device[0], on_device[2]).cpu(), between)


def test_boxes_of_one_image_go_with_shifts_of_many(device: torch.device, make_boxes: MakeBoxes) -> None:
    boxes, shifts = make_boxes(20, 1).to(device), torch.randn(3, 20, 4).to(device)
    with native.reference_only():
        expected = box_ops.shift_boxes(boxes, shifts)
    torch.testing.assert_close(box_ops.shift_boxes(boxes, shifts), expected)


def test_huge_shifts_stay_finite_and_gradients_use_the_reference(device: torch.device) -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10]], device=device)
    grown = box_ops.shift_boxes(boxes, torch.full((1, 4), 1e4, device=device))
    assert grown.isfinite().all()
    shifts = torch.zeros(1, 4, device=device, requires_grad=True)
    box_ops.shift_boxes(boxes, shifts).sum().backward()
    assert shifts.grad is not None


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
@pytest.mark.parametrize("size", [(40, 50), (1, 300), (300, 1)])
def test_boxes_of_ids_and_masks(
    device: torch.device, make_boxes: MakeBoxes, dtype: torch.dtype, size: tuple[int, int]
) -> None:
    ids = torch.randint(0, 9, size, generator=torch.Generator().manual_seed(9)).to(dtype)
    ids[ids == 4] = 0
    found = native_boxes.extract_boxes(ids.to(device), 12)
    assert torch.equal(found.cpu(), reference.extract_boxes(ids, 12))
    boxes = make_boxes(30, 10, extent=45.0)
    counts = native_boxes.mask_counts(boxes.to(device), (ids == 0).to(device))
    assert torch.equal(counts.cpu(), reference.mask_counts(boxes, ids == 0))


def test_ids_outside_are_ignored_and_nothing_gives_nothing(device: torch.device) -> None:
    ids = torch.tensor([[-1, 5, 7], [2**31 - 1, 1, -(2**31)]], dtype=torch.int32, device=device)
    assert native_boxes.extract_boxes(ids, 2).tolist() == [[-1.0] * 4, [1.0, 1.0, 2.0, 2.0]]
    assert native_boxes.extract_boxes(ids[:0], 2).tolist() == [[-1.0] * 4] * 2
    assert native_boxes.extract_boxes(ids, 0).shape == (0, 4)
    mask = torch.ones(3, 4, dtype=torch.bool, device=device)
    assert native_boxes.mask_counts(torch.zeros(0, 4, device=device), mask).shape == (0,)
    hard = torch.tensor([[-1e30, -math.inf, 1e30, math.inf], [math.nan, 0, 3, 4]], device=device)
    assert native_boxes.mask_counts(hard, mask).tolist() == [12.0, 12.0]
    assert native_boxes.mask_counts(hard, mask[:0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("num_categories", [1, 2, 9, 16])
@pytest.mark.parametrize("size", [(48, 64), (47, 61), (33, 29), (12, 16), (5, 7)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("is_last", [False, True])
def test_best_categories_of_resized_logits(
    device: torch.device, num_categories: int, size: tuple[int, int], dtype: torch.dtype, is_last: bool
) -> None:
    logits = torch.randn(num_categories, 12, 16, generator=torch.Generator().manual_seed(13)).to(dtype)
    given = logits.permute(1, 2, 0).contiguous().permute(2, 0, 1) if is_last else logits
    best, second, margin = native_fusion.best_categories(given.to(device), size, with_second=True)
    only_best, *_ = native_fusion.best_categories(given.to(device), size, with_second=False)
    assert second is not None
    assert margin is not None
    expected_best, expected_second, expected_margin = reference.best_categories(logits, size, True)
    assert expected_second is not None
    assert expected_margin is not None
    assert torch.equal(best, only_best)
    torch.testing.assert_close(margin.cpu(), expected_margin, atol=1e-5, rtol=1e-5)
    clear = expected_margin > 1e-5
    assert torch.equal(best.cpu()[clear], expected_best[clear])
    if num_categories == 1:
        assert (second == 255).all()
    elif num_categories == 2:
        assert torch.equal(second.cpu()[clear], expected_second[clear])
    else:
        full = F.interpolate(logits[None].float(), size=size, mode="bilinear", align_corners=False)[0]
        third_is_clear = clear & (full.topk(3, dim=0).values[1:].diff(dim=0)[0] < -1e-5)
        assert torch.equal(second.cpu()[third_is_clear], expected_second[third_is_clear])


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9), st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_best_categories_of_any_size(
    device: torch.device, num_categories: int, low_height: int, low_width: int, height: int, width: int
) -> None:
    # Whole numbers tie often: ties go to the lower category.
    logits = torch.randint(0, 3, (num_categories, low_height, low_width)).float()
    best, second, margin = semantic.best_categories(logits.to(device), (height, width), with_second=True)
    expected, _, expected_margin = reference.best_categories(logits, (height, width), True)
    assert second is not None
    assert margin is not None
    assert expected_margin is not None
    assert best.shape == second.shape == (height, width)
    same = (best.cpu() == expected) | (expected_margin < 1e-5)
    assert same.all()


@pytest.mark.parametrize(
    ("logits", "size", "said"),
    [
        (torch.zeros(256, 2, 2), (4, 4), "logits must have 1 to 255 categories and pixels, got float32 [256, 2, 2]"),
        (torch.zeros(2, 0, 2), (4, 4), "got float32 [2, 0, 2]"),
        (torch.zeros(2, 2), (4, 4), "logits must be float32 or float16 or bfloat16 [*, *, *], got float32 [2, 2]"),
        (torch.zeros(2, 2, 2), (-1, 4), "height and width must not be negative, got -1 x 4"),
    ],
)
def test_logits_that_do_not_fit_are_named(
    device: torch.device, logits: Tensor, size: tuple[int, int], said: str
) -> None:
    with pytest.raises(RuntimeError) as raised:
        native_fusion.best_categories(logits.to(device), size, with_second=True)
    assert said in str(raised.value)


def test_images_and_boxes_that_do_not_fit_are_named(device: torch.device) -> None:
    image, boxes = torch.zeros(3, 4, dtype=torch.int32, device=device), torch.zeros(2, 4, device=device)
    for call, said in (
        (
            lambda: native_boxes.extract_boxes(image.float(), 3),
            "ids must be int32 or int64 or uint8 [*, *], got float32",
        ),
        (lambda: native_boxes.extract_boxes(image, -1), "num_ids must be between 0 and 2^24, got -1"),
        (lambda: native_boxes.mask_counts(boxes.long(), image == 0), "boxes must be float32 [*, 4], got int64"),
        (lambda: native_boxes.mask_counts(boxes, image), "mask must be uint8 or bool [*, *], got int32"),
        (lambda: torch.ops.seamseg.shift_boxes(boxes, boxes[:1], 1.0, 1.0), "shifts must be float32 [2, 4]"),
        (lambda: torch.ops.seamseg.box_shifts(boxes, boxes.half()), "target must be float32 [2, 4], got float16"),
    ):
        with pytest.raises(RuntimeError) as raised:
            call()
        assert said in str(raised.value)
