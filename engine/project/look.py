"""How pictures look, as 256 bits each: near-duplicates differ in few of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.image_file import read_preview

NUM_BITS = 256
NEAR_BITS = 26
"""Two pictures are near-duplicates if at most so many bits differ: a tenth, where strangers differ in half of them."""

_SIDE = 16
_PREVIEW_PX = 128
_CHUNK = 2048  # pictures compared with all others at a time, which bounds the memory


def look_of(path: Path) -> bytes:
    """Returns whether the picture gets brighter from each cell of a 16 x 16 grid to the next, row by row. 32 bytes.

    The difference hash of Krawetz (2013): scaling, compression and brightness change few bits of it.

    Raises:
        ImageError: The file cannot be read.
    """
    grey = cv2.cvtColor(read_preview(path, _PREVIEW_PX), cv2.COLOR_RGB2GRAY)
    cells = cv2.resize(grey, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA).astype(np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes()


def near_duplicates(looks: Sequence[bytes]) -> list[tuple[int, int]]:
    """Returns pairs of pictures, by their places, that look nearly the same; the lower place first, no pair twice.

    Of pictures that look exactly the same only the first is compared with others, so not all pairs are named, but all
    near-duplicates hang together. Every picture is compared with every other: about two minutes for a hundred thousand.
    """
    if not looks:
        return []
    packed = np.frombuffer(b"".join(looks), dtype=np.uint8).reshape(len(looks), NUM_BITS // 8)
    # The same look many times over is one look here: it could be that of all pictures.
    distinct, firsts, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    place_of_first = firsts[which.reshape(-1)].tolist()
    pairs = [(first, place) for place, first in enumerate(place_of_first) if first < place]
    # Of two vectors of +1 and -1 the product counts equal bits minus different ones.
    signs: NDArray[np.float32] = np.unpackbits(distinct, axis=1).astype(np.float32) * 2 - 1
    least = NUM_BITS - 2 * NEAR_BITS
    for start in range(0, len(signs), _CHUNK):
        agreement = signs[start : start + _CHUNK] @ signs[start:].T
        rows, columns = np.nonzero(agreement >= least)
        ones, others = firsts[rows + start].tolist(), firsts[columns + start].tolist()
        pairs += [(min(a, b), max(a, b)) for a, b in zip(ones, others, strict=True) if a != b]
    return sorted(set(pairs))
