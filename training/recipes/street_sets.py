"""The public street sets in the taxonomy "street", each with what it does not annotate as void.

No set knows all categories. Where a set only says "one of these", pixels get a category set (see `CATEGORY_SETS`) and
teach the sum of its probabilities. Sets without instances give boxes only for components that are surely one instance;
other thing pixels are crowd: they teach the category, and proposals on them are neither right nor wrong.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seamseg_studio.training.errors import TrainingInputError
from seamseg_studio.training.recipes.pack import PackedSample
from seamseg_studio.training.sample import FIRST_CATEGORY_SET, VOID_CATEGORY, Sample

STREET = (
    "road",
    "pavement",
    "building",
    "fence",
    "pole",
    "traffic sign or light",
    "vegetation",
    "sky",
    "person",
    "rider",
    "car",
    "truck or bus",
    "bicycle or motorcycle",
)
NUM_STUFF = 8
CATEGORY_SETS: tuple[tuple[str, ...], ...] = (
    STREET[:NUM_STUFF],  # anything but a thing
    ("rider", "bicycle or motorcycle"),
    ("car", "truck or bus"),
    ("person", "rider"),
    ("car", "truck or bus", "bicycle or motorcycle"),
    ("fence", "pole", "traffic sign or light", "building", "pavement"),
    ("building", "vegetation"),
    ("pavement", "vegetation"),
)
NO_THING, CYCLIST, CAR_OR_TRUCK, PEOPLE, VEHICLE, ROADSIDE, FAR, BESIDE = range(
    FIRST_CATEGORY_SET, FIRST_CATEGORY_SET + len(CATEGORY_SETS)
)
_ID = {name: index for index, name in enumerate(STREET)}
HELD_OUT_DRIVE = "0001TP"

CAMVID_TO_STREET = {
    "sky": _ID["sky"],
    "building": _ID["building"],
    "pole": _ID["pole"],
    "road": _ID["road"],
    "pavement": _ID["pavement"],
    "tree": _ID["vegetation"],
    "sign": _ID["traffic sign or light"],
    "fence": _ID["fence"],
    "car": CAR_OR_TRUCK,
    "pedestrian": _ID["person"],
    "bicyclist": CYCLIST,
}
STREET_TO_CAMVID = {
    "road": "road",
    "pavement": "pavement",
    "building": "building",
    "fence": "fence",
    "pole": "pole",
    "traffic sign or light": "sign",
    "vegetation": "tree",
    "sky": "sky",
    "person": "pedestrian",
    "rider": "bicyclist",
    "car": "car",
    "truck or bus": "car",
    "bicycle or motorcycle": "bicyclist",
}
FACADE_TO_STREET = {
    "building": _ID["building"],
    "car": _ID["car"],
    "door": _ID["building"],
    "pavement": _ID["pavement"],
    "road": _ID["road"],
    "sky": _ID["sky"],
    "vegetation": _ID["vegetation"],
    "window": _ID["building"],
}
IDD_TO_STREET = {
    "drivable": _ID["road"],
    "non-drivable": BESIDE,
    "living things": PEOPLE,
    "vehicles": VEHICLE,
    "roadside objects": ROADSIDE,
    "far objects": FAR,
    "sky": _ID["sky"],
}
COCO_TO_STREET = {
    "person": "person",
    "car": "car",
    "bus": "truck or bus",
    "truck": "truck or bus",
    "bicycle": "bicycle or motorcycle",
    "motorcycle": "bicycle or motorcycle",
    "traffic light": "traffic sign or light",
    "stop sign": "traffic sign or light",
}


def category_set_table() -> NDArray[np.bool_]:
    """Returns which categories each set holds. [K, C]."""
    table = np.zeros((len(CATEGORY_SETS), len(STREET)), dtype=np.bool_)
    for row, names in enumerate(CATEGORY_SETS):
        table[row, [_ID[name] for name in names]] = True
    return table


def read_all(data: Path) -> Iterator[PackedSample]:
    """Yields every labelled image of the four sets under `data` (camvid, labelmefacade, idd_lite, coco_street).

    Raises:
        TrainingInputError: A set is missing.
    """
    for part in ("train", "val"):
        yield from _read_dense(data / "camvid", part, "camvid", CAMVID_TO_STREET, _camvid_split)
    yield from _read_dense(data / "labelmefacade", "train", "labelmefacade", FACADE_TO_STREET, lambda _: "train")
    yield from _read_dense(data / "idd_lite", "train", "idd_lite", IDD_TO_STREET, lambda _: "train")
    yield from read_coco(data / "coco_street" / "train", "coco_street")


def read_unseen(data: Path) -> Iterator[PackedSample]:
    """Yields the images under `data` that the recipe never trains on: the validation part of idd_lite, then samples.

    Raises:
        TrainingInputError: A set is missing.
    """
    yield from _read_dense(data / "idd_lite", "val", "idd_lite", IDD_TO_STREET, lambda _: "val")
    yield from read_coco(data / "samples", "samples")


def read_coco(folder: Path, source: str, *, every_val: int = 8) -> Iterator[PackedSample]:
    """Yields COCO photos with their instances; every `every_val`-th that shows a person or a car is for validation."""
    try:
        document = json.loads((folder / "instances.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingInputError(
            f"{folder}: holds no readable instances.json ({error}); fetch the set first"
        ) from error
    names = {category["id"]: category["name"] for category in document["categories"]}
    by_image: dict[int, list[dict[str, Any]]] = {}
    for annotation in document["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    count = 0
    for entry in sorted(document["images"], key=lambda image: image["file_name"]):
        path = folder / "images" / entry["file_name"]
        annotations = by_image.get(entry["id"], [])
        shows = {names[annotation["category_id"]] for annotation in annotations}
        count += bool(shows & {"person", "car"})
        is_val = bool(shows & {"person", "car"}) and count % every_val == 0
        yield PackedSample(_coco_sample(path, annotations, names), source, "val" if is_val else "train", path)


def _coco_sample(path: Path, annotations: list[dict[str, Any]], names: Mapping[int, str]) -> Sample:
    image = np.array(Image.open(path).convert("RGB"))
    ids = np.ones(image.shape[:2], dtype=np.int32)
    categories, is_crowd = [VOID_CATEGORY, NO_THING], [False, False]
    wheels: list[NDArray[np.bool_]] = []
    known = [a for a in annotations if names[a["category_id"]] in COCO_TO_STREET]
    # Larger ones first: what lies on top of something is usually the smaller.
    for annotation in sorted(known, key=lambda a: -float(a["bbox"][2] * a["bbox"][3])):
        mask = _decode(annotation["segmentation"], (image.shape[0], image.shape[1]))
        if not mask.any():
            continue
        category = _ID[COCO_TO_STREET[names[annotation["category_id"]]]]
        if category == _ID["bicycle or motorcycle"]:
            wheels.append(mask)
        ids[mask] = len(categories)
        categories.append(category)
        is_crowd.append(bool(annotation["iscrowd"]))
    for segment in range(2, len(categories)):
        if categories[segment] == _ID["person"] and not is_crowd[segment] and _rides(ids == segment, wheels):
            categories[segment] = _ID["rider"]
    return Sample(path.stem, image, ids, np.array(categories, dtype=np.int64), np.array(is_crowd, dtype=np.bool_))


def _rides(person: NDArray[np.bool_], wheels: list[NDArray[np.bool_]]) -> bool:
    """Whether a person sits on something with two wheels: nearly above it, and touching its upper half."""
    if not person.any():
        return False
    rows, columns = np.nonzero(person)
    near = cv2.dilate(person.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for wheel in wheels:
        wheel_rows, wheel_columns = np.nonzero(wheel)
        if len(wheel_rows) < 100:
            continue
        left, right = wheel_columns.min(), wheel_columns.max()
        inside = np.mean((columns >= left) & (columns <= right))
        touching = np.count_nonzero(near & wheel) / max(1, min(len(rows), len(wheel_rows)))
        higher = rows.min() < wheel_rows.min() and rows.max() < wheel_rows.max() + 0.1 * np.ptp(wheel_rows)
        if inside > 0.7 and touching > 0.05 and higher:
            return True
    return False


def _decode(segmentation: Any, shape: tuple[int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.uint8)
    if isinstance(segmentation, dict):  # uncompressed run lengths, column by column
        flat = np.repeat(np.arange(len(segmentation["counts"])) % 2, segmentation["counts"])
        return flat.reshape(shape[::-1]).T.astype(np.bool_)
    polygons = [np.rint(np.array(p, dtype=np.float64).reshape(-1, 2)).astype(np.int32) for p in segmentation]
    cv2.fillPoly(mask, [p for p in polygons if len(p) >= 3], 1)
    return mask > 0


def _camvid_split(name: str) -> str:
    return "val" if name.startswith(HELD_OUT_DRIVE) else "train"


def _read_dense(
    folder: Path, part: str, source: str, mapping: Mapping[str, int], split_of: Callable[[str], str]
) -> Iterator[PackedSample]:
    try:
        classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))["classes"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingInputError(f"{folder}: holds no readable classes.json ({error}); fetch the set first") from error
    table = np.full(256, VOID_CATEGORY, dtype=np.int64)
    for entry in classes:
        if entry["name"] in mapping:
            table[entry["id"]] = mapping[entry["name"]]
    for path in sorted((folder / part / "images").glob("*.jpg")):
        image = np.array(Image.open(path).convert("RGB"))
        labels = table[np.array(Image.open(folder / part / "labels" / f"{path.stem}.png"))]
        yield PackedSample(dense_sample(path.stem, image, labels), source, split_of(path.stem), path)


def dense_sample(name: str, image: NDArray[np.uint8], labels: NDArray[np.int64]) -> Sample:
    """Returns a sample of a category map: stuff as one segment each, things by trustworthy components.

    Args:
        name: Of the image.
        image: [H, W, 3] uint8.
        labels: Category, 255 void, 256 + k category set k. [H, W].
    """
    ids = np.zeros(labels.shape, dtype=np.int32)
    categories, is_crowd = [VOID_CATEGORY], [False]
    for value in np.unique(labels).tolist():
        if value == VOID_CATEGORY:
            continue
        mask = labels == value
        ids[mask] = len(categories)
        categories.append(value)
        # Also sets with things in them; a set without any is stuff.
        is_crowd.append(value >= NUM_STUFF and value not in (NO_THING, ROADSIDE, FAR, BESIDE))
        if value in (CAR_OR_TRUCK, _ID["car"], _ID["person"]):
            category = _ID["person"] if value == _ID["person"] else _ID["car"]
            for component in _components(mask, category):
                ids[component] = len(categories)
                categories.append(category)
                is_crowd.append(False)
    return Sample(name, image, ids, np.array(categories, dtype=np.int64), np.array(is_crowd, dtype=np.bool_))


def _components(mask: NDArray[np.bool_], category: int) -> Iterator[NDArray[np.bool_]]:
    """Yields the components that have the size, the shape and the compactness of a single car or person."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    height, width = mask.shape
    for index in range(1, count):
        left, top, w, h, area = (int(v) for v in statistics[index][:5])
        aspect = w / h
        if category == _ID["car"]:
            plausible = area >= 150 and 0.7 <= aspect <= 2.6 and area >= 0.6 * w * h and area <= 0.3 * height * width
        else:
            plausible = area >= 80 and 0.2 <= aspect <= 0.6 and area >= 0.45 * w * h and h <= 0.6 * height
        if not plausible:
            continue
        component = labels == index
        if _solidity(component[top : top + h, left : left + w]) >= (0.85 if category == _ID["car"] else 0.7):
            yield component


def _solidity(component: NDArray[np.bool_]) -> float:
    """Returns the share of its convex hull that a component fills; two that touch fill little."""
    contours, _ = cv2.findContours(component.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(contours))
    return float(np.count_nonzero(component)) / max(1.0, cv2.contourArea(hull) + cv2.arcLength(hull, True) / 2)
