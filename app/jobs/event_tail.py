"""Reading a growing text file line by line, as another process writes it."""

from __future__ import annotations

from pathlib import Path

_MOST_BYTES = 1 << 20  # at a time: the window stays alive while it catches up


class LineTail:
    """Whole lines of a file that have come since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self._rest = b""

    def skip(self) -> None:
        """Passes over what is there already."""
        try:
            self._place = self._path.stat().st_size
        except OSError:
            self._place = 0

    def read(self) -> list[str]:
        """Returns the new lines, without their ends; a half one waits for its other half."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._place)
                data = file.read(_MOST_BYTES)
        except OSError:
            return []
        self._place += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", "replace").strip() for line in lines]

    def read_all(self) -> list[str]:
        """Returns all new lines, the last one even if it has no end."""
        lines: list[str] = []
        while new := self.read():
            lines += new
        if self._rest:
            lines.append(self._rest.decode("utf-8", "replace").strip())
            self._rest = b""
        return lines
