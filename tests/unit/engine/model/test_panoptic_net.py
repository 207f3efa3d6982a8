"""The network's parts: names of tensors, shapes, strides, training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from seamseg_studio.engine.model.config import Config, load_config
from seamseg_studio.engine.model.efficientnet_lite import InvertedResidual, same_padding
from seamseg_studio.engine.model.folding import fold_norms
from seamseg_studio.engine.model.norm import ABN, NormSpec, freeze_norms
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_backbone, build_network
from seamseg_studio.engine.model.sections import BODIES, NORMALIZATION_MODES, BodyConfig

PARITY = Path(__file__).resolve().parents[3] / "fixtures" / "parity"


def small(body: str = "efficientnet_lite0", mode: str = "bn", **sections: dict[str, object]) -> Config:
    """A narrow network."""
    return Config().replace(
        body={"body": body, "normalization_mode": mode, "gn_groups": 4, **sections.pop("body", {})},
        fpn={"out_channels": 16},
        rpn={"hidden_channels": 16},
        roi={"fc_channels": 16, "mask_channels": 16},
        sem={"hidden_channels": 8},
        **sections,
    )


@pytest.mark.parametrize(("config", "counts"), [("vistas_r18", (28, 37)), ("cityscapes_r50", (11, 8))])
def test_tensor_names_and_shapes_are_the_originals(config: str, counts: tuple[int, int]) -> None:
    expected = json.loads((PARITY / f"state_dict_{config}.json").read_text())
    with torch.device("meta"):
        network = build_network(load_config(PARITY / f"{config}.ini"), counts)
    assert {name: list(tensor.shape) for name, tensor in network.state_dict().items()} == expected


def test_the_published_network_has_the_published_size() -> None:
    with torch.device("meta"):
        network = build_network(load_config(PARITY / "cityscapes_r50.ini"), (11, 8))
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(51.4e6, rel=0.002)


@pytest.mark.parametrize("body", BODIES)
def test_every_body_exposes_four_strides(body: str) -> None:
    backbone = build_backbone(BodyConfig(body=body), NormSpec()).eval()
    with torch.inference_mode():
        outputs = backbone(torch.zeros(1, 3, 65, 97))
    assert [backbone.out_strides[f"mod{k}"] for k in (2, 3, 4, 5)] == [4, 8, 16, 32]
    for name, output in outputs.items():
        stride = backbone.out_strides[name]
        assert output.shape == (1, backbone.out_channels[name], -(-65 // stride), -(-97 // stride))


@pytest.mark.parametrize("mode", NORMALIZATION_MODES)
def test_every_normalisation_trains_and_predicts(mode: str) -> None:
    torch.manual_seed(0)
    network = build_network(small(mode=mode), (2, 3))
    images = torch.randn(2, 3, 64, 96)
    levels, objectness, shifts, semantic = network(images)
    category_logits, box_shifts, masks = network.roi_head(torch.randn(4, 16, 14, 14))
    assert [tuple(x.shape[2:]) for x in levels] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert [x.shape[1] for x in objectness] == [3] * 4
    assert [x.shape[1] for x in shifts] == [12] * 4
    assert semantic.shape == (2, 5, 16, 24)
    assert category_logits.shape == (4, 4)
    assert box_shifts.shape == (4, 3, 4)
    assert masks.shape == (4, 3, 28, 28)
    outputs = [*objectness, *shifts, semantic, category_logits, box_shifts, masks]
    sum(output.square().mean() for output in outputs).backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert without == []
    network.eval()
    with torch.inference_mode():
        first, second = network(images)[3], network(images)[3]
    assert torch.equal(first, second)


@pytest.mark.parametrize("body", ["resnet18", "resnet50", "efficientnet_lite0"])
@pytest.mark.parametrize("mode", ["bn", "gn", "off"])
def test_folding_changes_nothing_but_rounding(body: str, mode: str) -> None:
    torch.manual_seed(0)
    network = build_network(small(body, mode), (2, 3))
    randomise_norms(network)
    network.eval()
    images, regions = torch.randn(1, 3, 64, 64), torch.randn(2, 16, 14, 14)
    with torch.inference_mode():
        before = [*network(images)[0], network(images)[3], *network.roi_head(regions)]
        fold_norms(network)
        after = [*network(images)[0], network(images)[3], *network.roi_head(regions)]
    assert any(norm.is_folded for norm in network.modules() if hasattr(norm, "is_folded")) == (mode != "gn")
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4 * float(one.abs().max()))


def randomise_norms(network: PanopticNet) -> None:
    """Gives norms scales of both signs and statistics that are not trivial."""
    for norm in network.modules():
        if isinstance(norm, ABN):
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias, std=0.1)
            nn.init.normal_(norm.running_mean, std=0.1)
            nn.init.uniform_(norm.running_var, 0.5, 1.5)


def test_frozen_norms_keep_their_statistics_in_training() -> None:
    network = build_network(small(), (2, 1))
    freeze_norms(network.body)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items() if "running" in name}
    network(torch.randn(2, 3, 64, 64))
    after = network.state_dict()
    changed = {name.split(".")[0] for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert changed == {"rpn_head", "sem_head"}
    assert not any(norm.weight.requires_grad for norm in network.body.modules() if isinstance(norm, ABN))


def test_no_regions_pass_through_the_heads_in_training() -> None:
    network = build_network(small(), (2, 3))
    category_logits, shifts, masks = network.roi_head(torch.zeros(0, 16, 14, 14))
    assert (category_logits.shape, shifts.shape, masks.shape) == ((0, 4), (0, 3, 4), (0, 3, 28, 28))


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "expected"),
    [(8, 3, 1, (1, 1)), (8, 3, 2, (0, 1)), (8, 5, 2, (1, 2)), (7, 3, 2, (1, 1)), (7, 5, 2, (2, 2)), (1, 3, 2, (1, 1))],
)
def test_same_padding(length: int, kernel: int, stride: int, expected: tuple[int, int]) -> None:
    assert same_padding(length, kernel, stride) == expected


def test_dropped_paths_keep_the_mean() -> None:
    torch.manual_seed(0)
    block = InvertedResidual(8, 8, 3, 1, 6, NormSpec(), drop_path=0.5)
    for norm in block.modules():
        if isinstance(norm, ABN):
            norm.is_frozen = True
    x = torch.randn(1, 8, 6, 6).expand(4000, 8, 6, 6)
    with torch.no_grad():
        branch = block(x) - x
        dropped = (branch.abs().amax(dim=(1, 2, 3)) == 0).float().mean()
        block.eval()
        torch.testing.assert_close(branch.mean(0), (block(x[:1]) - x[:1])[0], rtol=0.1, atol=0.02)
    assert 0.45 < dropped < 0.55


def test_there_must_be_a_category() -> None:
    with pytest.raises(ValueError, match="at least one category"):
        build_network(small(), (0, 0))
