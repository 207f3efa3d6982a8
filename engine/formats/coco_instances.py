"""COCO instances: one JSON file with a mask for each thing, as run lengths or polygons.

https://cocodataset.org/#format-data section 1. Written as run lengths, which are exact; stuff has no place in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.coco_index import IMAGE_FOLDER, CocoIndex, find_index, indexes, write_indexes
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.json_file import field
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import safe_name
from seamseg_studio.engine.formats.photos import store_photo
from seamseg_studio.engine.formats.polygons import as_pairs, usable
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.rle import decode_mask, encode_mask
from seamseg_studio.engine.formats.runs import measure_segments
from seamseg_studio.engine.formats.segments import ImageLabels, read_score, written_score
from seamseg_studio.engine.formats.stacking import Stack
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

INDEX_NAME = "instances.json"
NO_STUFF = "stuff segments left out, as COCO instances hold things only"
SAME_ID = "annotations with the id of another one, read all the same"
ORPHANS = "annotations left out that name no image of the list"


class Writer(FolderWriter):
    """Writes OUT/instances.json; category ids are taxonomy index + 1."""

    format_name = "coco-instances"
    index_names = (INDEX_NAME,)
    needs_finite_scores = True

    def __init__(
        self,
        folder: Path,
        taxonomy: Taxonomy,
        *,
        resume: bool = False,
        overwrite: bool = False,
        copy_images: bool = False,
    ) -> None:
        """Opens the target. `copy_images` puts the photographs into OUT/images; see `FolderWriter` for the rest."""
        settings = {"copy_images": copy_images}
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings=settings)
        self._copy_images = copy_images
        if copy_images:
            self._make_folder(folder / IMAGE_FOLDER)

    def _index_files(self, records: Iterable[Record]) -> Iterable[Path]:
        return indexes(self.folder / INDEX_NAME, (record.get("split", "") for record in records))

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        file_name = safe_name(name) + (image_path.suffix if image_path else ".jpg")
        if self._copy_images:
            folder = self.folder / IMAGE_FOLDER
            file_name = store_photo(folder, safe_name(name), panoptic_map.shape, image_path, image).name
        height, width = panoptic_map.shape
        instances = thing_instances(panoptic_map.ids, panoptic_map.segments, self.taxonomy)
        self.losses.add(NO_STUFF, name, len(panoptic_map.segments) - len(instances))
        for instance in instances:
            instance["category_id"] += 1
        record = {"file_name": file_name, "height": height, "width": width, "instances": instances}
        return record | ({"split": split} if split else {})

    def _write_indexes(self) -> None:
        categories = [
            {"id": index + 1, "name": category.name, "supercategory": "thing", "color": list(category.color)}
            for index, category in enumerate(self.taxonomy.categories)
            if self.taxonomy.is_thing(index)
        ]

        def images(part: str | None) -> Iterator[Record]:
            for number, record in enumerate(self._log.records(), 1):
                if part not in (None, record.get("split")):
                    continue
                kept: Record = {key: record[key] for key in ("file_name", "height", "width", "split") if key in record}
                yield {"id": number, **kept}

        def annotations(part: str | None) -> Iterator[Record]:
            numbers = count(1)  # the same in every file
            for image_number, record in enumerate(self._log.records(), 1):
                for instance in record["instances"]:
                    number = next(numbers)
                    if part in (None, record.get("split")):
                        yield {"id": number, "image_id": image_number, **instance}

        write_indexes(self.folder / INDEX_NAME, self.taxonomy, categories, images, annotations)


def thing_instances(ids: NDArray[np.int32], segments: Mapping[int, Segment], taxonomy: Taxonomy) -> list[Record]:
    """Describes every thing of an image as a COCO annotation without ids.

    Args:
        ids: [H, W] int32.
        segments: By id.
        taxonomy: Its index is the "category_id".

    Returns:
        By ascending id: category_id, iscrowd, area, bbox, segmentation and, where there is one, score.
    """
    table = measure_segments(ids)
    shape = (ids.shape[0], ids.shape[1])
    instances = []
    for segment_id, area, box in zip(table.ids.tolist(), table.areas.tolist(), table.boxes.tolist(), strict=True):
        segment = segments[segment_id]
        if not taxonomy.is_thing(segment.category):
            continue
        y0, x0, y1, x1 = box
        instance = {
            "category_id": segment.category,
            "iscrowd": int(segment.is_crowd),
            "area": area,
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "segmentation": encode_mask(ids[y0:y1, x0:x1] == segment_id, box, shape),
        }
        if (score := written_score(segment.score)) is not None:
            instance["score"] = score
        instances.append(instance)
    return instances


class Reader:
    """Reads COCO instances into partitions: larger instances lie below smaller ones, crowds below all.

    Attributes:
        taxonomy: Its categories, all things unless marked otherwise.
        losses: Overlaps, hidden instances and odd polygons so far.
    """

    def __init__(
        self, path: Path, *, split: str | None = None, images: Path | None = None, max_pixels: int = MAX_PIXELS
    ) -> None:
        """Opens a dataset.

        Args:
            path: The JSON file, or the folder with the only one.
            split: Only the images that say they belong to this part.
            images: Where the photographs are, if not beside the JSON or in `images` there.
            max_pixels: Larger images are refused.

        Raises:
            FormatError: There is no such JSON, it is not COCO instances, or there is no such split.
        """
        self.losses = Losses()
        self._path = find_index(path, INDEX_NAME)
        self._max_pixels = max_pixels
        self._names: list[str] = []
        taken: set[str] = set()
        numbers = array("q")

        def note_image(image: Any, row: int) -> None:
            self._names.append(f"image {row}")  # if it has no name that can be used
            file_name = field(image, "file_name", str, self._path, f"the image at place {row}")
            name = safe_name(file_name.rpartition(".")[0] or file_name)
            if name in taken:
                raise FormatError(f"{self._path}: two images are called {file_name!r}; make the names unique")
            taken.add(name)
            self._names[-1] = name

        def note_annotation(annotation: Any, number: int) -> None:
            own = annotation.get("id") if isinstance(annotation, dict) else None
            if type(own) is int and abs(own) < 1 << 63:
                numbers.append(own)

        self._index = CocoIndex(self._path, images, on_image=note_image, on_annotation=note_annotation)
        self.taxonomy = self._index.taxonomy
        self._index.check_part(split)
        every = range(len(self._names))
        self._rows = every if split is None else [row for row in every if self._index.part(row) == split]
        in_order = np.sort(np.frombuffer(numbers, np.int64))
        again = in_order[1:][in_order[1:] == in_order[:-1]]
        # The ids stand for nothing here; both annotations are read.
        self.losses.add(SAME_ID, self._path.name, len(again), ", ".join(map(str, again[:10].tolist())))
        # The annotations of image k are those at the places _order[_first[k]] to _order[_first[k + 1]].
        rows = np.frombuffer(self._index.image_rows, np.int64)
        orphans = np.flatnonzero(rows < 0)
        self.losses.add(ORPHANS, self._path.name, len(orphans), "at " + ", ".join(map(str, orphans[:10].tolist())))
        self._order = np.argsort(rows, kind="stable")
        self._first = np.searchsorted(rows, np.arange(len(self._names) + 1), sorter=self._order)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[LabelledImage]:
        for row in self._rows:
            name = self._names[row]
            if row in self._index.refused:
                yield LabelledImage.failing(name, self._index.refused[row])
                continue
            file_name = field(self._index.image(row), "file_name", str, self._path, f"the image at place {row}")
            try:
                photo = self._index.find_image(file_name)
            except FormatError as error:
                yield LabelledImage.failing(name, error)
                continue
            yield LabelledImage(name, photo, partial(self._read_labels, name, row), self._index.part(row))

    def _read_labels(self, name: str, row: int) -> ImageLabels:
        entry, what = self._index.image(row), f"image {name!r}"
        height = field(entry, "height", int, self._path, what)
        width = field(entry, "width", int, self._path, what)
        if not 0 < height * width <= self._max_pixels or height < 0:
            raise FormatError(
                f"{self._path}: {what} has {width} x {height} pixels; the limit is {self._max_pixels:,}, see max_pixels"
            )
        shape = (height, width)
        shapes = []
        own = self._order[self._first[row] : self._first[row + 1]].tolist()
        for number, annotation in enumerate(self._index.annotations(own)):
            segment = self._segment(annotation, name, f"annotation {annotation.get('id', number)} of {what}")
            mask, box = self._mask(annotation, shape, name)
            shapes.append((segment, mask, box, int(np.count_nonzero(mask))))
        stack = Stack(shape, self.taxonomy, name, self.losses)
        laid = [(stack.add(shape[0]), *shape) for shape in shapes]
        for segment_id, _, mask, box, _ in sorted(laid, key=lambda one: (not one[1].is_crowd, -one[4])):
            stack.lay(segment_id, mask, box)
        return stack.finish()

    def _segment(self, annotation: Any, name: str, what: str) -> Segment:
        return Segment(
            category=self._index.category(annotation, what),
            is_crowd=bool(annotation.get("iscrowd", 0)),
            score=read_score(annotation, name, self.losses),
            origin=Origin.IMPORTED,
        )

    def _mask(
        self, annotation: Any, shape: tuple[int, int], name: str
    ) -> tuple[NDArray[np.bool_], tuple[int, int, int, int]]:
        segmentation = field(annotation, "segmentation", (list, dict), self._path, f"an annotation of image {name!r}")
        if isinstance(segmentation, list):
            polygons = []
            for flat in segmentation:
                corners = usable(
                    as_pairs(flat, name, self.losses) if isinstance(flat, list) else flat, shape, name, self.losses
                )
                if corners is not None:
                    polygons.append(corners.reshape(-1).tolist())
            segmentation = polygons
        try:
            return decode_mask(segmentation, shape)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise FormatError(
                f"{self._path}: a mask of image {name!r} is damaged ({error}); export it again"
            ) from error
