"""Writing files whole or not at all, and finding where they really are."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

# Read once at import: the system offers no way to read it without setting it, which other threads would notice.
_UMASK = os.umask(0o022)
os.umask(_UMASK)


NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""For `os.open`: fail if the name is that of a link (where the system knows such a thing)."""


def finite(path: Path) -> Path:
    """Returns a path that can be read to its end: a pipe or a device, also behind a link, may have none.

    Raises:
        OSError: It is one, or there is nothing.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "is a device or a pipe, not a file", str(path))
    return path


def open_own(path: Path, mode: Literal["ab", "wb"]) -> BinaryIO:
    """Opens a file of ours to write at its end or anew, never through a link: the folder may come from a stranger.

    Raises:
        OSError: It is a link, a pipe or a device, or cannot be opened.
    """
    with suppress(FileNotFoundError):
        finite(path)  # else opening a pipe waits for who reads it
    how = os.O_APPEND if mode == "ab" else os.O_TRUNC
    flags = os.O_WRONLY | os.O_CREAT | how | NO_LINK | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o666), mode)


@dataclass(slots=True)
class _Together:
    """The files that appear at the end of a block: temporary path, path, and whether to fsync the folder."""

    mark: str
    waiting: list[tuple[Path, Path, bool]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)


class _Here(threading.local):
    """The block that this thread is in."""

    together: _Together | None = None


_here = _Here()


def real_paths(paths: Iterable[Path]) -> list[Path]:
    """Returns where files really are, as `Path.resolve` does; of folders with many files, each is looked at once."""
    folders: dict[Path, str] = {}
    real: list[Path] = []
    for path in paths:
        if path.name in ("", ".."):
            real.append(path.resolve())
            continue
        folder = path.parent
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        file = os.path.join(folders[folder], path.name)
        real.append(Path(os.path.realpath(file) if os.path.islink(file) else file))
    return real


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
    together = _here.together
    mark = f".{together.mark}" if together is not None else ""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=f"{mark}.part")
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
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if together is not None:
        together.waiting.append((temporary, path, durable))
        together.paths.append(path)
    else:
        _put_in_place(temporary, path, durable)


@contextmanager
def all_or_none(mark: str) -> Iterator[list[Path]]:
    """Lets the files that this thread writes in the block appear at its end, in their order; none if the block fails.

    Until then they are not there to be read. One whose renaming fails leaves those before it in place.

    Args:
        mark: Put into the names of the temporary files, so that `sweep_parts` knows those of a process that was killed.

    Yields:
        The files, as they are added.

    Raises:
        OSError: A file cannot be put into its place.
    """
    outer, together = _here.together, _Together(mark)
    _here.together = together
    try:
        try:
            yield together.paths
        finally:
            _here.together = outer
        while together.waiting:
            _put_in_place(*together.waiting.pop(0))
    finally:
        for temporary, _, _ in together.waiting:
            temporary.unlink(missing_ok=True)


def sweep_parts(folder: Path, mark: str) -> int:
    """Removes what a killed process left below a folder of the files it wrote with `all_or_none` and this mark.

    Returns:
        The number of files removed.
    """
    pattern = re.compile(rf"\..*\.[a-z0-9_]{{8}}\.{re.escape(mark)}\.part", re.DOTALL)
    num_removed = 0
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names if pattern.fullmatch(name)):
            if not path.is_symlink():
                path.unlink(missing_ok=True)
                num_removed += 1
    return num_removed


def _put_in_place(temporary: Path, path: Path, durable: bool) -> None:
    try:
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        sync_folder(path.parent)


def atomic_write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replaces the content of `path` by `data`, whole or not at all.

    Raises:
        OSError: As for `atomic_path`.
    """
    with atomic_path(path, durable=durable) as temporary:
        temporary.write_bytes(data)
