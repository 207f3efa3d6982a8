"""Non-maximum suppression against a plain loop, and its refusals."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seamseg_studio.engine.ops import reference
from seamseg_studio.engine.ops.boxes import box_ious
from seamseg_studio.engine.ops.nms import nms


def plain_nms(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    """The definition, one box at a time."""
    ious = box_ious(boxes, boxes)
    kept: list[int] = []
    for index in torch.sort(scores, descending=True, stable=True).indices.tolist():
        if not any(bool(ious[other, index] >= threshold) for other in kept):
            kept.append(index)
    return kept


@given(
    st.integers(0, 2**31),
    st.integers(0, 40),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.integers(1, 6),
    st.sampled_from([-1, 1, 5]),
)
def test_equals_the_definition(seed: int, num: int, threshold: float, size: int, max_keep: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    # Whole numbers give many equal, empty and touching boxes, and equal scores.
    corner = torch.randint(0, 8, (num, 2), generator=generator).float()
    extent = torch.randint(0, size, (num, 2), generator=generator).float()
    boxes = torch.cat([corner, corner + extent], dim=1)
    scores = torch.randint(0, 5, (num,), generator=generator).float()
    expected = plain_nms(boxes, scores, threshold)
    expected = expected if max_keep < 0 else expected[:max_keep]
    assert reference.nms(boxes, scores, threshold, max_keep).tolist() == expected if num else True
    assert nms(boxes, scores, threshold, max_keep).tolist() == expected


def test_many_blocks_equal_the_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(1500, 2, generator=generator) * 60
    boxes = torch.cat([corner, corner + torch.rand(1500, 2, generator=generator) * 30], dim=1)
    scores = torch.rand(1500, generator=generator)
    assert nms(boxes, scores, 0.4).tolist() == plain_nms(boxes, scores, 0.4)


def test_overlap_of_just_the_threshold_suppresses_across_blocks_too() -> None:
    # 300 lone boxes, better than 300 that each overlap one of them by exactly a half: more than one block apart.
    corner = torch.arange(300.0) * 20
    lone = torch.stack([corner, corner, corner + 8, corner + 8], dim=1)
    halves = lone - torch.tensor([0.0, 0, 4, 0])
    boxes, scores = torch.cat([lone, halves]), torch.arange(600, 0, -1.0)
    assert box_ious(lone[:1], halves[:1]).item() == 0.5
    for find in (nms, reference.nms):
        assert find(boxes, scores, 0.5, -1).tolist() == list(range(300))
        assert len(find(boxes, scores, 0.51, -1)) == 600


def test_not_a_number_is_never_suppressed_and_never_suppresses() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [float("nan")] * 4, [0, 0, 10, 10]])
    assert nms(boxes, torch.tensor([3.0, 2, 1]), 0.5).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("boxes", "scores", "threshold", "message"),
    [
        (torch.zeros(3, 5), torch.zeros(3), 0.5, r"boxes must be .*\(3, 5\)"),
        (torch.zeros(3, 4, dtype=torch.long), torch.zeros(3), 0.5, "boxes must be .*int64"),
        (torch.zeros(3, 4), torch.zeros(2), 0.5, r"scores must be .*\(2,\)"),
        (torch.zeros(3, 4), torch.zeros(3), 1.5, "threshold must be between 0 and 1, got 1.5"),
        (torch.zeros(3, 4, device="meta"), torch.zeros(3), 0.5, "on one device, got meta and cpu"),
    ],
)
def test_refusals(boxes: Tensor, scores: Tensor, threshold: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nms(boxes, scores, threshold)
