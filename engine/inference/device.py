"""Where and in what precision a network runs."""

from __future__ import annotations

import torch

from seamseg_studio.engine.inference.errors import DeviceError
from seamseg_studio.engine.remedies import USE_CPU, USE_OTHER_DEVICE, USE_OTHER_PRECISION

PRECISIONS = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def find_device(spec: str) -> torch.device:
    """Returns the device that `auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N` names.

    Raises:
        DeviceError: It is unknown or not there.
    """
    if spec == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(spec)
    except RuntimeError as error:
        raise DeviceError(f"device {spec!r} is unknown: {USE_OTHER_DEVICE}") from error
    if device.type == "cpu":
        return torch.device("cpu")
    if device.type != "cuda":
        raise DeviceError(f"device {spec!r} is not supported: {USE_OTHER_DEVICE}")
    index = device.index or 0
    num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if index >= num_gpus:
        there = "no GPU that torch can use was found" if num_gpus == 0 else f"there are {num_gpus}, numbered from 0"
        raise DeviceError(f"device {spec!r} is not available: {there}; {USE_CPU}")
    return torch.device("cuda", index)


def find_precision(spec: str, device: torch.device) -> torch.dtype:
    """Returns the type that a network computes in: `auto` is fp16 on a GPU and fp32 on a CPU.

    tf32 is float32 whose products are made of the upper 19 bits on GPUs that can; see `use_products_of`.
    bf16 is for measuring only (`benchmarks/answers.py`) and not offered to people: the starter's labels then agree with
    its exact ones to a PQ of 94 instead of more than 99.

    Raises:
        DeviceError: It is unknown, or the device is no good at it.
    """
    if spec == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    if spec not in PRECISIONS:
        raise DeviceError(f"precision {spec!r} is unknown: use auto, fp32, tf32, fp16 or bf16")
    if spec == "fp16" and device.type == "cpu":
        raise DeviceError(f"precision fp16 needs a GPU: {USE_OTHER_PRECISION}")
    return PRECISIONS[spec]


def use_products_of(spec: str) -> None:
    """Has this process compute the products of float32 as a precision wants them: whole, except for `tf32`.

    PyTorch's own default is to shorten those of convolutions without a word.
    """
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = spec == "tf32"
