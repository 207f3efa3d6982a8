"""The models that a window can offer: by name and place, without the network and without torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.checkpoints.folder import bundles_in, looks_like_bundle, models_folder


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A model on this machine, not looked into yet."""

    name: str
    path: Path


def installed_models() -> list[ModelPlace]:
    """Returns the models of this person, the starter not among them; those of `seamseg-models list`."""
    try:
        return [ModelPlace(name, path) for name, path in bundles_in(models_folder()).items()]
    except OSError:
        return []  # there is still the starter, and any model that is named by its place


def trained_models(folders: Iterable[Path]) -> list[ModelPlace]:
    """Returns what trainings left in the given folders, each a model's name with the model in "model"."""
    try:
        runs = sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir())
    except OSError:
        return []
    return [ModelPlace(run.name, run / "model") for run in runs if looks_like_bundle(run / "model")]
