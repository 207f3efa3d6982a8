"""The label ids of Cityscapes, and ids for categories that Cityscapes does not have.

https://www.cityscapes-dataset.com/dataset-overview/#class-definitions
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.json_file import field, read_json
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import Category, Kind, Taxonomy

LABELS_NAME = "labels.json"
MAX_THING_ID = 64  # label id * 1000 + 999 must fit into 16 bits
MAX_STUFF_ID = 255

_STUFF, _THING = Kind.STUFF, Kind.THING

# Those that count in Cityscapes' evaluation; everything else there is void.
STANDARD: tuple[tuple[int, Category], ...] = (
    (7, Category("road", _STUFF, (128, 64, 128))),
    (8, Category("sidewalk", _STUFF, (244, 35, 232))),
    (11, Category("building", _STUFF, (70, 70, 70))),
    (12, Category("wall", _STUFF, (102, 102, 156))),
    (13, Category("fence", _STUFF, (190, 153, 153))),
    (17, Category("pole", _STUFF, (153, 153, 153))),
    (19, Category("traffic light", _STUFF, (250, 170, 30))),
    (20, Category("traffic sign", _STUFF, (220, 220, 0))),
    (21, Category("vegetation", _STUFF, (107, 142, 35))),
    (22, Category("terrain", _STUFF, (152, 251, 152))),
    (23, Category("sky", _STUFF, (70, 130, 180))),
    (24, Category("person", _THING, (220, 20, 60))),
    (25, Category("rider", _THING, (255, 0, 0))),
    (26, Category("car", _THING, (0, 0, 142))),
    (27, Category("truck", _THING, (0, 0, 70))),
    (28, Category("bus", _THING, (0, 60, 100))),
    (31, Category("train", _THING, (0, 80, 100))),
    (32, Category("motorcycle", _THING, (0, 0, 230))),
    (33, Category("bicycle", _THING, (119, 11, 32))),
)

_OTHER_IDS = {
    "ground": 6, "parking": 9, "rail track": 10, "guard rail": 14, "bridge": 15, "tunnel": 16, "polegroup": 18,
    "caravan": 29, "trailer": 30,
}  # fmt: skip
_ID_OF_NAME = {category.name: label_id for label_id, category in STANDARD} | _OTHER_IDS

# For categories that Cityscapes does not have: ids that it does not use, then those that it does not evaluate.
_FREE_IDS = (
    *range(34, MAX_THING_ID + 1),
    *range(1, 6),
    *_OTHER_IDS.values(),
    *range(MAX_THING_ID + 1, MAX_STUFF_ID + 1),
)


@dataclass(frozen=True, slots=True)
class LabelIds:
    """A taxonomy with the label id of each category.

    Attributes:
        taxonomy: The categories.
        ids: The label id of each.
    """

    taxonomy: Taxonomy
    ids: tuple[int, ...]

    @property
    def is_standard(self) -> bool:
        """Whether these are exactly the categories that Cityscapes evaluates, in its order."""
        return tuple(zip(self.ids, self.taxonomy.categories, strict=True)) == STANDARD

    def is_foreign(self, index: int) -> bool:
        """Whether Cityscapes' own tools do not know a category."""
        return _ID_OF_NAME.get(self.taxonomy[index].name.lower()) != self.ids[index]

    def to_json(self) -> dict[str, object]:
        """What `labels.json` holds."""
        entries = zip(self.ids, self.taxonomy.categories, strict=True)
        return {
            "name": self.taxonomy.name,
            "labels": [{"id": i, "name": c.name, "kind": c.kind.value, "color": list(c.color)} for i, c in entries],
        }


def standard_labels() -> LabelIds:
    """The categories that Cityscapes evaluates."""
    return LabelIds(Taxonomy("cityscapes", tuple(c for _, c in STANDARD)), tuple(i for i, _ in STANDARD))


def assign_labels(taxonomy: Taxonomy) -> LabelIds:
    """Gives every category the id of Cityscapes' label of that name, or else a free one.

    Raises:
        FormatError: There are more things of other names than ids for them.
    """
    ids: dict[int, int] = {}
    for index, category in enumerate(taxonomy.categories):
        label_id = _ID_OF_NAME.get(category.name.lower())
        if label_id is not None and label_id not in ids.values():
            ids[index] = label_id
    free = iter([label_id for label_id in _FREE_IDS if label_id not in ids.values()])
    # Things first: their ids must stay small, as the instance number shares the pixel's 16 bits.
    for index in sorted(range(len(taxonomy)), key=lambda number: not taxonomy.is_thing(number)):
        if index in ids:
            continue
        label_id = next(free, None)
        if label_id is None or (taxonomy.is_thing(index) and label_id > MAX_THING_ID):
            raise FormatError(
                f"the taxonomy {taxonomy.name!r} has more categories than Cityscapes' files can number; "
                "map it to fewer with --taxonomy"
            )
        ids[index] = label_id
    return LabelIds(taxonomy, tuple(ids[index] for index in range(len(taxonomy))))


def read_labels(path: Path) -> LabelIds:
    """Reads a `labels.json`.

    Raises:
        FormatError: It is not what `LabelIds.to_json` gives.
    """
    document = read_json(path)
    ids, categories = [], []
    for number, entry in enumerate(field(document, "labels", list, path, "the document")):
        what = f"label {number}"
        ids.append(field(entry, "id", int, path, what))
        kind = field(entry, "kind", str, path, what)
        color = field(entry, "color", list, path, what)
        if kind not in ("stuff", "thing") or len(color) != 3 or not all(type(part) is int for part in color):
            raise FormatError(f"{path}: the kind or colour of {what} is wrong; correct it")
        name = field(entry, "name", str, path, what)
        categories.append(Category(name, Kind(kind), (color[0], color[1], color[2])))
    if len(set(ids)) != len(ids) or not all(0 < label_id <= MAX_STUFF_ID for label_id in ids):
        raise FormatError(f"{path}: two labels have one id, or an id is not 1 to {MAX_STUFF_ID}; correct it")
    try:
        return LabelIds(Taxonomy(str(document.get("name", "labels")), tuple(categories)), tuple(ids))
    except TaxonomyError as error:
        raise FormatError(f"{path}: {error}") from error
