"""Arrays in shared memory that the system frees by itself. No torch here: the window imports this.

A block is anonymous: on Linux a memfd, on other Unixes a file that was removed before it was used, on Windows a section
backed by the page file. It lives exactly as long as some process has a handle on it or maps it, so a killed process
leaks nothing and there is nothing to unlink. `multiprocessing.shared_memory` is not used for it: its blocks are names
in /dev/shm that outlive a killed owner, its resource tracker (Python 3.11 and 3.12) also takes away blocks that others
still use and warns at exit, and in containers /dev/shm often ends at 64 MB.
"""

from __future__ import annotations

import math
import mmap
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from seamseg_studio.engine.service.errors import ProtocolError
from seamseg_studio.engine.service.protocol import ArraySpec, BlockSpec

_ALIGNMENT = 64  # bytes, a cache line
_MOST_BYTES = 2**40
_MOST_AXES = 8
_PLAIN_NUMBERS = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248])")
Array = npt.NDArray[Any]


class Block:
    """Shared memory holding named arrays; freed when the last process lets go of it.

    Views given out by `arrays` keep the memory mapped for as long as they live.
    """

    def __init__(self, spec: BlockSpec, memory: mmap.mmap, handle: int | None) -> None:
        """Use `pack` or `attach`. `handle` is the file descriptor to pass along; None on Windows."""
        self.spec = spec
        self._memory = memory
        self._handle = handle

    @classmethod
    def pack(cls, number: int, arrays: Mapping[str, Array]) -> Block:
        """Copies arrays into a new block.

        Args:
            number: Tells the sender's blocks apart.
            arrays: Arrays of plain numbers by name, of any shape.

        Raises:
            MemoryError: There is no room.
        """
        specs, offset = [], 0
        for name, array in arrays.items():
            specs.append(ArraySpec(name, array.dtype.str, array.shape, offset))
            offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
        memory, handle, tag = _allocate(max(offset, 1))
        block = cls(BlockSpec(number, len(memory), tuple(specs), tag), memory, handle)
        for name, view in block.arrays().items():
            np.copyto(view, arrays[name])
        return block

    @classmethod
    def attach(cls, spec: BlockSpec, handle: int | None) -> Block:
        """Maps a block that another process packed; `handle` (taken over, and closed) came with the message.

        Raises:
            ProtocolError: The memory is not as the message says, or the arrays do not lie in it.
        """
        try:
            _check(spec)
            if handle is None:
                return cls(spec, mmap.mmap(-1, spec.num_bytes, tagname=spec.tag), None)  # type: ignore[call-arg,unused-ignore]
            return cls(spec, mmap.mmap(handle, spec.num_bytes), None)
        except (ValueError, OverflowError, TypeError, OSError) as error:
            raise ProtocolError(f"the engine sent pixels that are not in their memory ({error})") from error
        finally:
            if handle is not None:
                os.close(handle)  # the mapping has its own

    def arrays(self) -> dict[str, Array]:
        """Views on the arrays, by name, not copies."""
        return {
            item.name: np.ndarray(item.shape, np.dtype(item.dtype), self._memory, item.offset)
            for item in self.spec.arrays
        }

    def fileno(self) -> int | None:
        """The descriptor to send along with the spec; None where the spec's tag is enough."""
        return self._handle

    def close(self) -> None:
        """Lets go of the handle; the memory goes with the last view on it. Harmless when repeated."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __del__(self) -> None:
        self.close()


def _check(spec: BlockSpec) -> None:
    """Raises ValueError or TypeError unless all arrays are of plain numbers and lie inside the block."""
    for item in spec.arrays:
        if not _PLAIN_NUMBERS.fullmatch(item.dtype):  # numpy reads far more than that as a type, and fails in many ways
            raise ValueError(f"{item.name} is of no plain numbers")
        dtype = np.dtype(item.dtype)
        if any(side < 0 for side in item.shape) or item.offset < 0 or len(item.shape) > _MOST_AXES:
            raise ValueError(f"{item.name} has no size that arrays have")
        is_vast = math.prod(max(side, 1) for side in item.shape) * dtype.itemsize > _MOST_BYTES  # even of no pixels
        if is_vast or item.offset + math.prod(item.shape) * dtype.itemsize > spec.num_bytes:
            raise ValueError(f"{item.name} reaches out of the block")


def _allocate(num_bytes: int) -> tuple[mmap.mmap, int | None, str]:
    """Makes zeroed shared memory; returns it with its descriptor and tag (one of which is used on each system)."""
    try:
        if sys.platform == "win32":
            tag = f"seamseg-{secrets.token_hex(16)}"
            return mmap.mmap(-1, num_bytes, tagname=tag), None, tag
        handle = _open_anonymous()
        try:
            os.ftruncate(handle, num_bytes)
            return mmap.mmap(handle, num_bytes), handle, ""
        except BaseException:
            os.close(handle)
            raise
    except OSError as error:
        raise MemoryError(f"no room for {num_bytes / 1e6:.0f} MB of shared memory ({error.strerror})") from error


def _open_anonymous() -> int:
    if sys.platform == "linux":
        return os.memfd_create("seamseg-pixels")
    with tempfile.TemporaryFile(prefix="seamseg-pixels-") as file:  # has no name any more when it is returned
        return os.dup(file.fileno())
