"""Pascal VOC masks: SegmentationClass and SegmentationObject, palette PNGs of 8 bits, 255 being void.

http://host.robots.ox.ac.uk/pascal/VOC/voc2012/#devkit. Category numbers are taxonomy index + 1; 0, VOC's background, is
not used and read as void. OUT/taxonomy.json keeps the categories; without it they are VOC's twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_write, finite
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import SCORES, FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.label_image import read_indices, write_palette
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import path_inside, safe_name
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.formats.photos import find_photo, store_photo
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.runs import measure_segments, renumber
from seamseg_studio.engine.formats.segments import ImageLabels, assemble
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

CLASSES, OBJECTS, PHOTOS, LISTS = "SegmentationClass", "SegmentationObject", "JPEGImages", "ImageSets/Segmentation"
TAXONOMY_NAME = "taxonomy.json"
DEFAULT_SPLIT = "train"
VOID_PIXEL = 255
MAX_OBJECTS = 254

CROWD = "crowd flags left out"
NO_CLASS = "pixels of objects without a category made void"
NO_NUMBER = "things without object numbers taken for crowds"
JOINED_STUFF = "segments of one stuff category joined"

VOC_CATEGORIES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


class Writer(FolderWriter):
    """Writes both masks, ImageSets/Segmentation/SPLIT.txt and, with `copy_images`, JPEGImages."""

    format_name = "voc"
    index_names = (CLASSES, OBJECTS)
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
        """Opens the target. `copy_images` puts the photographs into OUT/JPEGImages; see `FolderWriter` for the rest."""
        if len(taxonomy) >= VOID_PIXEL:
            raise FormatError(f"the taxonomy {taxonomy.name!r} has {len(taxonomy)} categories; VOC masks hold 254")
        settings = {"copy_images": copy_images}
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings=settings)
        self._copy_images = copy_images
        for part in (CLASSES, OBJECTS, LISTS, *([PHOTOS] if copy_images else [])):
            self._make_folder(folder / part)

    def _files_of(self, record: Record) -> list[Path]:
        return self._masks(record["name"])

    def _index_files(self, records: Iterable[Record]) -> Iterable[Path]:
        return {self.folder / LISTS / f"{record['split']}.txt" for record in records}

    def _masks(self, name: str) -> list[Path]:
        return [self.folder / part / f"{safe_name(name)}.png" for part in (CLASSES, OBJECTS)]

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        old, categories, numbers = self._numbers(panoptic_map, name)
        classes, objects = self._masks(name)
        palette = np.zeros((256, 3), np.uint8)
        palette[1 : len(self.taxonomy) + 1] = self.taxonomy.palette
        palette[VOID_PIXEL] = (224, 224, 192)  # the devkit's cream
        write_palette(classes, renumber(panoptic_map.ids, old, categories).astype(np.uint8), palette)
        write_palette(objects, renumber(panoptic_map.ids, old, numbers).astype(np.uint8), _object_palette())
        if self._copy_images:
            store_photo(self.folder / PHOTOS, safe_name(name), panoptic_map.shape, image_path, image)
        return {"split": safe_name(split or DEFAULT_SPLIT)}

    def _numbers(
        self, panoptic_map: PanopticMap, name: str
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Segment ids, void included, with the pixel value of each in both masks."""
        rows = [(0, VOID_PIXEL, VOID_PIXEL)]
        things = 0
        stuff: set[int] = set()
        for segment_id, segment in sorted(panoptic_map.segments.items()):
            self.losses.add(CROWD, name, int(segment.is_crowd))
            number = 0
            if self.taxonomy.is_thing(segment.category):
                things += 1
                number = things
            else:
                self.losses.add(JOINED_STUFF, name, int(segment.category in stuff))
                stuff.add(segment.category)
            rows.append((segment_id, segment.category + 1, number))
        if things > MAX_OBJECTS:
            raise FormatError(f"{name}: has {things} things; VOC masks hold {MAX_OBJECTS}; use another format")
        old, categories, numbers = np.array(rows, np.int64).T
        return old, categories, numbers

    def _write_indexes(self) -> None:
        names: dict[str, list[str]] = {}
        for record in self._log.records():
            names.setdefault(record["split"], []).append(safe_name(record["name"]))
        for split, members in names.items():
            atomic_write(self.folder / LISTS / f"{split}.txt", "".join(f"{name}\n" for name in members).encode())
        self.taxonomy.save(self.folder / TAXONOMY_NAME)


class Reader:
    """Reads both masks. Segments are numbered by category, then object.

    Attributes:
        taxonomy: Of taxonomy.json, or VOC's twenty.
        losses: What had to be repaired so far.
    """

    def __init__(
        self, path: Path, *, split: str | None = None, images: Path | None = None, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Opens a dataset.

        Args:
            path: The folder that holds SegmentationClass.
            split: Only the images of ImageSets/Segmentation/SPLIT.txt.
            images: Where the photographs are, if not in JPEGImages.
            max_pixels: Larger label images are refused.

        Raises:
            FormatError: There are no such files, or no such split.
        """
        self.losses = Losses()
        self._root = path
        self._photos = images or path / PHOTOS
        self._max_pixels = max_pixels
        if not (path / CLASSES).is_dir():
            raise FormatError(f"{path}: holds no folder {CLASSES}; name the folder of a VOC dataset")
        try:
            if (path / TAXONOMY_NAME).is_file():
                self.taxonomy = Taxonomy.load(path / TAXONOMY_NAME)
            else:
                entries = [ForeignCategory(name, name, True) for name in VOC_CATEGORIES]
                self.taxonomy, _ = make_taxonomy("voc", entries)
        except TaxonomyError as error:
            raise FormatError(f"{path}: {error}") from error
        lists = {file.stem: file for file in sorted((path / LISTS).glob("*.txt"))}
        if split is not None and split not in lists:
            raise FormatError(f"{path}: has no split {split!r}; there are: {', '.join(lists) or 'none'}")
        if split is None:
            self._names = sorted(file.stem for file in (path / CLASSES).glob("*.png"))
        else:
            self._names = _text_of(lists[split]).split("\n")
            self._names = [name.strip() for name in self._names if name.strip()]
        self._split_of = {
            name.strip(): part
            for part, file in lists.items()
            if split in (None, part)
            for name in _text_of(file).splitlines()
        }

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[LabelledImage]:
        for name in self._names:
            try:
                photo = find_photo(path_inside(self._photos, name, self._root / LISTS))
            except FormatError as error:
                yield LabelledImage.failing(safe_name(name), error)
                continue
            yield LabelledImage(safe_name(name), photo, partial(self._read_labels, name), self._split_of.get(name, ""))

    def _read_labels(self, name: str) -> ImageLabels:
        classes_path = path_inside(self._root / CLASSES, f"{name}.png", self._root)
        objects_path = path_inside(self._root / OBJECTS, f"{name}.png", self._root)
        classes = read_indices(classes_path, self._max_pixels)
        objects = read_indices(objects_path, self._max_pixels) if objects_path.is_file() else np.zeros_like(classes)
        if classes.shape != objects.shape:
            raise FormatError(f"{objects_path}: is of another size than {classes_path.name} in {CLASSES}; export again")
        is_void = (classes == 0) | (classes == VOID_PIXEL)
        objects = np.where(objects == VOID_PIXEL, 0, objects)
        self.losses.add(NO_CLASS, name, int(np.count_nonzero(objects[is_void])))
        pair = np.where(is_void, 0, classes * 256 + objects)
        values = measure_segments(pair).ids
        segments = {}
        for number, value in enumerate(values.tolist(), 1):
            category = value // 256 - 1
            if category >= len(self.taxonomy):
                raise FormatError(f"{classes_path}: holds the category {category + 1}; there are {len(self.taxonomy)}")
            is_crowd = value % 256 == 0 and self.taxonomy.is_thing(category)
            self.losses.add(NO_NUMBER, name, int(is_crowd), self.taxonomy[category].name)
            segments[number] = Segment(category, is_crowd, origin=Origin.IMPORTED)
        ids = renumber(pair, values, np.arange(1, len(values) + 1))
        return assemble(ids, segments, self.taxonomy, name, self.losses)


def _object_palette() -> NDArray[np.uint8]:
    """The devkit's colours: the bits of the number spread over the channels."""
    numbers = np.arange(256)
    palette = np.zeros((256, 3), np.int64)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= ((numbers >> (3 * bit + channel)) & 1) << (7 - bit)
    return palette.astype(np.uint8)


def _text_of(path: Path) -> str:
    try:
        return finite(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the dataset") from error
