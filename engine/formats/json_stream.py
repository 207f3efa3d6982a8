"""Reading a JSON document of any size piece by piece: the members of its outermost object, lists item by item."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from seamseg_studio.engine.files import finite
from seamseg_studio.engine.formats.errors import FormatError

_CHUNK_BYTES = 1 << 20
_MAX_VALUE_BYTES = 1 << 28  # one item; a longer one is damage, or meant to fill the memory
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|["\[\]{}]', re.DOTALL)  # a string, or a bracket, or a string cut off


@dataclass(frozen=True, slots=True)
class Piece:
    """A value of the document.

    Attributes:
        key: The member of the outermost object that it is, or that it is an item of.
        value: What it is; for a list an empty one, its items follow; None if it is nested too deep to be anything.
        is_item: Whether it is an item of the list `key`.
        start: Its first byte in the file.
        length: In bytes.
    """

    key: str
    value: Any
    is_item: bool
    start: int
    length: int


def read_pieces(path: Path) -> Iterator[Piece]:
    """Yields the members of a JSON document that is an object, in the file's order; one piece is in memory at a time.

    Raises:
        FormatError: The file is missing, unreadable, no JSON object, has a member twice, or an item is larger than
            256 MB; the message says where.
    """
    try:
        with finite(path).open("rb") as file:
            yield from _Scanner(file, path).members()
    except FileNotFoundError as error:
        raise FormatError(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the file") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{path}: is not JSON text; export it again") from error


class _Scanner:
    """A window on the file that moves forward as values are taken from it.

    The window is decoded as Latin-1, which makes a character of every byte: JSON's own characters are the same as in
    UTF-8, and positions are bytes. Values that hold others are decoded again as what they are.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        self._text = ""
        self._place = 0
        self._offset = 0  # of the window in the file
        self._at_end = False
        mark = file.read(len(codecs.BOM_UTF8))
        if mark == codecs.BOM_UTF8:
            self._offset = len(mark)
        else:
            self._text = mark.decode("latin-1")

    def members(self) -> Iterator[Piece]:
        self._expect("{")
        keys: set[str] = set()
        at_end = self._next() == "}"
        if at_end:
            self._place += 1
        while not at_end:
            key, _, _ = self._value()
            if not isinstance(key, str):
                raise self._damage("a name is expected")
            if key in keys:
                raise self._damage(f"the member {key[:40]!r} is there twice")
            keys.add(key)
            self._expect(":")
            if self._next() == "[":
                yield Piece(key, [], False, self._offset + self._place, 0)
                self._place += 1
                yield from self._items(key)
            else:
                value, start, length = self._value()
                yield Piece(key, value, False, start, length)
            at_end = self._expect(",}") == "}"
        if self._next():
            raise self._damage("something follows the document")

    def _items(self, key: str) -> Iterator[Piece]:
        if self._next() == "]":
            self._place += 1
            return
        while True:
            value, start, length = self._value()
            yield Piece(key, value, True, start, length)
            if self._expect(",]") == "]":
                return

    def _expect(self, wanted: str) -> str:
        """Takes the next character, which must be one of `wanted`."""
        char = self._next()
        if not char or char not in wanted:
            raise self._damage(f"{' or '.join(wanted)} is expected")
        self._place += 1
        return char

    def _next(self) -> str:
        """The next character that is no space, or "" at the end; does not take it."""
        while True:
            match = _SPACE.match(self._text, self._place)
            assert match is not None
            self._place = match.end()
            if self._place < len(self._text) or self._at_end:
                return self._text[self._place : self._place + 1]
            self._more()

    def _value(self) -> tuple[Any, int, int]:
        """Takes the next value; returns it with its first byte and its length."""
        self._next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except ValueError as error:
                if not isinstance(error, json.JSONDecodeError):  # a number of thousands of digits
                    raise self._damage(str(error)) from error
                # Cut off by the window's end, or wrong? Only strings are reported at their beginning.
                wrong = not error.msg.startswith("Unterminated") and error.pos < len(self._text) - 16
                if wrong or self._at_end:
                    raise self._damage(error.msg, error.pos) from error
            except RecursionError:
                value, end = None, self._end_of_nested()
                break
            else:
                # A number may go on in the next chunk, and "1e+" is taken for a 1 before it has come.
                if end + 2 < len(self._text) or self._at_end:
                    break
            self._more()
        text = self._text[self._place : end]
        if value is not None and not text.isascii():
            value = json.loads(text.encode("latin-1").decode("utf-8"))
        start = self._offset + self._place
        self._place = end
        return value, start, len(text)

    def _end_of_nested(self) -> int:
        """Finds the end of a list or object that is nested too deep to be decoded, by its brackets alone."""
        depth, done = 0, 0  # done: how far from its beginning
        while True:
            mark = _MARK.search(self._text, self._place + done)
            if mark is None or mark.group() == '"':
                if self._at_end:
                    raise self._damage("a value has no end")
                done = (len(self._text) if mark is None else mark.start()) - self._place
                self._more()
                continue
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark.group(), 0)
            done = mark.end() - self._place
            if depth == 0:
                return mark.end()

    def _more(self) -> None:
        """Moves the window on, keeping what has not been taken; doubles it for values that do not fit."""
        rest = self._text[self._place :]
        if len(rest) > _MAX_VALUE_BYTES:
            raise self._damage(f"a value has more than {_MAX_VALUE_BYTES >> 20} MB")
        data = self._file.read(max(_CHUNK_BYTES, len(rest)))
        self._offset += self._place
        self._place = 0
        self._text = rest + data.decode("latin-1")
        self._at_end = not data

    def _damage(self, reason: str, place: int | None = None) -> FormatError:
        byte = self._offset + (self._place if place is None else place)
        return FormatError(f"{self._path}: is not JSON ({reason}, byte {byte:,}); export it again")
