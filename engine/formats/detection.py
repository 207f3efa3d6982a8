"""Finding out which format a dataset has, from the files that only it has."""

from __future__ import annotations

from pathlib import Path

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.files import finite
from seamseg_studio.engine.formats.registry import FORMATS, Format

_HEAD_CHARACTERS = 1 << 16


def detect_format(path: Path) -> Format:
    """Returns the format of the dataset at `path`, a folder or an index file.

    Raises:
        InputError: There is nothing at `path`, or nothing that is known.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the name")
    try:
        name = _of_file(path) if path.is_file() else _of_folder(path)
    except OSError as error:
        raise InputError(f"{error.filename or path}: cannot be read ({error.strerror}); check the dataset") from error
    if name is None:
        readable = ", ".join(entry.name for entry in FORMATS.values() if entry.reads)
        raise InputError(f"{path}: holds no dataset of a known format; name the format, one of {readable}")
    return FORMATS[name]


def _of_folder(folder: Path) -> str | None:
    if (folder / "metadata.bin").exists():
        return "seamseg"
    if (folder / "gtFine").is_dir() or next(folder.glob("*/*/*_gtFine_instanceIds.png"), None):
        return "cityscapes"
    if any((folder / name).is_file() for name in ("config_v2.0.json", "config_v1.2.json", "config.json")):
        return "vistas"
    if (folder / "SegmentationClass").is_dir():
        return "voc"
    if (folder / "data.yaml").is_file() and ((folder / "labels").is_dir() or next(folder.glob("*/labels"), None)):
        return "yolo"
    indexes = sorted(path for path in folder.glob("*.json") if path.name != "taxonomy.json")
    if indexes and _of_file(indexes[0]) == "labelme":
        return "labelme"
    for preferred in (folder / "panoptic.json", folder / "instances.json"):
        if preferred in indexes:  # beside it there may be one of each part
            return _of_file(preferred)
    return _of_file(indexes[0]) if len(indexes) == 1 else None


def _of_file(path: Path) -> str | None:
    if path.name == "data.yaml":
        return "yolo"
    if path.suffix.lower() != ".json":
        return None
    with finite(path).open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD_CHARACTERS)
        text = head
        if '"shapes"' in head and '"annotations"' not in head:
            return "labelme"
        # Image lists come first and may be long: looks on until the first annotation.
        while text and '"segments_info"' not in head and '"segmentation"' not in head:
            text = file.read(_HEAD_CHARACTERS)
            head = head[-32:] + text
    if '"segments_info"' in head:
        return "coco-panoptic"
    if '"segmentation"' in head:
        return "coco-instances"
    return None
