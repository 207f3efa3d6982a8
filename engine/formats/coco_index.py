"""What the JSON files of COCO's formats have in common: images, categories, and where the photographs are."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from seamseg_studio.engine.files import atomic_path
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.json_file import field, is_text, write_list
from seamseg_studio.engine.formats.json_stream import read_pieces
from seamseg_studio.engine.formats.names import path_inside, safe_name
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.formats.photos import find_photo
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.spans import Spans
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import Taxonomy

IMAGE_FOLDER = "images"

_MAX_PARTS = 1000

Key = int | str


class CocoIndex:
    """A COCO JSON file, checked, with its categories; images and annotations are read again when they are needed.

    Attributes:
        path: The file.
        taxonomy: The categories, stuff first; without "isthing" all are things.
        category_of_key: The category of each category id.
        image_rows: For each annotation the place of its image in "images", both in the file's order; -1 if it names
            none that is listed.
        parts: The names of the parts (train, val) that images say they belong to.
        refused: What is wrong with entries of "images", by their places; the others can be read.
    """

    def __init__(
        self,
        path: Path,
        images: Path | None,
        *,
        on_image: Callable[[Any, int], None] = lambda image, row: None,
        on_annotation: Callable[[Any, int], None] = lambda annotation, number: None,
    ) -> None:
        """Reads the file once, an entry at a time.

        Args:
            path: It.
            images: Where the photographs are, if not beside the file or in `images` there.
            on_image: Told every entry of "images", whatever it is, with its place; a FormatError refuses the entry.
            on_annotation: Told every entry of "annotations", whatever it is, with its place.

        Raises:
            FormatError: There is no such file, or it is not in COCO's form; the message says what is wrong.
        """
        self.path = path
        self._image_folders = [images] if images else [self.path.parent, self.path.parent / IMAGE_FOLDER]
        self._images, self._annotations = Spans(self.path), Spans(self.path)
        self.image_rows = array("q")
        self.refused: dict[int, FormatError] = {}
        self.parts: list[str] = []
        self._part_of = array("h")  # a place in `parts` for each image, -1 for none
        rows: dict[Key, int] = {}
        early: dict[int, Key] = {}  # annotations that come before their image
        categories: list[Any] = []
        title: object = None
        missing = {"images", "annotations", "categories"}
        for piece in read_pieces(self.path):
            if not piece.is_item and piece.key in missing:
                field({piece.key: piece.value}, piece.key, list, self.path, "the document")
                missing.remove(piece.key)
            elif piece.key == "info" and isinstance(piece.value, dict):
                title = piece.value.get("description")
            elif piece.key == "categories":
                categories.append(piece.value)
            elif piece.key == "images":
                row = len(self._images)
                self._images.append(piece.start, piece.length)
                self._part_of.append(self._place_of_part(piece.value))
                try:
                    on_image(piece.value, row)
                    self._note_key(piece.value, row, rows)
                except FormatError as error:
                    self.refused[row] = error
            elif piece.key == "annotations":
                number = len(self.image_rows)
                key = image_key(piece.value)
                if key is not None and key not in rows:
                    early[number] = key
                self.image_rows.append(-1 if key is None else rows.get(key, -1))
                self._annotations.append(piece.start, piece.length)
                on_annotation(piece.value, number)
        for name in sorted(missing):
            field({}, name, list, self.path, "the document")
        for number, key in early.items():
            self.image_rows[number] = rows.get(key, -1)
        self.taxonomy, self.category_of_key = _read_taxonomy(categories, str(title or self.path.stem), self.path)

    def _note_key(self, image: Any, row: int, rows: dict[Key, int]) -> None:
        """Notes the place of an image by its id; of two with one id nobody knows whose the annotations are."""
        key = field(image, "id", (int, str), self.path, f"the image at place {row}")
        former = rows.setdefault(key, row)
        if former != row:
            self.refused[former] = FormatError(f"{self.path}: two images have the id {key!r}; make the ids unique")
            raise self.refused[former]

    def _place_of_part(self, image: Any) -> int:
        part = image.get("split") if isinstance(image, dict) else None
        if not isinstance(part, str) or not part.strip() or not is_text(part):
            return -1
        if part not in self.parts:
            if len(self.parts) == _MAX_PARTS:
                return -1
            self.parts.append(part)
        return self.parts.index(part)

    def part(self, row: int) -> str:
        """The part that an image belongs to; "" if it does not say."""
        place = self._part_of[row] if row >= 0 else -1
        return self.parts[place] if place >= 0 else ""

    def check_part(self, part: str | None) -> None:
        """Raises FormatError if no image belongs to a part; None stands for all."""
        if part is not None and part not in self.parts:
            known = ", ".join(sorted(self.parts)) or "none"
            raise FormatError(f"{self.path}: has no split {part!r}; there are: {known}")

    @property
    def num_images(self) -> int:
        """How many entries "images" has."""
        return len(self._images)

    def image(self, row: int) -> Any:
        """Reads an entry of "images" again, by its place."""
        (image,) = self._read(self._images, [row])
        return image

    def annotations(self, numbers: Iterable[int]) -> list[Any]:
        """Reads entries of "annotations" again, by their places."""
        return self._read(self._annotations, numbers)

    def _read(self, spans: Spans, numbers: Iterable[int]) -> list[Any]:
        try:
            return [json.loads(data) for data in spans.read(numbers)]
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{self.path}: was changed while it was read; open the dataset again") from error

    def category(self, record: object, what: str) -> int:
        """The category that a record's "category_id" names.

        Raises:
            FormatError: The field is missing or names none.
        """
        key = field(record, "category_id", (int, str), self.path, what)
        if key not in self.category_of_key:
            raise FormatError(f"{self.path}: {what} has the unknown category {key}; add it to the categories")
        return self.category_of_key[key]

    def find_image(self, file_name: str, stem: str | None = None, not_in: Path | None = None) -> Path | None:
        """Finds a photograph.

        Args:
            file_name: As the index has it.
            stem: Its name without suffix, to find it under any suffix of images.
            not_in: A folder of label images, which are none.

        Raises:
            FormatError: The name leads out of the folder.
        """
        for folder in self._image_folders:
            if file_name and os.path.isfile(found := path_inside(folder, file_name, self.path)):
                return found
            by_stem = find_photo(folder / stem) if stem else None
            if by_stem is not None and (not_in is None or by_stem.parent.resolve() != not_in.resolve()):
                return by_stem
        return None


def image_key(annotation: object) -> Key | None:
    """The id of the image that an annotation is of; None if it has none that is one."""
    key = annotation.get("image_id") if isinstance(annotation, dict) else None
    return key if isinstance(key, int | str) and not isinstance(key, bool) else None


def indexes(index: Path, parts: Iterable[str]) -> dict[Path, str | None]:
    """The JSON files of a dataset with these parts, and the part that each lists.

    One lists all images (None). If there are several parts, each has its own besides, as COCO's: instances_train.json.
    """
    names = sorted({part for part in parts if part})
    of_parts = {index.with_name(f"{index.stem}_{safe_name(part)}{index.suffix}"): part for part in names}
    return {index: None, **(of_parts if len(names) > 1 else {})}


def write_indexes(
    index: Path,
    taxonomy: Taxonomy,
    categories: Sequence[Record],
    images: Callable[[str | None], Iterable[Record]],
    annotations: Callable[[str | None], Iterable[Record]],
) -> None:
    """Writes the JSON files of a dataset.

    Args:
        index: The one of all images.
        taxonomy: Gives its name.
        categories: As COCO lists them.
        images: Gives the entries of "images" of a part, or all for None; those that belong to a part say "split".
        annotations: Likewise.
    """
    parts: set[str] = set()

    def noted(entries: Iterable[Record]) -> Iterator[Record]:
        for entry in entries:
            parts.add(entry.get("split", ""))
            yield entry

    def write(path: Path, part: str | None) -> None:
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            info = {"description": taxonomy.name, "version": "1.0"}
            file.write(f'{{"info": {json.dumps(info, ensure_ascii=False)},\n"licenses": [],\n')
            write_list(file, "images", noted(images(part)))
            write_list(file, "annotations", annotations(part))
            write_list(file, "categories", categories, last=True)
            file.write("}\n")

    write(index, None)
    for path, part in indexes(index, set(parts)).items():
        if part is not None:
            write(path, part)


def find_index(path: Path, preferred: str) -> Path:
    """Finds a dataset's JSON file.

    Args:
        path: It, or the folder that holds it.
        preferred: Which file to take of several in a folder.

    Raises:
        FormatError: The folder has none, or several of other names.
    """
    if not path.is_dir():
        return path
    found = [path / preferred] if (path / preferred).exists() else sorted(path.glob("*.json"))
    if len(found) != 1:
        number = "no" if not found else "several"
        raise FormatError(f"{path}: holds {number} JSON files and no {preferred}; name the JSON file itself")
    return found[0]


def _read_taxonomy(entries: list[Any], title: str, path: Path) -> tuple[Taxonomy, dict[Key, int]]:
    categories: dict[Key, ForeignCategory] = {}
    for entry in entries:
        key = field(entry, "id", (int, str), path, "a category")
        if key in categories:
            raise FormatError(f"{path}: two categories have the id {key}; make the ids unique")
        name = field(entry, "name", str, path, f"category {key}")
        categories[key] = ForeignCategory(key, name, bool(entry.get("isthing", 1)), _color(entry.get("color")))
    try:
        return make_taxonomy(title, list(categories.values()))
    except TaxonomyError as error:
        raise FormatError(f"{path}: {error}") from error


def _color(value: object) -> tuple[int, int, int] | None:
    if isinstance(value, list) and len(value) == 3 and all(type(part) is int and 0 <= part <= 255 for part in value):
        return (value[0], value[1], value[2])
    return None
