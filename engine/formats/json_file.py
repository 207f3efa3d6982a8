"""Reading JSON files of unknown origin, and writing large ones piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.formats.errors import FormatError


def read_json(path: Path, *, unique: bool = False) -> Any:
    """Reads a JSON file.

    Args:
        path: It.
        unique: Whether a name that an object has twice is refused; otherwise the last one counts.

    Raises:
        FormatError: It is missing, unreadable or not JSON; the message says where.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise FormatError(f"{path}: says {name[:40]!r} twice; remove one")
            found[name] = value
        return found

    try:
        return json.loads(finite(path).read_text(encoding="utf-8-sig"), object_pairs_hook=members if unique else None)
    except FileNotFoundError as error:
        raise FormatError(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{path}: is not JSON text; export it again") from error
    except MemoryError as error:
        raise FormatError(f"{path}: is larger than the memory of this machine; divide it") from error
    except ValueError as error:
        raise FormatError(f"{path}: is not JSON ({error}); export it again") from error


def field(record: object, key: str, kind: type | tuple[type, ...], path: Path, what: str) -> Any:
    """Takes a field of a JSON object and checks its type.

    Args:
        record: The object.
        key: The field's name.
        kind: The type or types that the value must have; bool does not pass for int.
        path: The file, for the message.
        what: What the object is: "image 7".

    Raises:
        FormatError: `record` is no object, the field is missing or of another type.
    """
    value = record.get(key) if isinstance(record, Mapping) else None
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise FormatError(f"{path}: the field {key!r} of {what} is {shown(value)}; correct the file or export it again")
    if isinstance(value, str) and not is_text(value):
        raise FormatError(f"{path}: the field {key!r} of {what} holds halves of characters; correct the file")
    return value


def shown(value: object) -> str:
    """A value as a sentence names it; what it holds may be as long and as deep as a file can be."""
    if value is None:
        return "missing"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return f"{str(value)[:40]!r}"


def is_text(value: str) -> bool:
    """Whether files can hold a text: JSON can spell halves of characters, which UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_list(file: IO[str], key: str, items: Iterable[object], *, last: bool = False) -> None:
    """Writes `"key": [items]` of a JSON object that is being written by hand, one item a line."""
    file.write(f"{json.dumps(key)}: [")
    separator = "\n"
    for item in items:
        file.write(separator)
        file.write(json.dumps(item, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
        separator = ",\n"
    file.write("\n]\n" if last else "\n],\n")
