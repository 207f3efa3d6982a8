"""The panoptic map of the compiled op is that of the reference, on ordinary and on hostile input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seamseg_studio.engine.ops import native_fusion, reference

MakeBoxes = Callable[..., Tensor]
Arguments = tuple[Any, ...]


def on(device: torch.device, arguments: Arguments) -> Arguments:
    return tuple(value.to(device) if isinstance(value, Tensor) else value for value in arguments)


def assert_same(device: torch.device, arguments: Arguments) -> None:
    """Fails unless segments are the same and, but for the rounding of a GPU's exponential, all pixels."""
    got = native_fusion.fusion(*on(device, arguments))
    expected = reference.fusion(*arguments)
    for found, wanted in zip(got[1:], expected[1:], strict=True):
        assert torch.equal(found.cpu(), wanted)
    same = (got[0].cpu() == expected[0]).float()
    assert same.numel() == 0 or same.mean() >= (1.0 if device.type == "cpu" else 0.9995)


def scene(make_boxes: MakeBoxes, num: int, seed: int, size: tuple[int, int] = (96, 128)) -> Arguments:
    generator = torch.Generator().manual_seed(seed)
    semantic = torch.randint(0, 6, (size[0] // 8, size[1] // 8), generator=generator).to(torch.uint8)
    semantic = semantic.repeat_interleave(8, 0).repeat_interleave(8, 1)
    categories = torch.randint(0, 3, (num,), generator=generator)
    masks = torch.randn(num, 28, 28, generator=generator) + 1
    return semantic, make_boxes(num, seed + 1, float(size[0])), categories, torch.rand(num, generator=generator), masks


@pytest.mark.parametrize("overlap_threshold", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("num", [0, 1, 25, 130])
def test_map_is_that_of_the_reference(
    device: torch.device, make_boxes: MakeBoxes, num: int, overlap_threshold: float
) -> None:
    assert_same(device, (*scene(make_boxes, num, 11), 3, 0.2, overlap_threshold, 200.0))


@pytest.mark.parametrize("size", [(96, 129), (400, 600), (8, 8)])
@pytest.mark.parametrize("least_area", [0.0, 50.0, 1e9])
def test_any_size_and_least_area(
    device: torch.device, make_boxes: MakeBoxes, size: tuple[int, int], least_area: float
) -> None:
    values = scene(make_boxes, 40, 5, (-(-size[0] // 8) * 8, -(-size[1] // 8) * 8))
    semantic = values[0][: size[0], : size[1]].contiguous()
    assert_same(device, (semantic, *values[1:], 3, 0.0, 0.5, least_area))


def test_equal_scores_go_by_index_and_what_is_left_out_leaves_its_pixels(device: torch.device) -> None:
    boxes = torch.tensor([[0.0, 0, 16, 16], [0, 0, 16, 16], [0, 0, 16, 24], [0, 12, 16, 32]])
    arguments = (
        torch.zeros(16, 32, dtype=torch.uint8), boxes, torch.tensor([0, 1, 2, 3]), torch.full((4,), 0.9),
        torch.full((4, 28, 28), 20.0), 1, 0.5, 0.5, 1.0,
    )  # fmt: skip
    ids, categories, scores, is_crowd = (value.cpu() for value in native_fusion.fusion(*on(device, arguments)))
    assert categories.tolist() == [255, 1, 4]
    assert scores.tolist() == pytest.approx([0.0, 0.9, 0.9])
    assert not is_crowd.any()
    assert (ids[:, :16] == 1).all()
    assert (ids[:, 16:] == 2).all()


HARD = st.sampled_from(
    [0.0, 0.25, 0.5, 3.0, 7.5, 12.0, -6.0, 1e9, -1e9, 3e38, float("inf"), float("-inf"), float("nan")]
)

HARD_SCORES = st.sampled_from([0.0, 0.5, 0.9, float("nan"), float("inf")])


@given(
    st.lists(st.tuples(HARD, HARD, HARD, HARD, HARD_SCORES), max_size=8),
    st.sampled_from([0.0, 0.5]), st.integers(0, 2**31),
)  # fmt: skip
@settings(deadline=None)
def test_no_box_writes_outside_the_map(
    device: torch.device, rows: list[tuple[float, ...]], overlap_threshold: float, seed: int
) -> None:
    values = torch.tensor(rows).reshape(-1, 5)
    generator = torch.Generator().manual_seed(seed)
    masks = torch.randn(len(rows), 4, 4, generator=generator) * 3
    categories = torch.zeros(len(rows), dtype=torch.long)
    semantic = torch.randint(0, 3, (9, 11), generator=generator).to(torch.uint8)
    arguments = (semantic, values[:, :4], categories, values[:, 4], masks, 2, 0.1, overlap_threshold, 1.0)
    ids, found, scores, _ = (v.cpu() for v in native_fusion.fusion(*on(device, arguments)))
    assert ids.min() >= 0
    assert ids.max() < len(found) == len(scores)
    assert not scores.isnan().any()
    finite = values.isfinite().all() and (values.abs() < 1e6).all()
    if finite and device.type == "cpu":
        assert_same(device, arguments)


def test_results_have_a_fixed_size_and_a_count(device: torch.device, make_boxes: MakeBoxes) -> None:
    ids, categories, scores, is_crowd, count = native_fusion.padded_fusion(
        *on(device, (*scene(make_boxes, 7, 3), 3, 0.2, 0.5, 200.0))
    )
    assert len(categories) == len(scores) == len(is_crowd) == 1 + 7 + 255
    assert count.shape == (1,)
    rest = slice(int(count), None)
    assert (categories[rest] == 255).all()
    assert not scores[rest].any()
    assert not is_crowd[rest].any()
    assert int(ids.max()) < int(count)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: torch.zeros(4, 4)}, "semantic must be uint8 [*, *], got float32 [4, 4]"),
        ({1: torch.zeros(2, 5)}, "boxes must be float32 [*, 4], got float32 [2, 5]"),
        ({2: torch.zeros(3, dtype=torch.long)}, "categories must be int64 [2], got int64 [3]"),
        ({3: torch.zeros(1)}, "scores must be float32 [2], got float32 [1]"),
        ({4: torch.zeros(2, 4, 5)}, "mask_logits must be square, of at most 64 a side, got float32 [2, 4, 5]"),
        ({5: -1}, "num_stuff must not be negative, got -1"),
        ({7: float("nan")}, "overlap_threshold must be a number, got NaN"),
    ],
)
def test_what_does_not_fit_is_named(device: torch.device, change: dict[int, Any], said: str) -> None:
    arguments: list[Any] = [
        torch.zeros(4, 4, dtype=torch.uint8), torch.zeros(2, 4), torch.zeros(2, dtype=torch.long), torch.zeros(2),
        torch.zeros(2, 4, 4), 1, 0.5, 0.5, 1.0,
    ]  # fmt: skip
    for place, value in change.items():
        arguments[place] = value
    with pytest.raises(RuntimeError) as raised:
        torch.ops.seamseg.panoptic_fusion(*on(device, tuple(arguments)))
    assert said in str(raised.value)
