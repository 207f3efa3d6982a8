"""One pass of the network over a batch, up to the six losses.

Shapes: B images, H and W pixels, N sampled proposals, T thing categories, S side of the sampled grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.training import losses, ranks, targets
from seamseg_studio.training.batch import Batch, ground_truth
from seamseg_studio.training.constants import constant, inside, sizes_on
from seamseg_studio.training.distill import DISTILL, Outputs, Teacher, distillation_loss, sample_regions
from seamseg_studio.training.features import FeatureCache
from seamseg_studio.training.proposals import Proposals, flatten_levels, make_anchors, propose

MASK_SCALE = 2  # sides of a predicted mask over those of the sampled grid


@dataclass(frozen=True, slots=True)
class ForwardOptions:
    """How losses are computed where the original project leaves no choice; the defaults are the original's.

    Attributes:
        ignore_void: See TrainingOptions.
        negatives_everywhere: See TrainingOptions.
        mask_positives_only: See TrainingOptions.
        fixed_sizes: Whether the numbers of boxes and masks that are computed do not depend on the data. On a GPU that
            is faster: the host need not wait to know them, and cuDNN plans each number anew.
    """

    ignore_void: bool = False
    negatives_everywhere: bool = False
    mask_positives_only: bool = False
    fixed_sizes: bool = False


class LossModel(nn.Module):
    """A network with its losses: from images to numbers, so that processes can share its gradients.

    Attributes:
        names: Of the losses that `forward` returns: the six, and "distill" with a teacher.
    """

    def __init__(
        self,
        network: PanopticNet,
        options: ForwardOptions,
        category_sets_KC: Tensor | None,
        *,
        teacher: Teacher | None = None,
        features: FeatureCache | None = None,
    ) -> None:
        """Takes the parts.

        Args:
            network: What learns.
            options: What counts.
            category_sets_KC: See `semantic_loss`.
            teacher: What void pixels are learned from.
            features: Of a body that does not learn, kept from the last time that an image was seen.
        """
        super().__init__()
        self.network = network
        self.names = losses.LOSS_NAMES if teacher is None else (*losses.LOSS_NAMES, DISTILL)
        self._options = options
        self._category_sets_KC = category_sets_KC
        self._teacher = teacher
        self._features = features

    def forward(self, images_B3HW: Tensor, batch: Batch) -> Tensor:
        """Returns the losses in the order of `names`. [L]."""
        levels = self.network.body(images_B3HW) if self._features is None else self._features(images_B3HW, batch.names)
        found = _run_heads(self.network, levels)
        result, proposals, truth = _losses(
            self.network, images_B3HW, batch, self._options, found, self._category_sets_KC
        )
        values = result.stacked()
        if self._teacher is None:
            return values
        size = (images_B3HW.shape[2], images_B3HW.shape[3])
        if self._features is None:
            wanted = self._teacher.look(images_B3HW)
        else:
            wanted = self._features.taught(self._teacher, images_B3HW, levels, batch.names)
        taught = distillation_loss(self.network, self._teacher, wanted, found, proposals, truth, batch.sizes, size)
        return torch.cat([values, taught.float().view(1)])


def normalise(
    images_B3HW: Tensor, sizes: Sequence[tuple[int, int]], mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """Returns float images as the network expects them; the padding is 0 after the normalisation."""
    device = images_B3HW.device
    mean_t, std_t = (constant(values, device).view(1, 3, 1, 1) for values in (mean, std))
    scaled = (images_B3HW.float() / 255 - mean_t) / std_t
    inside_BHW = inside(sizes, (scaled.shape[2], scaled.shape[3]), device)
    return scaled if inside_BHW is None else scaled * inside_BHW[:, None]


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
    found = _run_heads(network, network.body(images_B3HW))
    return _losses(network, images_B3HW, batch, options, found, category_sets_KC)[0]


def _run_heads(network: PanopticNet, levels: Sequence[Tensor]) -> Outputs:
    objectness, shifts = network.rpn_head(network.rpn_levels(levels))
    return Outputs(levels, objectness, shifts, network.sem_head(network.sem_levels(levels)))


def _losses(
    network: PanopticNet,
    images_B3HW: Tensor,
    batch: Batch,
    options: ForwardOptions,
    found: Outputs,
    category_sets_KC: Tensor | None,
) -> tuple[losses.Losses, Proposals, targets.GroundTruth]:
    config = network.config
    truth = ground_truth(batch, network.num_stuff, ignore_void=options.ignore_void)
    sizes_B2 = sizes_on(batch.sizes, images_B3HW.device)

    first = config.rpn.fpn_min_level
    strides = config.fpn.out_strides[first : first + config.rpn.fpn_levels]
    level_sizes = [(x.shape[2], x.shape[3]) for x in found.objectness]
    anchors_M4 = make_anchors(level_sizes, strides, config.rpn, images_B3HW.device)
    objectness_BM, shifts_BM4 = flatten_levels(found.objectness, found.shifts)
    wanted = targets.anchor_targets(anchors_M4, truth, sizes_B2, config.rpn)
    obj, bbx = losses.proposal_losses(objectness_BM, shifts_BM4, wanted.labels, wanted.shifts, config.rpn.sigma)

    proposals = propose(objectness_BM.detach(), shifts_BM4.detach(), anchors_M4, sizes_B2, config.rpn)
    sampled = targets.proposal_targets(
        proposals,
        truth,
        config.roi,
        negatives_everywhere=options.negatives_everywhere,
        fixed_sizes=options.fixed_sizes,
    )
    roi_cls, roi_bbx, roi_msk = _roi_losses(network, found.levels, images_B3HW, sampled, truth, options)

    sem = losses.semantic_loss(
        found.semantic, truth.semantic, batch.sizes, config.sem.ohem, category_sets_KC, truth.pixel_weights
    )
    return losses.Losses(obj, bbx, roi_cls, roi_bbx, roi_msk, sem), proposals, truth


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
    size = (images_B3HW.shape[2], images_B3HW.shape[3])
    x_NCSS = sample_regions(network, levels, sampled.boxes, sampled.batch_index, size)
    scores_NT, shifts_NT4 = network.roi_head.box(x_NCSS)
    roi_cls, roi_bbx = losses.box_losses(
        scores_NT, shifts_NT4, sampled.labels, sampled.shifts, config.sigma, sampled.weights, sampled.real
    )

    is_real = None
    if sampled.real is not None:
        most = max(1, int(config.num_samples * config.pos_ratio)) * len(truth.valid)
        positive, is_real = targets.pick((sampled.labels > 0) & sampled.real, min(most, len(sampled.labels)))
    else:
        positive = (sampled.labels > 0).nonzero()[:, 0]
    if options.mask_positives_only:
        if len(positive) == 0 and ranks.count() == 1:
            return roi_cls, roi_bbx, scores_NT.sum() * 0
        logits_PTHW = network.roi_head.mask(x_NCSS.index_select(0, positive))
    else:
        logits_PTHW = network.roi_head.mask(x_NCSS).index_select(0, positive)
    wanted = targets.mask_targets(
        sampled.boxes[positive],
        sampled.batch_index[positive],
        sampled.segments[positive],
        truth,
        (config.roi_size[0] * MASK_SCALE, config.roi_size[1] * MASK_SCALE),
        void_is_background=config.void_is_background,
    )
    if is_real is not None:
        wanted = torch.where(is_real[:, None, None], wanted, -1)
    # A picked one that is not real may be a negative, which has no category.
    category = (sampled.labels[positive] - 1).clamp(min=0)
    return roi_cls, roi_bbx, losses.mask_loss(logits_PTHW, category, wanted)
