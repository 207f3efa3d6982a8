"""Which image gets which name in the output folder, for good: also when a run is continued with more images.

Kept as `.seamseg-label.log` in the output folder, together with the settings that all labels there were made with.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.formats.names import unique_names
from seamseg_studio.engine.formats.record_log import RecordLog

LOG_NAME = ".seamseg-label.log"


@dataclass(frozen=True, slots=True)
class BatchImage:
    """An image to label, and the name of its labels."""

    name: str
    path: Path


def assign_names(
    folder: Path, paths: Sequence[Path], settings: Mapping[str, object], *, resume: bool
) -> list[BatchImage]:
    """Gives every image a name of its own and writes down which.

    Args:
        folder: The output folder; must exist.
        paths: The images.
        settings: What the labels depend on.
        resume: Go on with the names of an earlier run, if there was one.

    Returns:
        The images in the order of `paths`.

    Raises:
        FormatError: The earlier run had other settings.
        OSError: The folder cannot be written.
    """
    log = RecordLog(folder / LOG_NAME, {"command": "seamseg-label", **settings}, resume=resume)
    try:
        owners = {record["name"]: record["image"] for record in log.records()}
        names = {path: name for name, path in owners.items()}
        taken = {name.casefold(): path for name, path in owners.items()}
        images = []
        for path, proposed in zip(paths, unique_names(paths), strict=True):
            key = os.path.abspath(path)
            name = names.get(key)
            if name is None:
                name = proposed
                owner = taken.get(name.casefold())
                # A name whose image is gone is free again: most likely the image was moved here.
                if owner is not None and os.path.exists(owner):
                    name = f"{name}-{hashlib.sha256(os.fsencode(key)).hexdigest()[:8]}"
                log.append({"name": name, "image": key})
                taken[name.casefold()] = key
            images.append(BatchImage(name, path))
        return images
    finally:
        log.close()
