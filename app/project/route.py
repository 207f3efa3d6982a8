"""The way through the images of a project: as listed, filtered and sorted beside the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Route:
    """An order of image ids."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._ids = list(ids)
        self._places = {image_id: place for place, image_id in enumerate(self._ids)}

    def __len__(self) -> int:
        return len(self._ids)

    def stepped(self, current: int | None, offset: int) -> int | None:
        """The image `offset` places after `current`, held at the ends; the first for one that is not on the way."""
        if not self._ids:
            return None
        place = self._places.get(current, -1) if current is not None else -1
        if place < 0:
            return self._ids[0]
        return self._ids[min(max(place + offset, 0), len(self._ids) - 1)]

    def next_where(self, current: int | None, wanted: Callable[[int], bool]) -> int | None:
        """The first image after `current` that is `wanted`, from the start again after the end; None if none is."""
        start = self._places.get(current, -1) + 1 if current is not None else 0
        for ids in (self._ids[start:], self._ids[:start]):
            found = next((image_id for image_id in ids if wanted(image_id)), None)
            if found is not None:
                return found
        return None
