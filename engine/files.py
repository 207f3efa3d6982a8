"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Read once at import: the system offers no way to read it without setting it, which other threads would notice.
_UMASK = os.umask(0o022)
os.umask(_UMASK)


def sync_folder(folder: Path) -> None:
    """Makes renames inside `folder` survive a power loss, where the system can (Windows cannot open folders)."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def atomic_path(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yields a temporary path beside `path`; renames it onto `path` if the block succeeds, else removes it.

    Args:
        path: The final file. Its folder must exist.
        durable: Whether to fsync the file and its folder (off for large regenerable outputs).

    Raises:
        OSError: The disk is full, the folder is not writable, ...; `path` is then as it was.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".part")
    except OSError as error:
        # A person knows the file they asked for, not our temporary one.
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_UMASK)  # mkstemp makes private files; a saved file is as any other
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replaces the content of `path` by `data`, whole or not at all.

    Raises:
        OSError: As for `atomic_path`.
    """
    with atomic_path(path, durable=durable) as temporary:
        temporary.write_bytes(data)
