"""Putting photographs into a dataset so that every reader sees the pixels that were labelled."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.image_file import (
    IMAGE_SUFFIXES,
    MAX_PIXELS,
    explained_damage,
    read_header,
    read_image,
    read_size,
)
from seamseg_studio.engine.formats.label_image import write_rgb

_COPIED = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png"}
_PLAIN_MODES = ("RGB", "L")
_SUFFIXES = (".jpg", ".jpeg", ".png", *sorted(IMAGE_SUFFIXES - {".jpg", ".jpeg", ".png"}))


def find_photo(base: Path, first: str = ".jpg") -> Path | None:
    """Finds a photograph whose suffix is not known; cameras write it in capitals too.

    Args:
        base: Its path without suffix.
        first: The suffix to take if there are several.
    """
    start = os.fspath(base)
    for suffix in (first, *_SUFFIXES):
        for found in (start + suffix, start + suffix.upper()):
            if os.path.isfile(found):  # many times faster than pathlib's, which counts for large datasets
                return Path(found)
    return None


def store_photo(
    folder: Path,
    name: str,
    shape: tuple[int, int],
    image_path: Path | None,
    image: NDArray[np.uint8] | None = None,
    *,
    png_only: bool = False,
) -> Path:
    """Puts a photograph into a dataset's image folder.

    Upright grey or RGB JPEG and PNG files are copied byte by byte. Everything else is stored as PNG, turned upright:
    many readers of such datasets ignore EXIF, and the labels belong to the upright image.

    Args:
        folder: Exists.
        name: The file's name without suffix.
        shape: Height and width of the labels.
        image_path: The photograph.
        image: Its pixels, to spare reading them again. [H, W, 3] uint8 RGB.
        png_only: Whether JPEG files must become PNG too.

    Returns:
        The file written.

    Raises:
        ImageError: The photograph cannot be read.
        FormatError: There is none.
        OSError: The file cannot be written.
    """
    if image_path is not None:
        with explained_damage(image_path):
            header = read_header(image_path, _limit(shape))
        check_size(image_path, (header.height, header.width), shape)
        copied = ("PNG",) if png_only else _COPIED
        if header.format in copied and header.orientation == 1 and header.mode in _PLAIN_MODES:
            target = folder / f"{name}{_COPIED[header.format]}"
            with explained_damage(image_path):
                data = image_path.read_bytes()
            atomic_write(target, data, durable=False)
            return target
    target = folder / f"{name}.png"
    write_rgb(target, pixels_of(image, image_path, shape, name))
    return target


def pixels_of(
    image: NDArray[np.uint8] | None, image_path: Path | None, shape: tuple[int, int], name: str
) -> NDArray[np.uint8]:
    """Returns a photograph's pixels, read from its file if need be.

    Raises:
        ImageError: The file cannot be read.
        FormatError: There is no photograph, or it is of another size than the labels.
    """
    if image is None:
        if image_path is None:
            raise FormatError(f"{name}: its photograph is not there; put it back, or name its folder (--images)")
        image = read_image(image_path, _limit(shape))
    check_size(image_path or name, (image.shape[0], image.shape[1]), shape)
    return image


def _limit(shape: tuple[int, int]) -> int:
    """Whoever allowed labels above the usual limit has allowed their photograph too."""
    return max(MAX_PIXELS, shape[0] * shape[1])


def check_photo(path: Path, shape: tuple[int, int]) -> None:
    """Compares a photograph with its labels by its header alone.

    Args:
        path: The photograph.
        shape: Height and width of the labels.

    Raises:
        ImageError: The photograph cannot be read.
        FormatError: It is of another size.
    """
    check_size(path, read_size(path, _limit(shape)), shape)


def check_size(what: Path | str, size: tuple[int, int], label_size: tuple[int, int]) -> None:
    """Compares the sizes of a photograph and its labels, both (height, width).

    Raises:
        FormatError: They differ.
    """
    if size != label_size:
        raise FormatError(
            f"{what}: the image is {size[1]} x {size[0]}, its labels are {label_size[1]} x {label_size[0]} pixels; "
            "they do not belong together"
        )
