"""What the JSON files of COCO's formats have in common: images, categories, and where the photographs are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.image_file import IMAGE_SUFFIXES
from seamseg_studio.engine.formats.json_file import field, read_json
from seamseg_studio.engine.formats.names import path_inside
from seamseg_studio.engine.formats.palettes import ForeignCategory, make_taxonomy
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import Taxonomy

IMAGE_FOLDER = "images"

Key = int | str


class CocoIndex:
    """A COCO JSON file, its images and categories checked.

    Attributes:
        path: The file.
        images: The entries of "images" by id, in the file's order.
        annotations: The entries of "annotations", each naming a listed image.
        taxonomy: The categories, stuff first; without "isthing" all are things.
        category_of_key: The category of each category id.
    """

    def __init__(self, path: Path, preferred: str, images: Path | None) -> None:
        """Reads the file.

        Args:
            path: It, or the folder that holds it.
            preferred: Which JSON file to take of several in a folder.
            images: Where the photographs are, if not beside the file or in `images` there.

        Raises:
            FormatError: There is no such file, or it is not in COCO's form; the message says what is wrong.
        """
        self.path = _find_index(path, preferred)
        document = read_json(self.path)
        entries = field(document, "categories", list, self.path, "the document")
        info = document.get("info")
        title = info.get("description") if isinstance(info, dict) else None
        self.taxonomy, self.category_of_key = _read_taxonomy(entries, str(title or self.path.stem), self.path)
        self._image_folders = [images] if images else [self.path.parent, self.path.parent / IMAGE_FOLDER]
        self.images: dict[Key, Any] = {}
        for entry in field(document, "images", list, self.path, "the document"):
            key = field(entry, "id", (int, str), self.path, "an image")
            if key in self.images:
                raise FormatError(f"{self.path}: two images have the id {key!r}; make the ids unique")
            self.images[key] = entry
        self.annotations: list[Any] = field(document, "annotations", list, self.path, "the document")
        for annotation in self.annotations:
            key = field(annotation, "image_id", (int, str), self.path, "an annotation")
            if key not in self.images:
                raise FormatError(f"{self.path}: an annotation names image {key!r}, which is not listed; add it")

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
            if file_name and (found := path_inside(folder, file_name, self.path)).is_file():
                return found
            for suffix in sorted(IMAGE_SUFFIXES) if stem else ():
                found = folder / f"{stem}{suffix}"
                if found.is_file() and (not_in is None or found.parent.resolve() != not_in.resolve()):
                    return found
        return None


def _find_index(path: Path, preferred: str) -> Path:
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
