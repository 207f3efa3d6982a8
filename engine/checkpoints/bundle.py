"""Model bundles: a folder or .zip with weights, config, taxonomy, card and the hashes of all four.

`model.safetensors`, `config.ini`, `taxonomy.json`, `card.md`, `manifest.json`. Weights are never pickled; nothing is
used whose hash is not that of the manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from seamseg_studio.engine.checkpoints import folder as models
from seamseg_studio.engine.checkpoints.archive import MAX_BYTES, Archive
from seamseg_studio.engine.checkpoints.errors import BundleError
from seamseg_studio.engine.checkpoints.folder import MANIFEST, STARTER
from seamseg_studio.engine.checkpoints.weights import count_parameters, with_counters
from seamseg_studio.engine.files import atomic_path, sync_folder
from seamseg_studio.engine.model.config import Config, dump_config, load_config
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import Taxonomy

FORMAT_VERSION = 1
WEIGHTS, CONFIG, TAXONOMY, CARD = (
    "model.safetensors",
    "config.ini",
    "taxonomy.json",
    "card.md",
)
_HASHED = (WEIGHTS, CONFIG, TAXONOMY, CARD)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same model gives the same .zip at any time
_MAX_TEXT_BYTES = 2**24  # of a config, taxonomy, card or manifest
_HALF_MAX = torch.finfo(torch.float16).max


@dataclass(frozen=True, slots=True)
class Bundle:
    """A model on disk, its small files read and all hashes checked.

    Attributes:
        path: The folder or .zip.
        name: What people call it.
        config: The network and how it was trained.
        taxonomy: Its categories.
        card: Markdown: data, licence, scores.
        manifest: Format version, hashes by file ("sha256"), "num_parameters", "half", "lineage".
    """

    path: Path
    name: str
    config: Config
    taxonomy: Taxonomy
    card: str
    manifest: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """Tells models apart that have the same name: a hash of what decides on their labels."""
        parts = (str(self.manifest["sha256"][name]) for name in (WEIGHTS, CONFIG, TAXONOMY))
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]

    def state_dict(self) -> dict[str, Tensor]:
        """Reads the weights, on the CPU and in 32 bits, complete for a strict `load_state_dict`.

        Raises:
            BundleError: The file has gone or changed since the bundle was loaded.
        """
        data = _Files(self.path).read(WEIGHTS)
        if hashlib.sha256(data).hexdigest() != self.manifest["sha256"][WEIGHTS]:
            raise BundleError(f"{self.path}: {WEIGHTS} has changed since it was checked; load the model again")
        weights = _parse_weights(data, self.path)
        return with_counters({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})


def resolve(spec: str | Path | None) -> Path:
    """Finds a bundle.

    Args:
        spec: None or "starter" for the bundled model, a path, or a name in `models_folder`.

    Raises:
        BundleError: There is none; the message lists the names there are.
    """
    if spec is None or str(spec) == STARTER:
        starter = Path(str(files("seamseg_studio.resources"))) / STARTER
        if not (starter / MANIFEST).is_file():
            raise BundleError(f"{starter}: the bundled model is missing; reinstall the program or name a model")
        return starter
    path = Path(spec).expanduser()
    if path.exists():
        return path
    folder = models.models_folder()
    for candidate in (folder / str(spec), folder / f"{spec}.zip"):
        if len(Path(spec).parts) == 1 and candidate.exists():
            return candidate
    there = sorted(entry.stem for entry in folder.iterdir()) if folder.is_dir() else []
    raise BundleError(f"{spec}: no such file, nor a model of that name; there are: {', '.join([STARTER, *there])}")


def load_bundle(spec: str | Path | None) -> Bundle:
    """Opens a bundle and checks it.

    Args:
        spec: As for `resolve`.

    Raises:
        BundleError: It is not a bundle, of a newer version, or a file's hash is wrong.
        ConfigError: Its config cannot be used.
    """
    path = resolve(spec)
    bundle_files = _Files(path)
    try:
        manifest = json.loads(bundle_files.read(MANIFEST))
        hashes = manifest["sha256"]
        number = manifest["format_version"]
        digests = {name: str(hashes[name]) for name in _HASHED}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"{path}: its {MANIFEST} is damaged; get the model again from its source") from error
    if number != FORMAT_VERSION:
        raise BundleError(
            f"{path}: has format version {number}, this program reads {FORMAT_VERSION}; update the program"
        )
    contents = {name: bundle_files.read(name) for name in _HASHED}
    for name, data in contents.items():
        if hashlib.sha256(data).hexdigest() != digests[name]:
            raise BundleError(f"{path}: the hash of {name} is wrong; get the model again from its source")
    try:
        taxonomy = Taxonomy.from_json(json.loads(contents[TAXONOMY]))
        config_text, card = (contents[name].decode("utf-8") for name in (CONFIG, CARD))
    except (TaxonomyError, ValueError, RecursionError) as error:
        raise BundleError(f"{path}: a text in it cannot be used ({error}); get the model again") from error
    config = load_config(config_text + "\n", name=f"{path}/{CONFIG}")
    name = manifest.get("name")
    return Bundle(path, name if isinstance(name, str) and name else path.stem, config, taxonomy, card, manifest)


def save_bundle(
    path: Path | str,
    *,
    name: str,
    config: Config,
    taxonomy: Taxonomy,
    state_dict: Mapping[str, Tensor],
    card: str,
    lineage: Mapping[str, Any] | None = None,
    half: bool = True,
) -> None:
    """Writes a bundle, whole or not at all; one that is there is replaced.

    Args:
        path: A folder, or a file that ends in .zip. Its parent is made if missing.
        name: What people call it.
        config: The network and how it was trained.
        taxonomy: Its categories.
        state_dict: Its weights.
        card: Markdown: data, licence, scores.
        lineage: Where it comes from, as JSON.
        half: Whether matrices are stored in 16 bits; norms, biases and statistics always keep 32.

    Raises:
        BundleError: `path` is there and no bundle.
        OSError: It cannot be written.
    """
    path = Path(path)
    weights = {key: _stored(tensor, half) for key, tensor in state_dict.items()}
    contents = {
        WEIGHTS: safetensors.torch.save(weights),
        CONFIG: dump_config(config).encode(),
        TAXONOMY: json.dumps(taxonomy.to_json(), ensure_ascii=False, indent=1).encode(),
        CARD: card.encode(),
    }
    manifest = {
        "format_version": FORMAT_VERSION,
        "name": name,
        "program": f"seamseg-studio {version('seamseg-studio')}",
        "num_parameters": count_parameters(weights),
        "half": half,
        "lineage": dict(lineage or {}),
        "sha256": {file: hashlib.sha256(data).hexdigest() for file, data in contents.items()},
    }
    contents[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        _write_zip(path, contents)
    else:
        _write_folder(path, contents)


class _Files:
    """The files of a bundle, wherever they lie in the folder or .zip."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive = Archive(path)
        manifest = self._archive.find(MANIFEST)
        if manifest is None:
            raise BundleError(f"{path}: is no model bundle, as it has no {MANIFEST}; import it or name another")
        self._prefix = manifest.removesuffix(MANIFEST)

    def read(self, name: str) -> bytes:
        return self._archive.read(self._prefix + name, MAX_BYTES if name == WEIGHTS else _MAX_TEXT_BYTES)


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu()
    if not tensor.is_floating_point():
        return tensor.contiguous()
    tensor = tensor.float()
    # Statistics and scales may leave the range of 16 bits, and cost next to nothing.
    if half and tensor.ndim >= 2 and (tensor.numel() == 0 or float(tensor.abs().max()) <= _HALF_MAX):
        tensor = tensor.half()
    return tensor.contiguous().clone()


def _parse_weights(data: bytes, path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise BundleError(f"{path}: {WEIGHTS} is damaged ({error}); get the model again from its source") from error


def _write_zip(path: Path, contents: Mapping[str, bytes]) -> None:
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for file, data in contents.items():
            info = zipfile.ZipInfo(file, _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)


def _write_folder(path: Path, contents: Mapping[str, bytes]) -> None:
    if path.exists() and any(path.iterdir()) and not (path / MANIFEST).is_file():
        raise BundleError(f"{path}: holds other things than a model; choose another place")
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".part"))
    try:
        temporary.chmod(0o755)
        for file, data in contents.items():
            with (temporary / file).open("wb") as target:
                target.write(data)
                target.flush()
                os.fsync(target.fileno())
        sync_folder(temporary)
        if path.exists():
            # A folder cannot be renamed onto another; the old one is moved aside and removed when the new one stands.
            aside = temporary.with_suffix(".old")
            path.rename(aside)
            temporary.rename(path)
            shutil.rmtree(aside)
        else:
            temporary.rename(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
