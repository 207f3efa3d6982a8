"""Model files in a folder or a .zip, read without trusting either: nothing is ever unpacked to disk."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.files import finite

MAX_MEMBERS = 1000
MAX_BYTES = 8 * 2**30
MAX_RATIO = 200  # uncompressed to compressed; weights hardly compress at all
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading a .zip may come to, if any bit of it may be another
_DAMAGE = (
    zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError, LookupError, OverflowError,
    struct.error, zlib.error,
)  # fmt: skip
_SMALL_BYTES = 2**20  # below this any ratio will do: text files compress well


class Archive:
    """The files of a folder, of a single file's folder, or of a .zip, by their path inside.

    Args:
        path: The folder or .zip.

    Raises:
        BundleError: It is neither, or the .zip is damaged, too large, or names files outside of itself.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._members: dict[str, zipfile.ZipInfo] = {}
        if path.is_dir():
            self._is_zip = False
            return
        self._is_zip = True
        try:
            with zipfile.ZipFile(finite(path)) as archive:
                infos = archive.infolist()
            num_bytes = path.stat().st_size
        except FileNotFoundError as error:
            raise BundleError(f"{path}: no such file or folder; check the name") from error
        except _DAMAGE as error:
            raise BundleError(f"{path}: is no readable .zip ({_said(error)}); get it again from its source") from error
        _check_members(path, infos, num_bytes)
        self._members = {info.filename: info for info in infos if not info.is_dir()}

    def names(self) -> list[str]:
        """The paths of all files, sorted, with forward slashes."""
        if self._is_zip:
            return sorted(self._members)
        files = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.path).as_posix() for path in files)

    def find(self, name: str) -> str | None:
        """The path of the file called `name`, at the top or in the only folder that has one."""
        found = [path for path in self.names() if PurePosixPath(path).name == name]
        if name in found:
            return name
        return found[0] if len(found) == 1 else None

    def read(self, name: str, max_bytes: int = MAX_BYTES) -> bytes:
        """Reads a file whole.

        Raises:
            BundleError: It is missing, damaged or of more than `max_bytes`.
        """
        try:
            if self._size(name) > max_bytes:
                raise BundleError(f"{self.path}: {name} is larger than it can be in a model; this is not a model")
            if not self._is_zip:
                return (self.path / name).read_bytes()
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self._members[name])
        except (FileNotFoundError, KeyError) as error:
            raise BundleError(f"{self.path}: has no file {name}; get the model again from its source") from error
        except MemoryError as error:
            raise BundleError(f"{self.path}: {name} needs more memory than there is; close other programs") from error
        except _DAMAGE as error:
            reason = _said(error)
            raise BundleError(f"{self.path}: {name} cannot be read ({reason}); get it again from its source") from error

    def _size(self, name: str) -> int:
        return self._members[name].file_size if self._is_zip else finite(self.path / name).stat().st_size


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _check_members(path: Path, infos: list[zipfile.ZipInfo], num_bytes: int) -> None:
    """Refuses what no model is, by the list of files alone.

    Args:
        path: The .zip.
        infos: Its list.
        num_bytes: Its size.
    """
    if len(infos) > MAX_MEMBERS:
        raise BundleError(f"{path}: holds {len(infos)} files, a model has a few; this is not a model")
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise BundleError(f"{path}: would unpack to more than {MAX_BYTES // 2**30} GB; this is not a model")
    # Files that share their bytes, or claim more than there are, are how a small .zip fills a memory.
    if sum(info.compress_size for info in infos) > num_bytes:
        raise BundleError(f"{path}: its files claim more bytes than it has; do not use this file")
    for info in infos:
        name = PurePosixPath(info.filename)
        outside = name.is_absolute() or ".." in name.parts or "\\" in info.filename or ":" in info.filename
        if not info.filename or info.compress_type not in _METHODS:
            raise BundleError(f"{path}: is packed in a way that models are not; pack it again as an ordinary .zip")
        if outside or stat.S_ISLNK(info.external_attr >> 16):
            raise BundleError(f"{path}: names a file outside of itself ({info.filename[:80]!r}); do not use this file")
        if info.file_size > _SMALL_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise BundleError(
                f"{path}: {info.filename[:80]!r} unpacks to {info.file_size:,} bytes, suspiciously many; not used"
            )
