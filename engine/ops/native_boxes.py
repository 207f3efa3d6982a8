"""Boxes by the compiled library: decoding, encoding, boxes of ids, mask pixels in boxes. See `engine.ops.boxes`.

None of them has a gradient: the public functions use the reference where one is asked for.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seamseg_studio.engine.ops.checks import check_size

MAX_SIDE = 2**30
# Masks may hold 255 a pixel, and the integral image has 32 bits.
MAX_MASK_PIXELS = (2**31 - 1) // 255


def serves(boxes: Tensor, other: Tensor) -> bool:
    """Returns whether the compiled ops take these two sets of boxes."""
    is_wanted = torch.is_grad_enabled() and (boxes.requires_grad or other.requires_grad)
    return boxes.dtype == other.dtype == torch.float32 and boxes.shape[-1] == other.shape[-1] == 4 and not is_wanted


def serves_image(ids: Tensor) -> bool:
    """Returns whether the compiled op takes this id image."""
    return ids.dtype in (torch.uint8, torch.int32, torch.int64) and max(ids.shape) < MAX_SIDE


def serves_mask(boxes: Tensor, mask: Tensor) -> bool:
    """Returns whether the compiled op takes these boxes and this mask."""
    fits = mask.dtype in (torch.bool, torch.uint8) and mask.numel() <= MAX_MASK_PIXELS
    return fits and boxes.dtype == torch.float32 and max(mask.shape) < MAX_SIDE


def shift_boxes(boxes: Tensor, shifts: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """Decodes boxes [..., 4] and, if `size` (height, width) is given, cuts them to an image of that size.

    Raises:
        ValueError: A side of `size` below 0.
    """
    if size is not None:
        check_size("size", size, 0)
    height, width = (-1.0, -1.0) if size is None else (float(size[0]), float(size[1]))
    shape = torch.broadcast_shapes(boxes.shape, shifts.shape)  # type: ignore[no-untyped-call, unused-ignore]
    out: Tensor = torch.ops.seamseg.shift_boxes(_flat(boxes.expand(shape)), _flat(shifts.expand(shape)), height, width)
    return out.view(shape)


def box_shifts(source: Tensor, target: Tensor) -> Tensor:
    """Encodes `target` [..., 4] relative to `source` [..., 4]."""
    shape = torch.broadcast_shapes(source.shape, target.shape)  # type: ignore[no-untyped-call, unused-ignore]
    out: Tensor = torch.ops.seamseg.box_shifts(_flat(source.expand(shape)), _flat(target.expand(shape)))
    return out.view(shape)


def extract_boxes(ids: Tensor, num_ids: int) -> Tensor:
    """Returns the tight boxes [num_ids, 4] of an id image [H, W] of type uint8, int32 or int64."""
    out: Tensor = torch.ops.seamseg.extract_boxes(ids.contiguous(), num_ids)
    return out


def mask_counts(boxes: Tensor, mask: Tensor) -> Tensor:
    """Returns the sums [N] of `mask` [H, W] (bool or uint8) in boxes [N, 4]."""
    out: Tensor = torch.ops.seamseg.mask_counts(boxes.contiguous(), mask.contiguous())
    return out


def _flat(boxes: Tensor) -> Tensor:
    return boxes.reshape(-1, 4).contiguous()


def _fake_shift_boxes(boxes: Tensor, shifts: Tensor, height: float, width: float) -> Tensor:
    return torch.empty_like(boxes)


def _fake_box_shifts(source: Tensor, target: Tensor) -> Tensor:
    return torch.empty_like(source)


def _fake_extract_boxes(ids: Tensor, num_ids: int) -> Tensor:
    return ids.new_empty((num_ids, 4), dtype=torch.float32)


def _fake_mask_counts(boxes: Tensor, mask: Tensor) -> Tensor:
    return boxes.new_empty(boxes.shape[0])


def register() -> None:
    """Tells PyTorch the shapes of the results."""
    torch.library.register_fake("seamseg::shift_boxes", _fake_shift_boxes)
    torch.library.register_fake("seamseg::box_shifts", _fake_box_shifts)
    torch.library.register_fake("seamseg::extract_boxes", _fake_extract_boxes)
    torch.library.register_fake("seamseg::mask_counts", _fake_mask_counts)
