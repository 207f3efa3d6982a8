"""Fusion: what the rules promise, on small maps."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.ops import native
from seamseg_studio.engine.ops.boxes import inverted_boxes
from seamseg_studio.engine.ops.fusion import panoptic_fusion
from seamseg_studio.engine.ops.roi_sampling import roi_sampling

FULL = torch.full((28, 28), 9.0)


def fuse_boxes(
    semantic: Tensor, boxes: list[list[float]], scores: list[float], **thresholds: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fuses solid boxes of thing 0; two stuff categories."""
    num = len(boxes)
    return panoptic_fusion(
        semantic,
        torch.tensor(boxes).view(num, 4),
        torch.zeros(num, dtype=torch.long),
        torch.tensor(scores),
        FULL.expand(num, 28, 28),
        num_stuff=2,
        **thresholds,
    )


def test_the_better_instance_takes_first_and_a_hidden_one_is_left_out() -> None:
    semantic = torch.zeros(20, 40, dtype=torch.uint8)
    boxes = [[0.0, 0, 20, 10], [0, 5, 20, 12], [0, 8, 20, 20]]
    ids, categories, scores, crowd = fuse_boxes(semantic, boxes, [0.7, 0.6, 0.9], min_stuff_area=0)
    assert categories.tolist() == [255, 2, 2, 0]
    assert scores.tolist() == pytest.approx([0, 0.9, 0.7, 1])
    assert (ids == 1).sum() == 12 * 20
    assert (ids == 2).sum() == 8 * 20
    assert not crowd.any()


def test_small_stuff_is_void_and_things_without_instances_are_crowds() -> None:
    semantic = torch.zeros(10, 10, dtype=torch.uint8)
    semantic[:, 9] = 1
    semantic[:, :4] = 2
    ids, categories, _, crowd = fuse_boxes(semantic, [], [], min_stuff_area=20)
    assert categories.tolist() == [255, 0, 2]
    assert crowd.tolist() == [False, False, True]
    assert (ids[:, 9] == 0).all()


@pytest.mark.parametrize("plain", [False, True])
def test_values_that_equal_a_threshold(plain: bool) -> None:
    semantic = torch.zeros(10, 10, dtype=torch.uint8)
    semantic[:, :4] = 1
    # The second box lies with exactly half of its area under the first.
    boxes = [[0.0, 0, 10, 4], [0, 2, 10, 6]]
    with native.reference_only() if plain else nullcontext():
        _, categories, _, _ = fuse_boxes(semantic, [], [], min_stuff_area=40)
        assert categories.tolist() == [255, 0, 1]  # an area of just the least stays
        _, categories, _, _ = fuse_boxes(semantic, [], [], min_stuff_area=41)
        assert categories.tolist() == [255, 0]
        _, _, scores, _ = fuse_boxes(semantic, boxes, [0.75, 0.625], overlap_threshold=0.5, min_stuff_area=100)
        assert scores.tolist() == [0, 0.75, 0.625]  # just as much overlap as allowed is allowed
        _, _, scores, _ = fuse_boxes(semantic, boxes, [0.75, 0.625], overlap_threshold=0.49, min_stuff_area=100)
        assert scores.tolist() == [0, 0.75]
        _, _, scores, _ = fuse_boxes(semantic, boxes[:1], [0.75], score_threshold=0.75, min_stuff_area=100)
        assert scores.tolist() == [0]  # a score must be above


@given(st.integers(0, 2**31))
def test_masks_equal_sampling_over_the_whole_image(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(3, 2, generator=generator) * 30 - 5
    boxes = torch.cat([corner, corner + torch.rand(3, 2, generator=generator) * 20 + 0.1], dim=1)
    logits = torch.randn(3, 4, 4, generator=generator)
    semantic = torch.full((24, 31), 255, dtype=torch.uint8)
    ids, _, _, _ = panoptic_fusion(
        semantic,
        boxes,
        torch.zeros(3, dtype=torch.long),
        torch.tensor([0.9, 0.8, 0.7]),
        logits,
        num_stuff=1,
        overlap_threshold=1.0,
    )
    frames = inverted_boxes(boxes, (4, 4), (24, 31))
    sampled, _ = roi_sampling(logits[:, None].sigmoid(), frames, torch.arange(3), (24, 31), padding="zero")
    expected = torch.zeros(24, 31, dtype=torch.int32)
    for number in (3, 2, 1):
        expected[sampled[number - 1, 0] > 0.5] = number
    near_half = ((sampled[:, 0] - 0.5).abs() < 1e-5).any(dim=0)
    assert torch.equal(ids[~near_half], expected[~near_half])


def test_the_map_is_a_partition_of_any_input() -> None:
    logits = F.interpolate(torch.randn(1, 6, 4, 5), size=(32, 40), mode="bilinear")[0]
    ids, categories, scores, crowd = fuse_boxes(
        logits.argmax(0), [[-5.0, -5, 50, 50], [3, 3, 3, 9], [float("nan")] * 4], [0.9, 0.8, 0.7], min_stuff_area=10
    )
    assert int(ids.max()) < len(categories) == len(scores) == len(crowd)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="semantic must be an integer image"):
        fuse_boxes(torch.zeros(4, 4), [], [])
    with pytest.raises(ValueError, match=r"scores must be floating point \[1\], got .*\(2,\)"):
        fuse_boxes(torch.zeros(4, 4, dtype=torch.uint8), [[0.0, 0, 1, 1]], [0.5, 0.6])
