"""The metadata.bin of a seamseg dataset: MessagePack with the segments of every image and the categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.formats.errors import FormatError
from seamseg_studio.engine.formats.json_file import field
from seamseg_studio.engine.formats.palettes import color_for
from seamseg_studio.engine.formats.record_log import Record
from seamseg_studio.engine.formats.spans import Spans
from seamseg_studio.engine.scene.errors import TaxonomyError
from seamseg_studio.engine.scene.taxonomy import VOID_CATEGORY, Category, Kind, Taxonomy

_MAX_ENTRY_BYTES = 1 << 28
_DAMAGE = (ValueError, msgpack.exceptions.UnpackException, msgpack.exceptions.ExtraData)


class MetadataIndex:
    """A metadata.bin, checked; the entries of images are read again when they are needed.

    Attributes:
        taxonomy: Its categories.
        rows: The place of every image's entry, by the image's id, in the file's order.
        has_weights: Whether some images say what their pixels count, as exported corrections do.
        refused: What is wrong with images whose entry cannot be used, by their ids; "image 3" where that is missing.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file once, an image at a time.

        Raises:
            FormatError: It is missing or damaged.
        """
        self._path = path
        self._spans = Spans(path)
        self.rows: dict[str, int] = {}
        self.refused: dict[str, FormatError] = {}
        self.has_weights = False
        found: dict[str, Any] = {}
        try:
            with finite(path).open("rb") as file:
                unpacker = msgpack.Unpacker(file, raw=False, max_buffer_size=_MAX_ENTRY_BYTES)
                for _ in range(unpacker.read_map_header()):
                    key = unpacker.unpack()
                    if key == "images":
                        self._index_images(unpacker)
                        found[key] = []
                    elif key == "meta":
                        found[key] = unpacker.unpack()
                    else:
                        unpacker.skip()
                if unpacker.tell() != path.stat().st_size:
                    raise FormatError(f"{path}: is damaged (something follows the document); remake it")
        except FileNotFoundError as error:
            raise FormatError(f"{path}: no such file; name the folder of a seamseg dataset") from error
        except OSError as error:
            raise FormatError(f"{path}: cannot be read ({error.strerror}); check the folder") from error
        except _DAMAGE as error:
            raise FormatError(f"{path}: is damaged ({str(error) or type(error).__name__}); remake it") from error
        field(found, "images", list, path, "the file")
        self.taxonomy = read_metadata_taxonomy(found, path)

    def _index_images(self, unpacker: msgpack.Unpacker) -> None:
        for number in range(unpacker.read_array_header()):
            start = unpacker.tell()
            entry = unpacker.unpack()
            given = entry.get("id") if isinstance(entry, dict) else None
            name = given if isinstance(given, str) else f"image {number}"
            self.has_weights |= isinstance(entry, dict) and "origin" in entry
            try:
                _check_entry(entry, number, self._path)
                if name in self.rows:  # nobody knows which entry is meant
                    raise FormatError(f"{self._path}: describes image {name!r} twice; remake it")
            except FormatError as error:
                self.refused[name] = error
            if name not in self.rows:
                self.rows[name] = len(self.rows)
                self._spans.append(start, unpacker.tell() - start)

    def entry(self, name: str) -> Record:
        """Reads what the file says of an image: "id", "cat", "size" and "iscrowd"."""
        (data,) = self._spans.read([self.rows[name]])
        entry: Record = unpack_metadata(data, self._path)
        return entry


def _check_entry(entry: Any, number: int, path: Path) -> None:
    """Checks what is said of an image."""
    name: str = field(entry, "id", str, path, f"the image at place {number}")
    what = f"image {name!r}"
    cat = field(entry, "cat", list, path, what)
    size = field(entry, "size", list, path, what)
    is_crowd = field(entry, "iscrowd", list, path, what)
    whole = all(type(value) is int and value >= 0 for value in (*cat, *size))
    if not whole or len(size) != 2 or len(cat) != len(is_crowd) or cat[:1] != [VOID_CATEGORY]:
        raise FormatError(f"{path}: the entry of {what} is inconsistent; remake it")


def unpack_metadata(data: bytes, path: Path) -> Any:
    """Unpacks a whole metadata.bin.

    Args:
        data: Its content.
        path: Where it comes from, for messages.

    Raises:
        FormatError: It is not MessagePack.
    """
    try:
        return msgpack.unpackb(data, raw=False)
    except _DAMAGE as error:
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
    categories = []
    for index, name in enumerate(names):
        kind = Kind.STUFF if index < num_stuff else Kind.THING
        categories.append(Category(str(name), kind, _color(meta.get("palette"), index)))
    try:
        return Taxonomy(path.resolve().parent.name.encode(errors="replace").decode(), tuple(categories))
    except TaxonomyError as error:
        raise FormatError(f"{path}: {error}") from error


def _color(palette: Any, index: int) -> tuple[int, int, int]:
    """The colour of a category; one of ours where the palette has none that is one."""
    color = palette[index] if isinstance(palette, list) and index < len(palette) else None
    if isinstance(color, list) and len(color) >= 3 and all(type(part) is int and 0 <= part < 256 for part in color[:3]):
        return (color[0], color[1], color[2])
    return color_for(index)
