"""The seamseg dataset: img/ID.{jpg,png}, msk/ID.png, lst/SPLIT.txt, coco/SPLIT.json and metadata.bin.

In msk pixel values are segment ids; entry k of an image's `cat` in metadata.bin is the category of id k, entry 0 is
void (255). Overlapping instances may lie in further layers msk/ID.png.1, ID.png.2, ...

Exported corrections also have weights/ID.png (how much each pixel counts in training, in hundredths), provenance/ID.png
(0 nobody, 1 model, 2 human, 3 imported) and in metadata.bin `origin`: who gave each segment its category, in these
codes.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import msgpack
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_path, atomic_write, finite
from seamseg_studio.engine.formats.coco_instances import thing_instances
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import FolderWriter
from seamseg_studio.engine.formats.image_file import MAX_PIXELS
from seamseg_studio.engine.formats.json_file import write_list
from seamseg_studio.engine.formats.label_image import read_indices, write_indices, write_indices_16
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import path_inside, safe_name
from seamseg_studio.engine.formats.photos import find_photo, store_photo
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.seamseg_metadata import MetadataIndex
from seamseg_studio.engine.formats.segments import ImageLabels, assemble, compact
from seamseg_studio.engine.scene.panoptic_map import Origin, PanopticMap, Segment
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY, Kind, Taxonomy

METADATA_NAME = "metadata.bin"
DEFAULT_SPLIT = "all"
WEIGHTS, PROVENANCE = "weights", "provenance"
FULL_WEIGHT = 100  # what the value of a pixel is in `weights` that counts fully
MAX_SEGMENTS = 0xFFFF

OVERLAP = "overlapping pixels of further mask layers left to the first"
SEVERAL_SPLITS = "memberships in a second split ignored"
UNDESCRIBED = "images of a split left out that metadata.bin does not describe"
VOID_SEGMENT = "segments of category void made void"

_CODES: dict[str, Origin] = {"0": Origin.IMPORTED, **{repr(origin.code): origin for origin in Origin}}


class Writer(FolderWriter):
    """Writes a dataset that the original training code loads; ids become 1, 2, ... in their order."""

    format_name = "seamseg"
    index_names = (METADATA_NAME, "msk", "img")
    scores_lost = "scores left out of metadata.bin"

    def __init__(
        self,
        folder: Path,
        taxonomy: Taxonomy,
        *,
        resume: bool = False,
        overwrite: bool = False,
        split: str = DEFAULT_SPLIT,
        original_ids: list[int] | None = None,
    ) -> None:
        """Opens the target.

        Args:
            split: Where images go whose `write` names no split.
            original_ids: The number of each category in the dataset that the labels came from; 0, 1, ... by default.
            folder, taxonomy, resume, overwrite: As for `FolderWriter`.
        """
        super().__init__(folder, taxonomy, resume=resume, overwrite=overwrite, settings={"original_ids": original_ids})
        self._split = split
        self._original_ids = original_ids or list(range(len(taxonomy)))
        for part in ("img", "msk", "lst", "coco"):
            self._make_folder(folder / part)

    def _files_of(self, record: Record) -> list[Path]:
        parts = ("msk", *((WEIGHTS, PROVENANCE) if "origin" in record else ()))
        return [self.folder / part / f"{safe_name(record['name'])}.png" for part in parts]

    def _write_image(
        self, name: str, image_path: Path | None, labels: Labels, image: NDArray[np.uint8] | None, split: str
    ) -> Record:
        panoptic_map = to_map(labels)
        if len(panoptic_map.segments) > MAX_SEGMENTS:
            raise FormatError(
                f"{name}: has {len(panoptic_map.segments)} segments; the seamseg format holds {MAX_SEGMENTS} an image"
            )
        ids, former = compact(panoptic_map)
        segments = [panoptic_map.segments[i] for i in former[1:]]
        image_id = safe_name(name)
        photo = store_photo(self.folder / "img", image_id, panoptic_map.shape, image_path, image)
        write_indices_16(self.folder / "msk" / f"{image_id}.png", ids)
        return {
            "split": safe_name(split or self._split),
            "file_name": photo.name,
            "size": list(panoptic_map.shape),
            "cat": [VOID_CATEGORY, *(segment.category for segment in segments)],
            "iscrowd": [0, *(int(segment.is_crowd) for segment in segments)],
            "coco": thing_instances(ids, dict(enumerate(segments, 1)), self.taxonomy),
        }

    def _index_files(self, records: Iterable[Record]) -> Iterable[Path]:
        parts = {record["split"] for record in records}
        return [self.folder / place for part in parts for place in (f"lst/{part}.txt", f"coco/{part}.json")]

    def _write_weights(self, name: str, panoptic_map: PanopticMap, weights: NDArray[np.float32]) -> Record:
        image_id = safe_name(name)
        hundredths = np.rint(np.clip(weights, 0, 1) * FULL_WEIGHT).astype(np.uint8)
        for part, pixels in ((WEIGHTS, hundredths), (PROVENANCE, panoptic_map.provenance)):
            write_indices(self._make_folder(self.folder / part) / f"{image_id}.png", pixels)
        segments = panoptic_map.segments
        return {"origin": [0, *(segments[i].origin.code for i in sorted(segments))]}

    def _write_indexes(self) -> None:
        names: dict[str, list[str]] = {}
        for record in self._log.records():
            names.setdefault(record["split"], []).append(safe_name(record["name"]))
        for split, members in names.items():
            atomic_write(self.folder / "lst" / f"{split}.txt", "".join(f"{name}\n" for name in members).encode())
            self._write_coco(split)
        self._write_metadata()

    def _write_metadata(self) -> None:
        packer = msgpack.Packer()
        with atomic_path(self.folder / METADATA_NAME) as temporary, temporary.open("wb") as file:
            file.write(packer.pack_map_header(2))
            file.write(packer.pack("images"))
            file.write(packer.pack_array_header(len(self._log)))
            for record in self._log.records():
                entry = {"id": safe_name(record["name"])}
                entry |= {key: record[key] for key in ("cat", "size", "iscrowd", "origin") if key in record}
                file.write(packer.pack(entry))
            file.write(packer.pack("meta"))
            file.write(
                packer.pack(
                    {
                        "num_stuff": self.taxonomy.num_stuff,
                        "num_thing": self.taxonomy.num_things,
                        "categories": [category.name for category in self.taxonomy.categories],
                        "palette": [list(category.color) for category in self.taxonomy.categories],
                        "original_ids": self._original_ids,
                    }
                )
            )

    def _write_coco(self, split: str) -> None:
        things = [
            {"id": index, "name": category.name}
            for index, category in enumerate(self.taxonomy.categories)
            if category.kind is Kind.THING
        ]

        def members() -> Iterator[Record]:
            return (record for record in self._log.records() if record["split"] == split)

        def images() -> Iterator[Record]:
            for record in members():
                height, width = record["size"]
                image_id = safe_name(record["name"])
                yield {"id": image_id, "file_name": record["file_name"], "width": width, "height": height}

        def annotations() -> Iterator[Record]:
            number = count(1)
            for record in members():
                for instance in record["coco"]:
                    yield {"id": next(number), "image_id": safe_name(record["name"]), **instance}

        path = self.folder / "coco" / f"{split}.json"
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"{{{json.dumps('info')}: {json.dumps({'version': '1.0'})},\n")
            write_list(file, "images", images())
            write_list(file, "categories", things)
            write_list(file, "annotations", annotations(), last=True)
            file.write("}\n")


class Reader:
    """Reads a seamseg dataset.

    Attributes:
        taxonomy: Its categories.
        has_weights: Whether some images say what their pixels count: corrections, void where nobody vouched.
        losses: What had to be repaired so far.
    """

    def __init__(self, path: Path, *, split: str | None = None, max_pixels: int = MAX_PIXELS) -> None:
        """Opens a dataset.

        Args:
            path: Its folder.
            split: Only the images of lst/SPLIT.txt, in its order; all of metadata.bin if None.
            max_pixels: Larger label images are refused.

        Raises:
            FormatError: There is no such dataset or split, or metadata.bin is damaged.
        """
        self.losses = Losses()
        self._folder = path
        self._max_pixels = max_pixels
        self._metadata = path / METADATA_NAME
        self._index = MetadataIndex(self._metadata)
        self.taxonomy = self._index.taxonomy
        self.has_weights = self._index.has_weights
        files = {file.stem: file for file in sorted((path / "lst").glob("*.txt"))}
        if split is not None and split not in files:
            raise FormatError(f"{path}: has no split {split!r}; there are: {', '.join(files) or 'none'}")
        self._parts = ["", *files]
        self._part_of = array("h", bytes(2 * len(self._index.rows)))  # a place in `_parts` for each image
        self._names = self._index.rows if split is None else _read_list(files[split])
        for number, (part, file) in enumerate(files.items(), 1):
            if split in (None, part):
                self._join(number, part, file, must_exist=split is not None)

    def _join(self, number: int, part: str, file: Path, *, must_exist: bool) -> None:
        """Notes which images belong to a part."""
        for name in _read_list(file):
            row = self._index.rows.get(name)
            if row is not None:
                if self._part_of[row]:
                    self.losses.add(SEVERAL_SPLITS, name, 1, part)
                else:
                    self._part_of[row] = number
            elif must_exist:
                raise FormatError(f"{self._metadata}: does not describe image {name!r} of lst/{part}.txt; remake it")
            else:
                self.losses.add(UNDESCRIBED, name, 1, part)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[LabelledImage]:
        for name in self._names:
            try:
                if name in self._index.refused:
                    raise self._index.refused[name]
                photo = find_photo(path_inside(self._folder / "img", name, self._metadata), first=".png")
            except FormatError as error:
                yield LabelledImage.failing(safe_name(name), error)
                continue
            part = self._parts[self._part_of[self._index.rows[name]]]
            yield LabelledImage(name, photo, partial(self._read_labels, name), part)

    def _read_labels(self, name: str) -> ImageLabels:
        entry = self._index.entry(name)
        path = path_inside(self._folder / "msk", f"{name}.png", self._metadata)
        ids = self._read_layer(path, entry)
        for layer in count(1):
            further = path.with_name(f"{path.name}.{layer}")
            if not further.is_file():
                break
            above = self._read_layer(further, entry)
            free = ids == VOID
            self.losses.add(OVERLAP, name, int(np.count_nonzero(above[~free])))
            ids = np.where(free, above, ids)
        segments = {}
        origins = self._origins(name, entry)
        for segment_id, (category, is_crowd) in enumerate(zip(entry["cat"], entry["iscrowd"], strict=True)):
            if segment_id == VOID:
                continue
            if category == VOID_CATEGORY:
                ids = np.where(ids == segment_id, np.int32(VOID), ids)
                self.losses.add(VOID_SEGMENT, name, 1, f"id {segment_id}")
            elif category >= len(self.taxonomy):
                raise FormatError(
                    f"{self._metadata}: segment {segment_id} of image {name!r} has the unknown category {category}"
                )
            else:
                segments[segment_id] = Segment(category, bool(is_crowd), origin=origins[segment_id])
        labels = assemble(ids, segments, self.taxonomy, name, self.losses)
        return labels if "origin" not in entry else self._with_weights(name, entry, labels)

    def _origins(self, name: str, entry: Record) -> list[Origin]:
        """Who gave each segment its category; an imported one for those that do not say."""
        codes = entry.get("origin")
        if codes is None:
            return [Origin.IMPORTED] * len(entry["cat"])
        if not isinstance(codes, list) or len(codes) != len(entry["cat"]) or not set(map(repr, codes)) <= _CODES.keys():
            raise FormatError(f"{self._metadata}: the field 'origin' of image {name!r} is wrong; export it again")
        return [_CODES[repr(code)] for code in codes]

    def _with_weights(self, name: str, entry: Record, labels: ImageLabels) -> ImageLabels:
        """Adds how much each pixel counts and who said so, which exported corrections have."""
        planes = []
        for part, largest in ((WEIGHTS, FULL_WEIGHT), (PROVENANCE, max(origin.code for origin in Origin))):
            path = path_inside(self._folder / part, f"{name}.png", self._metadata)
            plane = self._read_layer(path, entry)
            if int(plane.max(initial=0)) > largest:
                raise FormatError(f"{path}: holds values above {largest}; export it again")
            planes.append(np.where(labels.ids == VOID, 0, plane).astype(np.uint8))
        weights, provenance = planes
        shares: NDArray[np.float32] = weights.astype(np.float32) / np.float32(FULL_WEIGHT)
        return replace(labels, weights=shares, provenance=provenance)

    def _read_layer(self, path: Path, entry: Record) -> NDArray[np.int32]:
        ids = read_indices(path, self._max_pixels)
        if list(ids.shape) != list(entry["size"]):
            height, width = entry["size"]
            raise FormatError(
                f"{path}: is {ids.shape[1]} x {ids.shape[0]} pixels, but {METADATA_NAME} says {width} x {height}; "
                "export it again"
            )
        return ids


def _read_list(path: Path) -> list[str]:
    try:
        return [line.strip() for line in finite(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read ({error}); it holds one image id a line") from error
