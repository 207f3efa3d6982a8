"""The six losses of the network (Porzi et al., arXiv 1905.01220, sections 3.1 to 3.3).

With several processes each loss is divided by the mean of their numbers of samples, so that the mean over the processes
is the loss of the joint batch.

Shapes: B images, M anchors an image, N sampled proposals of the batch, P positive ones among them, T thing categories,
C categories, H and W pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.training import ranks
from seamseg_studio.training.constants import bring, inside
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID_CATEGORY

LOSS_NAMES = ("obj", "bbx", "roi_cls", "roi_bbx", "roi_msk", "sem")


@dataclass(frozen=True, slots=True)
class Losses:
    """The six losses of one batch, scalars that can be differentiated."""

    obj: Tensor
    bbx: Tensor
    roi_cls: Tensor
    roi_bbx: Tensor
    roi_msk: Tensor
    sem: Tensor

    def stacked(self) -> Tensor:
        """Returns them as one vector in the order of LOSS_NAMES. [6]."""
        return torch.stack([getattr(self, name).float() for name in LOSS_NAMES])


def smooth_l1(difference: Tensor, sigma: float) -> Tensor:
    """Returns `0.5 (sigma d)^2` below `1 / sigma^2` and `|d| - 0.5 / sigma^2` above, element by element."""
    return F.huber_loss(difference, torch.zeros_like(difference), reduction="none", delta=1 / sigma**2) * sigma**2


def proposal_losses(
    objectness_BM: Tensor, shifts_BM4: Tensor, labels_BM: Tensor, targets_BM4: Tensor, sigma: float
) -> tuple[Tensor, Tensor]:
    """Objectness and box losses of the anchors, each divided by the number of sampled anchors of the batch.

    Args:
        objectness_BM: Logits.
        shifts_BM4: Predicted shifts.
        labels_BM: 1 positive, 0 negative, -1 not sampled.
        targets_BM4: Shifts to the matched box; used where positive.
        sigma: Of the smooth L1 loss.
    """
    sampled = labels_BM >= 0
    num_sampled = ranks.mean_count(sampled.sum(), objectness_BM)
    # Sums over masks: picking the sampled anchors out would make the GPU wait for their number.
    obj = F.binary_cross_entropy_with_logits(objectness_BM.float(), (labels_BM > 0).float(), reduction="none")
    obj_loss = torch.where(sampled, obj, 0.0).sum() / num_sampled
    positive = (labels_BM > 0).unsqueeze(-1)
    difference = torch.where(positive, shifts_BM4.float() - targets_BM4, 0.0)
    return obj_loss, smooth_l1(difference, sigma).sum() / num_sampled


def box_losses(
    scores_NT: Tensor,
    shifts_NT4: Tensor,
    labels_N: Tensor,
    targets_N4: Tensor,
    sigma: float,
    weights_N: Tensor | None = None,
    real_N: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Category and box losses of the sampled proposals.

    Args:
        scores_NT: Category logits, column 0 the background. [N, T + 1].
        shifts_NT4: Predicted shifts of each thing category.
        labels_N: 0 for the background, 1 + thing category else.
        targets_N4: Shifts to the matched box times the regression weights; used where positive.
        sigma: Of the smooth L1 loss.
        weights_N: How much each proposal counts; None for 1 each.
        real_N: Which proposals there are at all; None for all of them.

    Returns:
        Both losses; the box loss is divided by N. Zero (connected to the network) without proposals.
    """
    num_sampled = ranks.mean_count(len(labels_N) if real_N is None else real_N.sum(), scores_NT)
    if len(labels_N) == 0:
        return scores_NT.sum() * 0, shifts_NT4.sum() * 0
    if real_N is not None:
        weights_N = real_N.float() if weights_N is None else weights_N * real_N
    if weights_N is None:
        cls_loss = F.cross_entropy(scores_NT.float(), labels_N, reduction="sum") / num_sampled
    else:
        cls_loss = (F.cross_entropy(scores_NT.float(), labels_N, reduction="none") * weights_N).sum() / num_sampled
    category_N = (labels_N - 1).clamp(min=0)
    shifts_N4 = shifts_NT4.gather(1, category_N.view(-1, 1, 1).expand(-1, 1, 4)).squeeze(1)
    difference = torch.where((labels_N > 0).unsqueeze(-1), shifts_N4.float() - targets_N4, 0.0)
    box_loss = smooth_l1(difference, sigma)
    if weights_N is not None:
        box_loss = box_loss * weights_N[:, None]
    return cls_loss, box_loss.sum() / num_sampled


def mask_loss(logits_PTHW: Tensor, category_P: Tensor, targets_PHW: Tensor) -> Tensor:
    """Mask loss of the positive proposals: mean over pixels that are not void.

    Args:
        logits_PTHW: Mask logits of every thing category.
        category_P: The thing category of each.
        targets_PHW: 1 instance, 0 not, -1 void.
    """
    known = targets_PHW >= 0
    num_known = ranks.mean_count(known.sum(), logits_PTHW)
    if len(category_P) == 0:
        return logits_PTHW.sum() * 0
    index = category_P.view(-1, 1, 1, 1).expand(-1, 1, *logits_PTHW.shape[2:])
    logits_PHW = logits_PTHW.gather(1, index).squeeze(1).float()
    loss = F.binary_cross_entropy_with_logits(logits_PHW, (targets_PHW > 0).float(), reduction="none")
    return torch.where(known, loss, 0.0).sum() / num_known


def semantic_loss(
    logits_BCHW: Tensor,
    labels_BHW: Tensor,
    sizes: Sequence[tuple[int, int]],
    ohem: float,
    category_sets_KC: Tensor | None = None,
    weights_BHW: Tensor | None = None,
) -> Tensor:
    """Cross entropy, void counting as 0, averaged over the worst `ohem` share of each image's pixels.

    Pixels whose label is a set of categories lose `-log` of the probability of the whole set.

    Args:
        logits_BCHW: At the size of the labels, or smaller (then resized bilinearly).
        labels_BHW: Category, 255 void, 256 + k for category set k. int64.
        sizes: (height, width) of each image; the rest of the batch is padding.
        ohem: Share of the pixels; 0 or 1 for all.
        category_sets_KC: The categories of each set. bool.
        weights_BHW: How much each pixel counts; None for 1 each.
    """
    if logits_BCHW.shape[2:] != labels_BHW.shape[1:]:
        # In half precision the gradients of a small pixel's many large ones would not add up.
        size = labels_BHW.shape[1:]
        logits_BCHW = F.interpolate(logits_BCHW.float(), size=size, mode="bilinear", align_corners=False)
    loss_BHW = _pixel_loss(logits_BCHW.float(), labels_BHW, category_sets_KC)
    if weights_BHW is not None:
        loss_BHW = loss_BHW * weights_BHW
    inside_BHW = inside(sizes, (labels_BHW.shape[1], labels_BHW.shape[2]), labels_BHW.device)
    if inside_BHW is None:
        return _worst_mean(loss_BHW.flatten(1), ohem).mean()
    return _worst_mean_inside(loss_BHW, inside_BHW, sizes, ohem).mean()


def _pixel_loss(logits_BCHW: Tensor, labels_BHW: Tensor, category_sets_KC: Tensor | None) -> Tensor:
    if category_sets_KC is None:
        return F.cross_entropy(logits_BCHW, labels_BHW, ignore_index=VOID_CATEGORY, reduction="none")
    num_categories = logits_BCHW.shape[1]
    single = torch.eye(num_categories, dtype=torch.bool, device=logits_BCHW.device)
    anything = torch.ones(1, num_categories, dtype=torch.bool, device=logits_BCHW.device)
    allowed = torch.cat([single, category_sets_KC, anything])
    rows = torch.where(labels_BHW >= FIRST_CATEGORY_SET, labels_BHW - FIRST_CATEGORY_SET + num_categories, labels_BHW)
    # Void allows everything: the loss is exactly 0 there.
    rows = torch.where(labels_BHW == VOID_CATEGORY, len(allowed) - 1, rows)
    penalty = torch.zeros(allowed.shape, dtype=logits_BCHW.dtype, device=logits_BCHW.device)
    penalty.masked_fill_(~allowed, -1e4)
    within = logits_BCHW + F.embedding(rows, penalty).permute(0, 3, 1, 2)
    return torch.logsumexp(logits_BCHW, 1) - torch.logsumexp(within, 1)


def _worst_mean(loss_BN: Tensor, ohem: float) -> Tensor:
    if 0 < ohem < 1:
        loss_BN = loss_BN.topk(math.ceil(ohem * loss_BN.shape[1]), dim=1, sorted=False).values
    return loss_BN.mean(dim=1)


def _worst_mean_inside(loss_BHW: Tensor, inside_BHW: Tensor, sizes: Sequence[tuple[int, int]], ohem: float) -> Tensor:
    """`_worst_mean` of images of several sizes: each over the share of its own pixels. [B]."""
    counts = [height * width for height, width in sizes]
    if 0 < ohem < 1:
        counts = [math.ceil(ohem * count) for count in counts]
        worst = loss_BHW.masked_fill(~inside_BHW, -torch.inf).flatten(1).topk(max(counts), dim=1).values
        places = torch.arange(worst.shape[1], device=worst.device)
        counts_B = bring(torch.tensor(counts), worst.device)
        return torch.where(places < counts_B[:, None], worst, 0.0).sum(dim=1) / counts_B
    counts_B = bring(torch.tensor(counts), loss_BHW.device)
    return torch.where(inside_BHW, loss_BHW, 0.0).sum(dim=(1, 2)) / counts_B
