"""Mapillary Vistas 1.2 and 2.0: 16-bit instances/NAME.png with category * 256 + instance, and config.json.

1.2: training/{images,labels,instances}; 2.0: training/images and training/v2.0/{labels,instances}. Labels that the
config does not evaluate ("Unlabeled") are void. Segments are numbered by category, then instance, when read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import SCORES, FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.json_file import field, read_json
from seamseg_studio.engine.formats.label_image import read_indices, write_indices_16, write_palette
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import names_in_parts, safe_name
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.formats.photos import find_photo, store_photo
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.runs import measure_segments, renumber
from seamseg_studio.engine.formats.segments import ImageLabels, assemble
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

VERSIONS = ("2.0", "1.2")
DEFAULT_SPLIT = "training"
MAX_INSTANCES = 256  # of one category

CROWD = "crowd flags left out"
JOINED_STUFF = "segments of one stuff category joined"
IGNORED = "pixels of labels that are not evaluated made void"

_UNLABELED = "void--unlabeled"
_SPLIT_NAMES = {"train": "training", "val": "validation", "test": "testing", "": DEFAULT_SPLIT}


class Writer(FolderWriter):
    """Writes instances, labels and the config; with `copy_images` the photographs too."""

    format_name = "vistas"
    index_names = ("config.json", "config_v2.0.json", "training", "validation")
    scores_lost = SCORES

    def __init__(
        self,
        folder: Path,
        taxonomy: Taxonomy,
        *,
        resume: bool = False,
        overwrite: bool = False,
        copy_images: bool = False,
        version: str = VERSIONS[0],
    ) -> None:
        """Opens the target.

        Args:
            copy_images: Whether to put the photographs into OUT/SPLIT/images.
            version: "2.0" or "1.2", which differ in folders.
            folder, taxonomy, resume, overwrite: As for `FolderWriter`.
        """
        if version not in VERSIONS:
            raise FormatError(f"there is no Vistas version {version!r}; choose {' or '.join(VERSIONS)}")
        settings = {"copy_images": copy_images, "version": version}
        self._copy_images = copy_images
        self._version = version
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings=settings)

    def _files_of(self, record: Record) -> list[Path]:
        return [self._path(record["name"], record["split"], part) for part in ("instances", "labels")]

    def _path(self, name: str, split: str, part: str) -> Path:
        return _label_root(self.folder / split, self._version) / part / f"{safe_name(name)}.png"

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        split = safe_name(_SPLIT_NAMES.get(split, split))
        for part in ("instances", "labels"):
            self._make_folder(self._path(name, split, part).parent)
        values = self._values(panoptic_map, name)
        old = np.array([0, *values], np.int64)
        void = len(self.taxonomy) * 256
        pixels = renumber(panoptic_map.ids, old, np.array([void, *values.values()], np.int64))
        palette = np.concatenate([self.taxonomy.palette, np.zeros((1, 3), np.uint8)])
        write_palette(self._path(name, split, "labels"), (pixels // 256).astype(np.uint8), palette)
        if self._copy_images:
            folder = self._make_folder(self.folder / split / "images")
            store_photo(folder, safe_name(name), panoptic_map.shape, image_path, image)
        write_indices_16(self._path(name, split, "instances"), pixels)
        return {"split": split}

    def _values(self, panoptic_map: PanopticMap, name: str) -> dict[int, int]:
        """The pixel value of every segment."""
        values: dict[int, int] = {}
        numbers: dict[int, int] = {}
        for segment_id, segment in sorted(panoptic_map.segments.items()):
            category = segment.category
            self.losses.add(CROWD, name, int(segment.is_crowd))
            number = numbers.get(category, 0)
            if self.taxonomy.is_stuff(category):
                self.losses.add(JOINED_STUFF, name, int(number > 0))
                numbers[category] = 1
                values[segment_id] = category * 256
                continue
            if number >= MAX_INSTANCES:
                raise FormatError(
                    f"{name}: has more than {MAX_INSTANCES} instances of {self.taxonomy[category].name!r}, "
                    "which Vistas' files cannot number; use another format"
                )
            numbers[category] = number + 1
            values[segment_id] = category * 256 + number
        return values

    def _write_indexes(self) -> None:
        labels = [
            {
                "color": list(category.color),
                "instances": self.taxonomy.is_thing(index),
                "readable": category.name,
                "name": category.name,
                "evaluate": True,
            }
            for index, category in enumerate(self.taxonomy.categories)
        ]
        labels.append(
            {"color": [0, 0, 0], "instances": False, "readable": "Unlabeled", "name": _UNLABELED, "evaluate": False}
        )
        document = {"version": self._version, "mapping": "public", "title": self.taxonomy.name, "labels": labels}
        name = "config_v2.0.json" if self._version == "2.0" else "config.json"
        atomic_write(self.folder / name, json.dumps(document, ensure_ascii=False, indent=1).encode())


class Reader:
    """Reads instances images.

    Attributes:
        taxonomy: The evaluated labels of the config, stuff first.
        losses: What had to be left out so far.
    """

    def __init__(
        self,
        path: Path,
        *,
        split: str | None = None,
        version: str | None = None,
        images: Path | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Opens a dataset.

        Args:
            path: The folder with the config and the splits.
            split: Only the images of this part ("train" means "training").
            version: "2.0" or "1.2"; the newest that is there by default.
            images: Where the photographs are, if not in SPLIT/images.
            max_pixels: Larger label images are refused.

        Raises:
            FormatError: There is no config, it is not Vistas', or there is no such split.
        """
        self.losses = Losses()
        self._photos = images
        self._max_pixels = max_pixels
        self._config, found = _find_config(path, version)
        self.taxonomy, self._category, self._unlabelled = _read_config(self._config)
        folders = sorted(f for f in path.iterdir() if (_label_root(f, found) / "instances").is_dir())
        splits = [folder.name for folder in folders]
        wanted = _SPLIT_NAMES.get(split, split) if split is not None else None
        if wanted is not None and wanted not in splits:
            raise FormatError(f"{path}: has no split {split!r}; there are: {', '.join(splits) or 'none'}")
        self._files = [
            (folder, file)
            for folder in folders
            if wanted in (None, folder.name)
            for file in sorted((_label_root(folder, found) / "instances").glob("*.png"))
        ]
        self._names = names_in_parts([(folder.name, file.stem) for folder, file in self._files], self.losses)

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[LabelledImage]:
        for (folder, file), name in zip(self._files, self._names, strict=True):
            photos = self._photos or folder / "images"
            photo = find_photo(photos / file.stem)
            yield LabelledImage(name, photo, partial(self._read_labels, name, file), folder.name)

    def _read_labels(self, name: str, file: Path) -> ImageLabels:
        pixels = read_indices(file, self._max_pixels) + 1  # so that 0, the first category's value, is no void
        table = measure_segments(pixels)
        values: list[int] = []
        segments: dict[int, Segment] = {}
        ignored = 0
        for value, area in zip(table.ids.tolist(), table.areas.tolist(), strict=True):
            label = (value - 1) // 256
            if label not in self._category:
                raise FormatError(f"{file}: holds the label {label}, which {self._config.name} does not have")
            category = self._category[label]
            if category is None:
                ignored += 0 if label in self._unlabelled else area
                continue
            values.append(value)
            segments[len(values)] = Segment(category, origin=Origin.IMPORTED)
        self.losses.add(IGNORED, name, ignored)
        ids = renumber(pixels, np.array(values, np.int64), np.arange(1, len(values) + 1))
        return assemble(ids, segments, self.taxonomy, name, self.losses)


def _label_root(split: Path, version: str) -> Path:
    """Where labels and instances of a split are; official 1.2 files may also lie in a folder v1.2."""
    versioned = split / f"v{version}"
    return versioned if version == "2.0" or versioned.is_dir() else split


def _find_config(path: Path, version: str | None) -> tuple[Path, str]:
    names = [("config_v2.0.json", "2.0"), ("config_v1.2.json", "1.2"), ("config.json", "1.2")]
    for name, found in names:
        if version in (None, found) and (path / name).is_file():
            return path / name, found
    raise FormatError(f"{path}: holds no {' or '.join(name for name, _ in names)}; name the folder of a Vistas dataset")


def _read_config(path: Path) -> tuple[Taxonomy, dict[int, int | None], set[int]]:
    """The taxonomy, the category of each label (None is void), and the labels that mean just that."""
    document = read_json(path)
    labels = field(document, "labels", list, path, "the document")
    readable = [entry.get("readable") if isinstance(entry, dict) else None for entry in labels]
    # People know the readable names, but those of version 2.0 are not all unique.
    are_names = all(isinstance(name, str) for name in readable)
    key = "readable" if are_names and len(set(readable)) == len(readable) else "name"
    entries = []
    for number, entry in enumerate(labels):
        what = f"label {number}"
        name = field(entry, key, str, path, what)
        color = field(entry, "color", list, path, what)
        if len(color) != 3 or not all(type(part) is int for part in color):
            raise FormatError(f"{path}: the colour of {what} is not three numbers; correct it")
        if entry.get("evaluate", True):
            things = bool(entry.get("instances", False))
            entries.append(ForeignCategory(number, name, things, (color[0], color[1], color[2])))
    try:
        taxonomy, index = make_taxonomy(str(document.get("title", "vistas")), entries)
    except TaxonomyError as error:
        raise FormatError(f"{path}: {error}") from error
    unlabelled = {number for number, entry in enumerate(labels) if entry.get("name") == _UNLABELED}
    return taxonomy, {number: index.get(number) for number in range(len(labels))}, unlabelled
