"""The checksums of a PNG file: its pixels may be other ones without any decoder saying so."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from seamseg_studio.engine.formats.errors import ImageError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIECE_BYTES = 1 << 20
# What decides on the pixels; libraries differ in whether they look at the checksums of these.
_DECISIVE = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def check_chunks(path: Path) -> None:
    """Checks the checksum of every chunk of a PNG that decides on its pixels (PNG 3rd edition, section 5.5).

    Raises:
        ImageError: One is wrong, or the file ends before its end.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(_SIGNATURE)) != _SIGNATURE:
            raise _damage(path, "no signature")
        kind = b""
        while kind != b"IEND":
            head = file.read(8)
            if len(head) < 8:
                raise _damage(path, "it ends too early")
            length, kind = struct.unpack(">I4s", head)
            if kind not in _DECISIVE:
                file.seek(length + 4, 1)
                continue
            checksum = zlib.crc32(kind)
            while length:
                piece = file.read(min(length, _PIECE_BYTES))
                if not piece:
                    raise _damage(path, "it ends too early")
                checksum = zlib.crc32(piece, checksum)
                length -= len(piece)
            if file.read(4) != struct.pack(">I", checksum):
                raise _damage(path, f"the checksum of {kind.decode()} is wrong")


def png_size(data: bytes) -> tuple[int, int]:
    """Returns height and width that the header of a PNG in memory says, before anything is decoded.

    Raises:
        ValueError: The bytes begin like no PNG; decoders would try them as any other kind of image.
    """
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < 24:
        raise ValueError("it is not a PNG image")
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def _damage(path: Path, reason: str) -> ImageError:
    return ImageError(f"{path}: damaged or cut off ({reason}); get the file again from its source")
