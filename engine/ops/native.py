"""Which ops run: those compiled from `csrc` where they can be had, else plain PyTorch. Decided once, at first use.

Order: the library that came with the package, a cached build, a build with nvcc (a GPU that torch can use), a build of
the CPU ops, PyTorch. The environment variable SEAMSEG_OPS limits it: `auto` (default), `cpu` (no GPU ops) or
`reference` (PyTorch only).
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from seamseg_studio.engine.ops import (
    build,
    native_abn,
    native_boxes,
    native_cache,
    native_fusion,
    native_nms,
    native_sampling,
)
from seamseg_studio.engine.ops.build import BuildError, MissingToolError, Target

_LOG = logging.getLogger(__name__)
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Status:
    """What is in use, and why.

    Attributes:
        kind: `cuda` (compiled ops for GPU and CPU), `cpu` (compiled ops for the CPU, PyTorch on a GPU) or `reference`.
        reason: One clause for a person.
        library: The loaded library, if any.
    """

    kind: Literal["cuda", "cpu", "reference"]
    reason: str
    library: Path | None = None

    def __str__(self) -> str:
        names = {"cuda": "compiled for GPU and CPU", "cpu": "compiled for the CPU", "reference": "plain PyTorch"}
        return f"ops: {names[self.kind]} ({self.reason})"


_status: Status | None = None


def status() -> Status:
    """Returns what is in use, loading (and at the very first use building) the library if that was not done yet."""
    global _status
    if _status is None:
        with _LOCK:
            if _status is None:
                _status = _load()
                _LOG.info("%s", _status)
    return _status


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator, unused-ignore]
def _serves(device_type: str) -> bool:
    kind = status().kind
    return kind == "cuda" if device_type == "cuda" else device_type == "cpu" and kind != "reference"


def usable(*tensors: Tensor) -> bool:
    """Returns whether the compiled ops take these tensors: all of them on one kind of device that they serve."""
    device_type = tensors[0].device.type
    return all(tensor.device.type == device_type for tensor in tensors) and _serves(device_type)


def _load() -> Status:
    wish = os.environ.get("SEAMSEG_OPS", "auto")
    if wish == "reference":
        return Status("reference", "SEAMSEG_OPS=reference")
    targets = [target for target in build.targets() if wish != "cpu" or target.kind == "cpu"]
    reasons: list[str] = []
    broken = False
    for target in targets:
        try:
            library, how = _library(target)
            _register(library)
        except (BuildError, OSError, RuntimeError) as error:
            reasons.append(str(error))
            broken = broken or not isinstance(error, MissingToolError)
            continue
        note = f"{how}; no GPU ops: {reasons[0]}" if reasons else how
        found = Status(target.kind, note, library)
        break
    else:
        found = Status("reference", "; ".join(reasons))
    if broken:
        _LOG.warning("%s", found)
    return found


def _library(target: Target) -> tuple[Path, str]:
    packaged = native_cache.prebuilt(target.kind)
    if packaged:
        return packaged.library, "came with the package"
    built = native_cache.cached_or_built(target)
    return built.library, f"built in {built.seconds:.0f} s"


def _register(library: Path) -> None:
    torch.ops.load_library(library)  # type: ignore[no-untyped-call, unused-ignore]
    for wrapper in (native_abn, native_boxes, native_fusion, native_nms, native_sampling):
        wrapper.register()
