"""The categories that a new project has until a model or a person gives it others."""

from __future__ import annotations

import json
from importlib.resources import files

from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

_STUFF = (
    ("road", (128, 64, 128)),
    ("pavement", (244, 35, 232)),
    ("building", (70, 70, 70)),
    ("fence", (190, 153, 153)),
    ("pole", (153, 153, 153)),
    ("sign", (220, 220, 0)),
    ("vegetation", (107, 142, 35)),
    ("terrain", (152, 251, 152)),
    ("sky", (70, 130, 180)),
)
_THINGS = (
    ("person", (220, 20, 60)),
    ("rider", (255, 0, 0)),
    ("car", (0, 0, 142)),
    ("truck", (0, 0, 70)),
    ("bus", (0, 60, 100)),
    ("motorcycle", (0, 0, 230)),
    ("bicycle", (119, 11, 32)),
)


def default_taxonomy() -> Taxonomy:
    """Returns the categories of the bundled model, or those of a usual street scene if there is none."""
    try:
        text = (files("seamseg_studio.resources") / "starter" / "taxonomy.json").read_text(encoding="utf-8")
        return Taxonomy.from_json(json.loads(text))
    except (OSError, ModuleNotFoundError, ValueError):
        categories = [Category(name, Kind.STUFF, color) for name, color in _STUFF]
        categories += [Category(name, Kind.THING, color) for name, color in _THINGS]
        return Taxonomy("street", tuple(categories))
