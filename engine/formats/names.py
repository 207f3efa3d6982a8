"""File names from data: distinct, stable, and never a path to somewhere else."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.losses import Losses

RENAMED = "images named after their part too, as another part has one of that name"

_MAX_BYTES = 160  # leaves room for suffixes below the 255 bytes of common file systems
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def safe_name(text: str) -> str:
    """Makes a file name without suffix of any text; different texts give different names.

    Letters, digits, spaces and `._-+@()` are kept. Where anything had to be replaced a short hash of the whole text is
    added, so that `a/b` and `a_b` stay apart.
    """
    kept = "".join(char if char.isalnum() or char in " ._-+@()" else "_" for char in text).strip(" .")
    reserved = kept.split(".")[0].strip().lower() in _RESERVED
    if kept and kept == text and not reserved and len(kept.encode()) <= _MAX_BYTES:
        return kept
    while len(kept.encode()) > _MAX_BYTES - 12:
        kept = kept[:-1]
    return f"{'_' if reserved else ''}{kept or 'unnamed'}-{_hash(text)}"


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Gives every image a distinct name for its results: its own without suffix where no other has the same.

    Images that share a name (`a/1.jpg`, `b/1.jpg`, `a/1.png`, also `a/1.JPG`, as some file systems ignore case) get a
    hash of their place below the common folder added. The names depend on the set of paths only, not on their
    order, and stay the same if the common folder moves.

    Returns:
        One name for each path, in their order.
    """
    absolute = [Path(os.path.abspath(path)) for path in paths]
    root = Path(os.path.commonpath([path.parent for path in absolute])) if absolute else Path()
    groups = defaultdict(set)
    for path in absolute:
        groups[safe_name(path.stem).casefold()].add(path)
    names = []
    for path in absolute:
        name = safe_name(path.stem)
        if len(groups[name.casefold()]) > 1:
            name = f"{name}-{_hash(path.relative_to(root).as_posix())}"
        names.append(name)
    return names


def names_in_parts(stems: Sequence[tuple[str, str]], losses: Losses) -> list[str]:
    """Gives the images of a dataset whose parts are folders distinct names: the stem where no other part has the same.

    Args:
        stems: Part and stem of every image.
        losses: Where renamed images are counted.

    Returns:
        One name for each image, in their order.
    """
    numbers = Counter(safe_name(stem).casefold() for _, stem in stems)
    names = []
    for part, stem in stems:
        name = safe_name(stem)
        if numbers[name.casefold()] > 1:
            name = safe_name(f"{part}/{stem}")
            losses.add(RENAMED, name)
        names.append(name)
    return names


def path_inside(folder: Path, name: str, source: Path) -> Path:
    """Joins a file name found in a data file to its folder.

    Args:
        folder: Where the file must lie.
        name: A relative path in either system's notation.
        source: The data file, for the message.

    Raises:
        FormatError: The name is empty, absolute, or leads out of the folder.
    """
    parts = PureWindowsPath(name).parts if "\\" in name else PurePosixPath(name).parts
    outside = ".." in parts or PurePosixPath(name).is_absolute() or bool(PureWindowsPath(name).anchor)
    if outside or not parts or "\0" in name:
        raise FormatError(f"{source}: the file name {name!r} leads out of its folder; correct it in the file")
    return folder.joinpath(*parts)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
