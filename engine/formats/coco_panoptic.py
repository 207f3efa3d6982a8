"""COCO panoptic: one RGB PNG an image (id = R + 256 G + 65536 B) and one JSON file.

https://cocodataset.org/#format-data section 4. The PNGs lie in the folder called as the JSON without its suffix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.formats.coco_index import (
    IMAGE_FOLDER,
    CocoIndex,
    Key,
    find_index,
    image_key,
    indexes,
    write_indexes,
)
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.json_file import field
from seamseg_studio.engine.formats.label_image import read_colors_as_ids, write_ids_as_colors
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import path_inside, safe_name
from seamseg_studio.engine.formats.photos import store_photo
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.runs import measure_segments
from seamseg_studio.engine.formats.segments import ImageLabels, assemble, read_score, written_score
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import Taxonomy

INDEX_NAME = "panoptic.json"
PNG_FOLDER = "panoptic"
UNLABELLED = "images without an annotation left out"


class Writer(FolderWriter):
    """Writes OUT/panoptic.json and OUT/panoptic/NAME.png; category ids are taxonomy index + 1."""

    format_name = "coco-panoptic"
    index_names = (INDEX_NAME, PNG_FOLDER)
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
        for part in (PNG_FOLDER, *([IMAGE_FOLDER] if copy_images else [])):
            self._make_folder(folder / part)

    def _png(self, name: str) -> Path:
        return self.folder / PNG_FOLDER / f"{safe_name(name)}.png"

    def _files_of(self, record: Record) -> list[Path]:
        return [self._png(record["name"])]

    def _index_files(self, records: Iterable[Record]) -> Iterable[Path]:
        return indexes(self.folder / INDEX_NAME, (record.get("split", "") for record in records))

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        write_ids_as_colors(self._png(name), panoptic_map.ids)
        file_name = safe_name(name) + (image_path.suffix if image_path else ".jpg")
        if self._copy_images:
            folder = self.folder / IMAGE_FOLDER
            file_name = store_photo(folder, safe_name(name), panoptic_map.shape, image_path, image).name
        height, width = panoptic_map.shape
        return {
            "file_name": file_name,
            "height": height,
            "width": width,
            "segments_info": [self._describe(panoptic_map, *row) for row in _rows(panoptic_map)],
            **({"split": split} if split else {}),
        }

    def _describe(self, panoptic_map: PanopticMap, segment_id: int, area: int, box: list[int]) -> Record:
        segment = panoptic_map.segments[segment_id]
        y0, x0, y1, x1 = box
        described: Record = {
            "id": segment_id,
            "category_id": segment.category + 1,
            "area": area,
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "iscrowd": int(segment.is_crowd),
        }
        if (score := written_score(segment.score)) is not None:
            described["score"] = score
        return described

    def _write_indexes(self) -> None:
        categories = [
            {
                "id": index + 1,
                "name": category.name,
                "supercategory": category.kind.value,
                "isthing": int(self.taxonomy.is_thing(index)),
                "color": list(category.color),
            }
            for index, category in enumerate(self.taxonomy.categories)
        ]
        write_indexes(
            self.folder / INDEX_NAME,
            self.taxonomy,
            categories,
            lambda part: map(_image_entry, self._numbered(part)),
            lambda part: map(_annotation_entry, self._numbered(part)),
        )

    def _numbered(self, part: str | None) -> Iterator[tuple[int, Record]]:
        """The images of one part, or all, with their ids, which are the same in every file."""
        numbered = enumerate(self._log.records(), 1)
        return ((n, record) for n, record in numbered if part in (None, record.get("split")))


def _rows(panoptic_map: PanopticMap) -> Iterator[tuple[int, int, list[int]]]:
    table = measure_segments(panoptic_map.ids)
    return zip(table.ids.tolist(), table.areas.tolist(), table.boxes.tolist(), strict=True)


def _image_entry(numbered: tuple[int, Record]) -> Record:
    number, record = numbered
    return {"id": number, **{key: record[key] for key in ("file_name", "height", "width", "split") if key in record}}


def _annotation_entry(numbered: tuple[int, Record]) -> Record:
    number, record = numbered
    return {
        "image_id": number,
        "file_name": f"{safe_name(record['name'])}.png",
        "segments_info": record["segments_info"],
    }


class Reader:
    """Reads a COCO panoptic JSON with its PNGs.

    Attributes:
        taxonomy: Its categories, stuff first.
        losses: Segments that the JSON lists without pixels, pixels that it does not list.
    """

    def __init__(
        self,
        path: Path,
        *,
        split: str | None = None,
        images: Path | None = None,
        png_folder: Path | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Opens a dataset.

        Args:
            path: The JSON file, or the folder with the only one.
            split: Only the images that say they belong to this part.
            images: Where the photographs are, if not beside the JSON or in `images` there.
            png_folder: Where the PNGs are, if not in the folder called as the JSON.
            max_pixels: Larger label images are refused.

        Raises:
            FormatError: There is no such JSON, it is not COCO panoptic, or there is no such split.
        """
        self.losses = Losses()
        self._path = find_index(path, INDEX_NAME)
        self._max_pixels = max_pixels
        self._folder = png_folder or self._path.with_suffix("")
        self._names: list[str] = []
        self._refused: dict[int, FormatError] = {}
        self._index = CocoIndex(self._path, images, on_annotation=self._noter())
        self.taxonomy = self._index.taxonomy
        rows = np.frombuffer(self._index.image_rows, np.int64)
        labelled = np.zeros(self._index.num_images, np.bool_)
        labelled[rows[rows >= 0]] = True
        self._index.check_part(split)
        every = range(len(self._names))
        self._numbers = every if split is None else [n for n in every if self._index.part(int(rows[n])) == split]
        for row in np.flatnonzero(~labelled).tolist():
            name = "" if row in self._index.refused else _file_name(self._index.image(row))
            self.losses.add(UNLABELLED, name or f"image {row}")

    def _noter(self) -> Callable[[Any, int], None]:
        """Makes what notes the name of every annotation, and what is wrong with it."""
        taken: set[str] = set()
        described: dict[Key, int] = {}

        def check(annotation: Any, number: int) -> str:
            png: str = field(annotation, "file_name", str, self._path, f"annotation {number}")
            name = safe_name(png[:-4] if png.lower().endswith(".png") else png)
            key = image_key(annotation)
            if key is None:
                field(annotation, "image_id", (int, str), self._path, f"the annotation of {png}")
            elif (former := described.setdefault(key, number)) != number:
                # Nobody knows which of the two is meant.
                error = FormatError(f"{self._path}: image {key!r} has two annotations; remove one")
                self._refused[former] = error
                raise error
            if name in taken:
                raise FormatError(f"{self._path}: two annotations name the same PNG {png}; make the names unique")
            taken.add(name)
            return name

        def note(annotation: Any, number: int) -> None:
            try:
                self._names.append(check(annotation, number))
            except FormatError as error:
                self._names.append(f"annotation {number}")
                self._refused[number] = error

        return note

    def _error_of(self, number: int) -> FormatError | None:
        """What is wrong with an annotation or its image, before its labels are looked at."""
        row = self._index.image_rows[number]
        if number in self._refused or row in self._index.refused:
            return self._refused.get(number) or self._index.refused[row]
        if row < 0:
            (annotation,) = self._index.annotations([number])
            key = image_key(annotation)
            return FormatError(f"{self._path}: an annotation names image {key!r}, which is not listed; add it")
        return None

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[LabelledImage]:
        for number in self._numbers:
            name, row = self._names[number], self._index.image_rows[number]
            if (wrong := self._error_of(number)) is not None:
                yield LabelledImage.failing(name, wrong)
                continue
            image = self._index.image(row)
            try:
                photo = self._index.find_image(_file_name(image), name, self._folder)
            except FormatError as error:
                yield LabelledImage.failing(name, error)
                continue
            yield LabelledImage(name, photo, partial(self._read_labels, name, number), self._index.part(row))

    def _read_labels(self, name: str, number: int) -> ImageLabels:
        (annotation,) = self._index.annotations([number])
        image = self._index.image(self._index.image_rows[number])
        png = path_inside(self._folder, annotation["file_name"], self._path)
        ids = read_colors_as_ids(png, self._max_pixels)
        size = (image.get("height"), image.get("width"))
        if None not in size and size != ids.shape:
            raise FormatError(
                f"{png}: is {ids.shape[1]} x {ids.shape[0]} pixels, but {self._path.name} says {size[1]} x {size[0]}; "
                "export it again"
            )
        segments: dict[int, Segment] = {}
        for entry in field(annotation, "segments_info", list, self._path, f"image {name!r}"):
            segment_id = field(entry, "id", int, self._path, f"a segment of image {name!r}")
            if segment_id in segments:
                raise FormatError(f"{self._path}: image {name!r} has two segments {segment_id}; make the ids unique")
            segments[segment_id] = Segment(
                category=self._index.category(entry, f"segment {segment_id} of image {name!r}"),
                is_crowd=bool(entry.get("iscrowd", 0)),
                score=read_score(entry, name, self.losses),
                origin=Origin.IMPORTED,
            )
        return assemble(ids, segments, self.taxonomy, name, self.losses)


def _file_name(image: object) -> str:
    """The photograph that an entry of "images" names; "" if it names none."""
    name = image.get("file_name") if isinstance(image, dict) else None
    return name if isinstance(name, str) else ""
