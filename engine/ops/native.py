"""Which ops run: those compiled from `csrc` where they can be had, else plain PyTorch. Decided once, at first use.

Order: the library that came with the package, a cached build, a build with nvcc (a GPU that torch can use), a build of
the CPU ops, PyTorch. The environment variable SEAMSEG_OPS limits it: `auto` (default), `cpu` (no GPU ops) or
`reference` (PyTorch only).

Nobody who computes ever waits for a compiler: a library that must be built first is built in the background, while
PyTorch answers. Both give the same results to the last few bits. `status` waits, for who wants to be sure.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from seamseg_studio.engine.ops import (
    build,
    build_process,
    native_abn,
    native_boxes,
    native_cache,
    native_fusion,
    native_nms,
    native_sampling,
)
from seamseg_studio.engine.ops.build import BuildError, MissingToolError, Target

_LOG = logging.getLogger(__name__)
_WISHES = ("auto", "cpu", "reference")


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


_END_TIMEOUT_S = 10.0
# Held for as long as loading takes, never while a compiler runs; nobody forks meanwhile.
_LOCK = threading.RLock()
_status: Status | None = None
_builder: threading.Thread | None = None
_registered: Path | None = None
_reference_only: ContextVar[bool] = ContextVar("seamseg_reference_only", default=False)


def prepare() -> None:
    """Loads the library, or has it built in the background if it is not there yet. Does not wait for that."""
    global _status, _builder
    if _status is not None or _builder is not None:
        return
    with _LOCK:
        if _status is not None or _builder is not None:
            return
        _status = _ready()
        if _status is not None:
            _LOG.info("%s", _status)
            return
        _builder = threading.Thread(target=_build, name="ops-build", daemon=True)
        _builder.start()
        atexit.register(_stop)


def _stop() -> None:
    """Ends a build under way with the program; the next start goes on where it was."""
    build_process.stop_all()
    if _builder is not None:
        _builder.join(_END_TIMEOUT_S)


def _after_fork() -> None:
    """Forgets the builder of the process that this one was forked from: threads are not forked."""
    global _builder
    if _status is None:
        _builder = None
    _LOCK.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_after_fork)


def status() -> Status:
    """Returns what is in use, waiting for the library to be loaded, at the very first use built."""
    prepare()
    if _builder is not None:
        _builder.join()
    assert _status is not None
    return _status


@contextmanager
def reference_only() -> Iterator[None]:
    """Has this thread compute by plain PyTorch inside the block, to compare with."""
    token = _reference_only.set(True)
    try:
        yield
    finally:
        _reference_only.reset(token)


def usable(*tensors: Tensor) -> bool:
    """Returns whether the compiled ops take these tensors: all of them on one kind of device that they serve."""
    device_type = tensors[0].device.type
    if any(tensor.device.type != device_type for tensor in tensors):
        return False
    # A compiled graph keeps the answer for good, so that one waits.
    serves: bool = _serves(device_type, torch.compiler.is_compiling())
    return serves


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator, unused-ignore]
def _serves(device_type: str, waits: bool) -> bool:
    if _reference_only.get():
        return False
    if waits:
        status()
    else:
        prepare()
    # Until the library is there, PyTorch answers.
    kind = "reference" if _status is None else _status.kind
    return kind == "cuda" if device_type == "cuda" else device_type == "cpu" and kind != "reference"


def _ready() -> Status | None:
    """Returns what can be had at once, or None if the best that might be had must be built first."""
    wish = _wish()
    if wish == "reference":
        return Status("reference", "SEAMSEG_OPS=reference")
    target = _targets(wish)[0]
    for find, how in ((native_cache.prebuilt, "came with the package"), (native_cache.cached, "built before")):
        found = find(target)
        if found is None:
            continue
        try:
            _register(found.library)
        except (OSError, RuntimeError):
            if find is native_cache.cached:
                # Made on another machine that shares the folder, say: built anew, or the reason is told there.
                native_cache.discard(target)
            continue
        return Status(target.kind, how, found.library)
    return None


def _build() -> None:
    global _status
    try:
        _status = _load()
    except Exception as error:  # noqa: BLE001 - a thread's last word; whatever it is, PyTorch answers
        _LOG.exception("the native ops cannot be used")
        _status = Status("reference", f"{type(error).__name__}: {error}")
    _LOG.info("%s", _status)


def _load() -> Status:
    reasons: list[str] = []
    broken = False
    for target in _targets(_wish()):
        try:
            built = native_cache.cached_or_built(target)
            with native_cache.refused_if_broken(target), _LOCK:
                _register(built.library)
        except (BuildError, OSError, RuntimeError) as error:
            reasons.append(str(error))
            broken = broken or not isinstance(error, MissingToolError)
            continue
        how = f"built in {built.seconds:.0f} s"
        found = Status(target.kind, f"{how}; no GPU ops: {reasons[0]}" if reasons else how, built.library)
        break
    else:
        found = Status("reference", "; ".join(reasons))
    if broken and not build_process.is_over():
        _LOG.warning("%s", found)
    return found


def _wish() -> str:
    wish = os.environ.get("SEAMSEG_OPS", "") or "auto"
    if wish not in _WISHES:
        _LOG.warning("SEAMSEG_OPS must be auto, cpu or reference, got %r; taken as auto", wish)
        return "auto"
    return wish


def _targets(wish: str) -> list[Target]:
    return [Target("cpu")] if wish == "cpu" else build.targets()


def _register(library: Path) -> None:
    global _registered
    if _registered is not None:
        return  # the dispatcher takes each op once
    torch.ops.load_library(library)  # type: ignore[no-untyped-call, unused-ignore]
    for wrapper in (native_abn, native_boxes, native_fusion, native_nms, native_sampling):
        wrapper.register()
    _registered = library
