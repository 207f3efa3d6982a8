"""Checkpointed labels: an id image and a provenance image as PNG, tied together by a JSON sidecar.

The same two images also lie there as runs, which are much faster to read; the PNG files are for people and other
programs, and for the day on which the runs are damaged.

A checkpoint is never overwritten: each gets files of its own, and the database says which one counts. So a crash
between two files leaves the old checkpoint whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write, finite
from seamseg_studio.engine.formats.png_chunks import png_size
from seamseg_studio.engine.formats.runs import measure_segments
from seamseg_studio.engine.project.category_keys import KeyedTaxonomy
from seamseg_studio.engine.project.errors import DamagedError, ProjectError
from seamseg_studio.engine.project.run_file import decode_runs, encode_runs
from seamseg_studio.engine.scene.geometry import Box
from seamseg_studio.engine.scene.panoptic_map import PanopticMap
from seamseg_studio.engine.scene.patch import record_from_json, record_to_json
from seamseg_studio.engine.scene.taxonomy import VOID

_VERSION = 1
_FEW_SEGMENTS = 1000
# Labels are long runs: the RLE strategy compresses them as well as the slow ones, many times faster.
_PNG_OPTIONS = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)


@dataclass(frozen=True, slots=True)
class LabelledOf:
    """What a label file says about where it belongs: enough to rebuild a lost database."""

    image_id: int
    image_path: str
    image_name: str
    sha256: str
    status: str
    entry: int
    variant: int = 0  # tells files of one entry apart


def encode_png(pixels: NDArray[np.generic]) -> bytes:
    """Returns an 8-bit or 16-bit grey image, or an 8-bit RGB one, as PNG."""
    if pixels.ndim == 3:
        pixels = pixels[..., ::-1]
    success, data = cv2.imencode(".png", np.ascontiguousarray(pixels), _PNG_OPTIONS)
    assert success
    return data.tobytes()


def encode_ids(ids: NDArray[np.int32]) -> bytes:
    """Returns an id image as PNG: 16-bit grey if the ids fit, else RGB with id = R + 256 G + 65536 B."""
    if int(ids.max(initial=0)) <= 0xFFFF:
        return encode_png(ids.astype(np.uint16))
    octets = np.ascontiguousarray(ids, dtype="<i4").view(np.uint8).reshape(*ids.shape, 4)
    return encode_png(octets[..., :3])


def decode_png(data: bytes, path: Path) -> NDArray[np.generic]:
    """Reads what `encode_png` gives, RGB in that order.

    Raises:
        DamagedError: The bytes are no PNG.
        MemoryError: There is no room for its pixels.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:  # that is no damage
            raise MemoryError(f"{path}: there is no memory for it") from error
        raise DamagedError(path, "it is not a PNG image") from error
    if pixels is None:
        raise DamagedError(path, "it is not a PNG image")
    return pixels[..., ::-1] if pixels.ndim == 3 else pixels


def decode_ids(data: bytes, path: Path) -> NDArray[np.int32]:
    """Reads what `encode_ids` gives. [H, W] int32.

    Raises:
        DamagedError: The bytes are no PNG.
    """
    pixels = decode_png(data, path)
    if pixels.ndim == 2:
        return pixels.astype(np.int32)
    octets = np.zeros((*pixels.shape[:2], 4), dtype=np.uint8)
    octets[..., :3] = pixels
    return octets.view("<i4")[..., 0].astype(np.int32, copy=False)


def write_labels(
    folder: Path, panoptic_map: PanopticMap, keyed: KeyedTaxonomy, of: LabelledOf, *, by_key: bool = False
) -> str:
    """Writes a checkpoint and returns the name of its sidecar.

    Args:
        folder: Where to.
        panoptic_map: The labels.
        keyed: The categories; the sidecar lists them, and names those of segments by key.
        of: Where the labels belong.
        by_key: Whether the categories of the map are keys already, not places in the list.

    Raises:
        OSError: The disk is full or not writable; at most unused files are left behind.
    """
    stem = f"{of.image_id:06d}.{of.entry}" + (f"-{of.variant}" if of.variant else "")
    files = {
        "ids": (f"{stem}.png", encode_ids(panoptic_map.ids)),
        "provenance": (f"{stem}.provenance.png", encode_png(panoptic_map.provenance)),
        "runs": (f"{stem}.runs", encode_runs(panoptic_map.ids, panoptic_map.provenance)),
    }
    for name, data in files.values():
        atomic_write(folder / name, data)
    boxes = _boxes_of(panoptic_map)
    content = {
        "version": _VERSION,
        "image": {
            "id": of.image_id,
            "path": of.image_path,
            "name": of.image_name,
            "sha256": of.sha256,
            "status": of.status,
            "height": panoptic_map.shape[0],
            "width": panoptic_map.shape[1],
        },
        "entry": of.entry,
        "next_id": panoptic_map.next_id(),
        "files": {key: {"name": name, "sha256": _sha256(data)} for key, (name, data) in files.items()},
        "segments": [
            {
                "id": i,
                **(record_to_json(segment) or {}),
                "category": segment.category if by_key else keyed.keys[segment.category],
                "area": panoptic_map.area(i),
                "bbox": boxes[i],
            }
            for i, segment in panoptic_map.segments.items()
        ],
        "taxonomy": keyed.to_json(),
    }
    content["checksum"] = _sha256(_canonical(content))
    name = f"{stem}.json"
    atomic_write(folder / name, json.dumps(content, ensure_ascii=False, indent=1).encode())
    return name


def _boxes_of(panoptic_map: PanopticMap) -> dict[int, Box]:
    """Returns the smallest box around each segment; of very many, all are found in one pass over the pixels."""
    if len(panoptic_map.segments) <= _FEW_SEGMENTS:
        return {i: panoptic_map.bbox(i) for i in panoptic_map.segments}
    table = measure_segments(panoptic_map.ids)
    return {i: Box(*box) for i, box in zip(table.ids.tolist(), table.boxes.tolist(), strict=True)}


def read_sidecar(path: Path) -> Mapping[str, object]:
    """Reads a sidecar and checks that it is whole.

    Raises:
        DamagedError: It is missing or not what was written.
        ProjectError: A later version of the program wrote it.
    """
    try:
        content = json.loads(finite(path).read_bytes())
        checksum = content.pop("checksum")
        if checksum != _sha256(_canonical(content)):
            raise DamagedError(path, "its checksum is wrong")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(path, error) from error
    if content["version"] > _VERSION:
        raise ProjectError(f"{path}: was written by a newer version of this program; update the program")
    assert isinstance(content, dict)
    return content


def read_labels(path: Path, shape: tuple[int, int] | None = None) -> PanopticMap:
    """Reads a checkpoint by its sidecar: the runs, or the PNG files if the runs are damaged. Categories are keys.

    Args:
        path: The sidecar.
        shape: Of the image, where it is known; labels of another are refused before memory is taken for them.

    Raises:
        MemoryError: There is no room for them, which is no damage.
        DamagedError: Files are missing, not what was written, or together they are no partition.
        ProjectError: A later version of the program wrote it.
    """
    content = read_sidecar(path)
    try:
        records = content["segments"]
        assert isinstance(records, list)
        segments = {int(entry["id"]): record for entry in records if (record := record_from_json(entry)) is not None}
        try:
            ids, provenance = decode_runs(_file(path, content, "runs"), shape)
        except (DamagedError, OSError, ValueError):
            images = [_file(path, content, key) for key in ("ids", "provenance")]
            if any(shape not in (None, png_size(data)) for data in images):
                raise DamagedError(path, "its pictures have another size than their image") from None
            ids = decode_ids(images[0], path)
            provenance = decode_png(images[1], path).astype(np.uint8, copy=False)
        # The checksums say that these are the pixels that were counted when the sidecar was written.
        areas = {int(entry["id"]): int(entry["area"]) for entry in records}
        bounds = {int(entry["id"]): Box(*(int(value) for value in entry["bbox"])) for entry in records}
        num_void = ids.size - sum(areas.values())
        if num_void:
            areas[VOID], bounds[VOID] = num_void, Box(0, 0, ids.shape[0], ids.shape[1])
        survey = (areas, bounds)
        panoptic_map = PanopticMap(
            ids.astype(np.int32, copy=False), segments, provenance.astype(np.uint8, copy=False), survey
        )
        panoptic_map.reserve_ids(int(str(content["next_id"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(path, error) from error
    return panoptic_map


def _file(path: Path, content: Mapping[str, object], key: str) -> bytes:
    """Reads a file that a sidecar names, and checks it."""
    files = content["files"]
    assert isinstance(files, dict)
    file = path.parent / Path(files[key]["name"]).name
    data = finite(file).read_bytes()
    if _sha256(data) != files[key]["sha256"]:
        raise DamagedError(file, "its checksum is wrong")
    return data


def path_of(folder: Path, file: str) -> Path:
    """Returns where a file lies that the database names: in the folder of labels and nowhere else.

    Raises:
        DamagedError: The name leads out of it.
    """
    if Path(file).name != file or file in ("", "..") or "\0" in file:
        raise DamagedError(folder, f"the project names {file[:80]!r}, which is no file of labels")
    return folder / file


def files_of(folder: Path, sidecar: str) -> list[Path]:
    """Returns the files of a checkpoint, by the name of its sidecar."""
    stem = sidecar.removesuffix(".json")
    return [folder / f"{stem}{ending}" for ending in (".json", ".runs", ".png", ".provenance.png")]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _canonical(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
