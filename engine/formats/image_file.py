"""Photographs from files: any of the usual kinds in, upright 8-bit RGB out.

The header is always read first: nothing is decoded before its size is known to be within the limit.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.formats.errors import ImageError
from seamseg_studio.engine.formats.image_traps import check_scans, check_tiles

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MAX_PIXELS = 2**28  # 268 million, 16384 x 16384: 0.8 GB once decoded
CHOSEN_MAX_PIXELS = 2**30  # 32768 x 32768, for what a person opens by hand: 3 GB, and another 5 for its labels

PILLOW_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
_JPEG = ("JPEG", "MPO")  # MPO: a JPEG with a second image, as phones write
_CV2_MAX_PIXELS = 2**30
_CV2_MAX_BYTES = 2**31 - 1  # an array of more counts as one with gaps there, which its decoders do not take
_LARGE_PIXELS = 2**23
_STRIP_PIXELS = 2**22
_ORIENTATION_TAG = 0x0112
_REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}

# What Pillow and OpenCV answer to damaged data
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, struct.error, cv2.error)

# `read_header` checks every header against the caller's limit, which may be below or (on request) above Pillow's own.
Image.MAX_IMAGE_PIXELS = None

RgbImage = npt.NDArray[np.uint8]
FilePath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a file before decoding; height and width are those of the upright image."""

    format: str
    mode: str
    height: int
    width: int
    orientation: int


def read_image(path: FilePath, max_pixels: int = MAX_PIXELS) -> RgbImage:
    """Reads a photograph as it is meant to be seen.

    EXIF orientation is applied. Grey, palette and CMYK become RGB; alpha is dropped, not composited, because labels
    belong to the colours that were photographed; 16-bit samples keep their high byte; 32-bit and floating point
    samples are stretched from their own range to 0..255. Of several frames or pages the first is read.

    Args:
        path: A JPEG, PNG, BMP, TIFF or WebP file, whatever its suffix says.
        max_pixels: Larger images are refused before anything is decoded.

    Returns:
        RGB, C-contiguous. [H, W, 3] uint8.

    Raises:
        ImageError: The file is missing, empty, not an image, damaged, cut off or too large.
    """
    path = Path(path)
    with explained_damage(path):
        header = read_header(path, max_pixels)
        check_work(path, header)
        image = _decode_fast(path, header, cv2.IMREAD_COLOR_RGB)
        if image is None:
            image = _decode_pillow(path)
    return np.ascontiguousarray(image)


def read_preview(path: FilePath, max_side: int, max_pixels: int = MAX_PIXELS) -> RgbImage:
    """Reads a small version of an image, several times faster than the whole where the file is a JPEG.

    Args:
        path: As for `read_image`.
        max_side: The longer side of the result in pixels; smaller images are returned as they are.
        max_pixels: As for `read_image`.

    Returns:
        RGB. [h, w, 3] uint8.

    Raises:
        ImageError: As for `read_image`.
        ValueError: `max_side` is not positive.
    """
    if max_side < 1:
        raise ValueError(f"max_side is {max_side}, not a positive number of pixels")
    path = Path(path)
    with explained_damage(path):
        header = read_header(path, max_pixels)
        check_work(path, header)
        factor = max(header.height, header.width) / max_side
        flag = cv2.IMREAD_COLOR_RGB
        if header.format in _JPEG:
            # The decoder can halve three times at less than the cost of decoding everything.
            for least, reduced in _REDUCED.items():
                if factor >= least:
                    flag = reduced
                    break
        image = _decode_fast(path, header, flag)
        if image is None:
            image = _decode_pillow(path)
    scale = max_side / max(header.height, header.width)
    if scale >= 1:
        return np.ascontiguousarray(image)
    size = (max(1, round(header.width * scale)), max(1, round(header.height * scale)))
    return cast(RgbImage, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def read_size(path: FilePath, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Reads height and width of the upright image from the header alone.

    Raises:
        ImageError: The file is missing, empty, not an image or too large. Damage further on is not seen.
    """
    path = Path(path)
    with explained_damage(path):
        header = read_header(path, max_pixels)
    return header.height, header.width


def find_images(
    inputs: Iterable[FilePath],
    leave_out: FilePath | None = None,
    on_closed: Callable[[OSError], None] | None = None,
) -> list[Path]:
    """Lists the images that the inputs name: files as they are, folders with everything below them.

    Folders are searched for IMAGE_SUFFIXES; hidden files and folders and project folders (`*.seamseg`) are left out;
    links to folders are followed, each folder is visited once.

    Args:
        inputs: Files and folders.
        leave_out: A folder that is not searched: where labels go, which are pictures, too.
        on_closed: Told of each folder below the inputs that cannot be looked into; else they are passed over.

    Returns:
        The files in the order of the inputs, sorted within each folder, each once.

    Raises:
        InputError: An input is empty, does not exist or is the folder that is not searched, or there is no image in
            all of them.
    """
    items = []
    for given in inputs:
        if given == "":  # a path of nothing is the current folder
            raise InputError("one of the inputs is empty; name an image or a folder")
        items.append(Path(given))
    left = None if leave_out is None else os.path.realpath(leave_out)
    found: dict[Path, None] = {}
    for item in items:
        if item.is_dir():
            if os.path.realpath(item) == left:
                raise InputError(f"{item}: labels cannot go where the photos are; choose a folder inside it, say")
            found.update(dict.fromkeys(_walk(item, left, on_closed)))
        elif item.exists():
            found[item] = None
        else:
            raise InputError(f"{item}: no such file or folder; check the name")
    if not found:
        names = ", ".join(str(item) for item in items) or "the arguments"
        raise InputError(f"{names}: no images found; looked for {', '.join(sorted(IMAGE_SUFFIXES))}")
    return list(found)


def _walk(folder: Path, left: str | None, on_closed: Callable[[OSError], None] | None) -> Iterator[Path]:
    seen = set()
    for parent, folders, files in os.walk(folder, onerror=on_closed, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen or real == left:  # a link that leads back up
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith(".seamseg"))
        for name in sorted(files):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:
                yield Path(parent, name)


@contextmanager
def explained_damage(path: Path) -> Iterator[None]:
    """Turns what the decoders raise inside the block into an ImageError that names the file and the remedy."""
    try:
        yield
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file; check the name") from error
    except PermissionError as error:
        raise ImageError(f"{path}: may not be read; change its permissions") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{path}: not a JPEG, PNG, BMP, TIFF or WebP image; convert it or leave it out") from error
    except MemoryError as error:
        raise ImageError(f"{path}: too large for the memory of this machine; use a smaller image") from error
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise ImageError(f"{path}: cannot be read ({error.strerror}); check the disk") from error
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise ImageError(f"{path}: damaged or cut off ({reason}); get the file again from its source") from error


def read_header(path: Path, max_pixels: int = MAX_PIXELS) -> Header:
    """Reads what the header says; to be used inside `explained_damage`.

    Raises:
        ImageError: The file is empty, a folder, larger than `max_pixels`, or has tiles far larger than itself.
    """
    if path.is_file() and path.stat().st_size == 0:
        raise ImageError(f"{path}: the file is empty; get it again from its source")
    if path.is_dir():
        raise ImageError(f"{path}: is a folder, not an image; name a file in it")
    if path.exists() and not path.is_file():  # a pipe has no end to wait for, nor has a device
        raise ImageError(f"{path}: is a device or a pipe, not a file; name an image")
    with Image.open(path, formats=PILLOW_FORMATS) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise ImageError(
                f"{path}: {width} x {height} pixels are more than the limit of {max_pixels:,}; "
                "if the file can be trusted, raise max_pixels"
            )
        check_tiles(path, image)
        orientation = 1
        # Pillow turns TIFF itself while decoding and reports the turned size. Asked for the EXIF data of a PNG, it
        # decodes the whole image in search of it.
        if image.format != "TIFF" and (image.format != "PNG" or png_has_exif(path)):
            orientation = image.getexif().get(_ORIENTATION_TAG, 1)
        if orientation in (5, 6, 7, 8):
            height, width = width, height
        return Header(image.format or "", image.mode, height, width, orientation)


def check_work(path: Path, header: Header) -> None:
    """Refuses what a decoder would work on for hours; to be called before it is asked.

    Raises:
        ImageError: It is such a file.
    """
    if header.format in _JPEG:
        check_scans(path)


def png_has_exif(path: Path) -> bool:
    """Tells whether a PNG has an eXIf chunk, or a text chunk that older programs kept EXIF data in."""
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind == b"eXIf":
                return True
            end = file.tell() + length + 4
            if kind in (b"tEXt", b"zTXt", b"iTXt") and file.read(length)[:21] == b"Raw profile type exif":
                return True
            file.seek(end)
    return False


def _decode_fast(path: Path, header: Header, flag: int) -> RgbImage | None:
    """Decodes plain JPEG and PNG with OpenCV, 1.5 to 3 times as fast as Pillow; None where Pillow must."""
    if header.mode not in ("RGB", "L") or header.format not in (*_JPEG, "PNG"):
        return None
    num_pixels = header.height * header.width
    if num_pixels > _CV2_MAX_PIXELS or (flag == cv2.IMREAD_COLOR_RGB and 3 * num_pixels > _CV2_MAX_BYTES):
        return None
    # OpenCV fills what is cut off with grey and says nothing, so only files with their end in place go this way.
    tail = _last_bytes(path).rstrip(b"\0\r\n")
    if not tail.endswith(b"IEND\xaeB`\x82" if header.format == "PNG" else b"\xff\xd9"):
        return None
    flag |= cv2.IMREAD_IGNORE_ORIENTATION
    image: npt.NDArray[np.generic] | None
    image = _decode_in_place(path, header, flag) if num_pixels >= _LARGE_PIXELS else None
    if image is None:
        image = cv2.imdecode(np.fromfile(path, np.uint8), flag)
    if image is None:
        return None
    flag &= ~cv2.IMREAD_IGNORE_ORIENTATION
    if flag != cv2.IMREAD_COLOR_RGB:  # the reduced variants only come as BGR
        image = cv2.cvtColor(cast(RgbImage, image), cv2.COLOR_BGR2RGB)
    return cast(RgbImage, _turn_upright(image, header.orientation))


def _decode_in_place(path: Path, header: Header, flag: int) -> RgbImage | None:
    """Decodes a large image straight into its array: `imdecode` would copy it, and need its memory twice."""
    if flag != cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION:
        return None
    height, width = header.height, header.width
    if header.orientation in (5, 6, 7, 8):  # stored lying on its side
        height, width = width, height
    pixels = np.empty((height, width, 3), np.uint8)
    return cast("RgbImage | None", cv2.imread(str(path), pixels, flag))


def _last_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 64, 0))
        return file.read()


def _turn_upright(image: npt.NDArray[np.generic], orientation: int) -> npt.NDArray[np.generic]:
    """Undoes the camera's rotation. EXIF 2.32 section 4.6.4, tag 0x0112."""
    match orientation:
        case 2:
            return image[:, ::-1]
        case 3:
            return image[::-1, ::-1]
        case 4:
            return image[::-1]
        case 5:
            return image.swapaxes(0, 1)
        case 6:
            return np.rot90(image, -1)
        case 7:
            return np.rot90(image, 2).swapaxes(0, 1)
        case 8:
            return np.rot90(image)
    return image


def _decode_pillow(path: Path) -> RgbImage:
    with Image.open(path, formats=PILLOW_FORMATS) as image:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)  # else it is copied, turned or not
        if image.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
            grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
            return cast(RgbImage, cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))
        if image.mode in ("I", "F"):
            return _stretch(np.asarray(image, np.float64))
        return _rgb_of(image)


def _rgb_of(image: Image.Image) -> RgbImage:
    """Copies the pixels of an image, a strip at a time: at once they would be in memory three times."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    num_rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, num_rows):
        bottom = min(top + num_rows, image.height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)).convert("RGB"))
    return pixels


def _stretch(values: npt.NDArray[np.float64]) -> RgbImage:
    """Maps the finite range of `values` linearly to 0..255 and repeats it as RGB. [H, W] -> [H, W, 3]."""
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    scaled = (np.where(finite, values, low) - low) * (255 / (high - low) if high > low else 0)
    return cast(RgbImage, cv2.cvtColor(np.rint(scaled).astype(np.uint8), cv2.COLOR_GRAY2RGB))
