"""YOLO segmentation: labels/SPLIT/NAME.txt with one polygon a line, images/SPLIT and data.yaml.

https://docs.ultralytics.com/datasets/segment. A line is the category's number and the polygon's corners as shares of
width and height. Things only; every line is an instance, so that the parts of a divided one come apart. PART/labels
with PART/images, and folders without parts, are read too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write, finite
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import SCORES, FolderWriter
from seamseg_studio.engine.formats.image_file import IMAGE_SUFFIXES, MAX_PIXELS, read_size
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import names_in_parts, safe_name
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.formats.photos import find_photo, store_photo
from seamseg_studio.engine.formats.polygons import HOLES, PARTS, as_pairs, fill, trace, usable
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.runs import measure_segments
from seamseg_studio.engine.formats.segments import ImageLabels
from seamseg_studio.engine.formats.stacking import Stack
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment

INDEX_NAME = "data.yaml"
DEFAULT_SPLIT = "train"
_SPLIT_NAMES = {"": DEFAULT_SPLIT, "training": "train", "validation": "val", "valid": "val", "testing": "test"}

UNLABELLED = "photographs without a label file left out"
NO_STUFF = "stuff segments left out, as YOLO holds things only"
CROWD = "crowds left out, as they are no instances"


class Writer(FolderWriter):
    """Writes labels, photographs and data.yaml; category numbers count the things only."""

    format_name = "yolo"
    index_names = (INDEX_NAME, "labels")
    scores_lost = SCORES

    def _files_of(self, record: Record) -> list[Path]:
        return [self._path(record["name"], record["split"])]

    def _path(self, name: str, split: str) -> Path:
        return self.folder / "labels" / split / f"{safe_name(name)}.txt"

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        split = safe_name(_SPLIT_NAMES.get(split, split))
        for part in ("labels", "images"):
            self._make_folder(self.folder / part / split)
        height, width = panoptic_map.shape
        table = measure_segments(panoptic_map.ids)
        lines = []
        lost = {NO_STUFF: 0, CROWD: 0, HOLES: 0, PARTS: 0}
        for segment_id, box in zip(table.ids.tolist(), table.boxes.tolist(), strict=True):
            segment = panoptic_map.segments[segment_id]
            if not self.taxonomy.is_thing(segment.category) or segment.is_crowd:
                lost[CROWD if segment.is_crowd else NO_STUFF] += 1
                continue
            y0, x0, y1, x1 = box
            outline = trace(panoptic_map.ids[y0:y1, x0:x1] == segment_id, (y0, x0, y1, x1))
            lost[HOLES] += outline.num_holes
            lost[PARTS] += len(outline.outer) - 1
            for polygon in outline.outer:
                shares = (polygon / (width, height)).reshape(-1)
                corners = " ".join(f"{value:.8g}" for value in shares.tolist())
                lines.append(f"{segment.category - self.taxonomy.num_stuff} {corners}\n")
        for kind, number in lost.items():
            self.losses.add(kind, name, number)
        store_photo(self.folder / "images" / split, safe_name(name), panoptic_map.shape, image_path, image)
        atomic_write(self._path(name, split), "".join(lines).encode(), durable=False)
        return {"split": split}

    def _write_indexes(self) -> None:
        splits = sorted({record["split"] for record in self._log.records()})
        names = [category.name for category in self.taxonomy.categories[self.taxonomy.num_stuff :]]
        # No "path": trainers would take "." for the folder that they were started in, not for this file's.
        lines = [f"{json.dumps(split)}: images/{split}" for split in splits]
        for wanted in ("train", "val") if splits else ():
            if wanted not in splits:
                other = "train" if "train" in splits else splits[0]
                lines.append(f"{wanted}: images/{other}  # trainers want this key; there is no part of its own")
        # JSON strings are YAML strings, whatever is in the name.
        lines += ["names:", *(f"  {number}: {json.dumps(name)}" for number, name in enumerate(names))]
        atomic_write(self.folder / INDEX_NAME, "\n".join([*lines, ""]).encode())


class Reader:
    """Reads polygons into partitions: larger instances lie below smaller ones.

    Attributes:
        taxonomy: The names of data.yaml, all things.
        losses: Overlaps and odd polygons so far.
    """

    def __init__(self, path: Path, *, split: str | None = None, max_pixels: int = MAX_PIXELS) -> None:
        """Opens a dataset.

        Args:
            path: The folder with data.yaml, images and labels, or data.yaml.
            split: Only the images of this part.
            max_pixels: Larger images are refused.

        Raises:
            FormatError: There is no data.yaml or no such split, or a photograph is missing.
        """
        self.losses = Losses()
        self._max_pixels = max_pixels
        root = path.parent if path.is_file() else path
        index = path if path.is_file() else root / INDEX_NAME
        try:
            names = read_names(index)
            self.taxonomy, category = make_taxonomy(
                root.resolve().name, [ForeignCategory(number, name, True) for number, name in names.items()]
            )
        except TaxonomyError as error:
            raise FormatError(f"{index}: {error}") from error
        self._category = category
        folders = _find_folders(root)
        splits = sorted({part for part, _, _ in folders if part})
        if split is not None and split not in splits:
            raise FormatError(f"{path}: has no split {split!r}; there are: {', '.join(splits) or 'none'}")
        self._files = [
            (part, photos, file)
            for part, photos, labels in folders
            if split in (None, part)
            for file in sorted(labels.glob("*.txt"))
        ]
        self._names = names_in_parts([(part, file.stem) for part, _, file in self._files], self.losses)
        self._count_unlabelled()

    def _count_unlabelled(self) -> None:
        """Counts photographs without a label file, which trainers take for empty ones."""
        for folder in sorted({photos for _, photos, _ in self._files}):
            labelled = {file.stem for _, photos, file in self._files if photos == folder}
            for photo in sorted(folder.iterdir()) if folder.is_dir() else ():
                if photo.suffix.lower() in IMAGE_SUFFIXES and photo.stem not in labelled:
                    self.losses.add(UNLABELLED, photo.stem)

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[LabelledImage]:
        for (part, photos, file), name in zip(self._files, self._names, strict=True):
            photo = find_photo(photos / file.stem)
            yield LabelledImage(name, photo, partial(self._read_labels, name, file, photo), part)

    def _read_labels(self, name: str, file: Path, photo: Path | None) -> ImageLabels:
        if photo is None:
            raise FormatError(f"{file}: its photograph is not in images, and without it the size is unknown; add it")
        size = read_size(photo, self._max_pixels)
        stack = Stack(size, self.taxonomy, name, self.losses)
        laid = []
        for number, line in enumerate(_read_lines(file), 1):
            try:
                values = [float(part) for part in line.split()]
            except ValueError as error:
                raise FormatError(f"{file}: line {number} is not a list of numbers; correct it") from error
            if not values:
                continue
            if values[0] not in self._category:
                raise FormatError(f"{file}: line {number} has the unknown category {values[0]:g}; see {INDEX_NAME}")
            shares = np.array(as_pairs(values[1:], name, self.losses)).reshape(-1, 2)
            with np.errstate(over="ignore"):
                corners = usable(shares * (size[1], size[0]), size, name, self.losses)
            if corners is not None:
                segment_id = stack.add(Segment(self._category[int(values[0])], origin=Origin.IMPORTED))
                laid.append((segment_id, *fill(corners, size)))
        for segment_id, mask, box in sorted(laid, key=lambda one: -int(np.count_nonzero(one[1]))):
            stack.lay(segment_id, mask, box)
        return stack.finish()


def _find_folders(root: Path) -> list[tuple[str, Path, Path]]:
    """Part, photographs and labels of each folder: labels/PART, PART/labels as some services write, or labels alone."""
    labels = root / "labels"
    inside = [(folder.name, root / "images" / folder.name, folder) for folder in labels.glob("*") if folder.is_dir()]
    outside = [(folder.parent.name, folder.parent / "images", folder) for folder in root.glob("*/labels")]
    flat = [("", root / "images", labels)] if any(labels.glob("*.txt")) else []
    return sorted([*inside, *outside, *flat])


def read_names(path: Path) -> dict[int, str]:
    """Reads the `names` of a data.yaml: a list or a map, on one line or several.

    Raises:
        FormatError: The file cannot be read or has no such names.
    """
    text = "\n".join(_read_lines(path))
    found = re.search(r"^names:[ \t]*(.*)\n?((?:[ \t]+.*\n?|-.*\n?|[ \t]*\n)*)", text, re.MULTILINE)
    if found is None:
        raise FormatError(f"{path}: has no 'names'; list the categories there")
    inline, block = found.group(1).split(" #")[0].strip(), found.group(2)
    if inline.startswith(("[", "{")):
        inline = (inline + block).strip()[1:-1]
        items = [item for item in re.findall(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^,"'])+""", inline) if item.strip()]
    else:
        items = [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
    names: dict[int, str] = {}
    for position, item in enumerate(items):
        numbered = re.match(r"\s*(\d{1,18})\s*:\s*(.+)$", item)
        number, name = (int(numbered[1]), numbered[2]) if numbered else (position, item.strip().removeprefix("-"))
        names[number] = _plain(name.strip())
    if not names:
        raise FormatError(f"{path}: 'names' lists nothing; list the categories there")
    return names


def _plain(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == "'":
        return name[1:-1].replace("''", "'")
    if len(name) >= 2 and name[0] == name[-1] == '"':
        try:
            return str(json.loads(name))
        except ValueError:
            return name[1:-1]
    return name


def _read_lines(path: Path) -> list[str]:
    try:
        return finite(path).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise FormatError(f"{path}: no such file; name the folder of a YOLO dataset") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read as text ({error}); check the file") from error
