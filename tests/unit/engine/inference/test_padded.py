"""The parts of fixed size answer as those do whose sizes depend on what is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.inference.detection import Detections, detect, generate_proposals, predict_masks
from seamseg_studio.engine.inference.options import PredictOptions
from seamseg_studio.engine.inference.padded import PaddedDetections, PaddedFusion, PaddedHeads
from seamseg_studio.engine.inference.predictor import Predictor
from seamseg_studio.engine.inference.preprocess import normalised, resized
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network
from seamseg_studio.engine.ops import native
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

SIZE = (96, 160)
TAXONOMY = Taxonomy(
    "street",
    tuple(
        Category(name, kind, (1, 2, 3))
        for name, kind in [("road", Kind.STUFF), ("sky", Kind.STUFF), ("car", Kind.THING), ("person", Kind.THING)]
    ),
)


def make_network(background: float, **roi: object) -> PanopticNet:
    """Returns a small network; the more negative `background`, the more it finds."""
    torch.manual_seed(3)
    config = Config().replace(
        body={"body": "efficientnet_lite0", "normalization_mode": "bn"},
        fpn={"out_channels": 16},
        rpn={"hidden_channels": 16, "num_post_nms_val": 50, "anchor_scale": 4.0, "min_size": 2.0},
        roi={"fc_channels": 16, "mask_channels": 16, **roi},
        sem={"hidden_channels": 8, "min_stuff_area": 100.0},
        dataloader={"shortest_size": SIZE[0]},
    )
    network = build_network(config, TAXONOMY)
    torch.nn.init.normal_(network.sem_head.conv_sem.weight, std=0.5)
    torch.nn.init.normal_(network.roi_head.roi_msk.weight, std=0.5)
    torch.nn.init.normal_(network.roi_head.roi_bbx.weight, std=0.5)
    torch.nn.init.normal_(network.roi_head.roi_cls.weight, std=0.5)
    torch.nn.init.constant_(network.roi_head.roi_cls.bias[0], background)
    return prepare_network(config, TAXONOMY, network.state_dict(), torch.device("cpu"))


@pytest.fixture(autouse=True)
def compiled_ops() -> None:
    """The parts of fixed size need the compiled ops."""
    if native.status().kind == "reference":
        pytest.skip(f"the compiled ops cannot be had here: {native.status()}")


def picture() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def both(network: PanopticNet) -> tuple[Detections, torch.Tensor, torch.Tensor, PaddedDetections]:
    """What is found in the picture: detections, masks and proposals, and the same at fixed sizes."""
    pixels = normalised(picture(), network.config.dataloader, torch.device("cpu"))
    levels, objectness, shifts, _ = network(pixels)
    proposals = generate_proposals(objectness, shifts, network.config, [SIZE])
    found = detect(network, levels, proposals, SIZE, [SIZE])
    masks = predict_masks(network, levels, found, SIZE)[0]
    return found[0], masks, proposals[0], PaddedHeads(network, SIZE, objectness)(levels, objectness, shifts)


@torch.inference_mode()
@pytest.mark.parametrize(
    ("background", "roi"),
    [
        (-2.0, {}),
        (-2.0, {"max_predictions": 7}),
        (1.0, {"score_threshold": 0.3}),
        (50.0, {}),
        (-2.0, {"nms_threshold": 0.9}),
    ],
)
def test_the_same_is_found(background: float, roi: dict[str, object]) -> None:
    found, masks, proposals, padded = both(make_network(background, **roi))
    num = int((padded.scores > 0).sum())
    assert num == len(found.scores)
    assert (num == 0) == (background == 50.0), "the case shows nothing"
    assert torch.equal(padded.proposals[: int(padded.num_proposals)], proposals)
    assert not padded.proposals[int(padded.num_proposals) :].any()
    order = found.scores.argsort(descending=True, stable=True)
    torch.testing.assert_close(padded.scores[:num], found.scores[order], rtol=1e-5, atol=1e-6)
    assert torch.equal(padded.categories[:num], found.categories[order])
    torch.testing.assert_close(padded.boxes[:num], found.boxes[order], rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(padded.masks[:num], masks[order], rtol=1e-3, atol=1e-3)
    assert not padded.scores[num:].any()
    assert not padded.boxes[num:].any()


@torch.inference_mode()
@pytest.mark.parametrize("map_size", [SIZE, (150, 251), (1, 1), (700, 1), (32, 20000)])
@pytest.mark.parametrize(
    "options",
    [
        PredictOptions(score_threshold=0.3, min_stuff_area=20.0),
        PredictOptions(score_threshold=0.05, overlap_threshold=0.9, with_second_choice=False),
        PredictOptions(score_threshold=1.0),
    ],
)
def test_the_map_is_the_predictors(map_size: tuple[int, int], options: PredictOptions) -> None:
    network = make_network(-2.0)
    image = np.random.default_rng(5).integers(0, 256, (*map_size, 3), dtype=np.uint8)
    predictor = Predictor(network, TAXONOMY)
    expected = predictor.predict(image, options)
    size = predictor.seen.input_size(map_size, 1.0)
    levels, objectness, shifts, logits = network(
        normalised(resized(image, size), network.config.dataloader, predictor.device)
    )
    found = PaddedHeads(network, size, objectness)(levels, objectness, shifts)
    padded = PaddedFusion(network, size, map_size, options, predictor.device)(logits[0], found)
    table = padded.table[:, padded.table[0] > 0]
    assert np.array_equal(padded.ids.numpy(), expected.ids)
    assert table[1].tolist() == expected.categories.tolist()
    torch.testing.assert_close(table[2], torch.from_numpy(expected.scores), rtol=1e-5, atol=1e-6)
    assert (table[3] > 0).tolist() == expected.is_crowd.tolist()
    if options.with_second_choice:
        assert padded.second_choice is not None
        assert np.array_equal(padded.second_choice.numpy(), expected.second_choice)
    else:
        assert padded.second_choice is None
        assert expected.second_choice is None


@torch.inference_mode()
def test_segments_without_pixels_are_no_segments() -> None:
    """A detection whose mask covers nothing takes no id, and the ids stay dense."""
    network = make_network(-2.0)
    pixels = normalised(picture(), network.config.dataloader, torch.device("cpu"))
    levels, objectness, shifts, logits = network(pixels)
    found = PaddedHeads(network, SIZE, objectness)(levels, objectness, shifts)
    scores = found.scores.clone()
    scores[:3] = torch.tensor([0.99, 0.98, 0.97])
    boxes, masks = found.boxes.clone(), torch.full_like(found.masks, 9.0)
    boxes[:3] = torch.tensor([[5.0, 5, 30, 30], [40, 40, 60, 60], [70, 70, 90, 90]])
    masks[1] = -9.0
    changed = replace(found, boxes=boxes, masks=masks, scores=torch.where(torch.arange(len(scores)) < 3, scores, 0.0))
    options = PredictOptions(score_threshold=0.9)
    fused = PaddedFusion(network, SIZE, SIZE, options, torch.device("cpu"))(logits[0], changed)
    table = fused.table[:, fused.table[0] > 0]
    assert [round(score, 2) for score in table[2].tolist()][:3] == [0.0, 0.99, 0.97]
    assert set(fused.ids.unique().tolist()) | {0} == set(range(table.shape[1]))


class _Watch(TorchDispatchMode):
    """Notes whatever would make a host wait for a GPU, or copy from its memory."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "bincount", "lift_fresh", "scalar_tensor")

    def __init__(self) -> None:
        super().__init__()
        self.num_calls = 0
        self.waiting: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.num_calls += 1
        by_mask = "aten.index" in str(func) and any(
            isinstance(x, torch.Tensor) and x.dtype == torch.bool for x in tree_leaves(args[1:])
        )
        moves = (kwargs or {}).get("device") is not None and "_to_copy" in str(func)
        if by_mask or moves or any(name in str(func) for name in self.WAITING):
            self.waiting.append(str(func))
        return func(*args, **(kwargs or {}))


@torch.inference_mode()
def test_nothing_waits_for_the_device() -> None:
    network = make_network(-2.0)
    levels, objectness, shifts, logits = network(normalised(picture(), network.config.dataloader, torch.device("cpu")))
    heads = PaddedHeads(network, SIZE, objectness)
    fusion = PaddedFusion(network, SIZE, (150, 251), PredictOptions(), torch.device("cpu"))
    with _Watch() as watch:
        fusion(logits[0], heads(levels, objectness, shifts))
    assert watch.waiting == []
    assert watch.num_calls > 50
    with _Watch() as other:
        generate_proposals(objectness, shifts, network.config, [SIZE])
    assert other.waiting, "the watch sees nothing"
