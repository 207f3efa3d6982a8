"""Cityscapes: gtFine/SPLIT/CITY/NAME_gtFine_{labelIds,instanceIds,color}.png and _polygons.json.

In labelIds a pixel is its label's id; in instanceIds things have label id * 1000 + number instead, and label id alone
where instances are not told apart (a crowd). Official names are CITY_SEQUENCE_FRAME; others go into the "city" `all`.
Categories that Cityscapes does not have get free ids, listed in OUT/labels.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.cityscapes_labels import (
    LABELS_NAME,
    assign_labels,
    read_labels,
    standard_labels,
)
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import SCORES, FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.json_file import read_json
from seamseg_studio.engine.formats.label_image import read_indices, write_colors, write_indices, write_indices_16
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import names_in_parts, safe_name
from seamseg_studio.engine.formats.photos import find_photo, store_photo
from seamseg_studio.engine.formats.polygons import HOLES, trace
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.runs import measure_segments, renumber
from seamseg_studio.engine.formats.segments import ImageLabels, assemble
from seamseg_studio.engine.scene.panoptic_map import MAX_ID, Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

GROUND_TRUTH, PHOTOS = "gtFine", "leftImg8bit"
DEFAULT_SPLIT = "train"
MAX_INSTANCES = 1000  # of one category

FOREIGN = "segments of categories that Cityscapes' own tools do not know"
JOINED_CROWDS = "crowds of one category joined"
STUFF_CROWD = "crowd flags of stuff left out"
JOINED_STUFF = "segments of one stuff category joined"
IGNORED = "pixels of labels that Cityscapes does not evaluate made void"

_SPLIT_NAMES = {"": DEFAULT_SPLIT, "training": "train", "validation": "val", "testing": "test"}
_OFFICIAL_NAME = re.compile(r"[A-Za-z-]+_\d{6}_\d{6}")


class Writer(FolderWriter):
    """Writes OUT/gtFine and, with `copy_images`, OUT/leftImg8bit."""

    format_name = "cityscapes"
    index_names = (GROUND_TRUTH,)
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
        """Opens the target. `copy_images` puts the photographs into OUT/leftImg8bit; see `FolderWriter`.

        Raises:
            FormatError: As for `FolderWriter`, or the taxonomy has too many categories.
        """
        self._labels = assign_labels(taxonomy)
        settings = {"copy_images": copy_images}
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings=settings)
        self._copy_images = copy_images

    def _files_of(self, record: Record) -> list[Path]:
        endings = ("instanceIds.png", "labelIds.png", "color.png", "polygons.json")
        return [self._path(record["name"], record["split"], ending) for ending in endings]

    def _path(self, name: str, split: str, ending: str) -> Path:
        return self.folder / GROUND_TRUTH / split / _city(name) / f"{safe_name(name)}_{GROUND_TRUTH}_{ending}"

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        split = safe_name(_SPLIT_NAMES.get(split, split))
        values = self._instance_values(panoptic_map, name)
        ids = np.array(sorted(values), np.int64)
        instance_image = renumber(panoptic_map.ids, ids, np.array([values[i] for i in ids.tolist()], np.int64))
        label_of = np.array([value // 1000 if value >= 1000 else value for value in values.values()], np.int64)
        label_image = renumber(panoptic_map.ids, np.array(list(values), np.int64), label_of)
        colors = np.zeros((256, 3), np.uint8)
        for label_id, category in zip(self._labels.ids, self.taxonomy.categories, strict=True):
            colors[label_id] = category.color
        self._make_folder(self._path(name, split, "").parent)
        write_indices(self._path(name, split, "labelIds.png"), label_image)
        write_colors(self._path(name, split, "color.png"), np.take(colors, label_image, axis=0))
        self._write_polygons(self._path(name, split, "polygons.json"), panoptic_map, values, name)
        if self._copy_images:
            folder = self._make_folder(self.folder / PHOTOS / split / _city(name))
            photo_name = f"{safe_name(name)}_{PHOTOS}"
            store_photo(folder, photo_name, panoptic_map.shape, image_path, image, png_only=True)
        write_indices_16(self._path(name, split, "instanceIds.png"), instance_image)
        return {"split": split}

    def _instance_values(self, panoptic_map: PanopticMap, name: str) -> dict[int, int]:
        """The pixel value of every segment in instanceIds."""
        values: dict[int, int] = {}
        numbers: dict[int, int] = {}
        shared: set[int] = set()
        foreign = 0
        for segment_id, segment in sorted(panoptic_map.segments.items()):
            label_id = self._labels.ids[segment.category]
            foreign += self._labels.is_foreign(segment.category)
            if self.taxonomy.is_thing(segment.category) and not segment.is_crowd:
                number = numbers.get(label_id, 0)
                numbers[label_id] = number + 1
                if number >= MAX_INSTANCES or label_id * 1000 + number > 0xFFFF:
                    raise FormatError(
                        f"{name}: has more instances of {self.taxonomy[segment.category].name!r} than Cityscapes' "
                        f"files can number; use another format"
                    )
                values[segment_id] = label_id * 1000 + number
                continue
            is_stuff = self.taxonomy.is_stuff(segment.category)
            self.losses.add(STUFF_CROWD, name, int(is_stuff and segment.is_crowd))
            self.losses.add(JOINED_STUFF if is_stuff else JOINED_CROWDS, name, int(label_id in shared))
            shared.add(label_id)
            values[segment_id] = label_id
        self.losses.add(FOREIGN, name, foreign)
        return values

    def _write_polygons(self, path: Path, panoptic_map: PanopticMap, values: dict[int, int], name: str) -> None:
        table = measure_segments(panoptic_map.ids)
        objects = []
        # Larger ones first, so that what lies in the holes of another is drawn over it.
        for row in np.argsort(-table.areas, kind="stable").tolist():
            segment_id, box = int(table.ids[row]), table.boxes[row].tolist()
            segment = panoptic_map.segments[segment_id]
            y0, x0, y1, x1 = box
            outline = trace(panoptic_map.ids[y0:y1, x0:x1] == segment_id, (y0, x0, y1, x1))
            self.losses.add(f"{HOLES} (polygons.json only)", name, outline.num_holes)
            label = self.taxonomy[segment.category].name
            if segment.is_crowd and self.taxonomy.is_thing(segment.category):
                label += "group"
            for polygon in outline.outer:
                objects.append(
                    {
                        "id": segment_id,
                        "instanceId": values[segment_id],
                        "label": label,
                        "polygon": polygon.astype(int).tolist(),
                    }
                )
        height, width = panoptic_map.shape
        document = {"imgHeight": height, "imgWidth": width, "objects": objects}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        atomic_write(path, text.encode(), durable=False)

    def _write_indexes(self) -> None:
        if not self._labels.is_standard:
            text = json.dumps(self._labels.to_json(), ensure_ascii=False, indent=1)
            atomic_write(self.folder / LABELS_NAME, text.encode())


class Reader:
    """Reads instanceIds images.

    Attributes:
        taxonomy: The 19 categories that Cityscapes evaluates, or those of labels.json.
        losses: What had to be left out so far.
    """

    def __init__(
        self, path: Path, *, split: str | None = None, images: Path | None = None, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Opens a dataset.

        Args:
            path: The folder that holds gtFine, or gtFine.
            split: Only the images of this part.
            images: The folder leftImg8bit, if not beside gtFine.
            max_pixels: Larger label images are refused.

        Raises:
            FormatError: There are no such files, or no such split.
        """
        self.losses = Losses()
        root = path / GROUND_TRUTH if (path / GROUND_TRUTH).is_dir() else path
        self._photos = images or root.parent / PHOTOS
        self._max_pixels = max_pixels
        splits = sorted(folder.name for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []
        if split is not None and split not in splits:
            raise FormatError(f"{root}: has no split {split!r}; there are: {', '.join(splits) or 'none'}")
        pattern = f"{split or '*'}/*/*_instanceIds.png"
        self._files = sorted(root.glob(pattern))
        if not self._files:
            raise FormatError(f"{path}: holds no {GROUND_TRUTH}/SPLIT/CITY/NAME_{GROUND_TRUTH}_instanceIds.png")
        places = [(f"{path.parent.parent.name}/{path.parent.name}", _stem(path)) for path in self._files]
        self._names = names_in_parts(places, self.losses)
        listed = root.parent / LABELS_NAME
        labels = read_labels(listed) if listed.exists() else standard_labels()
        self.taxonomy = labels.taxonomy
        self._category = {label_id: index for index, label_id in enumerate(labels.ids)}

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[LabelledImage]:
        for path, name in zip(self._files, self._names, strict=True):
            city, split = path.parent.name, path.parent.parent.name
            photo = find_photo(self._photos / split / city / f"{_stem(path)}_{PHOTOS}", first=".png")
            yield LabelledImage(name, photo, partial(self._read_labels, name, path), split)

    def _read_labels(self, name: str, path: Path) -> ImageLabels:
        pixels = read_indices(path, self._max_pixels)
        table = measure_segments(pixels)
        former = self._former_ids(path)
        known = [value for value in table.ids.tolist() if self._label(value) in self._category]
        if len(former) != len(known) or set(former) != set(known):
            former = {value: number for number, value in enumerate(known, 1)}
        segments: dict[int, Segment] = {}
        ignored = 0
        for value, area in zip(table.ids.tolist(), table.areas.tolist(), strict=True):
            if value not in former:
                ignored += area
                continue
            category = self._category[self._label(value)]
            is_crowd = value < 1000 and self.taxonomy.is_thing(category)
            segments[former[value]] = Segment(category, is_crowd, origin=Origin.IMPORTED)
        self.losses.add(IGNORED, name, ignored)
        ids = renumber(pixels, np.array(list(former), np.int64), np.array(list(former.values()), np.int64))
        return assemble(ids, segments, self.taxonomy, name, self.losses)

    def _label(self, value: int) -> int:
        return value // 1000 if value >= 1000 else value

    def _former_ids(self, path: Path) -> dict[int, int]:
        """The segment ids that our writer notes in the polygons, by pixel value; empty for files from elsewhere."""
        polygons = path.with_name(path.name.replace("_instanceIds.png", "_polygons.json"))
        if not polygons.is_file():
            return {}
        try:
            objects = read_json(polygons).get("objects", [])
            pairs = {(int(o["instanceId"]), int(o["id"])) for o in objects if "instanceId" in o}
        except (FormatError, AttributeError, KeyError, TypeError, ValueError, OverflowError):
            return {}
        ids = {segment_id for _, segment_id in pairs}
        usable = len(ids) == len(pairs) == len({value for value, _ in pairs}) and all(0 < i <= MAX_ID for i in ids)
        return dict(pairs) if usable else {}


def _stem(path: Path) -> str:
    return re.sub(r"_gt(Fine|Coarse)_instanceIds\.png$", "", path.name)


def _city(name: str) -> str:
    return name.split("_")[0] if _OFFICIAL_NAME.fullmatch(name) else "all"
