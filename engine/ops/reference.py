"""The network's ops in plain PyTorch: what runs where nothing faster is built, and the oracle for what is.

Arguments are checked by the public functions of the sibling modules, which also document them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from seamseg_studio.engine.ops.activation import absolute_scale, activate

# Boxes compared at once: large enough to be vectorised, small enough for the square matrix to stay in the cache.
_NMS_BLOCK = 256
# Values of full-size logits held at a time (16 MB).
_STRIP_VALUES = 2**22
NO_CATEGORY = 255
# Beyond it, logits are taken as this.
_MOST_LOGIT = 1e30
_MOST_FLOAT32 = torch.finfo(torch.float32).max


def abn(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    training: bool,
    momentum: float,
    eps: float,
    weight_eps: float,
    activation: str,
    slope: float,
) -> Tensor:
    """See `engine.ops.abn.abn`."""
    has_statistics = x.numel() > x.shape[1]
    scale = absolute_scale(weight, weight_eps)
    y = F.batch_norm(x, running_mean, running_var, scale, bias, training and has_statistics, momentum, eps)
    return activate(y, activation, slope)


@torch.no_grad()
def box_intersections(boxes: Tensor, others: Tensor) -> Tensor:
    """Returns intersection areas [N, M] of [N, 4] and [M, 4]."""
    # Contiguous columns and reused buffers: this is nearly all of the time of `nms`.
    y0, x0, y1, x1 = boxes.t().contiguous()[:, :, None]
    other_y0, other_x0, other_y1, other_x1 = others.t().contiguous()[:, None]
    heights = torch.minimum(y1, other_y1).sub_(torch.maximum(y0, other_y0)).clamp_(min=0)
    widths = torch.minimum(x1, other_x1).sub_(torch.maximum(x0, other_x0)).clamp_(min=0)
    return heights.mul_(widths)


@torch.no_grad()
def box_ious(boxes: Tensor, others: Tensor) -> Tensor:
    """See `engine.ops.boxes.box_ious`."""
    intersections = box_intersections(boxes, others)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    other_areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return intersections.div_((areas[:, None] + other_areas).sub_(intersections))


def nms(boxes: Tensor, scores: Tensor, threshold: float, max_keep: int) -> Tensor:
    """See `engine.ops.nms.nms`. Blocks of boxes are first checked against those kept, then among themselves."""
    order = torch.sort(scores, descending=True, stable=True).indices
    sorted_boxes = boxes[order]
    kept = sorted_boxes.new_empty((0, 4))
    kept_positions: list[Tensor] = []
    for start in range(0, len(order), _NMS_BLOCK):
        block = sorted_boxes[start : start + _NMS_BLOCK]
        free = (box_ious(kept, block) >= threshold).any(dim=0).logical_not_().nonzero()[:, 0]
        block = block[free]
        suppresses = (box_ious(block, block) >= threshold).triu_(1)
        chosen = free[_greedy_choice(suppresses)]
        kept_positions.append(chosen + start)
        kept = torch.cat([kept, sorted_boxes[start + chosen]])
        if 0 < max_keep <= len(kept):
            break
    keep = order[torch.cat(kept_positions)]
    return keep[:max_keep] if max_keep > 0 else keep


def _greedy_choice(suppresses: Tensor) -> Tensor:
    """Returns which items, best first, no better chosen one suppresses. `suppresses` [N, N] is strictly upper."""
    # Each round settles at least one more link of every chain of suppression, so it ends at the greedy choice.
    weights = suppresses.float()
    chosen = torch.ones(len(weights), device=weights.device)
    while True:
        updated = (chosen @ weights == 0).float()
        if torch.equal(updated, chosen):
            return chosen.bool()
        chosen = updated


def sample_points(boxes: Tensor, out_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Returns the ordinates [N, h] and abscissae [N, w] of the bin centres of boxes [N, 4]."""
    steps = [(torch.arange(n, device=boxes.device, dtype=boxes.dtype) + 0.5) / n for n in out_size]
    ys = steps[0] * (boxes[:, 2:3] - boxes[:, 0:1]) + boxes[:, 0:1]
    xs = steps[1] * (boxes[:, 3:4] - boxes[:, 1:2]) + boxes[:, 1:2]
    return ys, xs


def _axis_neighbours(points: Tensor, length: Tensor | int, padding: str) -> tuple[Tensor, Tensor]:
    """Returns the two pixels [..., 2] int64 around each point along one axis, and their bilinear weights [..., 2]."""
    shifted = points - 0.5
    first = torch.floor(shifted)
    second_weight = shifted - first
    pixels = torch.stack([first, first + 1], dim=-1)
    weights = torch.stack([1 - second_weight, second_weight], dim=-1)
    last = torch.as_tensor(length, device=points.device, dtype=points.dtype) - 1
    if last.dim():
        last = last[..., None]
    # NaN must not become an integer: it gives pixel 0, and its weights stay NaN.
    inside = torch.where(pixels > 0, torch.minimum(pixels, last), 0.0)
    if padding == "zero":
        weights = weights * (inside == pixels)
    return inside.long(), weights


def roi_sampling(
    x: Tensor, boxes: Tensor, batch_index: Tensor, out_size: tuple[int, int], interpolation: str, padding: str
) -> tuple[Tensor, Tensor]:
    """See `engine.ops.roi_sampling.roi_sampling`."""
    height, width = x.shape[2:]
    known_N, batch_index = _known("roi_sampling", batch_index, x.shape[0])
    ys, xs = sample_points(boxes, out_size)
    valid_y, valid_x = (ys >= 0) & (ys < height), (xs >= 0) & (xs < width)
    valid = valid_y[:, :, None] & valid_x[:, None, :]
    rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    first_row = batch_index * (height * width)
    if interpolation == "bilinear":
        y = _gather_bilinear(rows, ys, xs, first_row, height, width, padding)
    else:
        pixel_y = torch.floor(ys).nan_to_num(nan=0.0).clamp(0, height - 1).long()
        pixel_x = torch.floor(xs).nan_to_num(nan=0.0).clamp(0, width - 1).long()
        index = first_row[:, None, None] + pixel_y[:, :, None] * width + pixel_x[:, None, :]
        y = rows[index]
        if padding == "zero":
            y = y.masked_fill(~valid[..., None], 0)
    return _of_known(y, known_N).permute(0, 3, 1, 2), valid


def _known(op: str, batch_index: Tensor, num: int) -> tuple[Tensor | None, Tensor]:
    """Returns which of `batch_index` [N] lie in a batch of `num` (None for all), and indices that all do."""
    known = (batch_index >= 0) & (batch_index < num)
    if batch_index.device.type == "cpu" and not torch.compiler.is_compiling():
        if known.all():
            return None, batch_index
        place = int((~known).nonzero()[0])
        raise RuntimeError(f"{op}: batch_index[{place}] must be between 0 and {num - 1}, got {int(batch_index[place])}")
    return known, batch_index.clamp(0, max(num - 1, 0))


def _of_known(y: Tensor, known_N: Tensor | None) -> Tensor:
    return y if known_N is None else y.masked_fill(~known_N[:, None, None, None], 0)


def pyramid_sampling(
    levels: Sequence[Tensor], boxes: Tensor, level_N: Tensor, batch_index: Tensor, out_size: tuple[int, int]
) -> Tensor:
    """Samples boxes [N, 4], in pixels of their own level, from all levels at once. See `roi_sampling` there."""
    known_N, batch_index = _known("pyramid_sampling", batch_index, levels[0].shape[0])
    rows = torch.cat([x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]) for x in levels])
    sizes = torch.tensor([[x.shape[2], x.shape[3]] for x in levels], device=boxes.device)
    num_rows = torch.tensor([x.shape[0] * x.shape[2] * x.shape[3] for x in levels], device=boxes.device)
    heights, widths = sizes[level_N].unbind(1)
    first_row = (num_rows.cumsum(0) - num_rows)[level_N] + batch_index * heights * widths
    ys, xs = sample_points(boxes, out_size)
    y = _gather_bilinear(rows, ys, xs, first_row, heights[:, None], widths[:, None], "border")
    return _of_known(y, known_N).permute(0, 3, 1, 2)


def _gather_bilinear(
    rows: Tensor, ys: Tensor, xs: Tensor, first_row: Tensor, height: Tensor | int, width: Tensor | int, padding: str
) -> Tensor:
    """Returns [N, h, w, C] from pixels as rows [P, C]; a map begins at `first_row` [N] and has `width` pixels a row."""
    pixel_y, weight_y = _axis_neighbours(ys, height, padding)
    pixel_x, weight_x = _axis_neighbours(xs, width, padding)
    row_width = width[..., None] if isinstance(width, Tensor) else width
    row_starts = first_row[:, None, None] + pixel_y * row_width
    index = row_starts[:, :, None, :, None] + pixel_x[:, None, :, None, :]
    weights = weight_y[:, :, None, :, None] * weight_x[:, None, :, None, :]
    # A weighted sum of four rows each, without ever holding the four.
    y = F.embedding_bag(
        index.reshape(-1, 4), rows, mode="sum", per_sample_weights=weights.reshape(-1, 4).to(rows.dtype)
    )
    return y.view(ys.shape[0], ys.shape[1], xs.shape[1], rows.shape[1])


def extract_boxes(ids: Tensor, num_ids: int) -> Tensor:
    """See `engine.ops.boxes.extract_boxes`."""
    height, width = ids.shape
    flat = ids.reshape(-1).long()
    known = (flat >= 0) & (flat < num_ids)
    # Ids that do not count go to one more bin, cut off at the end.
    flat = torch.where(known, flat, num_ids)
    ys = torch.arange(height, device=ids.device).repeat_interleave(width)
    xs = torch.arange(width, device=ids.device).repeat(height)
    corners = []
    for values, far, reduction in (
        (ys, height, "amin"),
        (xs, width, "amin"),
        (ys + 1, -1, "amax"),
        (xs + 1, -1, "amax"),
    ):
        best = torch.full((num_ids + 1,), far, device=ids.device, dtype=torch.long)
        corners.append(best.scatter_reduce_(0, flat, values, reduction)[:num_ids])
    boxes = torch.stack(corners, dim=1).float()
    boxes[boxes[:, 2] < 0] = -1
    return boxes


def mask_counts(boxes: Tensor, mask: Tensor) -> Tensor:
    """See `engine.ops.boxes.mask_counts`; through an integral image."""
    height, width = mask.shape
    integral = F.pad(mask.to(torch.int64).cumsum(0).cumsum(1), (1, 0, 1, 0))
    # Cut before they become integers, and in float64: a float16 has no room for large sides.
    corners = boxes.double().nan_to_num(nan=0.0)
    (y0, y1), (x0, x1) = (
        corners[:, axis::2].clamp(0, side).long().unbind(1) for axis, side in enumerate((height, width))
    )
    counts = integral[y1, x1] - integral[y0, x1] - integral[y1, x0] + integral[y0, x0]
    return counts.float()


def best_categories(
    logits_KHW: Tensor, size: tuple[int, int], with_second: bool
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """See `engine.ops.semantic.best_categories`. Full-size logits are made and consumed a strip of rows at a time."""
    num_categories, low_height, _ = logits_KHW.shape
    height, width = size
    best = torch.empty(size, dtype=torch.uint8, device=logits_KHW.device)
    second = torch.full_like(best, NO_CATEGORY) if with_second else None
    margin = torch.empty(size, dtype=torch.float32, device=best.device) if with_second else None
    # Where the centre of each row falls among the rows of the logits; edges repeat.
    rows = torch.arange(height, device=logits_KHW.device, dtype=torch.float32)
    points = ((rows + 0.5) * (low_height / max(height, 1)) - 0.5).clamp_(min=0)
    above = points.long().clamp_(max=low_height - 1)
    below = (above + 1).clamp_(max=low_height - 1)
    weights = (points - above)[:, None]
    rows_per_strip = max(_STRIP_VALUES // max(num_categories * width, 1), 1)
    for first in range(0, height if width else 0, rows_per_strip):
        strip = slice(first, min(first + rows_per_strip, height))
        upper, lower = _finite(logits_KHW[:, above[strip]]), _finite(logits_KHW[:, below[strip]])
        tall = torch.lerp(upper, lower, weights[strip])
        full = F.interpolate(tall[None], size=(tall.shape[1], width), mode="bilinear", align_corners=False)[0]
        most, winner = full.max(dim=0, keepdim=True)
        best[strip] = winner[0].to(torch.uint8)
        if second is not None and margin is not None:
            less, runner_up = full.scatter_(0, winner, -torch.inf).max(dim=0)
            second[strip] = runner_up.masked_fill_(less == -torch.inf, NO_CATEGORY).to(torch.uint8)
            margin[strip] = most[0] - less
    return best, second, margin


def _finite(logits: Tensor) -> Tensor:
    """Returns logits as float32 that can be blended: neighbours of inf would else be NaN."""
    return logits.float().nan_to_num(nan=-_MOST_LOGIT).clamp(-_MOST_LOGIT, _MOST_LOGIT)


def fusion(
    semantic: Tensor,
    boxes: Tensor,
    categories: Tensor,
    scores: Tensor,
    mask_logits: Tensor,
    num_stuff: int,
    score_threshold: float,
    overlap_threshold: float,
    min_stuff_area: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """See `engine.ops.fusion.panoptic_fusion`. Masks are laid over the pixels of their own box only."""
    height, width = semantic.shape
    ids = torch.zeros((height, width), dtype=torch.int32, device=semantic.device)
    out_categories, out_scores, out_crowd = [255], [0.0], [False]
    order = torch.sort(scores, descending=True, stable=True).indices
    order = order[scores[order] > score_threshold]
    probabilities = mask_logits[order].float().sigmoid()
    corners = boxes[order].tolist()
    category_list, score_list = categories[order].tolist(), scores[order].tolist()
    for mask, box, category, score in zip(probabilities, corners, category_list, score_list, strict=True):
        y_range, weights_y = _mask_weights(box[0], box[2], mask.shape[0], height, mask)
        x_range, weights_x = _mask_weights(box[1], box[3], mask.shape[1], width, mask)
        inside = torch.linalg.multi_dot([weights_y, mask, weights_x.t()]) > 0.5
        region = ids[y_range, x_range]
        free = inside & (region == 0)
        area, num_free = int(inside.sum()), int(free.sum())
        # An empty mask is nowhere overlapped: as in the original it becomes a segment without pixels.
        if area and (area - num_free) / area > overlap_threshold:
            continue
        region.masked_fill_(free, len(out_categories))
        out_categories.append(category + num_stuff)
        out_scores.append(score)
        out_crowd.append(False)
    free = ids == 0
    counts = torch.bincount(semantic[free].long(), minlength=256)[:255].tolist()
    last = int(semantic.max()) if semantic.numel() else -1
    new_ids = torch.zeros(256, dtype=torch.int32)
    for category in range(min(last, 254) + 1):
        if counts[category] >= min_stuff_area:
            new_ids[category] = len(out_categories)
            out_categories.append(category)
            out_scores.append(1.0)
            out_crowd.append(category >= num_stuff)
    ids = torch.where(free, new_ids.to(ids.device)[semantic.long()], ids)
    return (
        ids,
        torch.tensor(out_categories, dtype=torch.long),
        torch.tensor(out_scores, dtype=torch.float32),
        torch.tensor(out_crowd, dtype=torch.bool),
    )


def _mask_weights(start: float, end: float, bins: int, length: int, like: Tensor) -> tuple[slice, Tensor]:
    """Returns the pixels of one axis whose centres lie in (start, end) and what each takes of every bin [n, bins].

    Outside the box a bilinear sample with zero padding cannot exceed one half, so those pixels never matter.
    """
    first, last = 0, -1
    if math.isfinite(start) and math.isfinite(end) and 0 < end - start <= _MOST_FLOAT32:
        first = min(max(math.ceil(start - 0.5), 0), length)
        last = max(min(math.floor(end - 0.5), length - 1), first - 1)
    pixels = torch.arange(first, last + 1, device=like.device, dtype=torch.float32)
    points = (pixels + 0.5 - start) * (bins / (end - start)) - 0.5 if last >= first else pixels
    distance = points[:, None] - torch.arange(bins, device=like.device)
    return slice(first, last + 1), (1 - distance.abs()).clamp_(min=0)
