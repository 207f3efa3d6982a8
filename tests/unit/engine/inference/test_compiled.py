"""Networks made ready for inference in few bits."""

from __future__ import annotations

import pytest
import torch

from seamseg_studio.engine.inference.compiled import prepare_network
from seamseg_studio.engine.model.config import Config
from seamseg_studio.engine.model.panoptic_net import PanopticNet, build_network

CPU = torch.device("cpu")


def config_of(body: str) -> Config:
    return Config().replace(
        body={"body": body, "normalization_mode": "bn"},
        fpn={"out_channels": 16},
        rpn={"hidden_channels": 16},
        roi={"fc_channels": 16, "mask_channels": 16},
        sem={"hidden_channels": 8},
    )


def prepared(body: str, dtype: torch.dtype) -> PanopticNet:
    torch.manual_seed(0)
    config = config_of(body)
    return prepare_network(config, (2, 2), build_network(config, (2, 2)).state_dict(), CPU, dtype)


@torch.inference_mode()
def test_the_stem_of_an_efficientnet_stays_exact() -> None:
    full, low = (prepared("efficientnet_lite0", dtype) for dtype in (torch.float32, torch.bfloat16))
    image = torch.rand(1, 3, 64, 96).bfloat16()
    exact = full.body.backbone.get_submodule("mod1")(image.float())
    stem = low.body.backbone.get_submodule("mod1")
    assert torch.equal(stem(image), stem(image.float()))
    found = stem(image)
    assert torch.equal(found, exact.bfloat16()), "rounded once, at its end"
    assert low.body.backbone.get_submodule("mod2")(found).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("body", "dtype"),
    [("resnet18", torch.bfloat16), ("resnet18", torch.float32), ("efficientnet_lite0", torch.float32)],
)
def test_other_networks_have_one_precision(body: str, dtype: torch.dtype) -> None:
    assert {parameter.dtype for parameter in prepared(body, dtype).parameters()} == {dtype}


def test_weights_that_are_given_stay_as_they_are() -> None:
    config = config_of("efficientnet_lite0")
    weights = build_network(config, (2, 2)).state_dict()
    before = {name: tensor.clone() for name, tensor in weights.items()}
    prepare_network(config, (2, 2), weights, CPU, torch.bfloat16)
    assert all(torch.equal(weights[name], before[name]) for name in before)
