"""The seamseg dataset: img/ID.{jpg,png}, msk/ID.png, lst/SPLIT.txt, coco/SPLIT.json and metadata.bin.

In msk pixel values are segment ids; entry k of an image's `cat` in metadata.bin is the category of id k, entry 0 is
void (255). Overlapping instances may lie in further layers msk/ID.png.1, ID.png.2, ...
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from seamseg_studio.engine.files import atomic_path, atomic_write
from seamseg_studio.engine.formats.coco_instances import thing_instances
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.folder_writer import FolderWriter
from seamseg_studio.engine.formats.image_file import IMAGE_SUFFIXES, MAX_PIXELS
from seamseg_studio.engine.formats.json_file import field, write_list
from seamseg_studio.engine.formats.label_image import read_indices, write_indices_16
from seamseg_studio.engine.formats.losses import Losses
from seamseg_studio.engine.formats.names import path_inside, safe_name
from seamseg_studio.engine.formats.palettes import color_for
from seamseg_studio.engine.formats.photos import store_photo
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.registry import LabelledImage, Labels, to_map
from seamseg_studio.engine.formats.segments import ImageLabels, assemble, compact
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.panoptic_map import Origin, Segment
from seamseg_studio.engine.scene.taxonomy import VOID, VOID_CATEGORY, Category, Kind, Taxonomy

METADATA_NAME = "metadata.bin"
DEFAULT_SPLIT = "all"
MAX_SEGMENTS = 0xFFFF

OVERLAP = "overlapping pixels of further mask layers left to the first"
SEVERAL_SPLITS = "memberships in a second split ignored"
VOID_SEGMENT = "segments of category void made void"


class Writer(FolderWriter):
    """Writes a dataset that the original training code loads; ids become 1, 2, ... in their order."""

    format_name = "seamseg"
    index_names = (METADATA_NAME, "msk", "img")

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
            (folder / part).mkdir(exist_ok=True)

    def _files_of(self, record: Record) -> list[Path]:
        return [self.folder / "msk" / f"{safe_name(record['name'])}.png"]

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
                entry = {"id": safe_name(record["name"]), **{key: record[key] for key in ("cat", "size", "iscrowd")}}
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
        document = unpack_metadata(_read_bytes(self._metadata), self._metadata)
        self.taxonomy = read_metadata_taxonomy(document, self._metadata)
        self._entries = _index_images(document, self._metadata)
        splits = {file.stem: _read_list(file) for file in sorted((path / "lst").glob("*.txt"))}
        if split is not None and split not in splits:
            there = ", ".join(splits) or "none"
            raise FormatError(f"{path}: has no split {split!r}; there are: {there}")
        self._split_of = {name: part for part, names in reversed(splits.items()) for name in names}
        for part, members in splits.items():
            for name in members:
                if split is None and self._split_of[name] != part:
                    self.losses.add(SEVERAL_SPLITS, name, 1, part)
        self._names = list(self._entries) if split is None else splits[split]
        if split is not None:
            self._split_of = dict.fromkeys(self._names, split)
        missing = [name for name in self._names if name not in self._entries]
        if missing:
            raise FormatError(f"{self._metadata}: does not describe image {missing[0]!r} of lst/{split}.txt; remake it")

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[LabelledImage]:
        for name in self._names:
            entry = self._entries[name]
            yield LabelledImage(
                name,
                self._find_image(name),
                partial(self._read_labels, name, entry),
                self._split_of.get(name, ""),
            )

    def _find_image(self, name: str) -> Path | None:
        base = path_inside(self._folder / "img", name, self._metadata)
        for suffix in (".png", ".jpg", *sorted(IMAGE_SUFFIXES)):
            found = base.with_name(base.name + suffix)
            if found.is_file():
                return found
        return None

    def _read_labels(self, name: str, entry: Record) -> ImageLabels:
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
                segments[segment_id] = Segment(category, bool(is_crowd), origin=Origin.IMPORTED)
        return assemble(ids, segments, self.taxonomy, name, self.losses)

    def _read_layer(self, path: Path, entry: Record) -> NDArray[np.int32]:
        ids = read_indices(path, self._max_pixels)
        if list(ids.shape) != list(entry["size"]):
            height, width = entry["size"]
            raise FormatError(
                f"{path}: is {ids.shape[1]} x {ids.shape[0]} pixels, but {METADATA_NAME} says {width} x {height}; "
                "export it again"
            )
        return ids


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FormatError(f"{path}: no such file; name the folder of a seamseg dataset") from error
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the folder") from error


def unpack_metadata(data: bytes, path: Path) -> Any:
    """Unpacks a metadata.bin.

    Args:
        data: Its content.
        path: Where it comes from, for messages.

    Raises:
        FormatError: It is not MessagePack.
    """
    try:
        return msgpack.unpackb(data, raw=False)
    except (ValueError, msgpack.exceptions.UnpackException, msgpack.exceptions.ExtraData) as error:
        raise FormatError(f"{path}: is damaged ({str(error) or type(error).__name__}); remake it") from error


def read_metadata_taxonomy(document: Any, path: Path) -> Taxonomy:
    """Reads the categories of an unpacked metadata.bin; the taxonomy is called as the folder.

    Raises:
        FormatError: They are missing or contradict each other.
    """
    meta = field(document, "meta", dict, path, "the file")
    names = field(meta, "categories", list, path, "meta")
    num_stuff = field(meta, "num_stuff", int, path, "meta")
    num_things = field(meta, "num_thing", int, path, "meta")
    if num_stuff + num_things != len(names):
        raise FormatError(
            f"{path}: {num_stuff} stuff and {num_things} things are not {len(names)} categories; remake it"
        )
    palette = meta.get("palette") or []
    categories = []
    for index, name in enumerate(names):
        color = tuple(palette[index][:3]) if index < len(palette) else color_for(index)
        kind = Kind.STUFF if index < num_stuff else Kind.THING
        categories.append(Category(str(name), kind, (int(color[0]), int(color[1]), int(color[2]))))
    try:
        return Taxonomy(path.resolve().parent.name, tuple(categories))
    except TaxonomyError as error:
        raise FormatError(f"{path}: {error}") from error


def _index_images(document: Any, path: Path) -> dict[str, Record]:
    entries: dict[str, Record] = {}
    for entry in field(document, "images", list, path, "the file"):
        name = field(entry, "id", str, path, "an image")
        what = f"image {name!r}"
        cat = field(entry, "cat", list, path, what)
        size = field(entry, "size", list, path, what)
        is_crowd = field(entry, "iscrowd", list, path, what)
        whole = all(type(value) is int and value >= 0 for value in (*cat, *size))
        if not whole or len(size) != 2 or len(cat) != len(is_crowd) or cat[:1] != [VOID_CATEGORY]:
            raise FormatError(f"{path}: the entry of {what} is inconsistent; remake it")
        if name in entries:
            raise FormatError(f"{path}: describes {what} twice; remake it")
        entries[name] = entry
    return entries


def _read_list(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: cannot be read ({error}); it holds one image id a line") from error
