"""Learning void pixels from the model that a training began with, so that it does not forget (Li and Hoiem, Learning
without Forgetting, arXiv 1606.09282).

Where people have said what is there, they are the teacher; where nobody has, in unlabelled images and around
corrections, the base model is. Categories that it does not know are left out of the comparison.

Shapes: B images, C categories, T thing categories, M anchors, K chosen boxes, H and W pixels, S side of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.model.panoptic_net import PanopticNet
from seamseg_studio.engine.ops.roi_sampling import pyramid_sampling
from seamseg_studio.training.constants import inside
from seamseg_studio.training.losses import smooth_l1
from seamseg_studio.training.proposals import Proposals, flatten_levels
from seamseg_studio.training.sample import VOID_CATEGORY
from seamseg_studio.training.targets import GroundTruth, covered_share

DISTILL = "distill"
NUM_ANCHORS = 256  # an image: those that the teacher likes best
NUM_BOXES = 32  # an image: the best proposals
# Of smooth L1 losses: the gradient of an absolute one is as large for a rounding error as for a mistake.
PROPOSAL_SIGMA, REGION_SIGMA = 3.0, 1.0
MASK_THRESHOLD = 0.5  # the teacher's score of a box from which its mask is learned


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a network says about a batch, except about regions."""

    levels: Sequence[Tensor]
    objectness: Sequence[Tensor]
    shifts: Sequence[Tensor]
    semantic: Tensor


@dataclass(frozen=True, slots=True)
class Teacher:
    """The model that a training began with.

    Attributes:
        network: In evaluation mode, never changed.
        categories: The pupil's category for each of the teacher's. [C] int64.
    """

    network: PanopticNet
    categories: Tensor

    @property
    def things(self) -> Tensor:
        """The pupil's thing category, from 0, for each of the teacher's, in the pupil's taxonomy. [T] int64."""
        return self.categories[self.network.num_stuff :]

    @torch.no_grad()
    def look(self, images_B3HW: Tensor, levels: Sequence[Tensor] | None = None) -> Outputs:
        """Returns what it says about a batch of normalised images; `levels` if its pyramid's are known already."""
        network = self.network
        levels = network.body(images_B3HW) if levels is None else levels
        objectness, shifts = network.rpn_head(network.rpn_levels(levels))
        return Outputs(levels, objectness, shifts, network.sem_head(network.sem_levels(levels)))


def sample_regions(
    network: PanopticNet, levels: Sequence[Tensor], boxes_K4: Tensor, batch_index_K: Tensor, size: tuple[int, int]
) -> Tensor:
    """Returns the features in boxes, [K, C, S, S] float32: half the coordinates' precision would be lost otherwise."""
    config = network.config.roi
    with torch.autocast(boxes_K4.device.type, enabled=False):
        return pyramid_sampling(
            [level.float() for level in network.roi_levels(levels)],
            boxes_K4,
            batch_index_K,
            config.roi_size,
            size,
            canonical_scale=config.fpn_canonical_scale,
            canonical_level=config.fpn_canonical_level,
        )


def distillation_loss(
    network: PanopticNet,
    teacher: Teacher,
    wanted: Outputs,
    found: Outputs,
    proposals: Proposals,
    truth: GroundTruth,
    sizes: Sequence[tuple[int, int]],
    size: tuple[int, int],
) -> Tensor:
    """Returns how far the pupil has moved away from the teacher where nobody else teaches. A scalar.

    Args:
        network: The pupil.
        teacher: The teacher.
        wanted: What the teacher says.
        found: What the pupil says.
        proposals: The pupil's.
        truth: Its void pixels are the ones that count.
        sizes: (height, width) of each image in the padded batch.
        size: Of the padded batch.
    """
    unknown_BHW = _unknown(truth, sizes)
    sem = _semantic_part(found.semantic, wanted.semantic, teacher.categories, unknown_BHW, truth.pixel_weights, sizes)
    if network.num_thing == 0 or teacher.network.num_thing == 0:
        return sem
    rpn = _proposal_part(found, wanted.objectness, wanted.shifts)
    roi = _region_part(network, teacher, found.levels, wanted.levels, proposals, unknown_BHW, size)
    share = unknown_BHW.float().mean()
    return sem + share * rpn + roi


def _unknown(truth: GroundTruth, sizes: Sequence[tuple[int, int]]) -> Tensor:
    unknown = truth.semantic == VOID_CATEGORY
    inside_BHW = inside(sizes, (unknown.shape[1], unknown.shape[2]), unknown.device)
    return unknown if inside_BHW is None else unknown & inside_BHW


def _divergence(pupil: Tensor, teacher: Tensor, dim: int) -> Tensor:
    """Kullback-Leibler divergence of logits, summed over `dim`."""
    wanted = F.log_softmax(teacher.float(), dim=dim)
    return F.kl_div(F.log_softmax(pupil.float(), dim=dim), wanted, reduction="none", log_target=True).sum(dim=dim)


def _semantic_part(
    pupil: Tensor,
    teacher: Tensor,
    categories: Tensor,
    unknown_BHW: Tensor,
    weights_BHW: Tensor | None,
    sizes: Sequence[tuple[int, int]],
) -> Tensor:
    # A teacher that is not sure is often wrong, and just there people correct.
    trust = teacher.float().softmax(dim=1).amax(dim=1).square() * _shrunk(unknown_BHW.float(), pupil)
    if weights_BHW is not None:
        # Where a person agreed with it, it is right however unsure it was.
        agreed_BHW = unknown_BHW & (weights_BHW > 1)
        trust = torch.maximum(trust, _shrunk(torch.where(agreed_BHW, weights_BHW, 0.0), pupil))
    loss = _divergence(pupil[:, categories], teacher, dim=1) * trust
    full = unknown_BHW.shape[1] * unknown_BHW.shape[2]
    inside = sum(height * width for height, width in sizes) / (len(sizes) * full)
    return loss.mean() / inside


def _shrunk(values_BHW: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(values_BHW[:, None], size=like.shape[2:], mode="area")[:, 0]


def _proposal_part(found: Outputs, objectness: Sequence[Tensor], shifts: Sequence[Tensor]) -> Tensor:
    own_BM, own_shifts_BM4 = flatten_levels(found.objectness, found.shifts)
    wanted_BM, wanted_shifts_BM4 = flatten_levels(objectness, shifts)
    order = wanted_BM.topk(min(NUM_ANCHORS, wanted_BM.shape[1]), dim=1).indices
    wanted = wanted_BM.gather(1, order).sigmoid()
    obj = F.binary_cross_entropy_with_logits(own_BM.gather(1, order), wanted)
    # Less what the teacher itself would lose, so that the loss of an unchanged pupil is 0.
    obj = obj - F.binary_cross_entropy_with_logits(wanted_BM.gather(1, order), wanted)
    places = order[..., None].expand(-1, -1, 4)
    difference = own_shifts_BM4.gather(1, places) - wanted_shifts_BM4.gather(1, places)
    return obj + (smooth_l1(difference, PROPOSAL_SIGMA) * wanted[..., None]).sum(-1).mean()


def _region_part(
    network: PanopticNet,
    teacher: Teacher,
    levels: Sequence[Tensor],
    teacher_levels: Sequence[Tensor],
    proposals: Proposals,
    unknown_BHW: Tensor,
    size: tuple[int, int],
) -> Tensor:
    boxes_BK4 = proposals.boxes[:, :NUM_BOXES]
    is_free = proposals.valid[:, :NUM_BOXES] & (covered_share(boxes_BK4, unknown_BHW) >= 0.5)
    image_K, place_K = is_free.nonzero().unbind(1)
    if len(image_K) == 0:
        return levels[0].sum() * 0
    boxes_K4 = boxes_BK4[image_K, place_K]
    x_KCSS = sample_regions(network, levels, boxes_K4, image_K, size)
    scores_KT, shifts_KT4 = network.roi_head.box(x_KCSS)
    things = teacher.things - network.num_stuff
    with torch.no_grad():
        same = levels is teacher_levels
        wanted_x_KCSS = x_KCSS if same else sample_regions(teacher.network, teacher_levels, boxes_K4, image_K, size)
        wanted_scores_KT, wanted_shifts_KT4 = teacher.network.roi_head.box(wanted_x_KCSS)
        confidence_K, best_K = wanted_scores_KT.float().softmax(1)[:, 1:].max(dim=1)
    columns = torch.cat([things.new_zeros(1), things + 1])
    cls = _divergence(scores_KT[:, columns], wanted_scores_KT, dim=1).mean()
    every_K = torch.arange(len(image_K), device=image_K.device)
    difference_K4 = shifts_KT4[every_K, things[best_K]] - wanted_shifts_KT4[every_K, best_K]
    bbx = (smooth_l1(difference_K4.float(), REGION_SIGMA).sum(1) * confidence_K).mean()
    chosen = (confidence_K > MASK_THRESHOLD).nonzero()[:, 0]
    if len(chosen) == 0:
        return cls + bbx
    logits = network.roi_head.mask(x_KCSS[chosen])[torch.arange(len(chosen)), things[best_K[chosen]]].float()
    with torch.no_grad():
        wanted_logits = teacher.network.roi_head.mask(wanted_x_KCSS[chosen])
        wanted_logits = wanted_logits[torch.arange(len(chosen)), best_K[chosen]].float()
        wanted = wanted_logits.sigmoid()
    msk = F.binary_cross_entropy_with_logits(logits, wanted)
    msk = msk - F.binary_cross_entropy_with_logits(wanted_logits, wanted)
    return cls + bbx + msk
