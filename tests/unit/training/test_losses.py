"""The six losses on stored values of the original, and their limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from seamseg_studio.training import losses


@pytest.fixture(scope="module")
def arrays(stored: Path) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.asarray(v)) for name, v in np.load(stored / "ops_losses.npz").items()}


@pytest.mark.parametrize(("key", "ohem"), [("None", 0.0), ("0.25", 0.25), ("0.01", 0.01), ("1.0", 1.0)])
@pytest.mark.parametrize("with_sets", [False, True])
def test_semantic_loss(arrays: dict[str, Tensor], key: str, ohem: float, with_sets: bool) -> None:
    sets = torch.zeros(0, 7, dtype=torch.bool) if with_sets else None
    values = [
        losses.semantic_loss(
            arrays[f"sem/logits{i}"][None],
            arrays[f"sem/labels{i}"][None],
            [tuple(arrays[f"sem/labels{i}"].shape)],
            ohem,
            sets,
        )
        for i in range(2)
    ]
    assert sum(values) / 2 == pytest.approx(float(arrays[f"sem/loss_ohem_{key}"]), rel=1e-5)


def test_semantic_loss_of_a_batch_is_the_mean_over_images_without_their_padding(arrays: dict[str, Tensor]) -> None:
    logits, labels = torch.zeros(2, 7, 20, 30), torch.full((2, 20, 30), 3)
    sizes = []
    for i in range(2):
        h, w = arrays[f"sem/labels{i}"].shape
        logits[i, :, :h, :w], labels[i, :h, :w] = arrays[f"sem/logits{i}"], arrays[f"sem/labels{i}"]
        sizes.append((h, w))
    value = losses.semantic_loss(logits, labels, sizes, 0.25)
    assert value == pytest.approx(float(arrays["sem/loss_ohem_0.25"]), rel=1e-5)


def test_a_category_set_costs_the_probability_of_all_its_members() -> None:
    logits = torch.randn(1, 4, 1, 1, generator=torch.Generator().manual_seed(0))
    sets = torch.tensor([[True, False, True, False]])
    value = losses.semantic_loss(logits, torch.full((1, 1, 1), 256), [(1, 1)], 1.0, sets)
    share = logits.softmax(1)[0, [0, 2], 0, 0].sum()
    assert value == pytest.approx(-float(share.log()), rel=1e-5)


def test_void_alone_costs_nothing_and_has_no_gradient() -> None:
    logits = torch.randn(1, 4, 5, 6, requires_grad=True)
    for sets in (None, torch.ones(1, 4, dtype=torch.bool)):
        value = losses.semantic_loss(logits, torch.full((1, 5, 6), 255), [(5, 6)], 0.25, sets)
        (gradient,) = torch.autograd.grad(value, logits)
        assert float(value.detach()) == 0
        assert not gradient.any()


def test_smooth_l1(arrays: dict[str, Tensor]) -> None:
    difference = arrays["smooth_l1/x1"] - arrays["smooth_l1/x2"]
    for sigma in (1.0, 3.0):
        torch.testing.assert_close(losses.smooth_l1(difference, sigma), arrays[f"smooth_l1/sigma{sigma}"])


def test_proposal_losses(arrays: dict[str, Tensor]) -> None:
    obj, bbx = losses.proposal_losses(
        arrays["rpn/obj_logits"], arrays["rpn/bbx_logits"], arrays["rpn/obj_lbl"], arrays["rpn/bbx_lbl"], 3.0
    )
    assert obj == pytest.approx(float(arrays["rpn/obj_loss"]), rel=1e-5)
    assert bbx == pytest.approx(float(arrays["rpn/bbx_loss"]), rel=1e-5)


def test_box_and_mask_losses(arrays: dict[str, Tensor]) -> None:
    labels = torch.cat([arrays["roi/cls_lbl0"], arrays["roi/cls_lbl1"]])
    shifts = torch.zeros(len(labels), 4)
    shifts[labels > 0] = torch.cat([arrays["roi/bbx_lbl0"], arrays["roi/bbx_lbl1"]])
    cls, bbx = losses.box_losses(arrays["roi/cls_logits"], arrays["roi/bbx_logits"], labels, shifts, 1.0)
    masks = torch.cat([arrays["roi/msk_lbl0"], arrays["roi/msk_lbl1"]])
    msk = losses.mask_loss(arrays["roi/msk_logits"][labels > 0], labels[labels > 0] - 1, masks)
    assert cls == pytest.approx(float(arrays["roi/cls_loss"]), rel=1e-5)
    assert bbx == pytest.approx(float(arrays["roi/bbx_loss"]), rel=1e-5)
    assert msk == pytest.approx(float(arrays["roi/msk_loss"]), rel=1e-5)


def test_losses_without_proposals_are_zero_but_reach_the_network() -> None:
    scores = torch.randn(0, 4, requires_grad=True)
    shifts = torch.randn(0, 3, 4, requires_grad=True)
    cls, bbx = losses.box_losses(scores, shifts, torch.zeros(0, dtype=torch.long), torch.zeros(0, 4), 1.0)
    masks = losses.mask_loss(
        torch.randn(0, 3, 28, 28, requires_grad=True), torch.zeros(0).long(), torch.zeros(0, 28, 28)
    )
    for value in (cls, bbx, masks):
        assert float(value.detach()) == 0
        assert value.requires_grad
