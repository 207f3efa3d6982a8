"""Which models this person has, by what their files are called; nothing of them is read, and torch is not needed."""

from __future__ import annotations

from pathlib import Path

import appdirs

STARTER = "starter"
MANIFEST = "manifest.json"


def models_folder() -> Path:
    """Where this person's models are; not made here."""
    return Path(appdirs.user_data_dir("seamseg-studio", appauthor=False)) / "models"


def looks_like_bundle(path: Path) -> bool:
    """Whether this may be a model: a folder with a manifest, or a .zip."""
    return (path / MANIFEST).is_file() if path.is_dir() else path.suffix == ".zip"


def bundles_in(folder: Path) -> dict[str, Path]:
    """Returns the models of `folder` by name, in order; a folder goes before a .zip of the same name.

    Raises:
        OSError: The folder is there and cannot be read.
    """
    found = filter(looks_like_bundle, folder.iterdir()) if folder.is_dir() else ()
    models: dict[str, Path] = {}
    for path in sorted(found, key=lambda path: not path.is_dir()):
        models.setdefault(path.name if path.is_dir() else path.stem, path)
    return dict(sorted(models.items()))
