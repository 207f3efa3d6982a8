"""Single operations against the original's outputs (tests/fixtures/parity/README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seamseg_studio.engine.ops import boxes as box_ops
from seamseg_studio.engine.ops.abn import abn
from seamseg_studio.engine.ops.fusion import panoptic_fusion
from seamseg_studio.engine.ops.nms import nms
from seamseg_studio.engine.ops.roi_sampling import roi_sampling

PARITY = Path(__file__).resolve().parents[3] / "fixtures" / "parity"
Arrays = Mapping[str, NDArray[Any]]
ANCHORS = {
    "cityscapes": (8.0, (1.0, 0.5, 2.0), (4, 8, 16, 32, 64)),
    "vistas": (2.0, (0.2, 0.5, 1.0, 2.0, 5.0), (4, 8, 16, 32, 64, 128)),
}


def stored(name: str) -> dict[str, NDArray[Any]]:
    with np.load(PARITY / f"{name}.npz") as arrays:
        return dict(arrays)


NMS = stored("ops_nms")
ROI = stored("ops_roi_sampling")
BOXES = {name: torch.from_numpy(values) for name, values in stored("ops_boxes").items()}
ABN = stored("ops_inplace_abn")
FUSION = stored("ops_panoptic_preprocessing")


@pytest.mark.parametrize("case", sorted({name.split("/")[0] for name in NMS}))
def test_nms(case: str) -> None:
    boxes, scores, order = (torch.from_numpy(NMS[f"{case}/{name}"]) for name in ("boxes", "scores", "order"))
    threshold, num = float(NMS[f"{case}/threshold"]), int(NMS[f"{case}/n_max"])
    expected = NMS[f"{case}/keep"].tolist()
    # The original orders equal scores as its sort happens to; ranks from its order take the luck out.
    ranks = torch.empty(len(order)).index_copy_(0, order, torch.arange(len(order), 0, -1).float())
    assert nms(boxes, ranks, threshold, num).tolist() == expected
    if len(torch.unique(scores)) == len(scores):
        assert nms(boxes, scores, threshold, num).tolist() == expected


@pytest.mark.parametrize("case", [name.removesuffix("/y") for name in ROI if name.endswith("/y")])
def test_roi_sampling(case: str) -> None:
    kind, interpolation, padding, size = case.split("/")
    x = torch.from_numpy(ROI[f"{kind}/x"])
    x.requires_grad_(x.is_floating_point())
    height, width = (int(n) for n in size.split("x"))
    boxes, index = torch.from_numpy(ROI[f"{kind}/bbx"]), torch.from_numpy(ROI[f"{kind}/idx"])
    assert interpolation in ("bilinear", "nearest")
    assert padding in ("zero", "border")
    y, inside = roi_sampling(x, boxes, index, (height, width), interpolation=interpolation, padding=padding)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y.detach(), ROI[f"{case}/y"], atol=2e-6)
    np.testing.assert_array_equal(inside, ROI[f"{case}/mask"].astype(bool))
    if x.requires_grad:
        y.backward(torch.from_numpy(ROI[f"{case}/dy"]))
        np.testing.assert_allclose(x.grad, ROI[f"{case}/dx"], atol=2e-5)


@pytest.mark.parametrize("index", range(3))
def test_extract_boxes(index: int) -> None:
    found = box_ops.extract_boxes(BOXES[f"extract{index}/mask"][0], int(BOXES[f"extract{index}/n"]))
    assert torch.equal(found, BOXES[f"extract{index}/bbx"])


def test_mask_counts_and_overlap() -> None:
    boxes, mask = BOXES["mask_count/bbx"], BOXES["mask_count/mask"]
    assert torch.equal(box_ops.mask_counts(boxes, mask), BOXES["mask_count/count"])
    torch.testing.assert_close(box_ops.mask_overlap(boxes, mask), BOXES["mask_overlap"])


def test_ious_and_overlaps() -> None:
    one, other = BOXES["ious/bbx0"], BOXES["ious/bbx1"]
    torch.testing.assert_close(box_ops.box_ious(one, other), BOXES["ious/iou"], equal_nan=True)
    torch.testing.assert_close(box_ops.box_overlaps(one, other), BOXES["bbx_overlap"], equal_nan=True)


def test_shifts() -> None:
    torch.testing.assert_close(
        box_ops.shift_boxes(BOXES["ious/bbx0"], BOXES["shift/shift"]), BOXES["shift/out"], rtol=1e-4, atol=1e-3
    )
    torch.testing.assert_close(
        box_ops.box_shifts(BOXES["calc/bbx0"], BOXES["calc/bbx1"]), BOXES["calc/shift"], rtol=1e-5, atol=1e-5
    )


def test_inverted_boxes() -> None:
    roi_size, image_size = (tuple(BOXES[f"invert/{name}"].tolist()) for name in ("roi_size", "img_size"))
    found = box_ops.inverted_boxes(BOXES["invert/bbx"], roi_size, image_size)
    torch.testing.assert_close(found, BOXES["invert/out"], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ANCHORS)
def test_anchors(name: str) -> None:
    scale, ratios, strides = ANCHORS[name]
    for stride in strides:
        cell = box_ops.cell_anchors(stride, scale, ratios)
        torch.testing.assert_close(cell, BOXES[f"anchors/{name}/base{stride}"], rtol=1e-12, atol=1e-12)
        assert torch.equal(
            box_ops.level_anchors((3, 4), stride, scale, ratios), BOXES[f"anchors/{name}/shifted{stride}"]
        )


def test_levels() -> None:
    assert torch.equal(box_ops.assign_levels(BOXES["level/bbx"], 4), BOXES["level/level"].long())


def test_regions_of_a_feature_map() -> None:
    height, width = BOXES["rois/img_size"].tolist()
    x, boxes = BOXES["rois/x"], BOXES["rois/bbx"]
    on_map = box_ops.feature_boxes(boxes, (x.shape[2], x.shape[3]), (height, width))
    found, _ = roi_sampling(x, on_map, torch.zeros(len(boxes), dtype=torch.long), (14, 14))
    torch.testing.assert_close(found, BOXES["rois/out"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "identity"])
def test_abn(activation: str, mode: str) -> None:
    case = {
        name.rsplit("/", 1)[1]: torch.from_numpy(values).clone()
        for name, values in ABN.items()
        if name.startswith(f"{activation}/{mode}/")
    }
    x, weight, bias = (case[name].requires_grad_() for name in ("x", "weight", "bias"))
    mean, var = case["running_mean"], case["running_var"]
    y = abn(x, weight, bias, mean, var, training=mode == "train", activation=activation)
    torch.testing.assert_close(y, case["y"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(mean, case["running_mean_out"])
    torch.testing.assert_close(var, case["running_var_out"])
    y.backward(case["dy"])
    for parameter, name in ((x, "dx"), (weight, "dweight"), (bias, "dbias")):
        torch.testing.assert_close(parameter.grad, case[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("index", range(6))
def test_fusion(index: int) -> None:
    case = {name.split("/")[1]: torch.from_numpy(v) for name, v in FUSION.items() if name.startswith(f"{index}/")}
    score_threshold, overlap_threshold, min_stuff_area = case["params"].tolist()
    num = 0 if bool(case["none"]) else len(case["bbx"])
    ids, categories, scores, is_crowd = panoptic_fusion(
        case["sem"],
        *(case[name][:num] for name in ("bbx", "cls", "obj", "msk_logits")),
        num_stuff=int(case["num_stuff"]),
        score_threshold=score_threshold,
        overlap_threshold=overlap_threshold,
        min_stuff_area=min_stuff_area,
    )
    assert torch.equal(ids.long(), case["out_msk"])
    assert torch.equal(categories, case["out_cat"])
    assert torch.equal(scores, case["out_obj"])
    assert torch.equal(is_crowd, case["out_iscrowd"].bool())


@pytest.mark.parametrize("config", ["vistas_r18", "cityscapes_r50"])
@pytest.mark.parametrize("image", ["im0", "im1"])
@pytest.mark.parametrize(
    ("name", "thresholds"),
    [
        ("default", (0.5, 0.5, 4096)),
        ("score03", (0.3, 0.5, 4096)),
        ("overlap02", (0.5, 0.2, 4096)),
        ("area512", (0.5, 0.5, 512)),
        ("score0_area0", (0.0, 0.9, 0)),
    ],
)
def test_fusion_of_whole_images(config: str, image: str, name: str, thresholds: tuple[float, float, float]) -> None:
    case = {key: torch.from_numpy(values) for key, values in stored(f"infer_{config}_{image}").items()}
    ids, categories, scores, is_crowd = panoptic_fusion(
        *(case[key] for key in ("sem_pred", "bbx_pred", "cls_pred", "obj_pred", "msk_pred")),
        num_stuff={"vistas_r18": 28, "cityscapes_r50": 11}[config],
        score_threshold=thresholds[0],
        overlap_threshold=thresholds[1],
        min_stuff_area=thresholds[2],
    )
    # A mask value of exactly one half up to rounding may fall on either side.
    assert int((ids != case[f"pan_{name}_msk"]).sum()) <= 3
    assert torch.equal(categories, case[f"pan_{name}_cat"])
    assert torch.equal(scores, case[f"pan_{name}_obj"])
    assert torch.equal(is_crowd, case[f"pan_{name}_iscrowd"].bool())
