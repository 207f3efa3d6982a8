"""Places of values in a file, so that a large index is read again piece by piece instead of being kept."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path

from seamseg_studio.engine.formats.errors import FormatError


class Spans:
    """Where values lie in a file: 16 bytes for each, whatever the value's size.

    Args:
        path: The file. It is opened for every reading, so that several threads may read and nothing has to be closed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts = array("q")
        self._lengths = array("q")

    def __len__(self) -> int:
        return len(self._starts)

    def append(self, start: int, length: int) -> None:
        """Adds a value.

        Args:
            start: Its first byte, counted from the file's beginning.
            length: In bytes.
        """
        self._starts.append(start)
        self._lengths.append(length)

    def read(self, numbers: Iterable[int]) -> list[bytes]:
        """Reads values by their numbers, in the order given.

        Raises:
            FormatError: The file is gone, or shorter than when it was indexed.
        """
        values = []
        try:
            with self._path.open("rb") as file:
                for number in numbers:
                    file.seek(self._starts[number])
                    values.append(file.read(self._lengths[number]))
                    if len(values[-1]) != self._lengths[number]:
                        raise FormatError(f"{self._path}: was changed while it was read; open the dataset again")
        except OSError as error:
            raise FormatError(f"{self._path}: cannot be read ({error.strerror}); check the file") from error
        return values
