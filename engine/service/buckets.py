"""Images of one size one after another, as far as looking a little ahead allows.

A GPU runs sizes that it has prepared for (graphs, compiled kernels, memory in pieces that fit) much faster than ones
that change with every image. Several images in one call of the network bring nothing beyond that: see
`benchmarks/buckets.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from seamseg_studio.engine.formats.image_file import read_size
from seamseg_studio.engine.service.roster import BatchImage

# Reading so many headers takes a tenth of a second, and a folder with a few sizes gets runs of dozens.
WINDOW = 128


@dataclass(frozen=True, slots=True)
class SizedImage:
    """An image and what its header says.

    Attributes:
        image: Which.
        size: Height and width, in pixels; (0, 0) if the header cannot be read.
        error: Why not.
    """

    image: BatchImage
    size: tuple[int, int]
    error: Exception | None = None


def in_buckets(images: Iterable[BatchImage], window: int = WINDOW) -> Iterator[SizedImage]:
    """Yields all images, those of one size together within each `window` of them.

    Sizes come in the order of their first image, the size of the last image before the window first; images of one
    size keep their order. Headers are read when their window comes.
    """
    rest = iter(images)
    last: tuple[int, int] | None = None
    while some := [_sized(image) for image in islice(rest, window)]:
        sizes = list(dict.fromkeys(each.size for each in some))
        if last in sizes:
            sizes.remove(last)
            sizes.insert(0, last)
        for size in sizes:
            yield from (each for each in some if each.size == size)
        last = sizes[-1]


def _sized(image: BatchImage) -> SizedImage:
    try:
        return SizedImage(image, read_size(image.path))
    except Exception as error:  # noqa: BLE001 - reported with the image
        return SizedImage(image, (0, 0), error)
