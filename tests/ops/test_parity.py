"""Every compiled op gives what the plain PyTorch reference gives, on the CPU."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seamseg_studio.engine.ops import boxes as box_ops
from seamseg_studio.engine.ops import (
    native_abn,
    native_boxes,
    native_fusion,
    native_nms,
    native_sampling,
    reference,
)


def random_boxes(num: int, seed: int, extent: float = 100.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.rand(num, 2, generator=generator) * extent
    sizes = torch.rand(num, 2, generator=generator) * extent / 3 + 1
    return torch.cat([centres - sizes / 2, centres + sizes / 2], dim=1)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("max_keep", [-1, 5])
def test_nms_keeps_what_the_reference_keeps(threshold: float, max_keep: int) -> None:
    boxes = torch.cat([random_boxes(200, 0), random_boxes(3, 1).repeat(4, 1)])
    scores = torch.rand(len(boxes), generator=torch.Generator().manual_seed(2)).round(decimals=1)
    assert torch.equal(
        native_nms.nms(boxes, scores, threshold, max_keep), reference.nms(boxes, scores, threshold, max_keep)
    )


def test_nms_of_categories_is_nms_of_each() -> None:
    boxes, scores = random_boxes(300, 3), torch.rand(300, generator=torch.Generator().manual_seed(4))
    categories = torch.arange(300) % 7
    keep, count = native_nms.nms_groups(boxes[None], scores[None], 0.2, categories_GN=categories[None])
    kept = keep[0, : int(count)]
    for category in range(7):
        index = (categories == category).nonzero()[:, 0]
        expected = index[reference.nms(boxes[index], scores[index], 0.2, -1)]
        assert torch.equal(kept[categories[kept] == category], expected)


def test_nms_survives_boxes_that_are_no_numbers() -> None:
    boxes = random_boxes(20, 5)
    boxes[3], boxes[4], boxes[5] = torch.nan, torch.inf, -torch.inf
    keep, count = native_nms.nms_groups(boxes[None], torch.rand(1, 20), 0.5)
    assert 0 < int(count) <= 20
    assert len(set(keep[0, : int(count)].tolist())) == int(count)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding", ["border", "zero"])
def test_sampling_of_one_map(layout: torch.memory_format, interpolation: str, padding: str) -> None:
    x = torch.randn(2, 5, 17, 23, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=layout)
    boxes, batch_index = random_boxes(12, 1, extent=20.0), torch.arange(12) % 2
    expected, _ = reference.roi_sampling(x, boxes, batch_index, (7, 4), interpolation, padding)
    level = torch.zeros(12, dtype=torch.long)
    got = native_sampling.pyramid_sampling(
        [x], boxes, batch_index, level, (7, 4), nearest=interpolation == "nearest", zero_padding=padding == "zero"
    )
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_sampling_gradient_is_that_of_the_reference(layout: torch.memory_format) -> None:
    levels = [torch.randn(2, 6, side, side + 3).contiguous(memory_format=layout) for side in (24, 12, 6)]
    boxes, batch_index, level = random_boxes(15, 2), torch.arange(15) % 2, torch.arange(15) % 3
    mapped = torch.stack([box_ops.feature_boxes(boxes, (x.shape[2], x.shape[3]), (96, 108)) for x in levels])
    own = mapped.gather(0, level.view(1, -1, 1).expand(1, -1, 4))[0]
    mine = [x.clone().requires_grad_() for x in levels]
    theirs = [x.clone().requires_grad_() for x in levels]
    y = native_sampling.pyramid_sampling(mine, boxes, batch_index, level, (5, 5), image_size=(96, 108))
    expected = reference.pyramid_sampling(theirs, own, level, batch_index, (5, 5))
    torch.testing.assert_close(y, expected)
    dy = torch.randn_like(y)
    y.backward(dy)
    expected.backward(dy)
    for x, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(x.grad, other.grad)


@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "identity"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_abn_and_its_gradient(activation: str, training: bool, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    x = (torch.randn(3, 5, 6, 7, dtype=torch.float64) * 2 + 1).contiguous(memory_format=layout)
    weight, bias = torch.tensor([0.7, -1.2, 0.4, 2.0, -0.3]).double(), torch.randn(5).double()
    results = []
    for is_native in (True, False):
        leaves = [value.clone().requires_grad_() for value in (x, weight, bias)]
        running = [torch.zeros(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)]
        options = {"training": training, "momentum": 0.1, "eps": 1e-5, "weight_eps": 1e-5, "slope": 0.01}
        if is_native:
            y = native_abn.abn(*leaves, *running, activation=activation, group=None, **options)
        else:
            y = reference.abn(*leaves, *running, activation=activation, **options)
        y.sin().sum().backward()
        results.append([y, *(leaf.grad for leaf in leaves), *running])
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected)


def test_boxes_move_and_compare_alike() -> None:
    boxes, others = random_boxes(50, 6), random_boxes(50, 7)
    shifts = torch.randn(50, 4, generator=torch.Generator().manual_seed(8))
    expected = box_ops.clip_boxes(box_ops.shift_boxes(boxes, shifts), (60, 80))
    torch.testing.assert_close(native_boxes.shift_boxes(boxes, shifts, (60, 80)), expected)
    torch.testing.assert_close(native_boxes.shift_boxes(boxes, shifts), box_ops.shift_boxes(boxes, shifts))
    torch.testing.assert_close(native_boxes.box_shifts(boxes, others), box_ops.box_shifts(boxes, others))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_boxes_of_ids_and_masks(dtype: torch.dtype) -> None:
    ids = torch.randint(0, 9, (40, 50), generator=torch.Generator().manual_seed(9)).to(dtype)
    ids[ids == 4] = 0
    assert torch.equal(native_boxes.extract_boxes(ids, 12), reference.extract_boxes(ids, 12))
    boxes = random_boxes(30, 10, extent=45.0)
    assert torch.equal(native_boxes.mask_counts(boxes, ids == 0), reference.mask_counts(boxes, ids == 0))


@pytest.mark.parametrize("overlap_threshold", [0.2, 0.5, 0.9])
def test_fusion_gives_the_map_of_the_reference(overlap_threshold: float) -> None:
    generator = torch.Generator().manual_seed(11)
    semantic = torch.randint(0, 6, (12, 16), generator=generator).to(torch.uint8)
    semantic = semantic.repeat_interleave(8, 0).repeat_interleave(8, 1)
    boxes = random_boxes(25, 12)
    categories = torch.randint(0, 3, (25,), generator=generator)
    scores = torch.rand(25, generator=generator)
    masks = torch.randn(25, 28, 28, generator=generator) + 1
    arguments = (semantic, boxes, categories, scores, masks, 3, 0.2, overlap_threshold, 200.0)
    for got, expected in zip(native_fusion.fusion(*arguments), reference.fusion(*arguments), strict=True):
        assert torch.equal(got, expected)


@pytest.mark.parametrize("size", [(48, 64), (33, 29), (12, 16), (5, 7)])
def test_best_categories_of_resized_logits(size: tuple[int, int]) -> None:
    logits = torch.randn(9, 12, 16, generator=torch.Generator().manual_seed(13))
    full = torch.nn.functional.interpolate(logits[None], size=size, mode="bilinear", align_corners=False)[0]
    top = full.topk(2, dim=0)
    best, second, margin = native_fusion.best_categories(logits, size, with_second=True)
    only_best, *_ = native_fusion.best_categories(logits, size, with_second=False)
    assert second is not None
    assert margin is not None
    torch.testing.assert_close(margin, top.values[0] - top.values[1], atol=1e-5, rtol=1e-5)
    clear = margin > 1e-5
    assert torch.equal(best, only_best)
    assert torch.equal(best[clear].long(), top.indices[0][clear])
    third_is_clear = clear & (full.topk(3, dim=0).values[1:].diff(dim=0)[0] < -1e-5)
    assert torch.equal(second[third_is_clear].long(), top.indices[1][third_is_clear])


@pytest.mark.parametrize(
    ("boxes", "scores", "threshold", "said"),
    [
        (torch.zeros(1, 3, 4, dtype=torch.long), torch.zeros(1, 3), 0.5, "boxes must be float32"),
        (torch.zeros(1, 3, 5), torch.zeros(1, 3), 0.5, "got float32 [1, 3, 5] on cpu"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 2), 0.5, "scores must be float32 [1, 3]"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3), 1.5, "threshold must be between 0 and 1, got 1.5"),
        (torch.zeros(1, 3, 4), torch.zeros(1, 3), float("nan"), "threshold must be between 0 and 1, got nan"),
    ],
)
def test_what_does_not_fit_is_named(boxes: Tensor, scores: Tensor, threshold: float, said: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        native_nms.nms_groups(boxes, scores, threshold)
    assert said in str(raised.value)


def test_nothing_gives_nothing() -> None:
    keep, count = native_nms.nms_groups(torch.zeros(1, 0, 4), torch.zeros(1, 0), 0.5)
    assert keep.shape == (1, 0)
    assert int(count) == 0
    empty = torch.zeros(0, dtype=torch.long)
    assert native_sampling.pyramid_sampling(
        [torch.zeros(1, 2, 3, 3)], torch.zeros(0, 4), empty, empty, (7, 7)
    ).shape == (0, 2, 7, 7)
    assert native_boxes.extract_boxes(torch.zeros(0, 5, dtype=torch.int32), 2).tolist() == [[-1.0] * 4] * 2
