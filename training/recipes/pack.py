"""Training samples in one zip file: photographs, PNG labels, one JSON of the rest.

A photograph that need not be scaled is stored byte by byte as it was. Compressing it once more would cost more than it
seems: what a network learns of thin things in smoothed photos it does not find in others, nor the other way round.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from seamseg_studio.engine.files import atomic_path
from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.sample import Sample, compact

INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class PackedSample:
    """A sample with the set and the part ("train", "val") that it belongs to, and the file of its image, if any."""

    sample: Sample
    source: str
    split: str
    photo: Path | None = None


def write_pack(
    path: Path, samples: Iterable[PackedSample], *, longest_px: Mapping[str, int], quality: Mapping[str, int]
) -> int:
    """Writes samples, larger ones scaled down.

    Args:
        path: The zip file.
        samples: Taken one by one.
        longest_px: Longest side of a stored image, by source.
        quality: Of the WebP files that take the place of those scaled down, by source.

    Returns:
        How many samples were written.
    """
    index = []
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for number, packed in enumerate(samples):
            sample = compact(packed.sample)
            height, width = sample.size
            scale = min(1.0, longest_px[packed.source] / max(height, width))
            size = max(1, round(width * scale)), max(1, round(height * scale))
            dtype = np.uint8 if len(sample.categories) < 256 else np.uint16
            ids = Image.fromarray(sample.ids.astype(dtype)).resize(size, Image.Resampling.NEAREST)
            key = f"{packed.source}/{number:05d}"
            if packed.photo is not None and scale == 1:
                photo = f"{key}{packed.photo.suffix}"
                archive.write(packed.photo, photo)
            else:
                photo = f"{key}.webp"
                image = Image.fromarray(sample.image).resize(size, Image.Resampling.BICUBIC)
                archive.writestr(photo, _encode(image, "WEBP", quality=quality[packed.source]))
            archive.writestr(f"{key}.png", _encode(ids, "PNG", optimize=True))
            index.append(
                {
                    "key": key,
                    "photo": photo,
                    "name": sample.name,
                    "source": packed.source,
                    "split": packed.split,
                    "categories": sample.categories.tolist(),
                    "is_crowd": np.flatnonzero(sample.is_crowd).tolist(),
                }
            )
        archive.writestr(INDEX, json.dumps(index, separators=(",", ":")))
    return len(index)


def read_pack(path: Path) -> list[PackedSample]:
    """Reads all samples into memory, decoded.

    Raises:
        TrainingInputError: The file is missing or no pack.
    """
    try:
        with zipfile.ZipFile(path) as archive, ThreadPoolExecutor() as pool:
            entries = json.loads(archive.read(INDEX))
            files = [(archive.read(_photo_of(entry)), archive.read(f"{entry['key']}.png")) for entry in entries]
            return list(pool.map(_decode, entries, files))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TrainingInputError(f"{path}: is no pack of training samples ({error}); run `prepare` again") from error


def _photo_of(entry: dict[str, Any]) -> str:
    return str(entry.get("photo", f"{entry['key']}.webp"))  # older packs do not say


def _decode(entry: dict[str, Any], files: tuple[bytes, bytes]) -> PackedSample:
    image = np.array(Image.open(io.BytesIO(files[0])).convert("RGB"))
    ids = np.array(Image.open(io.BytesIO(files[1]))).astype(np.int32)
    categories = np.array(entry["categories"], dtype=np.int64)
    is_crowd = np.zeros(len(categories), dtype=np.bool_)
    is_crowd[entry["is_crowd"]] = True
    return PackedSample(
        Sample(str(entry["name"]), image, ids, categories, is_crowd), str(entry["source"]), str(entry["split"])
    )


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
