"""labelme: one JSON an image with polygons, NAME.json beside the photograph.

https://github.com/wkentaro/labelme. The format knows no kinds of categories; OUT/taxonomy.json keeps them. Without it
every label is a thing. Polygons are written largest first and later ones lie on top, so that what lies in a hole
of another segment is kept; holes that show void are filled, and counted.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import SCORES, FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.json_file import field, read_json, shown
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import path_inside, safe_name
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.formats.photos import find_photo, store_photo
from seamseg_studio.engine.formats.png_chunks import png_size
from seamseg_studio.engine.formats.polygons import HOLES, Points, fill, trace, usable
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.runs import measure_segments
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.formats.stacking import Stack
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

TAXONOMY_NAME = "taxonomy.json"
ELSEWHERE = "photographs not looked for, as their names lead out of the folder"
CROWD_FLAG = "crowd"
LINES = "points and lines left out, as they have no area"

_VERSION = "5.5.0"
_CIRCLE_CORNERS = 64
_MAX_GROUP = 100  # characters


class Writer(FolderWriter):
    """Writes OUT/NAME.json, OUT/taxonomy.json and, with `copy_images`, the photographs."""

    format_name = "labelme"
    index_names = (TAXONOMY_NAME,)
    loses_parts = True
    scores_lost = SCORES

    def __init__(
        self,
        folder: Path,
        taxonomy: Taxonomy,
        *,
        resume: bool = False,
        overwrite: bool = False,
        copy_images: bool = False,
    ) -> None:
        """Opens the target. `copy_images` puts the photographs beside the labels; see `FolderWriter` for the rest."""
        settings = {"copy_images": copy_images}
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings=settings)
        self._copy_images = copy_images

    def _files_of(self, record: Record) -> list[Path]:
        return [self._path(record["name"])]

    def _path(self, name: str) -> Path:
        # An image called "taxonomy" must not replace the taxonomy.
        stem = safe_name(name)
        return self.folder / (f"{stem}_.json" if stem.casefold() == "taxonomy" else f"{stem}.json")

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        table = measure_segments(panoptic_map.ids)
        shapes = []
        num_holes = 0
        for row in np.argsort(-table.areas, kind="stable").tolist():
            segment_id = int(table.ids[row])
            y0, x0, y1, x1 = table.boxes[row].tolist()
            segment = panoptic_map.segments[segment_id]
            outline = trace(panoptic_map.ids[y0:y1, x0:x1] == segment_id, (y0, x0, y1, x1))
            num_holes += outline.num_holes
            shapes += [
                {
                    "label": self.taxonomy[segment.category].name,
                    "points": polygon.tolist(),
                    "group_id": segment_id,
                    "shape_type": "polygon",
                    "flags": {CROWD_FLAG: True} if segment.is_crowd else {},
                }
                for polygon in outline.outer
            ]
        self.losses.add(HOLES, name, num_holes)
        height, width = panoptic_map.shape
        file_name = image_path.name if image_path else f"{safe_name(name)}.jpg"
        if self._copy_images:
            file_name = store_photo(self.folder, safe_name(name), panoptic_map.shape, image_path, image).name
        document: Record = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": file_name,
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        # A photograph's name may be no UTF-8; JSON can spell it.
        data = json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace")
        atomic_write(self._path(name), data, durable=False)
        return {}

    def _write_indexes(self) -> None:
        self.taxonomy.save(self.folder / TAXONOMY_NAME)


class Reader:
    """Reads labelme files into partitions: later shapes lie on top.

    Attributes:
        taxonomy: Of taxonomy.json, or all labels that occur, as things.
        losses: Overlaps and odd shapes so far.
    """

    def __init__(self, path: Path, *, images: Path | None = None, max_pixels: int = MAX_PIXELS) -> None:
        """Opens a folder of labelme files.

        Args:
            path: The folder.
            images: Where the photographs are, if not beside the files.
            max_pixels: Larger images are refused.

        Raises:
            FormatError: There are no such files, or taxonomy.json is damaged.
        """
        self.losses = Losses()
        self._photos = images or path
        self._max_pixels = max_pixels
        self._files = sorted(file for file in path.glob("*.json") if file.name != TAXONOMY_NAME)
        if not self._files:
            raise FormatError(f"{path}: holds no labelme files; name the folder of the .json files")
        try:
            if (path / TAXONOMY_NAME).is_file():
                self.taxonomy = Taxonomy.load(path / TAXONOMY_NAME)
            else:
                self.taxonomy = _collect_taxonomy(path.resolve().name, self._files)
        except TaxonomyError as error:
            raise FormatError(f"{path}: {error}") from error
        self._category = {category.name: index for index, category in enumerate(self.taxonomy.categories)}

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[LabelledImage]:
        for file in self._files:
            photo = find_photo(self._photos / file.stem) or self._named_photo(file)
            yield LabelledImage(safe_name(file.stem), photo, partial(self._read_labels, file))

    def _named_photo(self, file: Path) -> Path | None:
        """The photograph that the file names, if it lies in the folder."""
        try:
            name = str(read_json(file).get("imagePath", ""))
        except (FormatError, AttributeError):
            return None  # said when the labels are read
        try:
            named = path_inside(self._photos, name, file)
        except FormatError:
            self.losses.add(ELSEWHERE, file.stem, 1, name)
            return None
        return named if os.path.isfile(named) else None

    def _read_labels(self, file: Path) -> ImageLabels:
        document = read_json(file)
        height = field(document, "imageHeight", int, file, "the document")
        width = field(document, "imageWidth", int, file, "the document")
        if height < 1 or width < 1 or height * width > self._max_pixels:
            raise FormatError(
                f"{file}: has {width} x {height} pixels; the limit is {self._max_pixels:,}, see max_pixels"
            )
        stack = Stack((height, width), self.taxonomy, file.stem, self.losses)
        groups: dict[tuple[str, str], int] = {}
        for number, shape in enumerate(field(document, "shapes", list, file, "the document")):
            label = _label(shape, number, file)
            if label not in self._category:
                raise FormatError(f"{file}: shape {number} has the unknown label {label!r}; add it to {TAXONOMY_NAME}")
            area = self._area(shape, (height, width), file)
            if area is None:
                continue
            key = (label, _group(shape, number, file))
            if key not in groups:
                flags = shape.get("flags")
                is_crowd = isinstance(flags, dict) and bool(flags.get(CROWD_FLAG))
                groups[key] = stack.add(Segment(self._category[label], is_crowd, origin=Origin.IMPORTED))
            stack.lay(groups[key], *area)
        return stack.finish()

    def _area(
        self, shape: Any, size: tuple[int, int], file: Path
    ) -> tuple[NDArray[np.bool_], tuple[int, int, int, int]] | None:
        kind = shape.get("shape_type", "polygon")
        points = shape.get("points")
        if kind in ("point", "points", "line", "linestrip"):
            self.losses.add(LINES, file.stem)
            return None
        if kind == "mask":
            return _decode_mask(shape, size, file)
        if kind in ("rectangle", "circle"):
            points = _corners(kind, points, file)
        elif kind != "polygon":
            raise FormatError(f"{file}: a shape has the unknown type {kind!r}; convert it to a polygon")
        corners = usable(points, size, file.stem, self.losses)
        return None if corners is None else fill(corners, size)


def _label(shape: object, number: int, file: Path) -> str:
    label: str = field(shape, "label", str, file, f"shape {number}")
    if not label.strip():
        raise FormatError(f"{file}: shape {number} has an empty label; give it one, or remove it")
    return label


def _group(shape: Any, number: int, file: Path) -> str:
    """What shapes of one segment share: the group, or the shape alone."""
    group = shape.get("group_id")
    if group is None:
        return f"shape {number}"
    if isinstance(group, bool) or not isinstance(group, int | str) or len(str(group)) > _MAX_GROUP:
        raise FormatError(
            f"{file}: the group_id of shape {number} is {shown(group)}, not a number; give it one, or null"
        )
    return f"group {group}"


def _corners(kind: str, points: object, file: Path) -> Points:
    try:
        (ax, ay), (bx, by) = np.asarray(points, np.float64).tolist()
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{file}: a {kind} has no two points; draw it again") from error
    if kind == "rectangle":
        return np.array([(ax, ay), (bx, ay), (bx, by), (ax, by)])
    radius = math.hypot(bx - ax, by - ay)
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_CORNERS, endpoint=False)
    return np.stack([ax + radius * np.cos(angles), ay + radius * np.sin(angles)], -1)


def _decode_mask(shape: Any, size: tuple[int, int], file: Path) -> tuple[NDArray[np.bool_], tuple[int, int, int, int]]:
    """Reads a shape that is a PNG in base64 at a box."""
    try:
        content = base64.b64decode(shape["mask"], validate=True)
        x0, y0 = (round(value) for value in shape["points"][0])
        # The header says the size before anything is decoded.
        height, width = png_size(content)
        if y0 < 0 or x0 < 0 or y0 + height > size[0] or x0 + width > size[1]:
            raise FormatError(f"{file}: a mask reaches out of the image; draw it again")
        mask = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        if mask is None or mask.shape != (height, width):
            raise ValueError("no PNG")
    except (LookupError, TypeError, ValueError, OverflowError, binascii.Error, cv2.error) as error:
        raise FormatError(f"{file}: a mask is damaged; draw it again") from error
    return np.asarray(mask > 0), (y0, x0, y0 + height, x0 + width)


def _collect_taxonomy(name: str, files: list[Path]) -> Taxonomy:
    labels: set[str] = set()
    damage: list[FormatError] = []
    for file in files:
        try:
            for number, shape in enumerate(field(read_json(file), "shapes", list, file, "the document")):
                labels.add(_label(shape, number, file))
        except FormatError as error:
            damage.append(error)  # said again when that image is read; the others can be
    if len(damage) == len(files):
        raise damage[0]
    taxonomy, _ = make_taxonomy(name, [ForeignCategory(label, label, True) for label in sorted(labels)])
    return taxonomy
