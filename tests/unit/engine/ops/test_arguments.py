"""Every public op names the argument that does not fit and the value it got, whichever implementation answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from seamseg_studio.engine.ops.abn import abn
from seamseg_studio.engine.ops.boxes import (
    box_ious,
    box_overlaps,
    box_shifts,
    extract_boxes,
    feature_boxes,
    mask_counts,
    shift_boxes,
)
from seamseg_studio.engine.ops.fusion import panoptic_fusion
from seamseg_studio.engine.ops.nms import nms
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling, roi_sampling
from seamseg_studio.engine.ops.semantic import best_categories

BOXES, INDEX, IDS = torch.zeros(2, 4), torch.zeros(2, dtype=torch.long), torch.zeros(3, 5, dtype=torch.int32)
MAP = torch.zeros(1, 3, 4, 4)
NAN = float("nan")
# Arguments that fit, by op; the tests replace one.
FITTING: dict[Callable[..., Any], dict[str, Any]] = {
    nms: {"boxes": BOXES, "scores": torch.zeros(2), "threshold": 0.5, "max_keep": -1},
    shift_boxes: {"boxes": BOXES, "shifts": BOXES},
    box_shifts: {"source": BOXES, "target": BOXES},
    box_ious: {"boxes": BOXES, "others": BOXES},
    box_overlaps: {"boxes": BOXES, "others": BOXES},
    extract_boxes: {"ids": IDS, "num_ids": 3},
    mask_counts: {"boxes": BOXES, "mask": IDS > 0},
    feature_boxes: {"boxes": BOXES, "feature_size": (4, 4), "image_size": (16, 16)},
    roi_sampling: {"x": MAP, "boxes": BOXES, "batch_index": INDEX, "out_size": (2, 2)},
    pyramid_sampling: {
        "levels": [MAP], "boxes": BOXES, "batch_index": INDEX, "out_size": (2, 2), "image_size": (16, 16)
    },
    best_categories: {"logits_KHW": MAP[0], "size": (8, 8), "with_second": True},
    panoptic_fusion: {
        "semantic": torch.zeros(8, 8, dtype=torch.uint8), "boxes": BOXES, "categories": INDEX,
        "scores": torch.zeros(2), "mask_logits": torch.zeros(2, 7, 7), "num_stuff": 1,
    },
    abn: {
        "x": MAP, "weight": torch.ones(3), "bias": torch.zeros(3), "running_mean": torch.zeros(3),
        "running_var": torch.ones(3), "training": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("op", FITTING)
def test_arguments_that_fit_are_taken(op: Callable[..., Any]) -> None:
    op(**FITTING[op])


@pytest.mark.parametrize(
    ("op", "change", "said"),
    [
        (nms, {"max_keep": -7}, r"max_keep must be -1 .* got -7"),
        (nms, {"threshold": NAN}, "threshold must be between 0 and 1, got nan"),
        (shift_boxes, {"boxes": torch.ones(2, 3)}, r"boxes must be floating point \[\.\.\., 4\], got .*\(2, 3\)"),
        (shift_boxes, {"boxes": torch.ones(2, 5), "shifts": torch.ones(2, 5)}, r"boxes must be .*\(2, 5\)"),
        (shift_boxes, {"boxes": BOXES.long()}, "boxes must be .*int64"),
        (shift_boxes, {"shifts": torch.tensor(1.0)}, r"shifts must be .*\(\)"),
        (shift_boxes, {"shifts": BOXES.int()}, "shifts must be .*int32"),
        (shift_boxes, {"shifts": BOXES.to("meta")}, "boxes and shifts must be on one device, got cpu and meta"),
        (shift_boxes, {"shifts": torch.ones(3, 4)}, r"boxes and shifts .* broadcast, got \(2, 4\) and \(3, 4\)"),
        (box_shifts, {"source": BOXES.long()}, "source must be .*int64"),
        (box_shifts, {"target": torch.zeros(2, 3)}, r"target must be .*\(2, 3\)"),
        (box_shifts, {"target": BOXES.to("meta")}, "source and target must be on one device, got cpu and meta"),
        (box_ious, {"others": torch.zeros(4)}, r"others must be .*\[M, 4\], got .*\(4,\)"),
        (box_overlaps, {"boxes": BOXES.long()}, "boxes must be .*int64"),
        (extract_boxes, {"ids": IDS.float()}, "ids must be an integer image .*float32"),
        (extract_boxes, {"num_ids": -1}, "num_ids must be between 0 and 16777216, got -1"),
        (extract_boxes, {"num_ids": 2**24 + 1}, "num_ids must be between 0 and 16777216, got 16777217"),
        (mask_counts, {"boxes": BOXES.long()}, "boxes must be .*int64"),
        (mask_counts, {"mask": torch.zeros(3)}, "mask must be an integer image"),
        (mask_counts, {"mask": IDS.to("meta")}, "boxes and mask must be on one device, got cpu and meta"),
        (feature_boxes, {"image_size": (0, 4)}, r"image_size must be two numbers from 1 up, got \(0, 4\)"),
        (roi_sampling, {"x": torch.zeros(1, 3, 0, 4)}, r"x must be .* and have pixels, got \(1, 3, 0, 4\)"),
        (roi_sampling, {"x": MAP.to("meta")}, "boxes and x must be on one device, got cpu and meta"),
        (roi_sampling, {"out_size": (2,)}, r"out_size must be two numbers from 1 up, got \(2,\)"),
        (roi_sampling, {"out_size": (0, 2)}, r"out_size must be two numbers from 1 up, got \(0, 2\)"),
        (pyramid_sampling, {"out_size": (0, 2)}, r"out_size must be two numbers from 1 up, got \(0, 2\)"),
        (pyramid_sampling, {"image_size": (0, 0)}, r"image_size must be two numbers from 1 up, got \(0, 0\)"),
        (pyramid_sampling, {"levels": [MAP.long()]}, r"levels must be floating point .*levels\[0\] torch.int64"),
        (pyramid_sampling, {"levels": [MAP, MAP[:, :, :0]]}, r"levels must .*levels\[1\] .*\(1, 3, 0, 4\)"),
        (pyramid_sampling, {"levels": [MAP, MAP.to("meta")]}, r"boxes and levels\[1\] must be on one device"),
        (pyramid_sampling, {"boxes": BOXES.long()}, "boxes must be .*int64"),
        (best_categories, {"logits_KHW": MAP[0].long()}, "logits must be floating point .*int64"),
        (best_categories, {"logits_KHW": MAP[0, :, :0]}, r"logits must have pixels, got \(3, 0, 4\)"),
        (best_categories, {"size": (-2, 2)}, r"size must be two numbers from 0 up, got \(-2, 2\)"),
        (best_categories, {"size": (2,)}, r"size must be two numbers from 0 up, got \(2,\)"),
        (panoptic_fusion, {"semantic": torch.zeros(8, 8)}, "semantic must be an integer image .*float32"),
        (panoptic_fusion, {"boxes": BOXES.long()}, "boxes must be .*int64"),
        (panoptic_fusion, {"boxes": BOXES.to("meta")}, "semantic and boxes must be on one device, got cpu and meta"),
        (panoptic_fusion, {"categories": INDEX.int()}, r"categories must be int64 \[2\], got torch.int32"),
        (panoptic_fusion, {"categories": INDEX.float()}, r"categories must be int64 \[2\], got torch.float32"),
        (panoptic_fusion, {"scores": INDEX}, "scores must be .*int64"),
        (panoptic_fusion, {"mask_logits": torch.zeros(2, 7)}, r"mask_logits must be .*\[2, M, M\], got .*\(2, 7\)"),
        (panoptic_fusion, {"mask_logits": torch.zeros(2, 7, 6)}, r"mask_logits must be square .*\(2, 7, 6\)"),
        (panoptic_fusion, {"mask_logits": torch.zeros(2, 0, 0)}, r"mask_logits must .* have pixels, got \(2, 0, 0\)"),
        (panoptic_fusion, {"mask_logits": torch.zeros(2, 7, 7).to("meta")}, "semantic and mask_logits must be on one"),
        (panoptic_fusion, {"num_stuff": -1}, "num_stuff must not be negative, got -1"),
        (panoptic_fusion, {"score_threshold": NAN}, "score_threshold must be a number, got nan"),
        (panoptic_fusion, {"overlap_threshold": NAN}, "overlap_threshold must be a number, got nan"),
        (panoptic_fusion, {"min_stuff_area": NAN}, "min_stuff_area must be a number, got nan"),
        (abn, {"x": MAP.long()}, "x must be floating point .*int64"),
        (abn, {"weight": torch.ones(3).to("meta")}, "x and weight must be on one device, got cpu and meta"),
        (abn, {"bias": torch.ones(2)}, r"bias must be floating point \[3\] .*\(2,\)"),
        (abn, {"running_mean": INDEX}, r"running_mean must be floating point \[3\] .*int64"),
        (abn, {"running_var": torch.ones(3, 1)}, r"running_var must be floating point \[3\] .*\(3, 1\)"),
        (abn, {"activation": "gelu"}, "activation must be leaky_relu, elu, relu6 or identity, got 'gelu'"),
    ],
)
def test_what_does_not_fit_is_named(op: Callable[..., Any], change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        op(**FITTING[op] | change)


@pytest.mark.parametrize("index", [-1, 1, 2**40])
def test_an_index_outside_the_batch_is_named(index: int) -> None:
    said = rf"batch_index\[1\] must be between 0 and 0, got {index}"
    for op in (roi_sampling, pyramid_sampling):
        with pytest.raises(RuntimeError, match=said):
            op(**FITTING[op] | {"batch_index": torch.tensor([0, index])})


def test_nothing_is_kept_where_nothing_may_be() -> None:
    assert nms(BOXES, torch.zeros(2), 0.5, 0).tolist() == []


def test_categories_outside_are_none_and_numbers_are_used_as_float32() -> None:
    semantic = torch.tensor([[0, 300, -1, 255, 2**40, 1]])
    ids, categories, *_ = panoptic_fusion(**FITTING[panoptic_fusion] | {"semantic": semantic, "min_stuff_area": 1})
    assert ids.tolist() == [[1, 0, 0, 0, 0, 2]]
    assert categories.tolist() == [255, 0, 1]
    just_above = torch.tensor([0.5000000001, 0.0], dtype=torch.float64)
    _, categories, *_ = panoptic_fusion(**FITTING[panoptic_fusion] | {"scores": just_above})
    assert categories.tolist() == [255]
