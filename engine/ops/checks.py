"""Checks of arguments, the same whichever implementation answers: type, shape and device, never values on a device.

They cost a microsecond or two, and neither wait for a GPU nor break a captured or compiled graph.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

ANY = -1


def check_floating(name: str, tensor: Tensor, shape: Sequence[int], wanted: str) -> None:
    """Raises ValueError unless `tensor` is floating point of `shape`; `wanted` is the shape in words."""
    if not tensor.is_floating_point() or not _fits(tensor, shape):
        raise ValueError(f"{name} must be floating point {wanted}, got {tensor.dtype} {tuple(tensor.shape)}")


def check_indices(name: str, tensor: Tensor, shape: Sequence[int], wanted: str) -> None:
    """Raises ValueError unless `tensor` is int64 of `shape`."""
    if tensor.dtype != torch.long or not _fits(tensor, shape):
        raise ValueError(f"{name} must be int64 {wanted}, got {tensor.dtype} {tuple(tensor.shape)}")


def check_integer_image(name: str, tensor: Tensor) -> None:
    """Raises ValueError unless `tensor` is [H, W] and holds whole numbers or truth values."""
    if tensor.dim() != 2 or tensor.is_floating_point() or tensor.is_complex():
        raise ValueError(f"{name} must be an integer image [H, W], got {tensor.dtype} {tuple(tensor.shape)}")


def check_device(name: str, tensor: Tensor, like_name: str, like: Tensor) -> None:
    """Raises ValueError unless both are on one device."""
    if tensor.device != like.device:
        raise ValueError(f"{like_name} and {name} must be on one device, got {like.device} and {tensor.device}")


def check_two_boxes(name: str, boxes: Tensor, other_name: str, others: Tensor) -> None:
    """Raises ValueError unless both are floating point [..., 4] of shapes that can be broadcast, on one device."""
    for its_name, its in ((name, boxes), (other_name, others)):
        if not its.is_floating_point() or its.dim() < 1 or its.shape[-1] != 4:
            raise ValueError(f"{its_name} must be floating point [..., 4], got {its.dtype} {tuple(its.shape)}")
    check_device(other_name, others, name, boxes)
    if boxes.shape != others.shape:
        for mine, theirs in zip(reversed(boxes.shape), reversed(others.shape), strict=False):
            if mine != theirs and mine != 1 and theirs != 1:
                raise ValueError(
                    f"{name} and {other_name} must have shapes that can be broadcast, got {tuple(boxes.shape)} and "
                    f"{tuple(others.shape)}"
                )


def check_size(name: str, size: Sequence[int], least: int) -> None:
    """Raises ValueError unless `size` is two numbers from `least` up."""
    if len(size) != 2 or not min(size) >= least:
        raise ValueError(f"{name} must be two numbers from {least} up, got {tuple(size)}")


def _fits(tensor: Tensor, shape: Sequence[int]) -> bool:
    return tensor.dim() == len(shape) and all(
        wanted in (ANY, found) for wanted, found in zip(shape, tensor.shape, strict=True)
    )
