"""One pass of the network over a batch, up to the six losses.

Shapes: B images, H and W pixels, N sampled proposals, T thing categories, S side of the sampled grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling
from seamseg_studio.training import losses, ranks, targets
from seamseg_studio.training.batch import Batch, ground_truth
from seamseg_studio.training.proposals import flatten_levels, make_anchors, propose

_GPU_STEP = 64  # numbers of masks on a GPU are multiples of this: cuDNN plans each number anew
MASK_SCALE = 2  # sides of a predicted mask over those of the sampled grid


@dataclass(frozen=True, slots=True)
class ForwardOptions:
    """How losses are computed where the original project leaves no choice; the defaults are the original's.

    Attributes:
        ignore_void: See TrainingOptions.
        negatives_everywhere: See TrainingOptions.
        mask_positives_only: See TrainingOptions.
    """

    ignore_void: bool = False
    negatives_everywhere: bool = False
    mask_positives_only: bool = False


class LossModel(nn.Module):
    """A network with its losses: from images to numbers, so that processes can share its gradients.

    Attributes:
        names: Of the losses that `forward` returns.
    """

    def __init__(
        self,
        network: PanopticNet,
        options: ForwardOptions,
        category_sets_KC: Tensor | None,
    ) -> None:
        super().__init__()
        self.network = network
        self.names = losses.LOSS_NAMES
        self._options = options
        self._category_sets_KC = category_sets_KC

    def forward(self, images_B3HW: Tensor, batch: Batch) -> Tensor:
        """Returns the losses in the order of `names`. [L]."""
        return compute_losses(self.network, images_B3HW, batch, self._options, self._category_sets_KC).stacked()


def normalise(
    images_B3HW: Tensor, sizes: Sequence[tuple[int, int]], mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """Returns float images as the network expects them; the padding is 0 after the normalisation."""
    mean_t = torch.tensor(mean, device=images_B3HW.device).view(1, 3, 1, 1)
    std_t = torch.tensor(std, device=images_B3HW.device).view(1, 3, 1, 1)
    scaled = (images_B3HW.float() / 255 - mean_t) / std_t
    for image, (height, width) in zip(scaled, sizes, strict=True):
        image[:, height:] = 0
        image[:, :, width:] = 0
    return scaled


def compute_losses(
    network: PanopticNet,
    images_B3HW: Tensor,
    batch: Batch,
    options: ForwardOptions,
    category_sets_KC: Tensor | None = None,
) -> losses.Losses:
    """Runs the network and compares it with the ground truth.

    Args:
        network: In training mode, or with its norms in evaluation mode.
        images_B3HW: The batch's images, normalised.
        batch: On the network's device.
        options: What counts.
        category_sets_KC: See `semantic_loss`.
    """
    config = network.config
    truth = ground_truth(batch, network.num_stuff, ignore_void=options.ignore_void)
    sizes_B2 = torch.tensor(batch.sizes, dtype=torch.float32, device=images_B3HW.device)

    levels, objectness, shifts, semantic = network(images_B3HW)

    first = config.rpn.fpn_min_level
    strides = config.fpn.out_strides[first : first + config.rpn.fpn_levels]
    level_sizes = [(x.shape[2], x.shape[3]) for x in objectness]
    anchors_M4 = make_anchors(level_sizes, strides, config.rpn, images_B3HW.device)
    objectness_BM, shifts_BM4 = flatten_levels(objectness, shifts)
    wanted = targets.anchor_targets(anchors_M4, truth, sizes_B2, config.rpn)
    obj, bbx = losses.proposal_losses(objectness_BM, shifts_BM4, wanted.labels, wanted.shifts, config.rpn.sigma)

    proposals = propose(objectness_BM.detach(), shifts_BM4.detach(), anchors_M4, sizes_B2, config.rpn)
    sampled = targets.proposal_targets(proposals, truth, config.roi, negatives_everywhere=options.negatives_everywhere)
    roi_cls, roi_bbx, roi_msk = _roi_losses(network, levels, images_B3HW, sampled, truth, options)

    sem = losses.semantic_loss(semantic, truth.semantic, batch.sizes, config.sem.ohem, category_sets_KC)
    return losses.Losses(obj, bbx, roi_cls, roi_bbx, roi_msk, sem)


def _roi_losses(
    network: PanopticNet,
    levels: Sequence[Tensor],
    images_B3HW: Tensor,
    sampled: targets.ProposalTargets,
    truth: targets.GroundTruth,
    options: ForwardOptions,
) -> tuple[Tensor, Tensor, Tensor]:
    config = network.config.roi
    # Several processes divide by joint numbers, and share statistics of norms: each takes part, boxes or none.
    if network.num_thing == 0 or (len(sampled.boxes) == 0 and ranks.count() == 1):
        zero = levels[0].sum() * 0
        return zero, zero, zero
    # In float32: half the coordinates' precision would be lost otherwise.
    with torch.autocast(images_B3HW.device.type, enabled=False):
        x_NCSS = pyramid_sampling(
            [level.float() for level in network.roi_levels(levels)],
            sampled.boxes,
            sampled.batch_index,
            config.roi_size,
            (images_B3HW.shape[2], images_B3HW.shape[3]),
            canonical_scale=config.fpn_canonical_scale,
            canonical_level=config.fpn_canonical_level,
        )
    scores_NT, shifts_NT4 = network.roi_head.box(x_NCSS)
    roi_cls, roi_bbx = losses.box_losses(scores_NT, shifts_NT4, sampled.labels, sampled.shifts, config.sigma)

    positive = (sampled.labels > 0).nonzero()[:, 0]
    if options.mask_positives_only:
        if len(positive) == 0 and ranks.count() == 1:
            return roi_cls, roi_bbx, scores_NT.sum() * 0
        logits_PTHW = network.roi_head.mask(x_NCSS[_padded(positive)])[: len(positive)]
    else:
        logits_PTHW = network.roi_head.mask(x_NCSS)[positive]
    wanted = targets.mask_targets(
        sampled.boxes[positive],
        sampled.batch_index[positive],
        sampled.segments[positive],
        truth,
        (config.roi_size[0] * MASK_SCALE, config.roi_size[1] * MASK_SCALE),
        void_is_background=config.void_is_background,
    )
    return roi_cls, roi_bbx, losses.mask_loss(logits_PTHW, sampled.labels[positive] - 1, wanted)


def _padded(index: Tensor) -> Tensor:
    """Returns `index`, on a GPU followed by repetitions up to a round number."""
    if not index.is_cuda or len(index) == 0:
        return index
    count = -(-len(index) // _GPU_STEP) * _GPU_STEP
    return index[torch.arange(count, device=index.device) % len(index)]
