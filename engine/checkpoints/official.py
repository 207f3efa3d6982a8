"""Archives of the original project: a snapshot `*.pth.tar`, its `config.ini` and the dataset's `metadata.bin`.

The snapshot is `{"config": text, "state_dict": {module: weights}, "training_meta": ...}`; it is a pickle, and read with
`weights_only`, which builds tensors and plain containers and nothing else.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seamseg_studio.engine.checkpoints.archive import Archive
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.checkpoints.weights import check_weights, with_counters
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.seamseg_metadata import read_metadata_taxonomy, unpack_metadata
from seamseg_studio.engine.model.config import Config, load_config
from seamseg_studio.engine.scene.taxonomy import Taxonomy

MODULES = ("body", "rpn_head", "roi_head", "sem_head")
_SNAPSHOT_ENDINGS = (".pth.tar", ".pth", ".pt")
# What torch's unpickler answers to damaged or forbidden content
_DAMAGE = (
    pickle.UnpicklingError, struct.error, RuntimeError, EOFError, ValueError, LookupError, OSError, TypeError,
    AttributeError, AssertionError, ArithmeticError,
)  # fmt: skip
_CONFIG, _METADATA = "config.ini", "metadata.bin"


def import_official(path: Path | str) -> tuple[Config, Taxonomy, dict[str, Tensor]]:
    """Reads an official archive.

    Args:
        path: A .zip or folder with the three files, or the snapshot with the others beside it. Without a config.ini the
            config inside the snapshot is used.

    Returns:
        The configuration, the taxonomy and the weights by name, 32 bits, on the CPU. Training state is left out.

    Raises:
        BundleError: A file is missing or damaged, the snapshot holds code, or the three do not belong together.
        ConfigError: The configuration cannot be used.
    """
    path = Path(path)
    if not path.exists():
        raise BundleError(f"{path}: no such file or folder; check the name")
    is_snapshot = path.is_file() and path.name.endswith(_SNAPSHOT_ENDINGS)
    archive = Archive(path.parent if is_snapshot else path)
    snapshot_name = path.name if is_snapshot else _find_snapshot(archive)
    snapshot = _load_snapshot(archive.read(snapshot_name), f"{archive.path}/{snapshot_name}")
    config = _read_config(archive, snapshot)
    taxonomy = _read_taxonomy(archive)
    weights = with_counters(_flatten(snapshot, path))
    check_weights(weights, config, taxonomy, str(path))
    return config, taxonomy, weights


def _find_snapshot(archive: Archive) -> str:
    found = [name for name in archive.names() if name.endswith(_SNAPSHOT_ENDINGS)]
    if len(found) != 1:
        number = "no snapshot" if not found else f"{len(found)} snapshots"
        raise BundleError(f"{archive.path}: holds {number} (*.pth.tar); name the one to import")
    return found[0]


def _load_snapshot(data: bytes, source: str) -> Mapping[str, Any]:
    try:
        snapshot = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise BundleError(f"{source}: is damaged or holds more than weights ({reason}); get it again") from error
    if not isinstance(snapshot, Mapping) or not isinstance(snapshot.get("state_dict"), Mapping):
        raise BundleError(f"{source}: is not a snapshot of the original project; it has no 'state_dict'")
    return snapshot


def _read_config(archive: Archive, snapshot: Mapping[str, Any]) -> Config:
    found = archive.find(_CONFIG)
    if found is not None:
        text = archive.read(found).decode("utf-8", errors="replace")
        return load_config(text + "\n", name=f"{archive.path}/{found}", strict=False)
    inside = snapshot.get("config")
    if not isinstance(inside, str):
        raise BundleError(f"{archive.path}: has no {_CONFIG}, nor is one in the snapshot; put it beside the snapshot")
    return load_config(inside + "\n", name=f"{archive.path}: the config in the snapshot", strict=False)


def _read_taxonomy(archive: Archive) -> Taxonomy:
    found = archive.find(_METADATA)
    if found is None:
        raise BundleError(f"{archive.path}: has no {_METADATA}, which names the categories; put it beside the snapshot")
    source = archive.path / found
    try:
        return read_metadata_taxonomy(unpack_metadata(archive.read(found), source), source)
    except FormatError as error:
        raise BundleError(str(error)) from error


def _flatten(snapshot: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """Joins the weights of the four modules; optimizer state and meters beside them are left out."""
    weights: dict[str, Tensor] = {}
    for module in MODULES:
        part = snapshot["state_dict"].get(module)
        if not isinstance(part, Mapping):
            raise BundleError(f"{path}: its snapshot has no weights of {module}; get it again from its source")
        for name, tensor in part.items():
            if not isinstance(tensor, Tensor):
                raise BundleError(f"{path}: {module}.{name} is no tensor; get it again from its source")
            weights[f"{module}.{name}"] = tensor.float() if tensor.is_floating_point() else tensor
    return weights
