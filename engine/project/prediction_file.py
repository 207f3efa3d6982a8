"""Predictions kept beside corrections: one zip with the id image, the second choice and the scores."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write, finite
from seamseg_studio.engine.formats.png_chunks import png_size
from seamseg_studio.engine.project.errors import DamagedError
from seamseg_studio.engine.project.run_file import decode_runs, encode_runs
from seamseg_studio.engine.scene.panoptic_result import PanopticResult

_UNCERTAINTY_SCALE = 4  # it is smooth: the network makes it at a quarter of the size of what it sees
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LABEL_MEMBERS = ("prediction.json", "ids.runs")
_MEMBERS = (*_LABEL_MEMBERS, "second_choice.runs", "uncertainty.png")
# What reading a zip may come to, if any bit of it may be another.
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    RuntimeError,
    RecursionError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    cv2.error,
)
_REMEDY = "open the image in the studio and choose 'Open what can be read', or let the model label this image again"


def write_prediction(path: Path, result: PanopticResult, bundle: str, keys: Sequence[int]) -> None:
    """Writes a prediction, without the network's raw output, which the model can make again.

    Args:
        path: The file.
        result: What the model said; categories are places in the project's list.
        bundle: The model.
        keys: The keys of that list.

    Raises:
        OSError: The disk is full or not writable; `path` is then as it was.
    """
    content = {
        "version": 1,
        "bundle": bundle,
        "fingerprint": result.fingerprint,
        "keys": list(keys),
        "categories": result.categories.tolist(),
        "scores": [float(score) for score in result.scores],
        "is_crowd": [bool(flag) for flag in result.is_crowd],
        "timings_ms": {name: float(value) for name, value in result.timings_ms.items()},
        "has": [result.second_choice is not None, result.uncertainty is not None],
    }
    buffer = io.BytesIO()
    # The images are compressed already; the zip keeps the members together.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member("prediction.json"), json.dumps(content))
        archive.writestr(_member("ids.runs"), encode_runs(result.ids))
        if result.second_choice is not None:
            archive.writestr(_member("second_choice.runs"), encode_runs(result.second_choice))
        if result.uncertainty is not None:
            archive.writestr(_member("uncertainty.png"), _shrunk(result.uncertainty))
    atomic_write(path, buffer.getvalue())


def read_prediction(
    path: Path, shape: tuple[int, int] | None = None, *, labels_only: bool = False
) -> tuple[PanopticResult, list[int] | None]:
    """Reads what `write_prediction` wrote: the prediction, and the keys of the categories of that time.

    Files of older projects have no keys: None; and no fingerprint of the model: an empty one.

    Args:
        path: The file.
        shape: Of the image, where it is known.
        labels_only: Leaves out the second choice and the uncertainty.

    Raises:
        DamagedError: The file is missing or not what was written.
        MemoryError: There is no room for it, which is no damage.
    """
    try:
        with zipfile.ZipFile(finite(path)) as archive:
            members = _members(archive, path.stat().st_size, _LABEL_MEMBERS if labels_only else _MEMBERS)
        content = json.loads(members["prediction.json"])
        ids = decode_runs(members["ids.runs"], shape)[0].astype(np.int32, copy=False)
        has = ["second_choice.runs" in members, "uncertainty.png" in members]
        if not labels_only and content.get("has", has) != has:
            raise ValueError("a part of it is missing")
        second_choice = uncertainty = None
        if "second_choice.runs" in members:
            second_choice = decode_runs(members["second_choice.runs"], (ids.shape[0], ids.shape[1]))[0].astype(
                np.uint8, copy=False
            )
        if "uncertainty.png" in members:
            uncertainty = _enlarged(members["uncertainty.png"], (ids.shape[0], ids.shape[1]))
        keys = content.get("keys")
        result = PanopticResult(
            ids,
            np.array(content["categories"], dtype=np.int64),
            np.array(content["scores"], dtype=np.float32),
            np.array(content["is_crowd"], dtype=np.bool_),
            second_choice,
            timings_ms={str(name): float(value) for name, value in content["timings_ms"].items()},
            uncertainty=uncertainty,
            fingerprint=str(content.get("fingerprint", "")),
        )
        return result, None if keys is None else [int(key) for key in keys]
    except _DAMAGE as error:
        raise DamagedError(path, error, _REMEDY) from error


def _member(name: str) -> zipfile.ZipInfo:
    """A member of a zip, of no time: a clock that is wrong may tell one that no zip can hold."""
    return zipfile.ZipInfo(name, _EPOCH)


def _members(archive: zipfile.ZipFile, num_bytes: int, wanted: Sequence[str]) -> dict[str, bytes]:
    """Reads the wanted members of an archive of so many bytes.

    Raises:
        ValueError: One has a name or a compression that is never written: a slip of a bit, or something that unpacks to
            more than it is.
    """
    members = {}
    if sum(member.file_size + member.compress_size for member in archive.infolist()) > 2 * num_bytes:
        raise ValueError("its parts claim more bytes than it has")
    for member in archive.infolist():
        if member.filename not in _MEMBERS or member.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"it holds {member.filename!r}, which is not written like this")
        if member.filename in wanted:
            members[member.filename] = archive.read(member)
    return members


def _shrunk(uncertainty: NDArray[np.uint8]) -> bytes:
    size = (-(-uncertainty.shape[1] // _UNCERTAINTY_SCALE), -(-uncertainty.shape[0] // _UNCERTAINTY_SCALE))
    return bytes(cv2.imencode(".png", cv2.resize(uncertainty, size, interpolation=cv2.INTER_AREA))[1])


def _enlarged(data: bytes, shape: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = png_size(data)
    if height > shape[0] or width > shape[1]:
        raise ValueError("its uncertainty is larger than its labels")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError("its uncertainty is no image")
    return np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.uint8)
