"""Label images: PNG files whose pixels are numbers, in 8, 16 or (as red + 256 green + 65536 blue) 24 bits."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seamseg_studio.engine.files import atomic_path, atomic_write
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.image_file import (
    MAX_PIXELS,
    PILLOW_FORMATS,
    check_work,
    explained_damage,
    read_header,
)
from seamseg_studio.engine.formats.png_chunks import check_chunks

# Label images repeat the row above: this filter at the lowest level writes them three times and reads them twice as
# fast as the defaults, at the same size. OpenCV before 4.12 cannot choose the filter.
_PNG_OPTIONS: tuple[int, ...] = (cv2.IMWRITE_PNG_COMPRESSION, 1)
if hasattr(cv2, "IMWRITE_PNG_FILTER"):
    _PNG_OPTIONS += (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT)
    _PNG_OPTIONS += (cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)


def read_indices(path: Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.int32]:
    """Reads a one-channel label image: grey values as they are, the index of palette images.

    Returns:
        [H, W] int32.

    Raises:
        ImageError: The file cannot be read.
        FormatError: The file has several channels, or values beyond 16 bits.
    """
    with explained_damage(path):
        header = read_header(path, max_pixels)
        check_work(path, header)
        if header.format == "PNG":
            check_chunks(path)
        if header.mode in ("L", "I;16") and header.format == "PNG":
            values = _decode(path)
            if values is not None and values.ndim == 2:
                return values.astype(np.int32)
        with Image.open(path, formats=PILLOW_FORMATS) as image:
            if len(image.getbands()) != 1 or image.mode == "F":
                raise FormatError(
                    f"{path}: has mode {image.mode}; a label image has one channel of whole numbers: export it again"
                )
            values = np.asarray(image)
            if values.size and not 0 <= values.min() <= values.max() <= 0xFFFF:
                raise FormatError(f"{path}: has values beyond 16 bits, which no label image has; export it again")
            return values.astype(np.int32)


def read_colors_as_ids(path: Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.int32]:
    """Reads a COCO panoptic PNG: id = red + 256 green + 65536 blue.

    Returns:
        [H, W] int32.

    Raises:
        ImageError: The file cannot be read.
        FormatError: The file is not RGB.
    """
    with explained_damage(path):
        header = read_header(path, max_pixels)
        check_work(path, header)
        if header.format == "PNG":
            check_chunks(path)
        if header.mode != "RGB":
            raise FormatError(f"{path}: has mode {header.mode}; a panoptic PNG is RGB with 8 bits: export it again")
        bgr = _decode(path)
        if bgr is None or bgr.dtype != np.uint8 or bgr.ndim != 3:
            with Image.open(path, formats=PILLOW_FORMATS) as image:
                bgr = np.asarray(image)[..., ::-1]
    # Red, green, blue and a zero are the bytes of a little-endian number.
    octets = cv2.cvtColor(np.ascontiguousarray(bgr), cv2.COLOR_BGR2RGBA)
    ids = octets.view("<i4")[..., 0]
    ids &= 0xFFFFFF
    return ids.astype(np.int32, copy=False)


def write_indices(path: Path, values: NDArray[np.integer]) -> None:
    """Writes a one-channel PNG of 8 bits if the values fit, else of 16.

    Args:
        path: The file; whole or not at all.
        values: 0 to 65535. [H, W].

    Raises:
        ValueError: A value needs more than 16 bits.
        OSError: The file cannot be written.
    """
    largest = int(values.max(initial=0))
    if largest > 0xFFFF or int(values.min(initial=0)) < 0:
        raise ValueError(f"{path}: the values do not fit into 16 bits")
    _encode(path, values.astype(np.uint8 if largest <= 0xFF else np.uint16))


def write_indices_16(path: Path, values: NDArray[np.integer]) -> None:
    """As `write_indices`, but always with 16 bits."""
    if int(values.max(initial=0)) > 0xFFFF or int(values.min(initial=0)) < 0:
        raise ValueError(f"{path}: the values do not fit into 16 bits")
    _encode(path, values.astype(np.uint16))


def write_ids_as_colors(path: Path, ids: NDArray[np.int32]) -> None:
    """Writes a COCO panoptic PNG.

    Args:
        path: The file; whole or not at all.
        ids: 0 to 2^24 - 1. [H, W].

    Raises:
        ValueError: An id needs more than 24 bits.
        OSError: The file cannot be written.
    """
    if int(ids.max(initial=0)) > 0xFFFFFF or int(ids.min(initial=0)) < 0:
        raise ValueError(f"{path}: the ids do not fit into 24 bits")
    octets = np.ascontiguousarray(ids, dtype="<i4").view(np.uint8).reshape(*ids.shape, 4)
    _encode(path, cast(NDArray[np.uint8], cv2.cvtColor(octets, cv2.COLOR_RGBA2BGR)))


def write_palette(path: Path, indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> None:
    """Writes an 8-bit palette PNG, whose pixels are numbers that every viewer shows in colour.

    Args:
        path: The file; whole or not at all.
        indices: [H, W] uint8.
        palette: RGB. [at most 256, 3] uint8.

    Raises:
        OSError: The file cannot be written.
    """
    image = Image.fromarray(indices)
    image.putpalette(palette.tobytes())
    with atomic_path(path, durable=False) as temporary:
        image.save(temporary, format="PNG", compress_level=1)


def write_rgb(path: Path, image: NDArray[np.uint8], jpeg_quality: int | None = None) -> None:
    """Writes RGB as PNG, or as JPEG of the given quality.

    Args:
        path: The file; whole or not at all.
        image: [H, W, 3] uint8.
        jpeg_quality: 1 to 100; None writes a PNG.

    Raises:
        OSError: The file cannot be written.
    """
    bgr = cast(NDArray[np.uint8], cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if jpeg_quality is None:
        _encode(path, bgr, (cv2.IMWRITE_PNG_COMPRESSION, 3))
    else:
        _encode(path, bgr, (cv2.IMWRITE_JPEG_QUALITY, jpeg_quality), ".jpg")


def write_colors(path: Path, image: NDArray[np.uint8]) -> None:
    """Writes RGB that consists of even areas as PNG, four times as fast as `write_rgb`.

    Args:
        path: The file; whole or not at all.
        image: [H, W, 3] uint8.

    Raises:
        OSError: The file cannot be written.
    """
    _encode(path, cast(NDArray[np.uint8], cv2.cvtColor(image, cv2.COLOR_RGB2BGR)))


def _decode(path: Path) -> NDArray[np.integer] | None:
    data = np.fromfile(path, np.uint8)
    if b"IEND" not in data[-64:].tobytes():  # cut off: OpenCV would fill up in silence
        return None
    return cast("NDArray[np.integer] | None", cv2.imdecode(data, cv2.IMREAD_UNCHANGED))


def _encode(
    path: Path, pixels: NDArray[np.integer], options: tuple[int, ...] = _PNG_OPTIONS, suffix: str = ".png"
) -> None:
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise OSError(f"{path}: the image cannot be encoded")
    atomic_write(path, data.tobytes(), durable=False)
