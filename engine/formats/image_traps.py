"""Small image files that take a reader hours or all memory: refused before they are decoded."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from PIL import Image

from seamseg_studio.engine.formats.errors import ImageError

MAX_SCANS = 100  # of a JPEG; encoders write ten at most, and libtiff allows as many
_TILE_PIXELS = 2**22  # what a TIFF's tile may have at least, however small the image
_TILE_WIDTH, _TILE_HEIGHT = 322, 323  # TIFF 6.0 section 15
_SCAN, _END = 0xDA, 0xD9
_NO_LENGTH = (0x01, *range(0xD0, 0xD9))
_MARKER = re.compile(rb"\xff+[^\x00\xff]")  # in what a scan holds, 255 is followed by 0


def check_tiles(path: Path, image: Image.Image) -> None:
    """Refuses a TIFF whose tiles are far larger than its picture: each is unpacked whole.

    Raises:
        ImageError: It is one.
    """
    if image.format != "TIFF":
        return
    tags = image.tag_v2  # type: ignore[attr-defined]  # of the class for TIFF
    width, height = tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)
    if not (isinstance(width, int) and isinstance(height, int)):
        return
    if width * height > max(_TILE_PIXELS, 4 * image.width * image.height):
        raise ImageError(
            f"{path}: has tiles of {width} x {height} pixels for a picture of {image.width} x {image.height}; "
            "get the file again from its source"
        )


def check_scans(path: Path) -> None:
    """Refuses a JPEG of more scans than `MAX_SCANS`: each of some bytes may change every pixel once more.

    Raises:
        ImageError: It has more.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        # Counting is quick, and few files have so many: by chance, in what is hidden in them, or behind their end.
        if _counted(data) > MAX_SCANS and _walked(data) > MAX_SCANS:
            raise ImageError(f"{path}: a JPEG of more than {MAX_SCANS} scans; get the file again from its source")


def _counted(data: mmap.mmap) -> int:
    found, place = 0, data.find(b"\xff\xda")
    while place >= 0 and found <= MAX_SCANS:
        found += 1
        place = data.find(b"\xff\xda", place + 2)
    return found


def _walked(data: mmap.mmap) -> int:
    """Counts scans as decoders do, from marker to marker (ITU T.81, annex B), up to one too many."""
    num_scans, place = 0, 2
    while num_scans <= MAX_SCANS and (match := _MARKER.search(data, place)):
        place = match.end()
        kind = data[place - 1]
        if kind == _END:
            break
        if kind not in _NO_LENGTH:
            num_scans += kind == _SCAN
            place += int.from_bytes(data[place : place + 2], "big")
    return num_scans
