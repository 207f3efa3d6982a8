"""One step of the original network: same losses, same gradients, same targets, on the same weights and images.

The original's values come from one run in float32 on a CPU; with another convolution library it agrees with itself to
3e-5 in the losses and 0.4 % in the worst gradient, which leaves room below the tolerances here.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from seamseg_studio.engine.model.config import load_config
from seamseg_studio.engine.model.panoptic_net import build_network
from seamseg_studio.training import targets
from seamseg_studio.training.batch import Collate, ground_truth
from seamseg_studio.training.forward import ForwardOptions, compute_losses, normalise
from seamseg_studio.training.losses import LOSS_NAMES
from seamseg_studio.training.proposals import make_anchors
from seamseg_studio.training.sample import Sample

CATEGORIES = {"vistas_r18": (28, 37), "cityscapes_r50": (11, 8)}
STEPS = ("vistas_r18_train", "vistas_r18_evalbn", "cityscapes_r50_train", "cityscapes_r50_evalbn")
SIZES = ((256, 384), (224, 320))


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=pytest.mark.slow) if "r50" in step else step for step in STEPS],
)
def test_one_step_gives_the_originals_losses_and_gradients(step: str, stored: Path, recipe: ModuleType) -> None:
    wanted = json.loads((stored / f"train_{step}.json").read_text())
    arrays = np.load(stored / f"train_{step}.npz")
    overrides = {
        section: {key: float(value) if "." in value else int(value) for key, value in values.items()}
        for section, values in wanted["overrides"].items()
    }
    config = load_config(stored.parent / "parity" / f"{wanted['config']}.ini").replace(**overrides)
    num_stuff, num_things = CATEGORIES[wanted["config"]]
    network = build_network(config, (num_stuff, num_things))
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    filled = recipe.weights({k: v for k, v in shapes.items() if not k.endswith("num_batches_tracked")})
    network.load_state_dict({name: torch.from_numpy(value) for name, value in filled.items()}, strict=False)
    network.train(wanted["mode"] == "train")
    samples = [
        Sample(
            str(i),
            recipe.image(*SIZES[i], i + 2),
            arrays[f"{i}_gt_msk"][0].astype(np.int32),
            arrays[f"{i}_gt_cat"],
            arrays[f"{i}_gt_iscrowd"].astype(bool),
        )
        for i in range(2)
    ]
    batch = Collate(num_stuff, num_things)(samples)
    _check_anchors(batch, config, num_stuff, arrays["anchor_match"])

    images = normalise(batch.images, batch.sizes, config.dataloader.rgb_mean, config.dataloader.rgb_std)
    losses = compute_losses(network, images, batch, ForwardOptions()).stacked()
    losses.sum().backward()

    for name, value in zip(LOSS_NAMES, losses.tolist(), strict=True):
        assert value == pytest.approx(wanted["losses"][f"{name}_loss"], rel=1e-3), name
    for group, norm in wanted["grad_norm_groups"].items():
        squares = [
            p.grad.double().square().sum()
            for name, p in network.named_parameters()
            if name.startswith(f"{group}.") and p.grad is not None
        ]
        assert float(torch.stack(squares).sum().sqrt()) == pytest.approx(norm, rel=1e-2), group


def _check_anchors(batch, config, num_stuff, wanted) -> None:  # type: ignore[no-untyped-def]
    strides = config.fpn.out_strides[: config.rpn.fpn_levels]
    height, width = batch.images.shape[2:]
    sizes = [(-(-height // stride), -(-width // stride)) for stride in strides]
    anchors = make_anchors(sizes, strides, config.rpn, torch.device("cpu"))
    truth = ground_truth(batch, num_stuff, ignore_void=False)
    match = targets.match_anchors(anchors, truth, torch.tensor(batch.sizes, dtype=torch.float32), config.rpn)
    assert torch.equal(match, torch.from_numpy(wanted.astype(np.int64)))
