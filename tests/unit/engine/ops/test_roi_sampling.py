"""Sampling of regions against `grid_sample`, and over a pyramid."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.ops.boxes import assign_levels, feature_boxes
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling, roi_sampling


def oracle(x: Tensor, box: Tensor, size: tuple[int, int], padding: str) -> Tensor:
    """Bilinear samples [1, C, h, w] of one box of x [1, C, H, W] by `grid_sample`."""
    height, width = x.shape[2:]
    ys = (torch.arange(size[0]) + 0.5) / size[0] * (box[2] - box[0]) + box[0]
    xs = (torch.arange(size[1]) + 0.5) / size[1] * (box[3] - box[1]) + box[1]
    grid_y, grid_x = torch.meshgrid(ys / height * 2 - 1, xs / width * 2 - 1, indexing="ij")
    grid = torch.stack([grid_x, grid_y], dim=-1)[None]
    mode = "border" if padding == "border" else "zeros"
    return F.grid_sample(x, grid, padding_mode=mode, align_corners=False)


@pytest.mark.parametrize("padding", ["border", "zero"])
@pytest.mark.parametrize("channels_last", [True, False])
def test_equals_grid_sample(padding: str, channels_last: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 5, 9, 13, generator=generator)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    corner = torch.rand(20, 2, generator=generator) * 16 - 4
    boxes = torch.cat([corner, corner + torch.rand(20, 2, generator=generator) * 12], dim=1)
    index = torch.arange(20) % 2
    assert padding in ("border", "zero")
    found, _ = roi_sampling(x, boxes, index, (4, 6), padding=padding)
    expected = torch.cat([oracle(x[i : i + 1], box, (4, 6), padding) for i, box in zip(index, boxes, strict=True)])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_gradient() -> None:
    x = torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[-1.0, 0.5, 4.0, 7.0], [1.0, 1.0, 2.0, 3.0]], dtype=torch.float64)
    index = torch.zeros(2, dtype=torch.long)
    assert torch.autograd.gradcheck(lambda values: roi_sampling(values, boxes, index, (3, 3))[0], x)


def test_pyramid_takes_each_box_from_its_level() -> None:
    generator = torch.Generator().manual_seed(0)
    levels = [torch.randn(2, 3, 64 // 2**k, 96 // 2**k, generator=generator) for k in range(3)]
    image_size = (256, 384)
    boxes = torch.tensor([[10.0, 10, 30, 40], [0, 0, 250, 380], [5, 5, 130, 140], [3, 200, 9, 210]])
    index = torch.tensor([0, 1, 1, 0])
    found = pyramid_sampling(levels, boxes, index, (14, 14), image_size, canonical_scale=112.0, canonical_level=1)
    chosen = assign_levels(boxes, 3, canonical_scale=112.0, canonical_level=1)
    assert len(set(chosen.tolist())) == 3
    for i, level in enumerate(chosen.tolist()):
        x = levels[level]
        on_map = feature_boxes(boxes[i : i + 1], (x.shape[2], x.shape[3]), image_size)
        expected, _ = roi_sampling(x, on_map, index[i : i + 1], (14, 14))
        torch.testing.assert_close(found[i], expected[0])


def test_no_boxes() -> None:
    x, none = torch.randn(1, 3, 4, 4), torch.zeros(0, dtype=torch.long)
    found, inside = roi_sampling(x, torch.zeros(0, 4), none, (7, 7))
    assert found.shape == (0, 3, 7, 7)
    assert inside.shape == (0, 7, 7)
    assert pyramid_sampling([x], torch.zeros(0, 4), none, (7, 7), (16, 16)).shape == (0, 3, 7, 7)


def test_refusals() -> None:
    x, boxes, index = torch.zeros(1, 3, 4, 4), torch.zeros(2, 4), torch.zeros(2, dtype=torch.long)
    with pytest.raises(ValueError, match=r"x must be \[B, C, H, W\]"):
        roi_sampling(x[0], boxes, index, (2, 2))
    with pytest.raises(ValueError, match=r"boxes must be .*\(2, 3\)"):
        roi_sampling(x, boxes[:, :3], index, (2, 2))
    with pytest.raises(ValueError, match="batch_index must be int64"):
        roi_sampling(x, boxes, index.int(), (2, 2))
    with pytest.raises(ValueError, match="on one device"):
        roi_sampling(x, boxes.to("meta"), index, (2, 2))
    with pytest.raises(ValueError, match="bilinear sampling needs floating point"):
        roi_sampling(x.long(), boxes, index, (2, 2))
    with pytest.raises(ValueError, match="at least one feature map"):
        pyramid_sampling([], boxes, index, (2, 2), (16, 16))
