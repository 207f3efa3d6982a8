"""Suppression by the compiled op keeps what the reference keeps, in groups, by category, and on any input."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seamseg_studio.engine.ops import native_nms, reference

MakeBoxes = Callable[..., Tensor]
# A value of a box or score that has broken other programs, or a plain one.
HARD = st.sampled_from(
    [0.0, -0.0, 1.0, 3.0, 5.0, 8.0, -4.0, 1e-30, 3e38, -3e38, float("inf"), float("-inf"), float("nan")]
)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("max_keep", [-1, 5])
@pytest.mark.parametrize("num", [33, 212, 1500])
def test_keeps_what_the_reference_keeps(
    device: torch.device, make_boxes: MakeBoxes, num: int, threshold: float, max_keep: int
) -> None:
    boxes = torch.cat([make_boxes(num - 12, 0), make_boxes(3, 1).repeat(4, 1)])
    scores = torch.rand(len(boxes), generator=torch.Generator().manual_seed(2)).round(decimals=1)
    found = native_nms.nms(boxes.to(device), scores.to(device), threshold, max_keep)
    assert found.tolist() == reference.nms(boxes, scores, threshold, max_keep).tolist()


@given(st.lists(st.tuples(HARD, HARD, HARD, HARD, HARD), max_size=12), st.sampled_from([0.0, 0.5, 1.0]))
@settings(deadline=None)
def test_any_number_is_taken_as_the_reference_takes_it(
    device: torch.device, rows: list[tuple[float, ...]], threshold: float
) -> None:
    values = torch.tensor(rows).reshape(-1, 5)
    boxes, scores = values[:, :4], values[:, 4]
    keep, count = native_nms.nms_groups(boxes[None].to(device), scores[None].to(device), threshold)
    kept = keep[0, : int(count)].tolist()
    assert len(set(kept)) == len(kept)
    expected = reference.nms(boxes, scores, threshold, -1).tolist() if rows else []
    assert kept == expected
    assert keep[0, int(count) :].tolist() == [-1] * (len(rows) - len(kept))


@pytest.mark.parametrize("num", [300, 1200])
def test_categories_suppress_only_their_own(device: torch.device, make_boxes: MakeBoxes, num: int) -> None:
    boxes, scores = make_boxes(num, 3), torch.rand(num, generator=torch.Generator().manual_seed(4))
    categories = torch.arange(num) % 7
    keep, count = native_nms.nms_groups(
        boxes[None].to(device), scores[None].to(device), 0.2, categories_GN=categories[None].to(device)
    )
    kept = keep[0, : int(count)].cpu()
    assert (scores[kept].diff() <= 0).all()
    for category in range(7):
        index = (categories == category).nonzero()[:, 0]
        expected = index[reference.nms(boxes[index], scores[index], 0.2, -1)]
        assert torch.equal(kept[categories[kept] == category], expected)


@pytest.mark.parametrize("num", [200, 1100])
def test_groups_know_nothing_of_each_other(device: torch.device, make_boxes: MakeBoxes, num: int) -> None:
    boxes = torch.stack([make_boxes(num, seed) for seed in range(3)])
    scores = torch.rand(3, num, generator=torch.Generator().manual_seed(9))
    keep, count = native_nms.nms_groups(boxes.to(device), scores.to(device), 0.3, 50, score_threshold=0.4)
    for group in range(3):
        good = (scores[group] > 0.4).nonzero()[:, 0]
        expected = good[reference.nms(boxes[group, good], scores[group, good], 0.3, 50)].tolist()
        assert keep[group, : int(count[group])].tolist() == expected


def test_nothing_gives_nothing(device: torch.device) -> None:
    keep, count = native_nms.nms_groups(torch.zeros(1, 0, 4, device=device), torch.zeros(1, 0, device=device), 0.5)
    assert keep.shape == (1, 0)
    assert count.tolist() == [0]
    keep, count = native_nms.nms_groups(torch.zeros(0, 3, 4, device=device), torch.zeros(0, 3, device=device), 0.5)
    assert keep.shape == (0, 3)
    assert count.shape == (0,)


@pytest.mark.parametrize(
    ("boxes", "scores", "threshold", "said"),
    [
        (torch.zeros(1, 3, 4, dtype=torch.long), torch.zeros(1, 3), 0.5, "boxes must be float32"),
        (torch.zeros(1, 3, 5), torch.zeros(1, 3), 0.5, "got float32 [1, 3, 5] on"),
        (torch.zeros(3, 4), torch.zeros(3), 0.5, "boxes must be float32 [*, *, 4], got float32 [3, 4]"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 2), 0.5, "scores must be float32 [1, 3]"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3).half(), 0.5, "got float16 [1, 3]"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3), 1.5, "threshold must be between 0 and 1, got 1.5"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3), -0.1, "threshold must be between 0 and 1, got -0.1"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3), float("nan"), "threshold must be between 0 and 1, got nan"),
    ],
)
def test_what_does_not_fit_is_named(
    device: torch.device, boxes: Tensor, scores: Tensor, threshold: float, said: str
) -> None:
    with pytest.raises(RuntimeError) as raised:
        native_nms.nms_groups(boxes.to(device), scores.to(device), threshold)
    assert said in str(raised.value)
