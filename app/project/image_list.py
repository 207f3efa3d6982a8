"""The images of the open project, and the way through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.project.route import Route

if TYPE_CHECKING:
    from seamseg_studio.engine.project import ImageRecord


class ImageList(QObject):
    """The records as the project has them. It is changed by `Session` only, which is one of these.

    Signals:
        images_changed: The list of images is another one.
        image_changed: The id of the image whose status or labels changed.
    """

    images_changed = Signal()
    image_changed = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records: list[ImageRecord] = []
        self._rows: dict[int, int] = {}
        self._counts: Counter[str] = Counter()
        self._route = Route()

    @property
    def records(self) -> Sequence[ImageRecord]:
        """All images of the project in their order. Not to be changed."""
        return self._records

    def record(self, image_id: int) -> ImageRecord | None:
        """The record of an image of this project."""
        row = self._rows.get(image_id)
        return None if row is None else self._records[row]

    def num_with_status(self, status: str) -> int:
        """How many images have a status."""
        return self._counts[status]

    def set_route(self, ids: Iterable[int]) -> None:
        """Lets "next" and "previous" go through `ids` in this order, as a filtered and sorted list shows them."""
        self._route = Route(ids)

    def _set_records(self, records: list[ImageRecord]) -> None:
        self._records = records
        self._rows = {record.id: row for row, record in enumerate(records)}
        self._counts = Counter(str(record.status) for record in records)
        self._route = Route(record.id for record in records)

    def _add_records(self, records: Iterable[ImageRecord]) -> None:
        """Appends those that are not listed; what is listed may be newer."""
        new = [record for record in records if record.id not in self._rows]
        self._rows.update({record.id: row for row, record in enumerate(new, len(self._records))})
        self._records += new
        self._counts.update(str(record.status) for record in new)
        self._route = Route(record.id for record in self._records)

    def _replace_record(self, record: ImageRecord) -> None:
        row = self._rows[record.id]
        self._counts[str(self._records[row].status)] -= 1
        self._records[row] = record
        self._counts[str(record.status)] += 1
        self.image_changed.emit(record.id)

    def _next_unaccepted(self, current: int | None) -> int | None:
        """Along the route first, then among all images."""

        def is_open(image_id: int) -> bool:
            record = self.record(image_id)
            return record is not None and record.status != "accepted" and image_id != current

        found = self._route.next_where(current, is_open)
        if found is None:
            found = Route(record.id for record in self._records).next_where(current, is_open)
        return found
