"""Matching and sampling, against slow statements of the same rules."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seamseg_studio.engine.model.sections import RoiConfig, RpnConfig
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.ops.boxes import box_ious, box_shifts
from seamseg_studio.training import targets
from seamseg_studio.training.proposals import Proposals, propose
from seamseg_studio.training.targets import GroundTruth

RPN = RpnConfig(min_size=0, num_pre_nms_train=60, num_post_nms_train=20, num_samples=16)


def random_boxes(count: int, size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, 2, generator=generator) * size
    return torch.cat([corners.amin(1), corners.amax(1)], dim=1)


def make_truth(boxes: Tensor, size: int = 64, ignored: Tensor | None = None) -> GroundTruth:
    count = len(boxes)
    return GroundTruth(
        semantic=torch.zeros(1, size, size, dtype=torch.long),
        ids=torch.zeros(1, size, size, dtype=torch.long),
        boxes=boxes[None],
        categories=torch.arange(count)[None] % 2,
        segments=torch.arange(1, count + 1)[None],
        valid=torch.ones(1, count, dtype=torch.bool),
        ignored=torch.zeros(1, size, size, dtype=torch.bool) if ignored is None else ignored,
    )


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_proposals_are_those_of_one_image_at_a_time(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    anchors = random_boxes(80, 60, seed)
    scores = torch.randn(2, 80, generator=generator)
    shifts = torch.randn(2, 80, 4, generator=generator) * 0.3
    sizes = torch.tensor([[64.0, 64.0], [40.0, 50.0]])
    found = propose(scores, shifts, anchors, sizes, RPN)
    with native.reference_only():
        slow = propose(scores, shifts, anchors, sizes, RPN)
    assert torch.equal(found.valid, slow.valid)
    torch.testing.assert_close(found.boxes[found.valid], slow.boxes[slow.valid])
    limit = torch.tensor([40.0, 50.0, 40.0, 50.0])
    assert (found.boxes[1] <= limit).all()
    assert (found.boxes >= 0).all()


def test_small_boxes_take_no_places_among_the_proposals() -> None:
    anchors = torch.tensor([[0.0, 0.0, 4.0, 4.0], [10.0, 10.0, 40.0, 40.0], [0.0, 50.0, 30.0, 60.0]])
    config = dataclasses.replace(RPN, min_size=8, num_pre_nms_train=2)
    found = propose(
        torch.tensor([[3.0, 2.0, 1.0]]), torch.zeros(1, 3, 4), anchors, torch.tensor([[64.0, 64.0]]), config
    )
    assert found.valid.tolist() == [[True, True]]
    assert found.boxes[0].tolist() == anchors[1:].tolist()


@given(st.integers(0, 10_000), st.integers(0, 6))
@settings(deadline=None, max_examples=40)
def test_anchors_are_matched_by_the_rules(seed: int, num_boxes: int) -> None:
    anchors, boxes = random_boxes(120, 70, seed), random_boxes(num_boxes, 64, seed + 1)
    match = targets.match_anchors(anchors, make_truth(boxes), torch.tensor([[64.0, 64.0]]), RPN)[0]
    inside = (anchors[:, :2] >= 0).all(1) & (anchors[:, 2:] <= 64).all(1)
    assert (match[~inside] == targets.NOT_SAMPLED).all()
    if not num_boxes:
        assert (match[inside] == targets.NEGATIVE).all()
        return
    ious = box_ious(anchors, boxes)
    ious[~inside] = -1
    forced = {int(ious[:, box].argmax()): box for box in range(num_boxes) if ious[:, box].max() > 0}
    for anchor in inside.nonzero()[:, 0].tolist():
        best = float(ious[anchor].max())
        if anchor in forced:
            assert match[anchor] == forced[anchor]
        elif best >= RPN.pos_threshold:
            assert match[anchor] == ious[anchor].argmax()
        elif best < RPN.neg_threshold:
            assert match[anchor] == targets.NEGATIVE
        else:
            assert match[anchor] == targets.NOT_SAMPLED


def test_nothing_on_ignored_pixels_is_a_negative() -> None:
    ignored = torch.zeros(1, 64, 64, dtype=torch.bool)
    ignored[:, :32] = True
    truth = make_truth(torch.zeros(0, 4), ignored=ignored)
    anchors = torch.tensor([[0.0, 0.0, 20.0, 20.0], [40.0, 0.0, 60.0, 20.0], [10.0, 0.0, 40.0, 20.0]])
    match = targets.match_anchors(anchors, truth, torch.tensor([[64.0, 64.0]]), RPN)
    assert match.tolist() == [[targets.NOT_SAMPLED, targets.NEGATIVE, targets.NOT_SAMPLED]]
    found = Proposals(anchors[None], torch.ones(1, 3, dtype=torch.bool))
    assert targets.match_proposals(found, truth, RoiConfig()).tolist() == match.tolist()


def test_sampled_anchors_are_as_many_as_asked_and_at_most_half_positive() -> None:
    anchors = random_boxes(4000, 64, 0)
    truth = make_truth(random_boxes(5, 64, 1))
    config = dataclasses.replace(RPN, num_samples=64, pos_threshold=0.3, neg_threshold=0.2)
    wanted = targets.anchor_targets(anchors, truth, torch.tensor([[64.0, 64.0]]), config)
    assert int((wanted.labels >= 0).sum()) == 64
    assert int((wanted.labels == 1).sum()) == 32
    positive = (wanted.labels[0] == 1).nonzero()[:, 0]
    match = targets.match_anchors(anchors, truth, torch.tensor([[64.0, 64.0]]), config)[0]
    torch.testing.assert_close(
        wanted.shifts[0, positive], box_shifts(anchors[positive], truth.boxes[0, match[positive]])
    )


def test_ground_truth_boxes_are_proposals_too() -> None:
    truth = make_truth(torch.tensor([[5.0, 5.0, 25.0, 25.0], [30.0, 30.0, 60.0, 60.0]]))
    none = Proposals(torch.zeros(1, 0, 4), torch.zeros(1, 0, dtype=torch.bool))
    sampled = targets.proposal_targets(none, truth, RoiConfig(num_samples=8), negatives_everywhere=False)
    assert sampled.labels.tolist() == [1, 2]
    assert sampled.segments.tolist() == [1, 2]
    assert not sampled.shifts.any()


@pytest.mark.parametrize("everywhere", [False, True])
def test_images_without_things_give_negatives_only_where_asked(everywhere: bool) -> None:
    found = Proposals(random_boxes(10, 64, 0)[None], torch.ones(1, 10, dtype=torch.bool))
    sampled = targets.proposal_targets(
        found, make_truth(torch.zeros(0, 4)), RoiConfig(), negatives_everywhere=everywhere
    )
    assert len(sampled.boxes) == (10 if everywhere else 0)
    assert not sampled.labels.any()


def test_masks_are_sampled_at_bin_centres_and_void_is_unknown() -> None:
    truth = make_truth(torch.tensor([[0.0, 0.0, 4.0, 4.0]]), size=8)
    truth.ids[0, :4, :4] = 1
    truth.semantic[0, 4:] = 255
    boxes = torch.tensor([[0.0, 0.0, 8.0, 8.0]])
    arguments = boxes, torch.zeros(1, dtype=torch.long), torch.ones(1, dtype=torch.long), truth, (4, 4)
    mask = targets.mask_targets(*arguments, void_is_background=False)[0]
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [-1] * 4, [-1] * 4]
    assert (targets.mask_targets(*arguments, void_is_background=True)[0][2:] == 0).all()


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 10))
@settings(deadline=None, max_examples=50)
def test_what_is_picked_is_what_was_chosen_over_and_over(chosen: list[bool], more: int) -> None:
    count = sum(chosen) + more + (sum(chosen) + more == 0)
    index, is_real = targets.pick(torch.tensor(chosen), count)
    places = [place for place, wanted in enumerate(chosen) if wanted]
    assert index[is_real].tolist() == places
    assert len(index) == count
    if places:
        assert index.tolist() == [places[i % len(places)] for i in range(count)]
    else:
        assert index.tolist() == [i % len(chosen) for i in range(count)]
