"""One way in for a stranger's bytes, and how it is called."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from seamseg_studio.engine.errors import SeamsegError


@dataclass(frozen=True, slots=True)
class Target:
    """One way in.

    Attributes:
        run: Gives it bytes.
        seeds: Whole inputs.
        mutation: How documents of its kind are changed (see `mutation.MUTATIONS`).
        memory_mib: What it may take beyond the program itself.
    """

    run: Callable[[bytes, Path], None]
    seeds: Callable[[], list[bytes]]
    mutation: str = "bytes"
    memory_mib: int = 768


def quietly(*calls: Callable[[], object]) -> None:
    """Makes each call; what they say to people is fine, as long as it is one sentence."""
    for call in calls:
        try:
            call()
        except SeamsegError as error:
            text = str(error)
            assert text, "an error without a sentence"
            assert "\n" not in text, f"an error of several lines: {text!r}"


def unzipped(data: bytes) -> dict[str, bytes] | None:
    """The members of a .zip, whatever their checksums say; None if it is none or much too large."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = {}
            for info in archive.infolist()[:20]:
                if info.file_size > 1 << 22 or info.compress_type != zipfile.ZIP_STORED:
                    return None
                start = info.header_offset + 30 + len(info.filename.encode())
                found[info.filename] = data[start : start + info.file_size]
            return found
    except Exception:  # noqa: BLE001 - the fuzzer's own look into an archive that may be anything
        return None
